"""recordPayment: reports of customers, receipts of builders and administrators."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from realty.db import Installment
from realty.db.session import session
from tests.client import Api
from tests.database import content
from tests.deployment import Clock
from tests.factories import (
    make_admin,
    make_booking,
    make_customer,
    make_file,
    make_unit,
)
from tests.functional.bookings.common import Sale, change_booking, make_sale, moves, told
from tests.functional.payments.common import (
    PATH,
    TOKEN,
    booking_now,
    got,
    pay,
    payment,
    rows_of,
    send,
    today,
)


def test_record_payment_of_a_builder_is_a_numbered_receipt(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked()
    answer = send(api, sale.builder, payment(booking, notes="Paid at the site office."))
    paid = answer.data["payment"]
    assert answer.headers["Location"] == f"{PATH}/{paid['id']}"
    assert (
        answer.headers["ETag"] == api.as_(sale.builder).get(f"{PATH}/{paid['id']}").headers["ETag"]
    )
    assert paid["status"] == "completed"
    assert re.fullmatch(r"RC/\d{4}-\d{2}/000001", paid["receipt_number"])
    assert paid["financial_year"] in paid["receipt_number"]
    assert paid["cleared_at"] == paid["created_at"]
    assert paid["recorded_by"]["role"] == "builder"
    assert paid["booking"]["status"] == "token_paid"
    assert paid["customer"]["id"] == sale.customer.customer_id
    assert paid["notes"] == "Paid at the site office."
    assert paid["allocations"] == [
        {
            "installment_id": paid["allocations"][0]["installment_id"],
            "sequence": 1,
            "kind": "plan",
            "label": "Booking",
            "amount": TOKEN,
        }
    ]
    assert answer.data["warnings"] == []
    assert moves("payment", paid["id"]) == [(None, "completed")]
    assert told(sale.customer) == ["Payment received", "Token paid"]
    assert told(sale.builder) == ["Token paid"]
    assert got(api, sale.customer, paid) == {**paid, "allowed_actions": []}
    assert got(api, make_admin(), paid) == {**paid, "allowed_actions": []}


def test_record_payment_of_an_admin_is_a_receipt_of_the_builder(api: Api, clock: Clock) -> None:
    sale, admin = make_sale(), make_admin(full_name="Kiran Desai")
    paid = pay(api, admin, sale.booked(), "100.00")
    assert paid["builder_id"] == sale.builder.builder_id
    assert paid["recorded_by"] == {"role": "admin", "name": "Kiran Desai"}
    assert paid["receipt_number"].endswith("/000001")
    assert told(sale.customer) == told(sale.builder) == ["Payment received"]
    assert pay(api, sale.builder, paid["booking_id"], "1.00")["receipt_number"].endswith("/000002")


def test_record_payment_of_a_customer_counts_nowhere(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked()
    proof = make_file(sale.customer, "payment_proof")
    reported = pay(api, sale.customer, booking, proof_file_id=proof)
    assert reported["status"] == "reported"
    assert (reported["receipt_number"], reported["cleared_at"]) == (None, None)
    assert reported["proof_file"]["file_id"] == proof
    assert reported["allocations"] == []
    assert reported["recorded_by"]["role"] == "customer"
    seen = booking_now(api, sale.customer, booking)
    assert (seen["status"], seen["paid_amount"]) == ("pending", "0.00")
    assert told(sale.builder) == ["Payment reported"]
    assert told(sale.customer) == []
    counts = api.as_(sale.builder).get("/api/auth/me/counts").data["counts"]
    assert counts["waiting"]["payments_to_accept"] == 1
    assert got(api, sale.builder, reported)["allowed_actions"] == ["accept", "decline"]


@pytest.mark.parametrize("method", ["cheque", "demand_draft"])
def test_record_payment_by_cheque_must_clear(api: Api, clock: Clock, method: str) -> None:
    sale = make_sale()
    booking = sale.booked()
    paid = pay(api, sale.builder, booking, method=method)
    assert (paid["status"], paid["receipt_number"]) == ("pending", None)
    assert paid["allowed_actions"] == ["clear", "bounce", "fail"]
    seen = booking_now(api, sale.customer, booking)
    assert (seen["status"], seen["paid_amount"]) == ("pending", "0.00")


AMOUNTS: list[Any] = [
    *("0.00", "-1.00", "1e2", "NaN", "Infinity", "0.001", "\u0661\u0660\u0660.\u0660\u0660"),
    *(" 1.00", "+1.00", "1.00 "),
    *("9" * 30, f"{'9' * 14}.00", "01.00", "1", "1.0", "1,000.00", "", 1, 1.5, True, None, [], {}),
]


@pytest.mark.parametrize("amount", AMOUNTS, ids=repr)
def test_record_payment_takes_no_other_spelling_of_an_amount(
    api: Api, clock: Clock, database: str, amount: Any
) -> None:
    sale = make_sale()
    body = payment(sale.booked())
    for caller in (sale.builder, sale.customer, make_admin()):
        before = content(database)
        failed = send(api, caller, {**body, "amount": amount}, 422)
        assert failed.code == "validation_error"
        assert failed.error["details"][0]["field"] == "amount"
        assert content(database) == before


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"payment_type": "refund"}, "payment_type"),
    ({"payment_type": "reversal"}, "payment_type"),
    ({"payment_method": "barter"}, "payment_method"),
    ({"transaction_id": None}, "transaction_id"),
    ({"transaction_id": ""}, "transaction_id"),
    ({"transaction_id": " X1"}, "transaction_id"),
    ({"transaction_id": "X\n1"}, "transaction_id"),
    ({"transaction_id": "रसीद"}, "transaction_id"),
    ({"payment_date": "tomorrow"}, "payment_date"),
    ({"payment_date": "2026-02-30"}, "payment_date"),
    ({"booking_id": "1"}, "booking_id"),
    ({"installment_id": 2**31 - 1}, "installment_id"),
    ({"proof_file_id": 2**31 - 1}, "proof_file_id"),
    ({"tds_amount": "700000.00"}, "tds_amount"),
    ({"status": "completed"}, "status"),
    ({"receipt_number": "RC/2026-27/000001"}, "receipt_number"),
    ({"builder_id": 1}, "builder_id"),
    ({"cleared_at": "2026-01-01T00:00:00Z"}, "cleared_at"),
]


@pytest.mark.parametrize(("over", "field"), WRONG, ids=lambda value: repr(value)[:40])
def test_record_payment_refuses_what_is_not_right(
    api: Api, clock: Clock, database: str, over: dict[str, Any], field: str
) -> None:
    sale = make_sale()
    body = {**payment(sale.booked()), **over}
    before = content(database)
    for caller in (sale.builder, sale.customer):
        failed = send(api, caller, body, 422)
        assert failed.code == "validation_error"
        assert field in {detail["field"] for detail in failed.error["details"]}
        assert content(database) == before


def test_record_payment_is_not_of_tomorrow(api: Api, clock: Clock) -> None:
    """The day is the project's: in India it is tomorrow while London still has today."""
    sale = make_sale()
    booking = sale.booked()
    clock.set(clock.now().replace(hour=19, minute=0))
    late = send(api, sale.builder, payment(booking, payment_date=today(1)), 422)
    assert late.error["details"][0]["value"] == today()
    assert today() > clock.now().date().isoformat()
    pay(api, sale.builder, booking, payment_date=today())
    old = make_sale()
    pay(api, old.builder, old.booked(), payment_date=today(-300))


