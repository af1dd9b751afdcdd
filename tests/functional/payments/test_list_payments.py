"""listPayments, listBookingPayments, and the notifications that are about payments."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from realty.db import Payment
from realty.db.session import session
from tests.client import Api
from tests.deployment import CLOCK, Clock
from tests.factories import (
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_payment,
    make_project,
    make_unit,
    make_units,
)
from tests.functional.bookings.common import PATH as BOOKINGS
from tests.functional.bookings.common import make_sale
from tests.functional.payments.common import PATH, pay, payment, refund, reverse, send, today
from tests.functional.queries import queries


def ids(api: Api, caller: Any, path: str = PATH, **params: Any) -> list[int]:
    """The ids that `caller` gets, in their order."""
    return [row["id"] for row in api.as_(caller).get(path, params).data["payments"]]


def test_list_payments_shows_each_role_its_own(api: Api, clock: Clock) -> None:
    one, two = make_sale(), make_sale()
    first = make_payment(one.booked(), "10.00")
    second = make_payment(two.booked(), "10.00")
    crossed = make_payment(make_booking(two.units[1], one.customer), "10.00")
    assert set(ids(api, one.customer)) == {first, crossed}
    assert set(ids(api, two.customer)) == {second}
    assert set(ids(api, one.builder)) == {first}
    assert set(ids(api, two.builder)) == {second, crossed}
    assert set(ids(api, make_admin())) == {first, second, crossed}
    assert ids(api, make_customer()) == ids(api, make_builder()) == []
    api.get(PATH, status=401)


def test_list_payments_filters(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    token = ids(api, sale.builder)[0]
    other = make_booking(make_unit(make_project(sale.builder)), sale.customer)
    made = {
        "token": token,
        "reported": make_payment(booking, "10.00", status="reported"),
        "cheque": make_payment(booking, "20.00", status="pending", payment_method="cheque"),
        "cash": make_payment(booking, "30.00", payment_method="cash", transaction_id=None),
        "old": make_payment(booking, "40.00", payment_date=CLOCK.now().date() - timedelta(days=90)),
        "bounced": make_payment(booking, "50.00", status="bounced", payment_method="cheque"),
        "other": make_payment(other, "60.00", payment_type="token"),
    }
    names = {payment_id: name for name, payment_id in made.items()}

    def found(**params: Any) -> set[str]:
        return {names[i] for i in ids(api, sale.customer, **params)}

    assert found(limit=50) == set(made)
    assert found(status="reported") == {"reported"}
    assert found(status="pending") == {"cheque"}
    assert found(status="completed") == {"token", "cash", "old", "other"}
    assert found(status="refunded") == found(status="failed") == set()
    assert found(payment_method="cheque") == {"cheque", "bounced"}
    assert found(payment_type="token") == {"token", "other"}
    assert found(payment_method="cheque", status="bounced") == {"bounced"}
    assert found(booking_id=other.id) == found(project_id=other.project_id) == {"other"}
    assert found(to=today(-80)) == found(**{"from": today(-100), "to": today(-1)}) == {"old"}
    assert "old" not in found(**{"from": today(-80)})
    assert found(**{"from": today(), "to": today(-1)}) == set()
    stranger = make_sale()
    assert ids(api, stranger.builder, booking_id=booking.id) == []
    assert ids(api, stranger.builder, project_id=booking.project_id) == []
    for bad in (
        *({"status": "lost"}, {"payment_method": "x"}, {"payment_type": "x"}, {"sort": "notes"}),
        *({"from": "x"}, {"to": "2026-02-30"}, {"page": 0}, {"limit": 101}, {"colour": "red"}),
    ):
        api.as_(sale.customer).get(PATH, bad, status=422)


def test_list_payments_by_the_status_that_is_shown(api: Api, clock: Clock) -> None:
    """A receipt that was given back whole is refunded, until a refund proves to have failed."""
    sale = make_sale()
    booking = sale.booked("rejected")
    whole, part, kept = (make_payment(booking, amount) for amount in ("0.30", "0.30", "0.30"))
    for amount in ("0.10", "0.20"):
        refund(api, sale.builder, whole, amount)
    refund(api, sale.builder, part, "0.20")
    last = refund(api, sale.builder, part, "0.10", "cheque").data["payment"]
    api.as_(sale.builder).patch(
        f"{PATH}/{last['id']}/status", {"action": "fail", "reason": "Lost in the post."}
    )

    def found(status: str) -> set[int]:
        rows = api.as_(sale.builder).get(PATH, {"status": status, "limit": 50}).data["payments"]
        assert {row["status"] for row in rows} <= {status}
        return {row["id"] for row in rows if row["payment_type"] == "installment"}

    assert found("refunded") == {whole}
    assert found("completed") == {part, kept}
    again = refund(api, sale.builder, part, "0.10").data["payment"]
    assert found("refunded") == {whole, part}
    reverse(api, sale.builder, again, "0.01")
    assert (found("refunded"), found("completed")) == ({whole}, {part, kept})
    for row in api.as_(sale.customer).get(PATH, {"limit": 50}).data["payments"]:
        assert row["allowed_actions"] == []
        if row["id"] == part:
            assert (row["refunded_amount"], row["reversed_amount"]) == ("0.29", "0.00")


def test_list_payments_searches_what_its_description_names(api: Api, clock: Clock) -> None:
    builder = make_builder()
    customer = make_customer(first_name="Meera", last_name="Nair")
    booking = make_booking(make_unit(make_project(builder), unit_number="Q-77"), customer)
    mine = make_payment(booking, "10.00", transaction_id="UTR%_42")
    other = make_booking(make_unit(make_project(builder)), make_customer())
    pay(api, builder, other, "5.00", "cash")
    receipt = api.as_(builder).get(f"{PATH}/{mine}").data["payment"]["receipt_number"]

    def found(q: str) -> list[int]:
        return ids(api, builder, q=q)

    for words in (receipt.lower(), "utr%_4", "q-77", booking.number, "MEERA nair", "a na"):
        assert found(words) == [mine], words
    for words in ("%%", "'; --", "utr__", "nobody"):
        assert found(words) == []


def test_list_payments_orders_with_the_id_as_tie_break(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked()
    a = make_payment(booking, "5.00", payment_date=CLOCK.now().date() - timedelta(days=2))
    b = make_payment(booking, "5.00", payment_date=CLOCK.now().date() - timedelta(days=9))
    c = make_payment(booking, "9.00", payment_date=CLOCK.now().date() - timedelta(days=2))
    expected = {
        "-created_at": [c, b, a],
        "created_at": [a, b, c],
        "payment_date": [b, a, c],
        "-payment_date": [c, a, b],
        "amount": [a, b, c],
        "-amount": [c, b, a],
    }
    for sort, order in expected.items():
        assert ids(api, sale.customer, sort=sort) == order, sort
    assert ids(api, sale.customer, page=2, limit=2) == [a]
    assert ids(api, sale.customer, page=9) == []
    page = api.as_(sale.customer).get(PATH, {"limit": 2}).data["pagination"]
    assert (page["totalItems"], page["totalPages"], page["hasNext"]) == (3, 2, True)
    api.as_(sale.customer).get(PATH, {"page": 2_147_483_647}, status=422)


def test_list_booking_payments(api: Api, clock: Clock) -> None:
    sale, other = make_sale(), make_sale()
    booking = sale.booked("agreement_registered")
    (token,) = ids(api, sale.builder)
    make_payment(make_booking(sale.units[1], sale.customer), "1.00")
    path = f"{BOOKINGS}/{booking.id}/payments"
    paid = pay(api, sale.builder, booking, "100.00")
    back = reverse(api, sale.builder, paid).data["payment"]
    for caller in (sale.customer, sale.builder, make_admin()):
        assert ids(api, caller, path) == [back["id"], paid["id"], token]
    assert ids(api, sale.builder, path, sort="amount", limit=1) == [paid["id"]]
    for caller in (other.customer, other.builder):
        api.as_(caller).get(path, status=404)
    api.as_(sale.builder).get(path, {"status": "completed"}, status=422)


def many(number: int) -> Any:
    """A builder with so many payments of every kind on bookings of several customers."""
    builder = make_builder()
    bookings = [
        make_booking(unit, make_customer(), status="rejected")
        for unit in make_units(make_project(builder), 5)
    ]
    for n in range(number // 5):
        for booking in bookings:
            receipt = make_payment(booking, Decimal(n + 1))
            if n % 3 == 1:
                given = make_payment(
                    booking, "0.10", payment_type="refund", reverses_payment=receipt
                )
                if n % 2:
                    make_payment(
                        booking,
                        "0.10",
                        payment_type="reversal",
                        transaction_id=None,
                        reverses_payment=given,
                    )
    return builder


def test_a_page_costs_as_many_queries_whatever_the_volume(api: Api, clock: Clock) -> None:
    few, lots = many(10), many(300)
    counted = []
    for builder in (few, lots):
        for params in ({"limit": 1}, {"limit": 100}, {"limit": 100, "status": "completed"}):
            api.as_(builder).get(PATH, params)
            with queries() as sent:
                found = api.as_(builder).get(PATH, params).data
            counted.append(len(sent))
    assert found["pagination"]["totalItems"] >= 300
    assert len(set(counted)) == 1, counted
    assert counted[0] <= 7


def test_notifications_of_payments_carry_cards(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked()
    reported = pay(api, sale.customer, booking)
    told = api.as_(sale.builder).get("/api/notifications").data["notifications"][0]
    assert (told["related_entity_type"], told["related_entity_id"]) == ("payment", reported["id"])
    assert told["action_url"] == f"/payments/{reported['id']}"
    assert told["project"]["id"] == sale.project.id
    assert told["customer"]["id"] == sale.customer.customer_id
    assert told["builder"] is None
    body = {"action": "decline", "reason": "No such transfer."}
    api.as_(sale.builder).patch(f"{PATH}/{reported['id']}/status", body)
    told = api.as_(sale.customer).get("/api/notifications").data["notifications"][0]
    assert told["title"] == "Payment not received"
    assert "No such transfer." in told["message"]
    assert told["builder"]["id"] == sale.builder.builder_id


def test_get_payment_is_for_both_sides_and_its_tag_follows_what_was_given_back(
    api: Api, clock: Clock
) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    made = pay(api, sale.builder, booking, "1000.00")
    path = f"{PATH}/{made['id']}"
    first = api.as_(sale.builder).get(path)
    assert first.data["payment"]["allocations"][0]["amount"] == "1000.00"
    assert api.as_(sale.customer).get(path).data["payment"]["id"] == made["id"]
    for stranger in (make_customer(), make_builder()):
        api.as_(stranger).get(path, status=404)
    known = {"If-None-Match": first.headers["ETag"]}
    api.as_(sale.builder).get(path, headers=known, status=304)
    reverse(api, sale.builder, made, amount="400.00")
    again = api.as_(sale.builder).get(path, headers=known)
    assert again.data["payment"]["reversed_amount"] == "400.00"


def test_answers_hold_nothing_of_others(api: Api, clock: Clock) -> None:
    """A customer's answers never name another customer's payments."""
    sale = make_sale()
    booking = sale.booked()
    theirs = pay(api, sale.builder, make_booking(sale.units[1], make_customer()), "5.00")
    mine = pay(api, sale.builder, booking, "7.00")
    body = payment(booking, "1.00", transaction_id=theirs["transaction_id"])
    answer = send(api, sale.customer, body)
    assert answer.data["warnings"] == []
    with session():
        assert Payment.select().count() == 3
    assert ids(api, sale.customer) == [answer.data["payment"]["id"], mine["id"]]
