"""What a booking is sold for: the cost sheet, the token, the schedule, and who may set which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from pony.orm import select

from realty.db import Project
from realty.errors import AdvanceCap, Detail, NotFound, ValidationFailed
from realty.rules.clock import local_date
from realty.rules.cost_sheet import TERM_COLUMNS, CostSheet, ProjectTerms, cost_sheet, terms_of
from realty.rules.money import ZERO, money_text
from realty.rules.policy import Policy
from realty.security import Identity


class Site(NamedTuple):
    """A project, as far as selling in it goes: plain columns, because its counter moves later."""

    project_id: int
    builder_id: int
    project_type: str
    location_city: str
    location_state: str
    occupancy_certificate_date: date | None
    currency: str
    timezone: str
    is_published: bool
    status: str
    rera_number: str | None
    rera_valid_until: date | None
    rera_exempt_reason: str | None

    def today(self, now: datetime) -> date:
        """The project's own calendar day at `now`."""
        return local_date(now, self.timezone)


def site_of(project_id: int) -> Site:
    """The project's columns as they are now."""
    columns = select(
        (
            p.id,
            p.builder.id,
            p.project_type,
            p.location_city,
            p.location_state,
            p.occupancy_certificate_date,
            p.currency,
            p.timezone,
            p.is_published,
            p.status,
            p.rera_number,
            p.rera_valid_until,
            p.rera_exempt_reason,
        )
        for p in Project
        if p.id == project_id
    )
    rows = columns.without_distinct()[:1]
    if not rows:
        raise NotFound
    return Site(*rows[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Concession:
    """What a builder, and only a builder, may grant; `token_amount` None asks for the usual one."""

    discount_amount: Decimal = ZERO
    discount_reason: str | None = None
    token_amount: Decimal | None = None

    def check_reason(self) -> None:
        """Raises `ValidationFailed` for a discount or a reason without the other."""
        if self.discount_amount and not self.discount_reason:
            raise ValidationFailed.at("discount_reason", "A discount needs a reason.")
        if self.discount_reason and not self.discount_amount:
            message = "There is no discount that needs a reason."
            raise ValidationFailed.at("discount_reason", message)


def agree(
    unit: Any, site: Site, concession: Concession, *, now: datetime, policy: Policy
) -> CostSheet:
    """The cost sheet at which `unit` is sold at `now`, with the token that was agreed.

    Raises `ValidationFailed` for a discount without a reason, a reason without a discount, a
    discount that takes the whole price or a token of nothing; `AdvanceCap` for a token above what
    the law lets be taken before the agreement.
    """
    concession.check_reason()
    sheet = cost_sheet(
        terms_of(unit.to_dict(TERM_COLUMNS), unit.id),
        ProjectTerms.of(site),
        now=now,
        policy=policy,
        discount=concession.discount_amount,
    )
    token = concession.token_amount
    if token is None:
        return sheet
    if not token:
        raise ValidationFailed.at("token_amount", "must be more than 0.00")
    if token > sheet.advance_cap_amount:
        most = money_text(sheet.advance_cap_amount)
        detail = Detail("token_amount", "The token is above the advance cap.", most)
        raise AdvanceCap(details=[detail])
    return replace(sheet, token_amount=token)


def price_columns(sheet: CostSheet, concession: Concession) -> dict[str, Any]:
    """The columns of a booking that hold its frozen price."""
    return {
        "agreement_value": sheet.agreement_value,
        "gst_amount": sheet.gst_amount,
        "total_amount": sheet.total_amount,
        "token_amount": sheet.token_amount,
        "advance_cap_amount": sheet.advance_cap_amount,
        "discount_amount": sheet.discount_amount,
        "discount_reason": concession.discount_reason,
        "price_snapshot": sheet.as_snapshot(),
    }


def check_wishes(wishes: Mapping[str, Any], *, total: Decimal, today: date) -> None:
    """What both sides may write on a booking, `wishes` by column: a loan of no more than `total`,
    an agreement expected `today` or later. Raises `ValidationFailed`."""
    loan, expected = wishes.get("loan_amount"), wishes.get("expected_registration_date")
    if loan is not None and loan > total:
        raise ValidationFailed.at(
            "loan_amount", "The loan is more than the total.", money_text(total)
        )
    if expected is not None and expected < today:
        raise ValidationFailed.at(
            "expected_registration_date", "must be today or later", today.isoformat()
        )


def require_builder_for(actor: Identity, fields: Iterable[str]) -> None:
    """Raises `ValidationFailed` when a customer sends fields that are the builder's."""
    if actor.role != "builder" and (details := [Detail(f, "is the builder's") for f in fields]):
        raise ValidationFailed(details=details)
