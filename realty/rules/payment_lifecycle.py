"""The state machine of payments, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from realty.errors import InvalidTransition
from realty.rules.money import ZERO

SLOW_METHODS = frozenset({"cheque", "demand_draft"})
"""Money paid so is in the bank for days before it is there."""
_RECEIPTS = frozenset({"token", "installment", "final", "charge"})


@dataclass(frozen=True, slots=True)
class PaymentTransition:
    """What may happen to a payment of `types` in `source`; None leaves its status as it is."""

    source: str
    target: str | None
    types: frozenset[str] = _RECEIPTS | {"refund", "compensation"}
    needs_reason: bool = False


PAYMENT_TRANSITIONS: Mapping[str, PaymentTransition] = {
    "accept": PaymentTransition("reported", "completed", _RECEIPTS),
    "decline": PaymentTransition("reported", "failed", _RECEIPTS, needs_reason=True),
    "clear": PaymentTransition("pending", "completed"),
    "bounce": PaymentTransition("pending", "bounced", needs_reason=True),
    "fail": PaymentTransition("pending", "failed", needs_reason=True),
    "refund": PaymentTransition("completed", None, _RECEIPTS),
    "reverse": PaymentTransition("completed", None, needs_reason=True),
}
"""An accepted report of a slow method is pending first (`first_status`)."""


def first_status(payment_method: str) -> str:
    """The status in which money is recorded: a cheque or draft must clear first."""
    return "pending" if payment_method in SLOW_METHODS else "completed"


def possible_actions(status: str, payment_type: str) -> tuple[str, ...]:
    """What may happen to a payment of this type in this status, whatever the amounts."""
    return tuple(
        action
        for action, move in PAYMENT_TRANSITIONS.items()
        if status == move.source and payment_type in move.types
    )


def allowed_payment_actions(
    status: str, payment_type: str, role: str, *, refundable: Decimal, remaining: Decimal
) -> tuple[str, ...]:
    """What a caller of `role` may do with a payment now: the contract's `PaymentAction`.

    `remaining` is what was not given back of it yet, `refundable` what of that may be refunded.
    Only the builder acts.
    """
    if role != "builder":
        return ()
    left = {"refund": refundable, "reverse": remaining}
    return tuple(
        action
        for action in possible_actions(status, payment_type)
        if left.get(action, remaining) > ZERO
    )


def check_payment(action: str, status: str, payment_type: str) -> None:
    """Raises `InvalidTransition`, naming what is possible, unless `action` is."""
    possible = possible_actions(status, payment_type)
    if action not in possible:
        raise InvalidTransition.between("payment", status, action, possible)
