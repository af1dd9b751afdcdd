"""What several documents share: the parties, the unit, the price as sold, the schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from realty.db import Booking, Customer
from realty.errors import Conflict, Detail
from realty.rules.clock import local_moment
from realty.rules.deleted import is_nobody
from realty.rules.documents import (
    Column,
    Document,
    Fact,
    Kind,
    Party,
    Row,
    Section,
    Table,
    Value,
    area_value,
    date_value,
    fact,
    label_value,
    money_value,
    percent_value,
    text_value,
    words_value,
)
from realty.rules.identifiers import masked_pan
from realty.rules.money import ZERO
from realty.rules.policy import Policy
from realty.rules.words import amount_text, date_in_words
from realty.security import Identity
from realty.services.booking_queries import Schedule, schedule_of
from realty.services.policy import current_policy

AMOUNT = Column("amount", "Amount", numeric=True)
NOTHING = Value(None, "")
"""A cell to which the row has nothing to say."""

_LOADED = (
    Booking.unit,
    Booking.project,
    Booking.builder,
    Booking.customer,
    Customer.user,
    Booking.installments,
)


@dataclass(frozen=True, slots=True)
class Case:
    """A booking with what every document about it needs; `today` is the project's own day."""

    booking: Any
    schedule: Schedule
    policy: Policy
    viewer: Identity
    now: datetime

    @property
    def today(self) -> date:
        """The project's own calendar day."""
        return local_moment(self.now, self.booking.project.timezone).date()

    def money(self, amount: Decimal) -> str:
        """An amount as it stands in a sentence."""
        return amount_text(amount, self.booking.project.currency)

    def money_fact(self, name: str, label: str, amount: Decimal, *, is_total: bool = False) -> Fact:
        """An amount under a label."""
        value = money_value(amount, self.booking.project.currency)
        return fact(name, label, value, is_total=is_total)

    def words_fact(self, name: str, label: str, amount: Decimal) -> Fact:
        """The same in words."""
        return fact(name, label, words_value(amount, self.booking.project.currency))

    def require_status(self, document: str, statuses: Sequence[str]) -> None:
        """Raises `Conflict` unless the booking is in one of `statuses`."""
        status = self.booking.status
        if status not in statuses:
            message = f"There is {document} only of a booking that is {' or '.join(statuses)}."
            raise Conflict(message, details=[Detail("status", message, status, statuses)])

    def document(
        self,
        kind: Kind,
        title: str,
        reference: str,
        *,
        sections: Sequence[Section],
        facts: Sequence[Fact] = (),
        issued_on: date | None = None,
        is_draft: bool = False,
        notices: Sequence[str] = (),
        with_builder_pan: bool = False,
        with_customer_pan: bool = False,
        signed_by_customer: bool = False,
    ) -> Document:
        """A document about the booking; its own `facts` stand first. Issued today by default."""
        booking, issued_on = self.booking, issued_on or self.today
        customer = customer_party(booking.customer, self.viewer, with_pan=with_customer_pan)
        signatures = [f"For {booking.builder.company_name}"]
        about = [
            *facts,
            fact("issued_on", "Date of issue", date_value(issued_on)),
            fact("booking_number", "Booking number", text_value(booking.booking_number)),
            fact("booking_date", "Booking date", date_value(booking.booking_date)),
        ]
        return Document(
            kind=kind,
            title=title,
            reference=reference,
            issued_on=issued_on,
            prepared_at=self.now,
            is_draft=is_draft,
            currency=booking.project.currency,
            builder=builder_party(booking.builder, with_pan=with_builder_pan),
            project=project_party(booking.project),
            customer=customer,
            notices=notices,
            sections=[Section(facts=about), *sections],
            signatures=[*signatures, customer.name] if signed_by_customer else signatures,
            footer=footer(reference, booking.project, self.now),
        )


def case_of(booking_id: int, *, viewer: Identity, now: datetime) -> Case:
    """The case of one booking, as it stands now."""
    found = Booking.select(lambda b: b.id == booking_id)
    booking = found.prefetch(*_LOADED)[:1][0]
    return Case(
        booking,
        schedule_of(booking, now=now),
        current_policy(),
        viewer,
        now,
    )


def builder_party(builder: Any, *, with_pan: bool) -> Party:
    """The builder. Its PAN belongs on what a buyer deducts tax by (Income-tax Act, 194-IA)."""
    return Party(
        builder.company_name,
        _known(
            ("address", "Address", builder.address),
            ("phone", "Phone", builder.phone),
            ("rera_promoter_id", "RERA promoter", builder.rera_promoter_id),
            ("gstin", "GSTIN", builder.gstin),
            ("pan", "PAN", builder.pan if with_pan else None),
        ),
    )


