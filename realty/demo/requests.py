"""What buyers wish changed, what builders charge beside the price, and what buyers report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from realty.db import Model3D
from realty.demo.deals import Change, Levy, Said, Step
from realty.demo.pictures import Album
from realty.demo.sales import Sales, Sold, booking_of
from realty.demo.timeline import Script
from realty.rules.money import ZERO, money
from realty.rules.policy import Policy
from realty.security import Identity
from realty.services import change_requests, charges
from realty.services.allocation import rows_of
from realty.services.booking_queries import due_of
from realty.services.booking_terms import site_of
from realty.services.change_requests import Wish


class Correspondence:
    """Scripts of what is asked and answered on bookings that stand."""

    def __init__(self, sales: Sales, album: Album, *, policy: Policy, now: datetime) -> None:
        self._sales = sales
        self._album = album
        self._policy = policy
        self._now = now

    def change(self, change: Change) -> Script:
        """Ask for a change, and lead the request through its steps."""
        now = yield self._now - timedelta(days=change.days_ago)
        sold = self._sales.sold[change.unit]
        customer, builder = self._sales.parties(sold)
        request = change_requests.submit(
            Wish(
                booking_id=sold.booking_id,
                request_type=change.kind,
                request_title=change.title,
                current_specification=change.now_is,
                requested_specification=change.wanted,
                model_id=_model(change),
                priority=change.priority,
                is_structural=change.structural,
                attachments=self._sketch(change, customer, now),
            ),
            actor=customer,
            now=now,
        )
        for step in change.steps:
            now = yield now + timedelta(days=step.after)
            _take(step, request.id, sold.booking_id, customer, builder, now)

    def levy(self, levy: Levy) -> Script:
        """Raise a charge, and withdraw it where there is a reason."""
        now = yield self._now - timedelta(days=levy.days_ago)
        sold = self._sales.sold[levy.unit]
        _, builder = self._sales.parties(sold)
        row_id = charges.raise_charge(
            sold.booking_id,
            charge_code=levy.code,
            label=levy.label,
            amount=self._interest(sold, now) if levy.amount is None else money(levy.amount),
            due_date=None,
            actor=builder,
            now=now,
        )
        if levy.withdrawn_because is not None:
            now = yield now + timedelta(days=2)
            charges.void_charge(
                sold.booking_id, row_id, reason=levy.withdrawn_because, actor=builder, now=now
            )

    def report(self, said: Said) -> Script:
        """The buyer reports a payment; the builder declines it where there is a reason."""
        now = yield self._now - timedelta(days=said.days_ago)
        sold = self._sales.sold[said.unit]
        row = rows_of(sold.booking_id)[said.sequence - 1]
        payment = self._sales.report(sold, row, money(said.amount), said.method, now)
        if said.declined_because is not None:
            now = yield now + timedelta(days=1)
            self._sales.move(sold, payment, "decline", now, said.declined_because)

    def _interest(self, sold: Sold, now: datetime) -> Any:
        """The interest that the schedule shows on what is overdue."""
        booking = booking_of(sold)
        today = site_of(booking.project.id).today(now)
        rows = rows_of(sold.booking_id)
        found = [due_of(row, booking, today, self._policy).interest_amount for row in rows]
        return sum(found, ZERO)

    def _sketch(self, change: Change, customer: Identity, now: datetime) -> tuple[int, ...]:
        if not change.sketch:
            return ()
        unit = change.unit[1]
        lines = ("SKETCH, not to scale", f"Home: {unit}", change.title, f"Wanted: {change.wanted}")
        name = f"sketch-{unit}"
        return (self._album.paper(name, lines, owner=customer, purpose="change_request", now=now),)


def _model(change: Change) -> int | None:
    """The 3D model that shows what is wished."""
    if change.shown_by is None:
        return None
    return int(Model3D.get(model_name=change.shown_by).id)


def _take(
    step: Step,
    request_id: int,
    booking_id: int,
    customer: Identity,
    builder: Identity,
    now: datetime,
) -> None:
    """One action on a request, by whose turn it is."""
    action: Callable[..., None] = getattr(change_requests, step.action)
    by_customer = step.action in {"accept", "decline", "withdraw"}
    more: dict[str, Any] = {}
    if step.action == "quote":
        more = {
            "cost": money(step.cost),
            "timeline_days": step.days,
            "response": "As drawn; materials and labour are included, GST too.",
            "valid_until": None,
        }
    elif step.action == "accept":
        more = {"expected_cost": None}
    elif step.action in {"reject", "void", "decline", "withdraw"}:
        more = {"reason": step.reason}
    actor = customer if by_customer else builder
    action(request_id, booking_id=booking_id, actor=actor, now=now, **more)
