"""Hashing of passwords with bcrypt, bounded so that a crowd of logins cannot take every core."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import bcrypt

from realty.errors import RateLimited

LONGEST_PASSWORD_BYTES = 72
_DIGEST_LETTERS = 31


class PasswordHasher:
    """bcrypt at one cost, with at most `concurrency` hashes at once in this process."""

    def __init__(self, *, cost: int, concurrency: int) -> None:
        self._cost = cost
        self._slots = threading.BoundedSemaphore(concurrency)
        self._seat_seconds = 5.0
        # Comparing reads the salt and works through the cost; nothing is the hash of these letters.
        self._decoy = bcrypt.gensalt(cost).decode() + "." * _DIGEST_LETTERS

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._seat_seconds):
            raise RateLimited(2)
        try:
            yield
        finally:
            self._slots.release()

    def hash(self, password: str) -> str:
        """The bcrypt hash of a password that `realty.rules.passwords` has passed."""
        with self._slot():
            return bcrypt.hashpw(password.encode(), bcrypt.gensalt(self._cost)).decode()

    def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password fits; no hash and an over-long password take as much work as a hit.

        bcrypt knows 72 bytes: what is longer was never accepted at registration and fits nothing.
        """
        encoded = password.encode()
        possible = password_hash is not None and len(encoded) <= LONGEST_PASSWORD_BYTES
        with self._slot():
            stored = (password_hash or self._decoy).encode()
            matches = bcrypt.checkpw(encoded[:LONGEST_PASSWORD_BYTES], stored)
        return matches and possible

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether a stored hash was made at another cost than today's."""
        return int(password_hash.split("$")[2]) != self._cost
