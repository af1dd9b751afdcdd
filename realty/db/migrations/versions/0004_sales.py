"""Bookings and what is owed or paid on them, change requests, reviews."""

from __future__ import annotations

import sqlalchemy as sa

from realty.db.migrations.shorthand import (
    at_least,
    between,
    create_table,
    day,
    flag,
    index,
    integer,
    json,
    moment,
    money,
    one_of,
    percent,
    ref,
    text,
    touched,
    unique,
    unique_index,
)

revision = "0004"
down_revision = "0003"

OCCUPYING = "'pending', 'token_paid', 'confirmed', 'agreement_registered', 'handed_over'"


def upgrade() -> None:
    """Make the tables of `realty.db.sales`, and reviews, of which a booking has one."""
    _bookings()
    _change_requests()
    _installments()
    _payments()
    create_table(
        "reviews",
        ref("builder_id", "builders"),
        ref("customer_id", "customers"),
        ref("booking_id", "bookings", unique=True),
        integer("rating"),
        text("title", nullable=True),
        text("comment", nullable=True),
        text("builder_reply", nullable=True),
        *touched(),
        between("rating", 1, 5),
    )


def _bookings() -> None:
    create_table(
        "bookings",
        text("booking_number", unique=True),
        ref("customer_id", "customers"),
        ref("unit_id", "units"),
        ref("project_id", "projects"),
        ref("builder_id", "builders"),
        text("status"),
        day("booking_date"),
        moment("expires_at", nullable=True),
        text("payment_plan"),
        money("token_amount"),
        money("agreement_value"),
        money("gst_amount"),
        money("total_amount"),
        money("variation_amount"),
        money("charge_amount"),
        money("discount_amount"),
        text("discount_reason", nullable=True),
        json("price_snapshot"),
        money("paid_amount"),
        money("loan_amount", nullable=True),
        text("loan_bank", nullable=True),
        text("special_requests", nullable=True),
        day("expected_registration_date", nullable=True),
        text("agreement_number", nullable=True),
        day("actual_registration_date", nullable=True),
        day("handover_date", nullable=True),
        moment("cancelled_at", nullable=True),
        text("cancelled_by", nullable=True),
        text("cancellation_reason", nullable=True),
        text("cancellation_fault", nullable=True),
        money("deduction_amount"),
        money("advance_cap_amount"),
        money("refund_amount"),
        day("refund_due_date", nullable=True),
        money("compensation_amount"),
        flag("created_by_customer"),
        integer("version"),
        *touched(),
        one_of(
            "status",
            "pending token_paid confirmed agreement_registered handed_over"
            " expired rejected cancelled",
        ),
        one_of("payment_plan", "full_payment installments construction_linked loan"),
        one_of("cancelled_by", "customer builder system"),
        one_of("cancellation_fault", "customer builder"),
        *at_least(0, "token_amount", "agreement_value", "gst_amount", "total_amount"),
        *at_least(0, "variation_amount", "charge_amount", "discount_amount", "paid_amount"),
        *at_least(0, "loan_amount", "deduction_amount", "advance_cap_amount", "refund_amount"),
        *at_least(0, "compensation_amount"),
        *at_least(1, "version"),
    )
    unique_index(
        "one_occupying_booking_per_unit", "bookings", "unit_id", where=f"status IN ({OCCUPYING})"
    )
    index("bookings_by_builder", "bookings", "builder_id", "status", "created_at", "id")
    index("bookings_by_customer", "bookings", "customer_id", "created_at", "id")
    index("bookings_by_project", "bookings", "project_id", "status")
    index("bookings_newest", "bookings", "created_at", "id")
    index("bookings_expiring", "bookings", "expires_at", where="status = 'pending'")


def _change_requests() -> None:
    create_table(
        "change_requests",
        ref("booking_id", "bookings"),
        text("tracking_number", unique=True),
        text("request_type"),
        text("request_title"),
        text("request_description", nullable=True),
        text("current_specification", nullable=True),
        text("requested_specification", nullable=True),
        ref("model_id", "models_3d", nullable=True),
        text("priority"),
        flag("is_structural"),
        text("status"),
        money("estimated_cost", nullable=True),
        integer("estimated_timeline_days", nullable=True),
        moment("quote_valid_until", nullable=True),
        text("builder_response", nullable=True),
        text("rejection_reason", nullable=True),
        money("final_cost", nullable=True),
        moment("approved_at", nullable=True),
        moment("completed_at", nullable=True),
        json("attachments"),
        integer("version"),
        *touched(),
        one_of("request_type", "layout fixtures finishes electrical plumbing other"),
        one_of("priority", "low medium high"),
        one_of(
            "status",
            "submitted under_review quoted approved in_progress"
            " completed rejected withdrawn declined expired void",
        ),
        *at_least(0, "estimated_cost", "estimated_timeline_days", "final_cost"),
        *at_least(1, "version"),
    )


def _installments() -> None:
    create_table(
        "installments",
        ref("booking_id", "bookings"),
        integer("sequence"),
        text("kind"),
        text("label"),
        text("milestone_code", nullable=True),
        ref("change_request_id", "change_requests", nullable=True),
        text("charge_code", nullable=True),
        percent("percent", nullable=True),
        money("amount"),
        text("due_rule", nullable=True),
        integer("due_offset"),
        day("due_date", nullable=True),
        text("status"),
        text("demand_number", nullable=True),
        moment("demanded_at", nullable=True),
        money("paid_amount"),
        *touched(),
        one_of("kind", "plan variation charge"),
        one_of("charge_code", "interest maintenance penalty parking registration other"),
        one_of("status", "scheduled demanded partially_paid paid overdue void"),
        one_of(
            "due_rule",
            "on_booking on_agreement days_after_agreement months_after_agreement on_milestone",
        ),
        between("percent", 0, 100),
        *at_least(0, "amount", "paid_amount"),
        *at_least(0, "due_offset"),
        *at_least(1, "sequence"),
        unique("installments", "booking_id", "sequence"),
    )
    index("installments_by_due_date", "installments", "status", "due_date")


def _payments() -> None:
    create_table(
        "payments",
        ref("booking_id", "bookings"),
        ref("builder_id", "builders"),
        ref("installment_id", "installments", nullable=True),
        text("payment_type"),
        money("amount"),
        money("tds_amount"),
        text("payment_method"),
        text("status"),
        text("transaction_id", nullable=True),
        day("payment_date"),
        moment("cleared_at", nullable=True),
        text("receipt_number", nullable=True),
        text("financial_year", nullable=True),
        ref("proof_file_id", "files", nullable=True),
        text("notes", nullable=True),
        ref("recorded_by", "users", nullable=True),
        ref("reverses_payment_id", "payments", nullable=True),
        flag("reversed_in_full"),
        text("failure_reason", nullable=True),
        *touched(),
        one_of("payment_type", "token installment final charge refund reversal compensation"),
        one_of("payment_method", "bank_transfer upi cheque demand_draft card cash loan"),
        one_of("status", "reported pending completed failed bounced"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("tds_amount >= 0 AND tds_amount <= amount", name="tds_amount"),
    )
    unique_index(
        "one_receipt_per_transaction",
        "payments",
        "builder_id",
        "payment_method",
        "transaction_id",
        where="transaction_id IS NOT NULL AND status IN ('pending', 'completed')"
        " AND payment_type IN ('token', 'installment', 'final', 'charge')"
        " AND NOT reversed_in_full",
    )
    unique_index(
        "one_payment_per_receipt_number",
        "payments",
        "builder_id",
        "receipt_number",
        where="receipt_number IS NOT NULL",
    )
