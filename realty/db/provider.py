"""The PostgreSQL provider that cannot half-commit.

Stock Pony reconnects in the middle of a write transaction when the server closes the connection:
the statements before are lost, the ones after are committed, and nobody is told. It also sends
`DISCARD ALL` after every session, a round trip that erases the settings of the connection.
"""

from __future__ import annotations

import psycopg2
from pony.orm import core
from pony.orm.dbapiprovider import InterfaceError, OperationalError
from pony.orm.dbproviders.postgres import PGPool, PGProvider
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case


class SafePool(PGPool):
    """One connection per thread, which keeps its settings from session to session.

    Nothing may therefore leave a session-level SET, a temporary table or an advisory lock behind.
    """

    def release(self, con: Connection) -> None:
        """Take `con` back after a session; a dead one is forgotten, the work before it stands."""
        try:
            if con.info.transaction_status != TRANSACTION_STATUS_IDLE:
                con.rollback()
        except psycopg2.Error:
            self.drop(con)


class SafePostgres(PGProvider):
    """A connection lost inside a transaction is an error; between transactions it is renewed."""

    def should_reconnect(self, exc: Exception) -> bool:
        """Whether the statement that failed with `exc` may be sent again on a new connection."""
        cache = core.local.db2cache.get(self.database)
        if cache is not None and cache.in_transaction:
            return False
        return bool(super().should_reconnect(exc))

    def get_pool(self, *args: object, **kwargs: object) -> SafePool:
        """Pony asks once, at bind; the arguments are those of `psycopg2.connect`."""
        return SafePool(self.dbapi_module, *args, **kwargs)

    def rollback(self, connection: Connection, cache: core.SessionCache | None = None) -> None:
        """Roll back; a server that is gone has already done so, and that is no second error."""
        try:
            super().rollback(connection, cache)
        except (InterfaceError, OperationalError):
            if not connection.closed:
                raise
            if cache is not None:
                cache.in_transaction = False