def test_record_payment_is_not_of_long_before_the_booking(api: Api, clock: Clock) -> None:
    """Compensation counts interest from that day."""
    sale = make_sale()
    booking = sale.booked()
    answer = send(api, sale.builder, payment(booking, payment_date=today(-366)), status=422)
    assert answer.error["details"][0]["field"] == "payment_date"
    assert answer.error["details"][0]["value"] == today(-365)
    send(api, sale.builder, payment(booking, payment_date=today(-365)))


def test_record_payment_names_a_row_of_the_booking(api: Api, clock: Clock, database: str) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    other = make_booking(sale.units[1], sale.customer, status="agreement_registered")
    foreign_id = rows_of(other.id)[2]["id"]
    ids = [row["id"] for row in rows_of(booking.id)]
    with session():
        Installment[ids[5]].status = "void"
    before = content(database)
    for bad in (foreign_id, ids[5]):
        failed = send(api, sale.builder, payment(booking, "10.00", installment_id=bad), 422)
        assert failed.error["details"][0]["field"] == "installment_id"
        assert content(database) == before
    paid = pay(api, sale.builder, booking, "10.00", installment_id=ids[3])
    assert [share["installment_id"] for share in paid["allocations"]] == [ids[3]]
    assert paid["installment_id"] == ids[3]


