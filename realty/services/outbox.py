"""The outgoing table, emptied: what is due is claimed, made into a letter, and settled.

Mails are claimed before they are sent, so that two machines never send the same one; a machine
that dies while sending leaves them to another, which sends them again.

A mail with a secret link goes at once, alone and before all others. Of news a user gets one letter
at a time: the first word at once, and whatever comes in the `mail.digest_minutes` after a letter
together. News also wait for a letter to the same user that was put off, and then go with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pony.orm import select

from realty.db import Notification, OutgoingMail, User, db
from realty.db.bulk import among
from realty.db.locks import lock, lock_many
from realty.rules.policy import Policy
from realty.services import links

LEASE = timedelta(minutes=5)
"""For how long a claimed mail is left alone; longer than any attempt takes."""

RETRY_MINUTES = (1, 5, 15, 60, 180, 360, 720, 1440, 1440)
"""The pause after each failed attempt; after the last one the mail has failed: three days."""

MOST_IN_A_LETTER = 50

Claim = Mapping[int, int]
"""The ids of mails that this machine sends now, each with the number of the attempt."""

# One for each of the two indexes of what is due, the more urgent first.
_URGENT_DUE = """\
SELECT id, user_id FROM outgoing_mail
WHERE status = 'queued' AND next_attempt_at <= $now AND user_id IS NULL
ORDER BY next_attempt_at, id LIMIT 1
"""
_NEWS_DUE = _URGENT_DUE.replace("IS NULL", "IS NOT NULL")
_CLAIM = """
UPDATE outgoing_mail SET attempts = attempts + 1, next_attempt_at = $leased_until
WHERE id {among} AND status = 'queued' AND next_attempt_at <= $now
RETURNING id, attempts
"""
_PUT_OFF = """
UPDATE outgoing_mail SET next_attempt_at = $until
WHERE id {among} AND status = 'queued' AND next_attempt_at <= $now
"""
# The subject too may name somebody; that of news is the title of their notification.
_FORGET = """
UPDATE outgoing_mail
SET status = $status, sent_at = $sent_at, last_error = $problem, subject = '', body = NULL,
    link = NULL
