"""The outgoing table, emptied: what is due is claimed, made into a letter, and settled.

A mail is claimed by one statement before it is sent, so that two machines never send the same
one; a machine that dies while sending leaves it to another, which sends it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pony.orm import select

from realty.db import OutgoingMail, User, db
from realty.db.connection import is_postgres
from realty.db.locks import lock
from realty.rules.policy import Policy
from realty.services import links

LEASE = timedelta(minutes=5)
"""For how long a claimed mail is left alone; longer than any attempt takes."""

RETRY_MINUTES = (1, 5, 15, 60, 180, 360, 720, 1440, 1440)
"""The pause after each failed attempt; after the last one the mail has failed: three days."""


_CLAIM = (
    "UPDATE outgoing_mail SET attempts = attempts + 1, next_attempt_at = $leased_until WHERE id ="
    " (SELECT id FROM outgoing_mail WHERE status = 'queued' AND next_attempt_at <= $now"
    " ORDER BY next_attempt_at, id LIMIT 1) RETURNING id"
)
# SQLite has one writer at a time; on PostgreSQL a mail that another machine is claiming is passed.
_CLAIM_ON_POSTGRES = _CLAIM.replace("LIMIT 1", "LIMIT 1 FOR UPDATE SKIP LOCKED")


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail ready to go. It may carry a secret link and lives only in memory."""

    mail_id: int
    attempt: int
    recipient: str
    subject: str
    text: str


def claim(*, now: datetime) -> int | None:
    """Claim the mail that is due the longest, and count the attempt; None when none is due."""
    sql = _CLAIM_ON_POSTGRES if is_postgres() else _CLAIM
    row = db.execute(sql, {"now": now, "leased_until": now + LEASE}, {}).fetchone()
    return int(row[0]) if row else None


def letter(mail_id: int, *, portal_url: str, policy: Policy, now: datetime) -> Letter | None:
    """The letter of a claimed mail; None when it is dropped, because nobody has its address.

    The link that sets a password is made only here, so that it is stored nowhere.
    """
    mail = OutgoingMail.get(id=mail_id)
    text, link = mail.body, mail.link
    if mail.kind == "reset_password":
        user_id = select(u.id for u in User if u.email == mail.to_address and u.is_active).first()
        if user_id is None:
            _close(mail, "dropped")
            return None
        lifetime = timedelta(minutes=policy.link_reset_minutes)
        secret = links.issue(
            user_id, "reset_password", lifetime=lifetime, now=now, email=mail.to_address
        )
        text = (
            "Somebody asked to set a new password for your account. If that was you, follow this "
            f"link within {policy.link_reset_minutes} minutes; otherwise nothing has to be done."
        )
        link = f"/reset-password?token={secret}"
    address = f"\n\n{portal_url.rstrip('/')}{link}" if link else ""
    return Letter(mail.id, mail.attempts, mail.to_address, mail.subject, f"{text}{address}\n")


def mark_sent(sent: Letter, *, now: datetime) -> None:
    """The letter left: its text and link are forgotten, and its notification knows when."""
    mail = _still_ours(sent)
    if mail is None:
        return
    mail.set(sent_at=now, last_error=None)
    if mail.notification is not None:
        mail.notification.sent_at = now
    _close(mail, "sent")


def mark_failed(unsent: Letter, error: str, *, final: bool, now: datetime) -> bool:
    """Put the letter off, or give it up when `final` or out of attempts; True when given up."""
    mail = _still_ours(unsent)
    if mail is None:
        return False
    mail.last_error = error[:500]
    if final or mail.attempts > len(RETRY_MINUTES):
        _close(mail, "failed")
        return True
    mail.next_attempt_at = now + timedelta(minutes=RETRY_MINUTES[mail.attempts - 1])
    return False


def _still_ours(claimed: Letter) -> Any | None:
    """The mail, locked, unless its lease ran out and another machine has claimed it since."""
    mail = lock(OutgoingMail, claimed.mail_id)
    ours = mail is not None and mail.status == "queued" and mail.attempts == claimed.attempt
    return mail if ours else None


def _close(mail: Any, status: str) -> None:
    mail.set(status=status, body=None, link=None)