def test_record_payment_takes_only_an_own_unused_proof(
    api: Api, clock: Clock, database: str
) -> None:
    sale = make_sale()
    booking = sale.booked()
    others = make_file(make_customer(), "payment_proof")
    builders = make_file(sale.builder, "payment_proof")
    picture = make_file(sale.customer, "avatar")
    mine = make_file(sale.customer, "payment_proof")
    pay(api, sale.customer, booking, proof_file_id=mine)
    before = content(database)
    for bad in (others, builders, picture, mine):
        failed = send(api, sale.customer, payment(booking, proof_file_id=bad), 422)
        assert failed.error["details"][0]["field"] == "proof_file_id"
        assert content(database) == before


def test_record_payment_on_a_foreign_booking_is_404(api: Api, clock: Clock, database: str) -> None:
    sale, other = make_sale(), make_sale()
    booking = sale.booked()
    before = content(database)
    for caller in (other.customer, other.builder):
        for foreign in (booking.id, 2**31 - 1):
            assert send(api, caller, payment(foreign), 404).code == "not_found"
    api.post(PATH, payment(booking), status=401)
    assert content(database) == before


def test_record_payment_of_compensation_is_not_a_customers(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("cancelled", compensation_amount=Decimal("500.00"))
    body = payment(booking, "300.00", payment_type="compensation")
    failed = send(api, sale.customer, body, 422)
    assert failed.error["details"][0]["field"] == "payment_type"
    paid = send(api, sale.builder, body).data["payment"]
    assert (paid["status"], paid["receipt_number"]) == ("completed", None)
    over = payment(booking, "200.01", payment_type="compensation")
    refused = send(api, sale.builder, over, 409)
    assert refused.code == "compensation_exceeds_due"
    assert refused.error["details"][0]["value"] == "200.00"
    seen = booking_now(api, sale.customer, booking)
    assert (seen["paid_amount"], seen["refund_owed"]) == ("0.00", "0.00")


class TestGuards:
    """Each refuses with its figure and writes nothing."""

    def refused(
        self, api: Api, sale: Sale, database: str, body: Any, status: int, caller: Any = None
    ) -> tuple[str, str | None]:
        before = content(database)
        failed = send(api, caller or sale.builder, body, status)
        assert content(database) == before
        return failed.code, failed.error["details"][0].get("value")

    def test_overpayment(self, api: Api, clock: Clock, database: str) -> None:
        sale = make_sale()
        booking = sale.booked("agreement_registered")
        pay(api, sale.builder, booking, "5000000.00", "cheque")
        body = payment(booking, "698350.01")
        found = self.refused(api, sale, database, body, 409)
        assert found == ("overpayment", "698350.00")
        pay(api, sale.builder, booking, "698350.00")
        body = payment(booking, "0.01")
        assert self.refused(api, sale, database, body, 409) == ("overpayment", "0.00")

    @pytest.mark.parametrize("status", ["pending", "token_paid", "confirmed"])
    def test_advance_cap(self, api: Api, clock: Clock, database: str, status: str) -> None:
        sale = make_sale()
        booking = make_booking(sale.unit, sale.customer, status=status)
        pay(api, sale.builder, booking, "600000.00", "cheque")
        body = payment(booking, "33150.01", "cheque")
        found = self.refused(api, sale, database, body, 422)
        assert found == ("rera_advance_cap", "33150.00")
        pay(api, sale.builder, booking, "33150.00", "cheque")

    def test_cash_limit_counts_over_all_bookings(
        self, api: Api, clock: Clock, database: str
    ) -> None:
        sale = make_sale()
        first = sale.booked("agreement_registered")
        second = make_booking(sale.units[1], sale.customer, status="agreement_registered")
        body = payment(first, "20000.00", "cash")
        assert self.refused(api, sale, database, body, 422) == ("cash_limit", "19999.99")
        pay(api, sale.builder, first, "15000.00", "cash")
        body = payment(second, "5000.00", "cash")
        assert self.refused(api, sale, database, body, 422) == ("cash_limit", "4999.99")
        pay(api, sale.builder, second, "4999.99", "cash")
        elsewhere = make_sale()
        third = make_booking(elsewhere.unit, sale.customer, status="agreement_registered")
        pay(api, elsewhere.builder, third, "19999.99", "cash")

    @pytest.mark.parametrize("status", ["expired", "rejected", "cancelled"])
    def test_booking_closed(self, api: Api, clock: Clock, database: str, status: str) -> None:
        sale = make_sale()
        body = payment(sale.booked(status), "1.00")
        for caller in (sale.builder, sale.customer, make_admin()):
            code, _ = self.refused(api, sale, database, body, 409, caller)
            assert code == "booking_closed"

    def test_duplicate_transaction(self, api: Api, clock: Clock, database: str) -> None:
        sale = make_sale()
        booking = sale.booked("agreement_registered")
        other = make_booking(sale.units[1], make_customer(), status="agreement_registered")
        first = pay(api, sale.builder, booking, "10.00", transaction_id="UTR1")
        pay(api, sale.builder, booking, "10.00", "cheque", transaction_id="UTR1")
        elsewhere = make_sale()
        third = make_booking(elsewhere.unit, sale.customer, status="agreement_registered")
        pay(api, elsewhere.builder, third, "10.00", transaction_id="UTR1")
        for again in (booking, other):
            body = payment(again, "20.00", transaction_id="UTR1")
            found = self.refused(api, sale, database, body, 409)
            assert found == ("duplicate_transaction", str(first["id"]))

    def test_report_limit(self, api: Api, clock: Clock, database: str) -> None:
        sale = make_sale()
        booking = sale.booked()
        for _ in range(5):
            pay(api, sale.customer, booking, "10.00")
        body = payment(booking, "10.00")
        found = self.refused(api, sale, database, body, 409, sale.customer)
        assert found == ("report_limit", "5")

    def test_tds(self, api: Api, clock: Clock, database: str) -> None:
        sale = make_sale()
        booking = sale.booked()
        body = payment(booking, "100.00", tds_amount="100.01")
        found = self.refused(api, sale, database, body, 422)
        assert found == ("validation_error", "100.00")
        paid = pay(api, sale.builder, booking, "100.00", tds_amount="1.00")
        assert (paid["tds_amount"], paid["allocations"][0]["amount"]) == ("1.00", "100.00")
        cheap = make_unit(sale.project, unit_number="S-1", price=Decimal("4000000.00"))
        small = make_booking(cheap, sale.customer)
        body = payment(small, "100.00", tds_amount="1.00")
        assert self.refused(api, sale, database, body, 422) == ("validation_error", "0.00")
        pay(api, sale.builder, small, "100.00", tds_amount="0.00")


def test_a_report_is_only_warned_of(api: Api, clock: Clock) -> None:
    """Somebody else's payment is told to the builder, never to the customer."""
    sale, neighbour = make_sale(), make_customer()
    booking = sale.booked()
    theirs = make_booking(sale.units[1], neighbour)
    first = pay(api, neighbour, theirs, "10.00", transaction_id="UTR9")
    answer = send(api, sale.customer, payment(booking, "20.00", transaction_id="UTR9"))
    assert answer.data["warnings"] == []
    second = answer.data["payment"]
    seen = api.as_(sale.builder).get(f"{PATH}/{second['id']}").data["warnings"]
    assert [(each["code"], each["payment_ids"]) for each in seen] == [
        ("duplicate_transaction", [first["id"]])
    ]
    again = send(api, sale.customer, payment(booking, "30.00", transaction_id="UTR9"))
    assert again.data["warnings"][0]["payment_ids"] == [second["id"]]


def test_an_idempotency_key_records_a_payment_once(api: Api, clock: Clock, database: str) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    for caller, amount in ((sale.builder, "10.00"), (sale.customer, "20.00")):
        body = payment(booking, amount)
        key = "one-intention"
        first = send(api, caller, body, key=key)
        before = content(database)
        again = send(api, caller, body, key=key)
        assert again.body == first.body
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.headers["Location"] == first.headers["Location"]
        other = send(api, caller, {**body, "amount": "11.00"}, 422, key=key)
        assert other.code == "idempotency_key_reused"
        assert content(database) == before
    # The same money with another key is another matter: the transaction tells.
    body = payment(booking, "10.00", transaction_id="T")
    send(api, sale.builder, body, key="a-first-key")
    refused = send(api, sale.builder, body, 409, key="a-second-key")
    assert refused.code == "duplicate_transaction"


def test_receipt_numbers_are_a_builders_own(api: Api, clock: Clock) -> None:
    one, two = make_sale(), make_sale()
    numbers = [
        pay(api, sale.builder, booking, "10.00")["receipt_number"][-6:]
        for sale, booking in ((one, one.booked()), (two, two.booked()))
        for _ in range(2)
    ]
    assert numbers == ["000001", "000002"] * 2


def test_a_changed_total_does_not_move_the_cap(api: Api, clock: Clock) -> None:
    """The cap is the one that the booking was made with."""
    sale = make_sale()
    booking = sale.booked()
    change_booking(booking.id, advance_cap_amount=Decimal("100.00"), token_amount=Decimal("50.00"))
    refused = send(api, sale.builder, payment(booking, "100.01"), 422)
    assert refused.error["details"][0]["value"] == "100.00"
