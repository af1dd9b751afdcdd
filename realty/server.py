"""waitress as Realty runs on it, for `[server:main]`: the settings of a process that were measured.

Two processors with PostgreSQL and `wrk` beside the process, eight connections that ask for a
project's page: 271 requests a second with waitress as it comes, 424 with what stands here (ADR 28).
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable
from typing import Any

import waitress
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

SWITCH_SECONDS = 0.0005
"""How long a thread that has its answer from the database waits for one that computes; Python's own
5 ms are longer than most requests take."""
M_ARENA_MAX = -8
"""What `mallopt` calls the number of its arenas (malloc.h of glibc)."""


class Channel(HTTPChannel):
    """A connection that does not keep the main thread busy while a worker sends on it.

    Whoever sends holds `outbuf_lock`. Stock waitress asks the system whether the socket takes
    bytes, which it does, finds the lock held and asks again: eighty times a request, each time
    taking the interpreter from the workers. Above the high watermark, and when a connection is to
    be closed, a worker waits for the main thread and says so while it holds the lock; then the
    main thread must not look away.
    """

    def writable(self) -> bool:
        """Whether there is something to send that no worker is sending already."""
        waits = self.will_close or self.total_outbufs_len > self.adj.outbuf_high_watermark
        if self.requests and self.total_outbufs_len and not waits:
            if not self.outbuf_lock.acquire(blocking=False):
                return False
            self.outbuf_lock.release()
        return bool(super().writable())


def serve(app: Callable[..., Any], _global_config: dict[str, str], **settings: Any) -> int:
    """What `pserve` calls: serve `app` until the process is told to end.

    `settings` are those of `waitress.serve`, as text.
    """
    waitress.serve(app, _server=create, **settings)
    return 0


def create(app: Callable[..., Any], **settings: Any) -> Any:
    """A server that is not running yet, in a process that is made ready for it."""
    BaseWSGIServer.channel_class = Channel
    sys.setswitchinterval(SWITCH_SECONDS)
    _share_arenas()
    # What stays to the end is looked through no more.
    gc.collect()
    gc.freeze()
    return create_server(app, **settings)


def _share_arenas() -> None:
    """Let all threads take memory from two places: one each would keep 10 MiB that none uses, and
    only one thread computes at a time. Another C library than glibc is left as it is."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 2)
