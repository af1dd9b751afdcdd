"""Doing a thing once: the key's row is written first, in the transaction of the effect.

Two requests with one key meet at that row. The second waits until the first has committed and
then reads its answer, or takes the key itself when the first was refused, because then nothing
happened and only 2xx answers are kept. On SQLite the one write transaction does the waiting.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import orjson
from pony.orm.dbapiprovider import OperationalError

from realty.db import IdempotencyKey, db
from realty.db.failures import causes
from realty.errors import IdempotencyInProgress, IdempotencyKeyReused

_LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class Intention:
    """What a caller means to do once: a key belongs to one user and one operation.

    `fingerprint` is a hash of the path and the body, so that the key cannot name another effect.
    """

    user_id: int
    operation: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was sent: status, the headers worth repeating, and the body."""

    status: int
    headers: dict[str, str]
    body: str


def claim(intention: Intention, *, now: datetime, hours: int) -> Answer | None:
    """Take the key, before any lock and any other write, or return the answer it already has.

    A key older than `hours` is free again. Raises `IdempotencyKeyReused` for another body and
    `IdempotencyInProgress` when the first request holds the key longer than a lock is waited for.
    """
    moments = {"moment": _text(now), "oldest": _text(now - timedelta(hours=hours))}
    try:
        taken = db.execute(
            "INSERT INTO idempotency_keys (user_id, operation, key, body_hash, created_at)"
            " VALUES ($user_id, $operation, $key, $fingerprint, $moment)"
            " ON CONFLICT (user_id, operation, key) DO UPDATE SET body_hash = $fingerprint,"
            " status_code = NULL, headers = NULL, body = NULL, created_at = $moment"
            " WHERE idempotency_keys.created_at < $oldest",
            asdict(intention) | moments,
            {},
        )
    except OperationalError as failure:
        if any(getattr(cause, "pgcode", "") == _LOCK_NOT_AVAILABLE for cause in causes(failure)):
            raise IdempotencyInProgress from failure
        raise
    if taken.rowcount == 1:
        return None
    row = IdempotencyKey.get(
        user=intention.user_id, operation=intention.operation, key=intention.key
    )
    if row.body_hash != intention.fingerprint:
        raise IdempotencyKeyReused
    return Answer(row.status_code, dict(row.headers), row.body)


def keep(intention: Intention, answer: Answer) -> None:
    """Store the answer beside its effect; both are committed, or neither."""
    db.execute(
        "UPDATE idempotency_keys SET status_code = $status, headers = $headers, body = $body"
        " WHERE user_id = $user_id AND operation = $operation AND key = $key",
        asdict(intention)
        | {
            "status": answer.status,
            "headers": orjson.dumps(answer.headers).decode(),
            "body": answer.body,
        },
        {},
    )


def _text(moment: datetime) -> str:
    """As the database writes it, for raw statements: drivers disagree on naive datetimes."""
    return moment.isoformat(" ", "microseconds")