def project_party(project: Any) -> Party:
    """The project with its registration and where to look it up, or why it needs none."""
    place = (
        project.location_address,
        project.location_city,
        " ".join(filter(None, (project.location_state, project.location_zipcode))),
    )
    facts = _known(
        ("address", "Address", ", ".join(filter(None, place))),
        ("rera_number", "RERA registration", project.rera_number),
        ("rera_authority_url", "RERA authority", project.rera_authority_url),
        ("rera_exempt_reason", "Exempt from RERA because", project.rera_exempt_reason),
    )
    if project.rera_number and project.rera_valid_until:
        until = date_value(project.rera_valid_until)
        facts.append(fact("rera_valid_until", "RERA valid until", until))
    return Party(project.project_name, facts)


def customer_party(customer: Any, viewer: Identity, *, with_pan: bool = False) -> Party:
    """The customer, whose PAN is shown whole to nobody else."""
    pan = customer.pan if customer.id == viewer.customer_id else masked_pan(customer.pan)
    address = customer.user.email
    return Party(
        f"{customer.first_name} {customer.last_name}",
        _known(
            ("address", "Address", customer.address),
            ("phone", "Phone", customer.phone),
            ("email", "E-mail", None if is_nobody(address) else address),
            ("pan", "PAN", pan if with_pan else None),
        ),
    )


def footer(reference: str, project: Any, now: datetime) -> str:
    """What stands below each page beside its number; `now` is told in the project's own time."""
    there = local_moment(now, project.timezone)
    day = date_in_words(there.date())
    return f"{reference} · prepared on {day} at {there:%H:%M} ({project.timezone})"


def unit_section(case: Case) -> Section:
    """The unit with its areas as they were sold."""
    unit, sold = case.booking.unit, case.booking.price_snapshot
    facts = [
        fact("unit_number", "Unit", text_value(unit.unit_number)),
        fact("tower", "Tower", text_value(unit.tower)),
        fact("floor_number", "Floor", _floor(unit.floor_number)),
        fact("unit_type", "Type", label_value(unit.unit_type)),
        fact("carpet_area_sqft", "Carpet area", area_value(Decimal(sold["carpet_area_sqft"]))),
        fact("area_sqft", "Saleable area", area_value(Decimal(sold["area_sqft"]))),
    ]
    if unit.parking_spaces is not None:
        facts.append(fact("parking_spaces", "Parking", text_value(str(unit.parking_spaces))))
    return Section("The unit", facts=facts)


def _floor(number: int) -> Value:
    """The storey; the ground floor is 0, those below it are negative."""
    if number == 0:
        return Value("0", "Ground floor")
    return Value(str(number), f"Basement {-number}" if number < 0 else str(number))


def price_section(case: Case) -> Section:
    """The cost sheet as sold, and its total in words."""
    booking, sold = case.booking, case.booking.price_snapshot
    currency = booking.project.currency

    def row(label: str, amount: Decimal, *, is_total: bool = False) -> Row:
        return Row([text_value(label), money_value(amount, currency)], is_total)

    lines = [
        row(
            line["label"],
            -Decimal(line["amount"]) if line["code"] == "discount" else Decimal(line["amount"]),
        )
        for line in sold["lines"]
    ]
    rate = percent_value(Decimal(sold["gst_rate"])).text
    rows = [
        *lines,
        row("Agreement value", booking.agreement_value, is_total=True),
        row(f"Goods and services tax at {rate}", booking.gst_amount),
        row("Total", booking.total_amount, is_total=True),
    ]
    return Section(
        "The price",
        facts=[case.words_fact("total_amount_in_words", "Total in words", booking.total_amount)],
        table=Table([Column("label", "Component"), AMOUNT], rows),
    )


def schedule_section(case: Case) -> Section:
    """Every row that still counts, with what it is due by."""
    currency = case.booking.project.currency
    counted = [due for due in case.schedule.rows if due.status != "void"]
    drawn = [
        Row(
            [
                text_value(str(due.row.sequence)),
                text_value(due.row.label),
                NOTHING if due.row.percent is None else percent_value(due.row.percent),
                due_value(due.row),
                money_value(due.row.amount, currency),
            ]
        )
        for due in counted
    ]
    total = sum((due.row.amount for due in counted), ZERO)
    last = [NOTHING, text_value("Total payable"), NOTHING, NOTHING]
    drawn.append(Row([*last, money_value(total, currency)], is_total=True))
    columns = [
        Column("sequence", "No.", numeric=True),
        Column("label", "Installment"),
        Column("percent", "Share", numeric=True),
        Column("due", "Due"),
        AMOUNT,
    ]
    return Section("The schedule of payments", table=Table(columns, drawn))


_DUE_RULES = {
    "on_booking": "On booking",
    "on_agreement": "On the agreement",
    "days_after_agreement": "{} days after the agreement",
    "months_after_agreement": "{} months after the agreement",
    "on_milestone": "When this stage is complete",
}


def due_value(row: Any) -> Value:
    """The day on which a row is due, or the event that it waits for."""
    if row.due_date is not None:
        return date_value(row.due_date)
    if row.due_rule is None:
        return Value(None, "On demand")
    return Value(None, _DUE_RULES[row.due_rule].format(row.due_offset))


def _known(*facts: tuple[str, str, str | None]) -> list[Fact]:
    return [fact(name, label, text_value(text)) for name, label, text in facts if text]
