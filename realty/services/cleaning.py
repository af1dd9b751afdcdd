"""Forgetting what is of no more use: answers kept for repetition, dead links, ended logins."""

from __future__ import annotations

from datetime import datetime, timedelta

from realty.db import db
from realty.rules.policy import Policy

DEAD_SESSION_DAYS = 30
"""How long a login that has ended is kept, for whoever asks from where it was."""

DEAD_LINK_DAYS = 30
"""How long a spent or expired link is kept, for whoever asks why it did not work."""


def forget_answers(*, policy: Policy, now: datetime) -> int:
    """Delete Idempotency-Keys past `idempotency.hours`; says how many."""
    oldest = now - timedelta(hours=policy.idempotency_hours)
    sql = "DELETE FROM idempotency_keys WHERE created_at < $oldest"
    return int(db.execute(sql, {"oldest": oldest}, {}).rowcount)


def forget_links(*, now: datetime) -> int:
    """Delete one-time links that were spent or ran out `DEAD_LINK_DAYS` ago; says how many."""
    oldest = now - timedelta(days=DEAD_LINK_DAYS)
    sql = "DELETE FROM one_time_tokens WHERE used_at < $oldest OR expires_at < $oldest"
    return int(db.execute(sql, {"oldest": oldest}, {}).rowcount)


def forget_sessions(*, now: datetime) -> int:
    """Delete logins that ended or ran out `DEAD_SESSION_DAYS` ago; says how many."""
    oldest = now - timedelta(days=DEAD_SESSION_DAYS)
    sql = "DELETE FROM sessions WHERE revoked_at < $oldest OR expires_at < $oldest"
    return int(db.execute(sql, {"oldest": oldest}, {}).rowcount)
