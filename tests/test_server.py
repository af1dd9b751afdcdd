"""A connection of the server: who sends on it, the main thread or a worker."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from waitress.adjustments import Adjustments

from realty.server import Channel

WATERMARK = 1000


class Main:
    """As much of a server as a connection asks for."""

    def __init__(self) -> None:
        self.active_channels: dict[int, Channel] = {}
        self.pulled = 0

    def pull_trigger(self) -> None:
        """The main thread is asked to look at its connections."""
        self.pulled += 1


@pytest.fixture
def channel() -> Iterator[Channel]:
    """A connection on which a request is being answered."""
    near, far = socket.socketpair()
    adjustments = Adjustments(outbuf_high_watermark=WATERMARK)
    made = Channel(Main(), near, None, adjustments, map={})
    made.requests = [object()]
    with near, far:
        yield made
        made.requests = []


def held(channel: Channel) -> Any:
    """A worker that is sending on the connection; it goes on when the event is set."""
    begun, over = threading.Event(), threading.Event()

    def send() -> None:
        with channel.outbuf_lock:
            begun.set()
            over.wait(10)

    worker = threading.Thread(target=send)
    worker.start()
    begun.wait(10)
    return over


def test_the_main_thread_leaves_it_to_the_worker_that_sends(channel: Channel) -> None:
    channel.total_outbufs_len = WATERMARK
    over = held(channel)
    try:
        assert not channel.writable()
    finally:
        over.set()


def test_a_worker_that_may_wait_for_the_main_thread_is_helped(channel: Channel) -> None:
    """It asks for help while it still holds the lock: to look away would be to miss it."""
    channel.total_outbufs_len = WATERMARK + 1
    over = held(channel)
    try:
        assert channel.writable()
        channel.total_outbufs_len, channel.will_close = 1, True
        assert channel.writable()
    finally:
        over.set()


def test_what_a_worker_left_is_sent_by_the_main_thread(channel: Channel) -> None:
    channel.total_outbufs_len = 1
    assert channel.writable()
    channel.requests, channel.total_outbufs_len = [], 0
    assert not channel.writable()
