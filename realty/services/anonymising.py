"""Taking a person or a company out of the database, and leaving what the law keeps.

Rows that money or law depends on keep their ids and figures and point at an account that is nobody.
What only served the owner is deleted. ADR 0024 says which is which, and why.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from realty.db import db
from realty.rules import deleted
from realty.services import invitations

# Each is one statement with these named values; one that is null fits no row.
_FORGOTTEN = (
    # Pictures and what was never used: their bytes go with the next tick. A file that belongs to a
    # row that stays, such as the proof of a payment, stays with it, without the name it came by.
    """UPDATE files SET removed_at = $now, attached_to_type = NULL, attached_to_id = NULL
       WHERE owner_id = $user_id AND removed_at IS NULL
       AND (attached_to_type IS NULL OR attached_to_type IN ('user', 'builder'))""",
    "UPDATE files SET filename = purpose WHERE owner_id = $user_id",
    # Words of and about the person in rows that stay.
    """UPDATE bookings SET special_requests = NULL, version = version + 1
       WHERE customer_id = $customer_id AND special_requests IS NOT NULL""",
    """UPDATE appointments SET attendees = '[]', agenda = NULL, notes = NULL,
       meeting_details = NULL, version = version + 1 WHERE customer_id = $customer_id""",
    # The other side was told who wrote; the messages themselves stay.
    """UPDATE notifications SET message = $nobody_wrote
       WHERE related_entity_type = 'conversation' AND related_entity_id IN (SELECT id
       FROM conversations WHERE customer_id = $customer_id OR builder_id = $builder_id)""",
    # Mail before the notifications that it tells of.
    """DELETE FROM outgoing_mail WHERE to_address = $email OR user_id = $user_id
       OR notification_id IN (SELECT id FROM notifications WHERE user_id = $user_id)""",
    "DELETE FROM notifications WHERE user_id = $user_id",
    "DELETE FROM notification_preferences WHERE user_id = $user_id",
    "DELETE FROM sessions WHERE user_id = $user_id",
    "DELETE FROM one_time_tokens WHERE user_id = $user_id",
    "DELETE FROM idempotency_keys WHERE user_id = $user_id",
    "DELETE FROM invitations WHERE email = $email OR customer_id = $customer_id",
    "DELETE FROM saved_projects WHERE customer_id = $customer_id",
)


def forget(user: Any, *, now: datetime) -> None:
    """Make a locked account nobody's; whether that may be was decided before."""
    customer, builder = user.customer, user.builder
    named = {
        "user_id": user.id,
        "email": user.email,
        "customer_id": customer.id if customer else None,
        "builder_id": builder.id if builder else None,
        "nobody_wrote": f"{deleted.NAMES[user.user_type]} wrote to you.",
        "now": now,
    }
    user.set(
        **deleted.user_columns(user.id, user.user_type),
        token_version=user.token_version + 1,
        version=user.version + 1,
        deleted_at=now,
    )
    if customer:
        customer.set(**deleted.customer_columns())
    if builder:
        builder.set(**deleted.builder_columns(builder.id))
    user.flush()
    if builder:
        invitations.withdraw(builder.id)
    for statement in _FORGOTTEN:
        db.execute(statement, named, {})
