"""Mail is a row written in the transaction that causes it, and sent afterwards by `realty tick`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from realty.db import OutgoingMail


def queue(
    to: str,
    *,
    subject: str,
    text: str,
    now: datetime,
    link: str | None = None,
    notification: Any = None,
) -> None:
    """Put one mail into the outgoing table; `link` is a path of the portal, made whole on sending.

    `notification` is the one that is told by this mail, and learns when the mail left.
    """
    OutgoingMail(
        notification=notification,
        to_address=to,
        subject=" ".join(subject.split()),
        body=text,
        link=link,
        next_attempt_at=now,
        created_at=now,
    )


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
