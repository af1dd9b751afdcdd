"""The receipt of a payment: what it states, and what it says once money went back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from realty.db import Payment
from realty.db.session import session
from tests.client import Api
from tests.deployment import CLOCK, Clock
from tests.factories import make_admin, make_builder, make_customer, make_payment
from tests.functional.documents.common import (
    PDF,
    Sale,
    assert_same,
    content,
    facts_of,
    make_sale,
    printed,
    tables_of,
    today,
)


def path(payment_id: int) -> str:
    return f"/api/payments/{payment_id}/receipt"


def give_back(
    sale: Sale, payment_id: int, amount: str, kind: str = "refund", **over: object
) -> int:
    """A refund or a reversal, as the services leave them; return its id."""
    with session():
        row = Payment(
            **{
                "booking": sale.booking.id,
                "builder": sale.builder.builder_id,
                "payment_type": kind,
                "amount": Decimal(amount),
                "payment_method": "upi",
                "status": "completed",
                "transaction_id": "UPI-77" if kind == "refund" else None,
                "payment_date": today(),
                "cleared_at": CLOCK.now(),
                "failure_reason": None if kind == "refund" else "Entered twice",
                "reverses_payment": payment_id,
                **over,
            }
        )
        row.flush()
        return int(row.id)


def test_a_receipt_states_what_was_received_and_where_it_went(api: Api, clock: Clock) -> None:
    sale = make_sale(builder={"pan": "AABCP1234K"}, unit={"price": Decimal("9970000.00")})
    make_payment(sale.booking, sale.booking.token_amount, payment_type="token")
    payment = make_payment(
        sale.booking,
        Decimal("1100000.05"),
        tds_amount=Decimal("11000.00"),
        payment_method="upi",
        transaction_id="UPI/6123/99",
        payment_date=today() - timedelta(days=2),
        receipt_number="RC/2026-27/000002",
        financial_year="2026-27",
    )
    receipt = content(api, sale.customer, path(payment))
    assert receipt["kind"] == "receipt"
    assert receipt["reference"] == "RC/2026-27/000002"
    assert receipt["issued_on"] == today().isoformat()
    assert receipt["notices"] == []
    facts = facts_of(receipt)
    texts = {name: each["text"] for name, each in facts.items()}
    assert facts["amount"]["value"] == "1100000.05"
    assert texts["amount"] == "₹11,00,000.05"
    assert texts["amount_in_words"] == "Rupees eleven lakh and five paise only"
    assert texts["tds_amount"] == "₹11,000.00"
    assert texts["net_amount"] == "₹10,89,000.05"
    assert texts["payment_method"] == "UPI"
    assert texts["transaction_id"] == "UPI/6123/99"
    assert texts["financial_year"] == "2026-27"
    assert facts["payment_date"]["value"] == (today() - timedelta(days=2)).isoformat()
    # The token filled the booking's row; each further row takes 10 % of 10,500,000.00.
    assert tables_of(receipt)["Where it was booked"] == [
        ["2", "Agreement", "₹10,50,000.00"],
        ["3", "Foundation", "₹50,000.05"],
    ]
    assert {each["name"] for each in receipt["builder"]["facts"]} >= {"pan"}
    assert_same(receipt, printed(api, sale.customer, path(payment)).body)


def test_what_no_row_takes_is_said(api: Api, clock: Clock) -> None:
    sale = make_sale()
    payment = make_payment(sale.booking, sale.booking.total_amount + 5)
    booked = tables_of(content(api, sale.builder, path(payment)))["Where it was booked"]
    assert booked[-1] == ["–", "Not allocated to an installment", "₹5.00"]  # noqa: RUF001 - as printed


def test_a_partial_refund_is_noted(api: Api, clock: Clock) -> None:
    sale = make_sale()
    payment = make_payment(sale.booking, Decimal("500000.00"))
    give_back(sale, payment, "120000.00")
    receipt = content(api, sale.customer, path(payment))
    assert receipt["notices"] == [
        "Of this payment ₹1,20,000.00 was given back; ₹3,80,000.00 stands."
    ]
    [row] = tables_of(receipt)["Given back"]
    assert row[1:] == ["Refund", "UPI-77", "Completed", "₹1,20,000.00"]
    assert_same(receipt, printed(api, sale.customer, path(payment)).body)


def test_a_refund_that_failed_stands_again(api: Api, clock: Clock) -> None:
    sale = make_sale()
    payment = make_payment(sale.booking, Decimal("500000.00"))
    refund = give_back(sale, payment, "120000.00")
    give_back(sale, refund, "120000.00", "reversal")
    receipt = content(api, sale.customer, path(payment))
    assert receipt["notices"] == []
    kinds = [(row[1], row[4]) for row in tables_of(receipt)["Given back"]]
    assert kinds == [("Refund", "₹1,20,000.00"), ("Refund that failed", "-₹1,20,000.00")]


@pytest.mark.parametrize(("kind", "word"), [("refund", "Refunded"), ("reversal", "Reversed")])
def test_a_receipt_that_no_longer_counts_says_so_first(
    api: Api, clock: Clock, kind: str, word: str
) -> None:
    sale = make_sale()
    payment = make_payment(sale.booking, Decimal("500000.00"))
    give_back(sale, payment, "500000.00", kind)
    receipt = content(api, sale.customer, path(payment))
    assert receipt["notices"][0].startswith(f"{word} in full")
    assert "Where it was booked" not in tables_of(receipt)


def test_only_a_completed_receipt_has_one(api: Api, clock: Clock) -> None:
    sale = make_sale()
    payment = make_payment(sale.booking, Decimal("500000.00"))
    states = ("reported", "pending", "failed", "bounced")
    others = [make_payment(sale.booking, Decimal("1000.00"), status=state) for state in states]
    others.append(give_back(sale, payment, "1000.00"))
    others.append(give_back(sale, payment, "1000.00", "reversal"))
    others.append(make_payment(sale.booking, Decimal("1000.00"), payment_type="compensation"))
    for each in others:
        answer = api.as_(sale.builder).get(path(each), headers=PDF, status=409)
        assert answer.code == "conflict"
        assert answer.error["details"][0]["allowed"] == ["completed"]


def test_both_sides_and_the_admin_read_it(api: Api, clock: Clock) -> None:
    sale = make_sale(status="cancelled", customer={"pan": "FGHIJ5678K"})
    payment = make_payment(sale.booking, Decimal("500000.00"))
    for who in (sale.customer, sale.builder, make_admin()):
        answer = printed(api, who, path(payment))
        name = answer.headers["Content-Disposition"]
        assert name.startswith('attachment; filename="receipt-rc-')
        assert answer.headers["Cache-Control"] == "no-store"
    for stranger in (make_customer(), make_builder()):
        api.as_(stranger).get(path(payment), status=404)
    api.as_(None).get(path(payment), status=401)
    api.as_(sale.builder).get(path(2_000_000_000), status=404)
