"""Payments that stay as they were, rules that hold across their columns, indexes for their lists.

SQLite adds no CHECK to a table that exists: there, triggers hold the same rules.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from realty.db.migrations.shorthand import index, on_postgres

revision = "0007"
down_revision = "0006"

RECEIPTS = "('token', 'installment', 'final', 'charge')"
RULES = {
    "cleared_at": "({row}cleared_at IS NOT NULL) = ({row}status = 'completed')",
    "receipt_number": "({row}receipt_number IS NOT NULL)"
    f" = ({{row}}status = 'completed' AND {{row}}payment_type IN {RECEIPTS})",
    "financial_year": "({row}financial_year IS NOT NULL) = ({row}receipt_number IS NOT NULL)",
    "reverses_payment_id": "({row}reverses_payment_id IS NOT NULL)"
    " = ({row}payment_type IN ('refund', 'reversal'))",
    "transaction_id": "{row}transaction_id IS NOT NULL OR {row}payment_method = 'cash'"
    " OR {row}payment_type = 'reversal'",
}
MAY_CHANGE = {"reversed_in_full", "updated_at"}
"""Of a completed payment."""


def upgrade() -> None:
    """Guard the rows of `payments`, and index them as their lists are read."""
    if on_postgres():
        _guard_postgres()
    else:
        _guard_sqlite()
    index("payments_by_builder", "payments", "builder_id", "created_at", "id")
    index("payments_newest", "payments", "created_at", "id")
    index("payments_clearing", "payments", "booking_id", where="status = 'pending'")
    index("payments_reported", "payments", "builder_id", where="status = 'reported'")
    index(
        "payments_given_back",
        "payments",
        "reverses_payment_id",
        where="payment_type IN ('refund', 'reversal')",
    )


def _guard_postgres() -> None:
    for name, rule in RULES.items():
        op.execute(
            f"ALTER TABLE payments ADD CONSTRAINT ck_payments__{name} CHECK ({rule.format(row='')})"
        )
    op.execute(
        "CREATE FUNCTION refuse_payment_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'a completed payment never changes, and none is deleted'"
        " USING ERRCODE = 'restrict_violation'; END $$"
    )
    kept = " - ".join(["", *(f"'{column}'" for column in sorted(MAY_CHANGE))])
    op.execute(
        "CREATE TRIGGER payments_keep_rows BEFORE UPDATE ON payments FOR EACH ROW"
        " WHEN (OLD.status = 'completed'"
        f" AND to_jsonb(NEW){kept} IS DISTINCT FROM to_jsonb(OLD){kept})"
        " EXECUTE FUNCTION refuse_payment_change()"
    )
    for verb in ("DELETE", "TRUNCATE"):
        op.execute(
            f"CREATE TRIGGER payments_refuse_{verb.lower()} BEFORE {verb} ON payments"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_payment_change()"
        )


def _guard_sqlite() -> None:
    for name, rule in RULES.items():
        for verb in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER payments_{name}_on_{verb.lower()} BEFORE {verb} ON payments"
                f" WHEN NOT ({rule.format(row='NEW.')})"
                f" BEGIN SELECT RAISE(ABORT, 'ck_payments__{name}'); END"
            )
    columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("payments")}
    changed = " OR ".join(
        f"NEW.{column} IS NOT OLD.{column}" for column in sorted(columns - MAY_CHANGE)
    )
    op.execute(
        f"CREATE TRIGGER payments_keep_rows BEFORE UPDATE ON payments"
        f" WHEN OLD.status = 'completed' AND ({changed})"
        " BEGIN SELECT RAISE(ABORT, 'a completed payment never changes'); END"
    )
    op.execute(
        "CREATE TRIGGER payments_refuse_delete BEFORE DELETE ON payments"
        " BEGIN SELECT RAISE(ABORT, 'no payment is deleted'); END"
    )
