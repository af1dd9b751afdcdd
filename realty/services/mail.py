"""Mail is a row written in the transaction that causes it, and sent afterwards by `realty tick`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from realty.db import OutgoingMail, db
from realty.db.bulk import among


def queue(
    to: str,
    *,
    subject: str,
    text: str,
    now: datetime,
    link: str | None = None,
) -> None:
    """Put one mail, that goes at once and alone, into the outgoing table; `link` is a path of the
    portal, made whole on sending."""
    OutgoingMail(
        to_address=to,
        subject=" ".join(subject.split()),
        body=text,
        link=link,
        next_attempt_at=now,
        created_at=now,
    )


def queue_news(notification_ids: Iterable[int], *, unless_since: datetime | None = None) -> None:
    """Queue the mail of these notifications, of those whose users want mail about such, in one
    statement. What a user is told within a short time goes as one letter (`outbox`).

    A notification that tells something new has mail already: then none is queued while one waits
    or was queued after `unless_since`.
    """
    condition, ids = among(notification_ids)
    db.execute(_NEWS.format(among=condition), {"ids": ids, "since": unless_since}, {})


# Text and link are read from the notification on sending.
_NEWS = """
INSERT INTO outgoing_mail (
    kind, notification_id, user_id, to_address, subject, status, attempts, next_attempt_at,
    created_at
)
SELECT 'message', n.id, n.user_id, u.email, n.title, 'queued', 0, n.created_at, n.created_at
FROM notifications n
JOIN users u ON u.id = n.user_id
WHERE n.id {among} AND NOT EXISTS (
    SELECT 1 FROM notification_preferences p
    WHERE p.user_id = n.user_id AND p.notification_type = n.notification_type
    AND p.channel = 'email' AND NOT p.enabled
) AND NOT EXISTS (
    SELECT 1 FROM outgoing_mail m
    WHERE m.notification_id = n.id AND (m.status = 'queued' OR m.created_at > $since)
)
ORDER BY n.id
"""


def queue_password_reset(to: str, *, now: datetime) -> None:
    """Ask for a reset link to be mailed, in the same work for a known and an unknown address.

    Whether an account has the address is looked up on sending, and the link is made only then.
    While one waits to be sent no other is queued: nobody floods a mailbox that is not his.
    """
    if OutgoingMail.exists(
        lambda m: m.status == "queued" and m.kind == "reset_password" and m.to_address == to
    ):
        return
    OutgoingMail(
        kind="reset_password",
        to_address=to,
        subject="Set a new password",
        next_attempt_at=now,
        created_at=now,
    )
