"""What a database failure means to the caller, told by SQLSTATE and constraint name.

Pony wraps the driver's exceptions, sometimes twice, and collects those of a commit in a list:
`causes` unwraps them. Nothing here knows about HTTP.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator

import psycopg2
from pony.orm import core

from realty.errors import (
    Conflict,
    DuplicateTransaction,
    EmailTaken,
    LicenseTaken,
    RealtyError,
    ServiceUnavailable,
    UnitUnavailable,
    ValidationFailed,
)

# By the constraint's name on PostgreSQL, by its `table.column`s or the index's name on SQLite.
_UNIQUE: dict[str, type[Conflict]] = {
    "one_occupying_booking_per_unit": UnitUnavailable,
    "bookings.unit_id": UnitUnavailable,
    "users_email_key": EmailTaken,
    "users_lower_email": EmailTaken,
    "users.email": EmailTaken,
    "builders_license_number_key": LicenseTaken,
    "builders.license_number": LicenseTaken,
    "one_receipt_per_transaction": DuplicateTransaction,
    "payments.builder_id, payments.payment_method, payments.transaction_id": DuplicateTransaction,
}

_SERIALIZATION_FAILURE = "40001"
_DEADLOCK = "40P01"
_UNIQUE_VIOLATION = "23505"
_FOREIGN_KEY_VIOLATION = "23503"
_LOCK_NOT_AVAILABLE = "55P03"
_READ_ONLY = "25006"
_IDLE_IN_TRANSACTION = "25P03"
# Classes of SQLSTATE: connection, resources, operator's intervention, system.
_OUTAGE_CLASSES = {"08", "53", "57", "58"}
_DATA_CLASS = "22"

_SQLITE_OUTAGES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}


def causes(exc: BaseException) -> Iterator[BaseException]:
    """`exc` and every exception that Pony wrapped in it, outermost first."""
    yield exc
    original = getattr(exc, "original_exc", None)
    if isinstance(original, BaseException):
        yield from causes(original)
    for _type, inner, _traceback in getattr(exc, "exceptions", ()):
        yield from causes(inner)


def retryable(exc: BaseException) -> bool:
    """Whether the same request may succeed when it is run again from its start."""
    return any(
        isinstance(cause, core.OptimisticCheckError | core.UnrepeatableReadError)
        or getattr(cause, "pgcode", None) in {_SERIALIZATION_FAILURE, _DEADLOCK}
        for cause in causes(exc)
    )


def classify(exc: BaseException) -> RealtyError | None:
    """The domain error that `exc` means, or None when it is a defect of this program."""
    if retryable(exc):
        return ServiceUnavailable()
    for cause in causes(exc):
        for kind, translate in _TRANSLATIONS:
            if isinstance(cause, kind):
                error = translate(cause)
                if error is not None:
                    return error
    return None


def _from_postgres(exc: psycopg2.Error) -> RealtyError | None:
    code = exc.pgcode or ""
    if code == _UNIQUE_VIOLATION:
        return _UNIQUE.get(exc.diag.constraint_name or "", Conflict)()
    if code == _FOREIGN_KEY_VIOLATION:
        return Conflict()
    if code[:2] == _DATA_CLASS:
        return ValidationFailed()
    outage = (
        code[:2] in _OUTAGE_CLASSES
        or code in {_LOCK_NOT_AVAILABLE, _READ_ONLY, _IDLE_IN_TRANSACTION}
        # Without a code the driver itself failed: the connection is lost, or was never made.
        or (not code and isinstance(exc, psycopg2.OperationalError | psycopg2.InterfaceError))
    )
    return ServiceUnavailable() if outage else None


def _from_sqlite(exc: sqlite3.Error) -> RealtyError | None:
    code = getattr(exc, "sqlite_errorcode", 0)
    if code in {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}:
        # "UNIQUE constraint failed: a.x, a.y", or "…: index 'users_lower_email'"
        named = re.search(r"failed: (?:index ')?([\w.]+(?:, [\w.]+)*)", str(exc))
        return _UNIQUE.get(named[1] if named else "", Conflict)()
    if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return Conflict()
    # The low byte is the kind of failure, the rest its variety.
    return ServiceUnavailable() if code & 0xFF in _SQLITE_OUTAGES else None


def _from_pony_cache(exc: core.CacheIndexError) -> RealtyError:
    """A duplicate within one session: "Cannot create User: value 'a@b.in' for key email …"."""
    found = re.match(r"Cannot (?:create|update) (\w+).*\b(email|license_number)\b", str(exc))
    named = {("User", "email"): EmailTaken, ("Builder", "license_number"): LicenseTaken}
    return named.get((found[1], found[2]) if found else ("", ""), Conflict)()


def _from_adaptation(exc: Exception) -> RealtyError | None:
    """A value that a driver cannot even send: U+0000, a lone surrogate, an integer past 64 bits."""
    if isinstance(exc, OverflowError | UnicodeEncodeError) or "cannot contain NUL" in str(exc):
        return ValidationFailed()
    return None


_TRANSLATIONS: tuple[tuple[type[BaseException], Callable[..., RealtyError | None]], ...] = (
    (psycopg2.Error, _from_postgres),
    (sqlite3.Error, _from_sqlite),
    (core.CacheIndexError, _from_pony_cache),
    (ValueError, _from_adaptation),
    (OverflowError, _from_adaptation),
)
