"""How visits are found and counted, and one calendar feed for each account."""

from __future__ import annotations

from realty.db.migrations.shorthand import index, unique_index

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Index visits by customer, by time and by age, those that the clock looks for apart; let an
    account have one link to its feed that works."""
    index("appointments_by_customer", "appointments", "customer_id", "appointment_date")
    index("appointments_newest", "appointments", "created_at", "id")
    index(
        "appointments_open",
        "appointments",
        "appointment_date",
        where="status IN ('scheduled', 'confirmed')",
    )
    unique_index(
        "one_calendar_link_per_user",
        "one_time_tokens",
        "user_id",
        where="purpose = 'calendar' AND used_at IS NULL",
    )
