"""What a unit costs, and why: frozen into a booking, shown before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Self

from realty.errors import ValidationFailed
from realty.rules.clock import local_date, rfc3339
from realty.rules.money import ZERO, money, money_text, paisa, percent_of
from realty.rules.policy import Policy
from realty.rules.setting_tables import ANY_STATE

SQUARE_METRES_A_SQUARE_FOOT = Decimal("0.09290304")
COMMERCIAL_UNITS = frozenset({"shop", "office"})
GstReason = Literal["occupancy_certificate", "plot", "commercial", "affordable", "residential"]
TERM_COLUMNS = [
    *("unit_type", "area_sqft", "carpet_area_sqft", "price"),
    *("floor_rise_per_sqft", "preferential_charges", "other_charges"),
]
"""The columns of a unit that `terms_of` reads."""

MOST_AGREEMENT_VALUE = Decimal("999999999999.99")
"""The contract's ceiling: with tax and a booking's extras every sum still fits its column."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge on top of the base price."""

    code: str
    label: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTerms:
    """A unit, as far as its price goes; areas in square feet, `area_sqft` the saleable one."""

    unit_id: int
    unit_type: str
    area_sqft: Decimal
    carpet_area_sqft: Decimal
    price: Decimal
    floor_rise_per_sqft: Decimal = ZERO
    preferential_charges: tuple[Charge, ...] = ()
    other_charges: tuple[Charge, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectTerms:
    """A project, as far as the tax on its units goes."""

    project_type: str
    city: str
    state: str
    occupancy_certificate_date: date | None
    currency: str = "INR"
    timezone: str = "Asia/Kolkata"

    @classmethod
    def of(cls, project: Any) -> Self:
        """The terms of a project from whatever has its columns as attributes."""
        return cls(
            project_type=project.project_type,
            city=project.location_city,
            state=project.location_state,
            occupancy_certificate_date=project.occupancy_certificate_date,
            currency=project.currency,
            timezone=project.timezone,
        )


class Gst(NamedTuple):
    """The percent of GST that a unit bears, and which rule decided it."""

    rate: Decimal
    reason: GstReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """What the state will ask at registration; never part of the total."""

    stamp_duty_percent: Decimal
    stamp_duty_amount: Decimal
    registration_percent: Decimal
    registration_amount: Decimal

    def as_json(self) -> dict[str, str]:
        """The contract's `CostEstimates`."""
        return {
            "stamp_duty_percent": money_text(self.stamp_duty_percent),
            "stamp_duty_amount": money_text(self.stamp_duty_amount),
            "registration_percent": money_text(self.registration_percent),
            "registration_amount": money_text(self.registration_amount),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSheet:
    """The amounts of one unit at one moment; `advance_cap_amount` is all the law lets be taken
    before the agreement, `token_amount` never exceeds it."""

    terms: UnitTerms
    currency: str
    as_of: datetime
    floor_rise_amount: Decimal
    discount_amount: Decimal
    agreement_value: Decimal
    gst_rate: Decimal
    gst_reason: GstReason
    gst_amount: Decimal
    total_amount: Decimal
    token_amount: Decimal
    advance_cap_amount: Decimal
    tds_applies: bool
    tds_rate: Decimal
    estimates: Estimates

    def lines(self) -> tuple[Charge, ...]:
        """The lines that make the agreement value; the amount of `discount` is taken off."""
        rise, discount = self.floor_rise_amount, self.discount_amount
        return (
            Charge("base_price", "Base price", self.terms.price),
            *([Charge("floor_rise", "Floor rise", rise)] if rise else []),
            *self.terms.preferential_charges,
            *self.terms.other_charges,
            *([Charge("discount", "Discount", discount)] if discount else []),
        )

    def as_snapshot(self) -> dict[str, object]:
        """The contract's `CostSheet`, which a booking stores as its `price_snapshot`."""
        terms = self.terms
        return {
            "unit_id": terms.unit_id,
            "currency": self.currency,
            "as_of": rfc3339(self.as_of),
            "area_sqft": money_text(terms.area_sqft),
            "carpet_area_sqft": money_text(terms.carpet_area_sqft),
            "floor_rise_per_sqft": money_text(terms.floor_rise_per_sqft),
            "lines": charges_json(self.lines()),
            "base_price": money_text(terms.price),
            "floor_rise_amount": money_text(self.floor_rise_amount),
            "preferential_charges_amount": money_text(_sum(terms.preferential_charges)),
            "other_charges_amount": money_text(_sum(terms.other_charges)),
            "discount_amount": money_text(self.discount_amount),
            "agreement_value": money_text(self.agreement_value),
            "gst_rate": money_text(self.gst_rate),
            "gst_reason": self.gst_reason,
            "gst_amount": money_text(self.gst_amount),
            "total_amount": money_text(self.total_amount),
            "tds_applies": self.tds_applies,
            "tds_rate": money_text(self.tds_rate),
            "token_amount": money_text(self.token_amount),
        }


def read_charges(lines: Iterable[Mapping[str, str]]) -> tuple[Charge, ...]:
    """The charges of a JSON column or body, `[{code, label, amount}]`."""
    return tuple(Charge(line["code"], line["label"], money(line["amount"])) for line in lines)


def terms_of(columns: Mapping[str, Any], unit_id: int = 0) -> UnitTerms:
    """The price terms of a unit from its columns by name; `unit_id` is 0 while it has none."""
    return UnitTerms(
        unit_id=unit_id,
        unit_type=columns["unit_type"],
        area_sqft=columns["area_sqft"],
        carpet_area_sqft=columns["carpet_area_sqft"],
        price=columns["price"],
        floor_rise_per_sqft=columns["floor_rise_per_sqft"],
        preferential_charges=read_charges(columns["preferential_charges"]),
        other_charges=read_charges(columns["other_charges"]),
    )


def charges_json(charges: Iterable[Charge]) -> list[dict[str, str]]:
    """The inverse of `read_charges`: the contract's `ChargeLine` or `CostLine` of each."""
    return [
        {"code": line.code, "label": line.label, "amount": money_text(line.amount)}
        for line in charges
    ]


def _sum(charges: Iterable[Charge]) -> Decimal:
    return sum((charge.amount for charge in charges), ZERO)


def _floor_rise(terms: UnitTerms) -> Decimal:
    return paisa(terms.floor_rise_per_sqft * terms.area_sqft)


def agreement_value(terms: UnitTerms, discount: Decimal = ZERO) -> Decimal:
    """Base price, floor rise and charges together, less `discount`, before tax.

    Raises `ValidationFailed` at `discount_amount` when nothing would be left to pay.
    """
    charges = _sum(terms.preferential_charges) + _sum(terms.other_charges)
    value = terms.price + _floor_rise(terms) + charges - discount
    if discount and value <= 0:
        raise ValidationFailed.at("discount_amount", "It must be less than the price.")
    return value


def check_terms(terms: UnitTerms, prefix: str = "") -> None:
    """Raises `ValidationFailed` for areas or a price that no unit has; fields follow `prefix`."""
    if terms.carpet_area_sqft > terms.area_sqft:
        raise ValidationFailed.at(
            f"{prefix}carpet_area_sqft", "The carpet area must not exceed the saleable area."
        )
    if not terms.carpet_area_sqft:
        raise ValidationFailed.at(f"{prefix}carpet_area_sqft", "It must be more than 0.00.")
    if not terms.price:
        raise ValidationFailed.at(f"{prefix}price", "It must be more than 0.00.")
    if agreement_value(terms) > MOST_AGREEMENT_VALUE:
        raise ValidationFailed.at(f"{prefix}price", "Price and charges are too high together.")


def gst(terms: UnitTerms, project: ProjectTerms, value: Decimal, on: date, policy: Policy) -> Gst:
    """The GST on a unit of agreement value `value` that is sold on the day `on`."""
    certified = project.occupancy_certificate_date
    if certified is not None and certified <= on:
        return Gst(policy.gst_completed_percent, "occupancy_certificate")
    if terms.unit_type == "plot":
        return Gst(policy.gst_plot_percent, "plot")
    commercial = terms.unit_type in COMMERCIAL_UNITS
    if project.project_type in {"commercial", "industrial"} or (
        project.project_type == "mixed" and commercial
    ):
        return Gst(policy.gst_commercial_percent, "commercial")
    metro = project.city.casefold() in {city.casefold() for city in policy.gst_metro_cities}
    largest = policy.gst_affordable_metro_sqm if metro else policy.gst_affordable_other_sqm
    small = terms.carpet_area_sqft * SQUARE_METRES_A_SQUARE_FOOT <= largest
    if small and not commercial and value <= policy.gst_affordable_price:
        return Gst(policy.gst_affordable_percent, "affordable")
    return Gst(policy.gst_residential_percent, "residential")


def estimate(value: Decimal, state: str, policy: Policy) -> Estimates:
    """Stamp duty and registration of a unit of agreement value `value` in `state`."""
    by_state = {row.state.casefold(): row for row in policy.estimate_state_charges}
    charges = by_state.get(state.casefold(), by_state[ANY_STATE])
    registration = percent_of(value, charges.registration_percent)
    if charges.registration_maximum is not None:
        registration = min(registration, charges.registration_maximum)
    return Estimates(
        stamp_duty_percent=charges.stamp_duty_percent,
        stamp_duty_amount=percent_of(value, charges.stamp_duty_percent),
        registration_percent=charges.registration_percent,
        registration_amount=registration,
    )


def cost_sheet(
    terms: UnitTerms,
    project: ProjectTerms,
    *,
    now: datetime,
    policy: Policy,
    discount: Decimal = ZERO,
) -> CostSheet:
    """The cost sheet at `now` (naive UTC); the project's own day decides on the certificate.

    Raises `ValidationFailed` at `discount_amount` when the discount takes the whole price.
    """
    value = agreement_value(terms, discount)
    tax = gst(terms, project, value, local_date(now, project.timezone), policy)
    gst_amount = percent_of(value, tax.rate)
    total = value + gst_amount
    cap = percent_of(total, policy.rera_advance_cap_percent, down=True)
    return CostSheet(
        terms=terms,
        currency=project.currency,
        as_of=now,
        floor_rise_amount=_floor_rise(terms),
        discount_amount=discount,
        agreement_value=value,
        gst_rate=tax.rate,
        gst_reason=tax.reason,
        gst_amount=gst_amount,
        total_amount=total,
        token_amount=min(percent_of(total, policy.booking_token_percent, down=True), cap),
        advance_cap_amount=cap,
        tds_applies=value >= policy.tds_threshold,
        tds_rate=policy.tds_percent,
        estimates=estimate(value, project.state, policy),
    )