WHERE id {among}
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail ready to go. It may carry a secret link and lives only in memory."""

    claim: Claim
    recipient: str
    subject: str
    text: str

    @property
    def key(self) -> str:
        """The same for each attempt at the same mails, so that a mailbox knows a second copy."""
        ids = ",".join(str(mail_id) for mail_id in sorted(self.claim))
        return hashlib.sha256(ids.encode()).hexdigest()[:32]


def claim(*, policy: Policy, now: datetime) -> Claim | None:
    """Claim what goes as the next letter, and count the attempt.

    None when nothing is due. Empty when what was due has to wait, or another machine was faster:
    then something else may be due.
    """
    for sql in (_URGENT_DUE, _NEWS_DUE):
        if rows := db.select(sql, {"now": now}, {}):
            mail_id, user_id = rows[0]
            break
    else:
        return None
    pause = timedelta(minutes=policy.mail_digest_minutes)
    ids = [mail_id] if user_id is None or not pause else _together(user_id, pause, now)
    condition, sent = among(ids)
    values = {"ids": sent, "now": now, "leased_until": now + LEASE}
    return dict(db.execute(_CLAIM.format(among=condition), values, {}).fetchall())


def _together(user_id: int, pause: timedelta, now: datetime) -> Sequence[int]:
    """The ids of the due news of one user, who is locked: two machines never share them out.

    None at all, and they are put off, while the user had a letter less than `pause` ago or another
    one will be tried again. A letter of the future, by a clock that was put back, counts as none.
    """
    lock(User, user_id)
    waiting = OutgoingMail.select(lambda m: m.user.id == user_id and m.status == "queued")
    due = waiting.filter(lambda m: m.next_attempt_at <= now)
    known = select((m.id, m.attempts) for m in due).order_by(1)[:MOST_IN_A_LETTER]
    if any(attempts for _, attempts in known):
        return [mail_id for mail_id, _ in known]
    since = now - pause
    last = select(
        m.sent_at
        for m in OutgoingMail
        if m.user.id == user_id and m.sent_at > since and m.sent_at <= now
    ).max()
    tried = waiting.filter(lambda m: m.attempts > 0 and m.next_attempt_at > now)
    again = select(m.next_attempt_at for m in tried).min()
    until = max((each for each in (again, last and last + pause) if each), default=None)
    if until is None:
        return [mail_id for mail_id, _ in known]
    condition, sent = among(select(m.id for m in due))
    db.execute(_PUT_OFF.format(among=condition), {"ids": sent, "now": now, "until": until}, {})
    return []


def letter(claimed: Claim, *, portal_url: str, policy: Policy, now: datetime) -> Letter | None:
    """The letter of claimed mails; None when it is dropped, because nobody has its address.

    The link that sets a password is made only here, so that it is stored nowhere. News go to the
    address that their user has now.
    """
    ids = sorted(claimed)
    mails = OutgoingMail.select(lambda m: m.id in ids).order_by(OutgoingMail.id)[:]
    first, portal = mails[0], portal_url.rstrip("/")
    if first.kind == "reset_password":
        return _reset_letter(claimed, first.to_address, portal, policy, now)
    if first.user is None:
        text = _passage(first.body, portal, first.link)
        return Letter(claimed, first.to_address, first.subject, f"{text}\n")
    if not first.user.is_active:
        _close(claimed, "dropped")
        return None
    news = [mail.notification for mail in mails]
    passages = [_passage(each.message, portal, each.action_url) for each in news]
    if len(news) == 1:
        return Letter(claimed, first.user.email, news[0].title, f"{passages[0]}\n")
    subject = f"{news[0].title}, and {len(news) - 1} more"
    titled = (f"{each.title}\n{text}" for each, text in zip(news, passages, strict=True))
    return Letter(claimed, first.user.email, subject, "\n\n\n".join(titled) + "\n")


def _passage(text: str, portal: str, link: str | None) -> str:
    return f"{text}\n\n{portal}{link}" if link else text


def _reset_letter(
    claimed: Claim, address: str, portal: str, policy: Policy, now: datetime
) -> Letter | None:
    user_id = select(u.id for u in User if u.email == address and u.is_active).first()
    if user_id is None:
        _close(claimed, "dropped")
        return None
    minutes = policy.link_reset_minutes
    secret = links.issue(
        user_id, "reset_password", lifetime=timedelta(minutes=minutes), now=now, email=address
    )
    text = (
        "Somebody asked to set a new password for your account. If that was you, follow this "
        f"link within {minutes} minutes; otherwise nothing has to be done."
    )
    text = _passage(text, portal, f"/reset-password?token={secret}")
    return Letter(claimed, address, "Set a new password", f"{text}\n")


def mark_sent(sent: Letter, *, now: datetime) -> None:
    """The letter left: its words and link are forgotten, and its notifications know when."""
    mails = _still_ours(sent.claim)
    _close([mail.id for mail in mails], "sent", sent_at=now)
    told = [mail.notification.id for mail in mails if mail.notification]
    for notification in lock_many(Notification, told):
        notification.sent_at = now


def mark_failed(unsent: Letter, error: str, *, final: bool, now: datetime) -> bool:
    """Put the letter off, or give it up when `final` or out of attempts; True when given up.

    Each mail has its own attempts: what joined the letter late is tried for as long as any other.
    """
    mails = _still_ours(unsent.claim)
    spent = [mail for mail in mails if final or mail.attempts > len(RETRY_MINUTES)]
    for mail in mails:
        if mail not in spent:
            pause = timedelta(minutes=RETRY_MINUTES[mail.attempts - 1])
            mail.set(last_error=error[:500], next_attempt_at=now + pause)
    _close([mail.id for mail in spent], "failed", problem=error[:500])
    return bool(mails) and spent == mails


def _still_ours(claimed: Claim) -> list[Any]:
    """The mails, locked, but for those whose lease ran out and that were claimed again since."""
    mails = lock_many(OutgoingMail, claimed)
    return [m for m in mails if m.status == "queued" and m.attempts == claimed[m.id]]


def _close(
    mail_ids: Iterable[int],
    status: str,
    *,
    sent_at: datetime | None = None,
    problem: str | None = None,
) -> None:
    condition, ids = among(mail_ids)
    values = {"ids": ids, "status": status, "sent_at": sent_at, "problem": problem}
    db.execute(_FORGET.format(among=condition), values, {})
