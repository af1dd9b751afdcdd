"""How the application is configured under test, and the clock that it reads."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import realty
from realty.db import utcnow
from realty.settings import Settings


class Clock:
    """The application's clock: real until a test freezes it."""

    def __init__(self) -> None:
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """The naive UTC moment that requests and factories take for the present."""
        return self._frozen or utcnow()

    def set(self, moment: datetime) -> None:
        """Stand still at `moment` (naive UTC)."""
        self._frozen = moment

    def advance(self, **duration: float) -> datetime:
        """Stand still so much later than now, in the keywords of `timedelta`; return the moment."""
        self.set(self.now() + timedelta(**duration))
        return self.now()

    def run(self) -> None:
        """Show the real time again."""
        self._frozen = None


CLOCK = Clock()

STORAGE = Path(gettempdir()) / f"realty-test-files-{os.environ.get('REALTY_TEST_RUN', os.getpid())}"
"""Where uploads of this run are kept; server processes of a run are told its number."""

INI = {
    "realty.environment": "test",
    "realty.token_keys": "test:the-signing-key-of-the-test-suite-0123456789",
    "realty.bcrypt_cost": "4",
    "realty.auth_limit": "",
    "realty.storage_folder": str(STORAGE),
}
SETTINGS = Settings.load(INI, {})


def deploy(database_url: str, **settings: str) -> Any:
    """Another application on the database under test, with settings of its own."""
    chosen = {f"realty.{name}": value for name, value in settings.items()}
    beneath = {"realty.database_url": database_url, "realty.clock": CLOCK.now}
    return realty.main({}, **{**INI, **beneath, **chosen})
