"""Where ready answers are kept: bytes under keys, forgotten whenever it suits."""

from __future__ import annotations

from threading import Lock
from typing import Protocol

from cachetools import LRUCache

MEBIBYTE = 1_048_576


class Cache(Protocol):
    """What was put under a key may be gone at any time; it is never another's."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes) -> None: ...


class NoCache:
    """Keeps nothing."""

    def get(self, key: str) -> bytes | None:
        """Nothing."""
        return None

    def put(self, key: str, value: bytes) -> None:
        """Nothing is kept."""


class MemoryCache:
    """Keeps the answers of this process, the longest unused of which go first."""

    def __init__(self, most_mb: int) -> None:
        self._answers: LRUCache[str, bytes] = LRUCache(most_mb * MEBIBYTE, getsizeof=len)
        self._lock = Lock()

    def get(self, key: str) -> bytes | None:
        """The bytes that were put there, unless they had to go."""
        with self._lock:
            return self._answers.get(key)

    def put(self, key: str, value: bytes) -> None:
        """Keep it; what is larger than all there is room for is not kept."""
        if len(value) <= self._answers.maxsize:
            with self._lock:
                self._answers[key] = value


def cache_of(backend: str, most_mb: int) -> Cache:
    """The cache that a deployment names."""
    return NoCache() if backend == "none" else MemoryCache(most_mb)
