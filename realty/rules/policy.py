"""Every legal and commercial figure: a default in code, replaceable by a row of `system_settings`.

The figures are those of Indian law and custom as of 2026; where the law leaves a figure to the
parties, the default is ours and its description says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from realty.errors import NotFound, ValidationFailed
from realty.rules import setting_tables as tables
from realty.rules.service_policy import ServicePolicy
from realty.rules.setting_tables import CancellationBand, PlanRow, StateCharges
from realty.rules.settings_spec import (
    SettingSpec,
    figure,
    flag,
    percent,
    spec_of,
    structure,
    whole,
)


def _plan(name: str, description: str, *plan: PlanRow) -> tuple[PlanRow, ...]:
    return structure(
        f"payment_plan.{name}",
        plan,
        description,
        parse=tables.payment_plan,
        dump=tables.dump_rows,
        public=True,
    )


def _row(
    label: str,
    share: str,
    due_rule: str,
    due_offset: int = 0,
    *,
    milestone_code: str | None = None,
    parts: int = 1,
) -> PlanRow:
    return PlanRow(label, Decimal(share), due_rule, due_offset, milestone_code, parts)


_AT_BOOKING = _row("Booking", "10.00", "on_booking")
_AT_AGREEMENT = _row("Agreement", "10.00", "on_agreement")
_AT_POSSESSION = _row("Possession", "5.00", "on_milestone", milestone_code="possession")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(ServicePolicy):
    """The figures in force. `Policy()` holds the defaults."""

    booking_hold_hours: int = whole(
        "booking.hold_hours",
        72,
        "Hours after which a pending booking expires.",
        least=1,
        most=8760,
        public=True,
    )
    booking_token_percent: Decimal = percent(
        "booking.token_percent",
        "10.00",
        "Token, in percent of the total amount, rounded down; never above the advance cap.",
        public=True,
    )
    booking_max_pending_per_customer: int = whole(
        "booking.max_pending_per_customer",
        3,
        "Pending bookings that a customer may hold at once.",
        least=1,
        most=1000,
        public=True,
    )
    rera_advance_cap_percent: Decimal = percent(
        "rera.advance_cap_percent",
        "10.00",
        "Most that may be taken before the agreement, in percent of the total amount, "
        "rounded down (RERA, section 13).",
        public=True,
    )
    cash_limit: Decimal = figure(
        "cash.limit",
        "20000.00",
        "Cash from one customer to one builder must stay below this (Income-tax Act, 269SS).",
        public=True,
    )
    cancellation_default_days: int = whole(
        "cancellation.default_days",
        60,
        "Days a demanded row must be overdue before the builder's cancelling is the "
        "customer's fault.",
        least=0,
        most=3650,
        public=True,
    )
    cancellation_before_agreement: tuple[CancellationBand, ...] = structure(
        "cancellation.before_agreement_bands",
        (
            CancellationBand(15, Decimal("0.00")),
            CancellationBand(30, Decimal("1.00")),
            CancellationBand(60, Decimal("1.50")),
            CancellationBand(None, Decimal("2.00")),
        ),
        "Deduction in percent of the total amount, by days since booking, when the customer "
        "cancels before the agreement.",
        parse=tables.cancellation_bands,
        dump=tables.dump_rows,
        public=True,
    )
    cancellation_after_agreement_percent: Decimal = percent(
        "cancellation.after_agreement_percent",
        "10.00",
        "Deduction in percent of the total amount when the customer cancels after the agreement.",
        public=True,
    )
    interest_annual_percent: Decimal = percent(
        "interest.annual_percent",
        "10.00",
        "Simple yearly interest, counted daily, on overdue rows and as compensation. Our default: "
        "the states' rules say the State Bank's lending rate plus two percent.",
        public=True,
    )
    refund_days: int = whole(
        "refund.days",
        45,
        "Days within which a refund is due after a booking has ended.",
        least=0,
        most=365,
        public=True,
    )
    demand_due_days: int = whole(
        "demand.due_days",
        15,
        "Days between a demand and the due date of its row.",
        least=0,
        most=365,
        public=True,
    )
    demand_grace_days: int = whole(
        "demand.grace_days",
        7,
        "Days after the due date before a row is overdue. Our default.",
        least=0,
        most=365,
        public=True,
    )
    reminder_payment_days: tuple[int, ...] = structure(
        "reminder.payment_days",
        (-7, -1, 0, 3, 7),
        "Days from the due date on which a payment is reminded of; negative is before.",
        parse=lambda value: tables.items(value, tables.day_offset),
        dump=list,
    )
    gst_affordable_percent: Decimal = percent(
        "gst.affordable_percent",
        "1.00",
        "GST on an affordable dwelling before the occupancy certificate.",
        public=True,
    )
    gst_affordable_price: Decimal = figure(
        "gst.affordable_price",
        "4500000.00",
        "Highest agreement value of an affordable dwelling.",
        public=True,
    )
    gst_affordable_metro_sqm: Decimal = figure(
        "gst.affordable_metro_sqm",
        "60.00",
        "Largest carpet area of an affordable dwelling in a metropolitan city, in square metres.",
        public=True,
    )
    gst_affordable_other_sqm: Decimal = figure(
        "gst.affordable_other_sqm",
        "90.00",
        "Largest carpet area of an affordable dwelling elsewhere, in square metres.",
        public=True,
    )
    gst_metro_cities: tuple[str, ...] = structure(
        "gst.metro_cities",
        (
            *("Bengaluru", "Bangalore", "Chennai", "Delhi", "New Delhi", "Noida", "Greater Noida"),
            *("Ghaziabad", "Gurugram", "Gurgaon", "Faridabad", "Hyderabad", "Kolkata"),
            *("Mumbai", "Navi Mumbai", "Thane"),
        ),
        "Cities that count as metropolitan for affordable housing.",
        parse=lambda value: tables.items(value, tables.text),
        dump=list,
        public=True,
    )
    gst_residential_percent: Decimal = percent(
        "gst.residential_percent",
        "5.00",
        "GST on any other unit of a residential project before the occupancy certificate.",
        public=True,
    )
    gst_commercial_percent: Decimal = percent(
        "gst.commercial_percent",
        "12.00",
        "GST on a shop, an office or an industrial unit before the occupancy certificate.",
        public=True,
    )
    gst_plot_percent: Decimal = percent(
        "gst.plot_percent",
        "0.00",
        "GST on a plot: the sale of land is no supply.",
        public=True,
    )
    gst_completed_percent: Decimal = percent(
        "gst.completed_percent",
        "0.00",
        "GST on a unit sold after the occupancy certificate.",
        public=True,
    )
    tds_threshold: Decimal = figure(
        "tds.threshold",
        "5000000.00",
        "Agreement value from which the buyer deducts tax (Income-tax Act, 194-IA).",
        public=True,
    )
    tds_percent: Decimal = percent(
        "tds.percent", "1.00", "Tax that the buyer deducts from each row.", public=True
    )
    estimate_state_charges: tuple[StateCharges, ...] = structure(
        "estimate.state_charges",
        (
            StateCharges("Karnataka", Decimal("5.60"), Decimal("2.00"), None),
            StateCharges("Maharashtra", Decimal("6.00"), Decimal("1.00"), Decimal("30000.00")),
            StateCharges("Telangana", Decimal("5.50"), Decimal("0.50"), None),
            StateCharges(tables.ANY_STATE, Decimal("6.00"), Decimal("1.00"), None),
        ),
        "Stamp duty (with cess and surcharge) and registration fee by state: an estimate shown "
        "beside the price, never part of it.",
        parse=tables.state_charges,
        dump=tables.dump_rows,
        public=True,
    )
    plan_full_payment: tuple[PlanRow, ...] = _plan(
        "full_payment",
        "The plan full_payment.",
        _AT_BOOKING,
        _row("Balance", "90.00", "days_after_agreement", 30),
    )
    plan_installments: tuple[PlanRow, ...] = _plan(
        "installments",
        "The plan installments.",
        _AT_BOOKING,
        _AT_AGREEMENT,
        _row("Quarter", "80.00", "months_after_agreement", 3, parts=8),
    )
    plan_construction_linked: tuple[PlanRow, ...] = _plan(
        "construction_linked",
        "The plan construction_linked; `parts` of its slab row is the number of slabs.",
        _AT_BOOKING,
        _AT_AGREEMENT,
        _row("Foundation", "15.00", "on_milestone", milestone_code="foundation"),
        _row("Slab", "40.00", "on_milestone", milestone_code="slab", parts=4),
        _row("Brickwork", "10.00", "on_milestone", milestone_code="brickwork"),
        _row("Finishing", "10.00", "on_milestone", milestone_code="finishing"),
        _AT_POSSESSION,
    )
    plan_loan: tuple[PlanRow, ...] = _plan(
        "loan",
        "The plan loan.",
        _AT_BOOKING,
        _AT_AGREEMENT,
        _row("Disbursement of the loan", "75.00", "days_after_agreement", 60),
        _AT_POSSESSION,
    )
    payment_max_open_reports: int = whole(
        "payment.max_open_reports",
        5,
        "Payments that a customer may have reported and the builder not yet answered, per booking.",
        least=1,
        most=100,
        public=True,
    )
    change_request_quote_days: int = whole(
        "change_request.quote_days", 14, "Days a quote holds.", least=1, most=365, public=True
    )
    builders_require_verification: bool = flag(
        "builders.require_verification",
        "Whether only a verified builder may publish a project.",
        default=False,
        public=True,
    )
    login_max_failures: int = whole(
        "login.max_failures", 5, "Failed logins that lock an account.", least=1, most=100
    )
    login_lock_minutes: int = whole(
        "login.lock_minutes", 15, "Minutes for which it is locked.", least=1, most=1440
    )
    link_reset_minutes: int = whole(
        "link.reset_minutes", 60, "Minutes for which a reset link works.", least=5, most=1440
    )
    link_verification_hours: int = whole(
        "link.verification_hours",
        48,
        "Hours for which a link that verifies an e-mail address works.",
        least=1,
        most=720,
    )
    link_file_minutes: int = whole(
        "link.file_minutes", 10, "Minutes for which a link to a file works.", least=1, most=1440
    )
    invitation_days: int = whole(
        "invitation.days", 14, "Days for which an invitation may be accepted.", least=1, most=365
    )
    idempotency_hours: int = whole(
        "idempotency.hours",
        24,
        "Hours for which an Idempotency-Key replays its answer.",
        least=1,
        most=720,
        public=True,
    )
    pagination_max_offset: int = whole(
        "pagination.max_offset",
        10_000,
        "Rows that a page may skip; narrow the filter to see more.",
        least=100,
        most=1_000_000,
        public=True,
    )

    @classmethod
    def from_settings(cls, stored: Mapping[str, object]) -> Policy:
        """The defaults, overlaid with `stored` (key → JSON value of the database).

        A key that is not known here belongs to a newer version and is left alone. A value that
        does not fit is a `ValueError` that names its key: `validate` would not have let it in.
        """
        values: dict[str, object] = {}
        for key, value in stored.items():
            spec = _BY_KEY.get(key)
            if spec is None:
                continue
            try:
                values[spec.name] = spec.parse(value)
            except ValidationFailed as invalid:
                reason = invalid.details[0].message
                raise ValueError(f"The stored setting {key} is invalid: {reason}") from invalid
        return cls(**values)  # type: ignore[arg-type]  # each spec parses to its field's type

    def plan(self, name: str) -> tuple[PlanRow, ...]:
        """The payment plan `full_payment`, `installments`, `construction_linked` or `loan`."""
        plan: tuple[PlanRow, ...] = getattr(self, f"plan_{name}")
        return plan

    def json_of(self, spec: SettingSpec) -> object:
        """The value in force of one setting, as the database and the contract hold it."""
        return spec.dump(getattr(self, spec.name))


SETTINGS: tuple[SettingSpec, ...] = tuple(spec_of(item) for item in fields(Policy))
"""Every setting, in the order of `Policy`."""

_BY_KEY = {spec.key: spec for spec in SETTINGS}


def spec_named(key: str) -> SettingSpec:
    """The setting with this key, or `NotFound`."""
    spec = _BY_KEY.get(key)
    if spec is None:
        raise NotFound("There is no such setting.")
    return spec


def validate(key: str, value: object) -> object:
    """The typed value of a JSON `value` for the setting `key`.

    Raises `ValidationFailed` at `setting_value`, or `NotFound` for a key that does not exist.
    """
    return spec_named(key).parse(value)
