"""The numbers that badges show, in one statement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from realty.db import db
from realty.security import Identity


def counts(identity: Identity, *, now: datetime) -> dict[str, Any]:
    """The contract's `Counts`: what is unread, and what waits for the caller to act.

    What does not concern the caller's role is 0: a builder has no customer id, and no row has the
    id null.
    """
    row = db.get(
        "SELECT"
        " (SELECT count(*) FROM messages"
        " WHERE recipient_id = $user_id AND NOT is_read) AS unread_messages,"
        " (SELECT count(*) FROM notifications WHERE user_id = $user_id AND NOT is_read"
        " AND CAST(channels AS TEXT) LIKE '%in_app%') AS unread_notifications,"
        " (SELECT count(*) FROM bookings"
        " WHERE builder_id = $builder_id AND status = 'token_paid') AS bookings_to_confirm,"
        " (SELECT count(*) FROM payments"
        " WHERE builder_id = $builder_id AND status = 'reported') AS payments_to_accept,"
        " (SELECT count(*) FROM bookings"
        " WHERE customer_id = $customer_id AND status = 'pending') AS bookings_to_pay,"
        " (SELECT count(*) FROM change_requests c JOIN bookings b ON b.id = c.booking_id"
        " WHERE b.builder_id = $builder_id"
        " AND c.status IN ('submitted', 'under_review')) AS change_requests_to_answer,"
        " (SELECT count(*) FROM change_requests c JOIN bookings b ON b.id = c.booking_id"
        " WHERE b.customer_id = $customer_id AND c.status = 'quoted'"
        " AND c.quote_valid_until > $now) AS change_requests_to_accept,"
        " (SELECT count(*) FROM appointments a JOIN projects p ON p.id = a.project_id"
        " WHERE a.status = 'scheduled' AND a.appointment_date > $now"
        " AND ((a.awaiting = 'builder' AND p.builder_id = $builder_id)"
        " OR (a.awaiting = 'customer' AND a.customer_id = $customer_id)))"
        " AS appointments_to_confirm,"
        " (SELECT count(*) FROM customers c JOIN users u ON u.id = c.user_id"
        " JOIN invitations i ON i.email = u.email WHERE c.id = $customer_id"
        " AND i.customer_id IS NULL AND i.accepted_at IS NULL"
        " AND i.expires_at > $now) AS invitations_to_accept,"
        " (SELECT count(*) FROM builders b JOIN users u ON u.id = b.user_id"
        " WHERE u.is_active AND NOT b.verified AND $is_admin) AS builders_to_verify",
        {
            "user_id": identity.user_id,
            "builder_id": identity.builder_id,
            "customer_id": identity.customer_id,
            "is_admin": identity.role == "admin",
            "now": now,
        },
        {},
    )
    return {
        "unread_messages": row.unread_messages,
        "unread_notifications": row.unread_notifications,
        "waiting": {
            "bookings_to_confirm": row.bookings_to_confirm,
            "payments_to_accept": row.payments_to_accept,
            "bookings_to_pay": row.bookings_to_pay,
            "change_requests_to_answer": row.change_requests_to_answer,
            "change_requests_to_accept": row.change_requests_to_accept,
            "appointments_to_confirm": row.appointments_to_confirm,
            "invitations_to_accept": row.invitations_to_accept,
            "builders_to_verify": row.builders_to_verify,
        },
    }
