"""Every action on every kind of payment in every status."""

from __future__ import annotations

from itertools import product

import pytest

from realty.errors import InvalidTransition
from realty.services import payment_moves
from tests.services.cashbook import TOKEN, Case

pytestmark = pytest.mark.usefixtures("database")


def in_status(case: Case, kind: str, status: str) -> int:
    """A payment of that kind in that status; the booking is dead where it must be."""
    slow = "cheque" if status != "completed" else "upi"
    if kind == "receipt":
        made = (case.report if status == "reported" else case.record)("100.00", slow)
    else:
        receipt = case.record(TOKEN)
        case.wait(30)
        case.cancel(case.seller)
        if kind == "refund":
            made = case.refund(receipt, "100.00", slow)
        elif kind == "compensation":
            made = case.record("1.00", slow, payment_type="compensation")
        else:
            made = case.reverse(receipt, "100.00")
    if status in {"bounced", "failed"}:
        case.move(made, {"bounced": "bounce", "failed": "fail"}[status])
    return made


STATES = [
    ("receipt", "reported", ("accept", "decline")),
    *((kind, "pending", ("clear", "bounce", "fail")) for kind in ("receipt", "refund")),
    ("compensation", "pending", ("clear", "bounce", "fail")),
    ("receipt", "completed", ("refund", "reverse")),
    ("refund", "completed", ("reverse",)),
    ("compensation", "completed", ("reverse",)),
    ("reversal", "completed", ()),
    *product(("receipt", "refund", "compensation"), ("failed", "bounced"), ((),)),
]


@pytest.mark.parametrize(("kind", "status", "allowed"), STATES)
def test_every_action_on_every_payment_is_done_or_refused_with_what_is_possible(
    kind, status, allowed
):
    for action in (*payment_moves.MOVES, "refund", "reverse"):
        case = Case()
        payment_id = in_status(case, kind, status)
        before = case.payment(payment_id), case.columns()

        def act(case: Case = case, payment_id: int = payment_id, action: str = action) -> None:
            if action == "refund":
                case.refund(payment_id, "1.00")
            elif action == "reverse":
                case.reverse(payment_id)
            else:
                case.move(payment_id, action)

        if action not in allowed:
            with pytest.raises(InvalidTransition) as refused:
                act()
            assert refused.value.details[0].allowed == allowed
            assert (case.payment(payment_id), case.columns()) == before
        elif action != "refund":
            act()
            assert (case.payment(payment_id), case.columns()) != before
