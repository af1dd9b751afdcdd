"""listBookings, getBooking, getBookingSchedule, getBookingTimeline."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from realty.db import Installment
from realty.db.session import session
from realty.rules.clock import local_date
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    ZONE,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_payment,
    make_project,
    make_unit,
    make_units,
)
from tests.functional.bookings.common import (
    PATH,
    act,
    book,
    cancellation,
    change_booking,
    make_sale,
)
from tests.functional.queries import queries


def ids(api: Api, caller: Any, **params: Any) -> list[int]:
    """The ids that `caller` gets, in their order."""
    return [row["id"] for row in api.as_(caller).get(PATH, params).data["bookings"]]


def test_list_bookings_shows_each_role_its_own(api: Api) -> None:
    one, two = make_sale(), make_sale()
    first, second = one.booked(), two.booked()
    crossed = make_booking(two.units[1], one.customer)
    assert set(ids(api, one.customer)) == {first.id, crossed.id}
    assert set(ids(api, two.customer)) == {second.id}
    assert set(ids(api, one.builder)) == {first.id}
    assert set(ids(api, two.builder)) == {second.id, crossed.id}
    assert set(ids(api, make_admin())) == {first.id, second.id, crossed.id}
    api.get(PATH, status=401)
    assert ids(api, one.builder, project_id=two.project.id) == []


def test_list_bookings_filters(api: Api) -> None:
    sale = make_sale(8)
    statuses = ("pending", "token_paid", "confirmed", "handed_over", "expired", "cancelled")
    made = {
        status: make_booking(unit, sale.customer, status=status)
        for status, unit in zip(statuses, sale.units, strict=False)
    }
    make_payment(made["token_paid"], "1.00")
    make_payment(made["handed_over"], made["handed_over"].total_amount)
    number = {row.id: status for status, row in made.items()}

    def found(**params: Any) -> set[str]:
        return {number[i] for i in ids(api, sale.customer, **params)}

    assert found() == set(statuses)
    assert found(status="confirmed") == {"confirmed"}
    assert found(state="active") == {"pending", "token_paid", "confirmed"}
    assert found(state="completed") == {"handed_over"}
    assert found(state="cancelled") == {"expired", "cancelled"}
    assert found(payment_status="partial") == {"token_paid"}
    assert found(payment_status="completed") == {"handed_over"}
    assert found(payment_status="pending", state="active") == {"pending", "confirmed"}
    assert found(status="pending", state="completed") == set()
    for bad in ({"status": "sold"}, {"state": "x"}, {"sort": "id"}, {"page": 0}, {"colour": "red"}):
        api.as_(sale.customer).get(PATH, bad, status=422)


def test_list_bookings_searches_what_its_description_names(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder, project_name="Ārohī 100%_Lake")
    customer = make_customer(first_name="Meera", last_name="Nair")
    other = make_customer(first_name="Nairita", last_name="Sen")
    mine = make_booking(make_unit(project, unit_number="Q-77"), customer)
    make_booking(make_unit(make_project(builder), unit_number="R-1"), other)

    def found(q: str) -> list[int]:
        return ids(api, builder, q=q)

    for words in (mine.number.lower(), "q-77", "lake", "meera nair", "100%_l"):
        assert found(words) == [mine.id], words
    assert found("nair") != [mine.id]
    assert found("a nair") == [mine.id]
    assert found("'; --") == []
    assert found("%%") == []


def test_list_bookings_orders_with_the_id_as_tie_break(api: Api, clock: Clock) -> None:
    sale = make_sale(3)
    rows = [make_booking(unit, sale.customer) for unit in sale.units]
    change_booking(rows[1].id, booking_date=local_date(clock.now(), "UTC") - timedelta(days=9))
    change_booking(rows[2].id, total_amount=Decimal("1.00"))
    a, b, c = (row.id for row in rows)
    assert ids(api, sale.customer) == [c, b, a]
    assert ids(api, sale.customer, sort="created_at") == [a, b, c]
    assert ids(api, sale.customer, sort="booking_date") == [b, a, c]
    assert ids(api, sale.customer, sort="total_amount")[0] == c
    assert ids(api, sale.customer, sort="-total_amount")[-1] == c


def test_list_bookings_counts_all_beside_the_page(api: Api) -> None:
    sale, other = make_sale(6), make_sale()
    other.booked()
    paid = make_booking(sale.units[0], sale.customer, status="token_paid")
    make_payment(paid, "331500.00")
    done = make_booking(sale.units[1], sale.customer, status="handed_over")
    make_payment(done, done.total_amount + 5)
    make_booking(sale.units[2], sale.customer, status="rejected")
    elsewhere = make_units(make_project(sale.builder), 1)[0]
    make_booking(elsewhere, make_customer(first_name="Zubin", last_name="Irani"))

    def stats(**params: Any) -> dict[str, Any]:
        data = api.as_(sale.builder).get(PATH, params).data
        return dict(data["stats"])

    assert stats(status="rejected", limit=1, page=2) == {
        "total_bookings": 4,
        "active_bookings": 2,
        "completed_bookings": 1,
        "cancelled_bookings": 1,
        "total_revenue": "18994500.00",
        "pending_revenue": "12331500.00",
    }
    assert stats(project_id=sale.project.id)["total_bookings"] == 3
    assert stats(q="zubin")["total_bookings"] == 1
    nothing = stats(q="nobody")
    assert (nothing["total_bookings"], nothing["total_revenue"]) == (0, "0.00")


def test_list_bookings_sums_more_than_one_amount_can_be(api: Api) -> None:
    sale = make_sale(12)
    for unit in sale.units:
        booking = make_booking(unit, sale.customer)
        change_booking(booking.id, total_amount=Decimal("999999999999.99"))
    for caller in (sale.customer, sale.builder, make_admin()):
        stats = api.as_(caller).get(PATH).data["stats"]
        assert stats["total_revenue"] == stats["pending_revenue"] == "11999999999999.88"


def test_list_bookings_pages(api: Api) -> None:
    sale = make_sale(5)
    for unit in sale.units:
        make_booking(unit, sale.customer)
    page = api.as_(sale.customer).get(PATH, {"page": 2, "limit": 2}).data["pagination"]
    assert page == {
        "currentPage": 2,
        "totalPages": 3,
        "totalItems": 5,
        "hasNext": True,
        "hasPrev": True,
    }
    assert ids(api, sale.customer, page=9) == []
    api.as_(sale.customer).get(PATH, {"page": 2_147_483_647}, status=422)


def test_a_page_costs_as_many_queries_as_a_row(api: Api) -> None:
    builder = make_builder()
    for _ in range(6):
        project = make_project(builder)
        for unit in make_units(project, 2):
            make_booking(unit, make_customer())
    api.as_(builder).get(PATH)
    with queries() as one:
        api.as_(builder).get(PATH, {"limit": 1})
    with queries() as many:
        assert len(ids(api, builder, limit=100)) == 12
    assert len(many) == len(one) <= 12, many


def test_get_booking(api: Api) -> None:
    sale, other = make_sale(), make_sale()
    booking = sale.booked("token_paid")
    url = f"{PATH}/{booking.id}"
    seen = api.as_(sale.customer).get(url).data["booking"]
    assert seen["allowed_actions"] == ["update", "cancel"]
    assert seen["paid_amount"] == str(booking.token_amount)
    assert (seen["payment_status"], seen["payment_progress"]) == ("partial", "10.00")
    assert seen["next_payment_amount"] == "633150.00"
    assert seen["pending_amount"] == "5698350.00"
    assert api.as_(sale.builder).get(url).data["booking"]["allowed_actions"] == [
        *("update", "confirm", "reject", "cancel")
    ]
    assert api.as_(make_admin()).get(url).data["booking"]["allowed_actions"] == []
    api.get(url, status=401)
    foreign = api.as_(other.customer).get(url, status=404)
    absent = api.as_(other.customer).get(f"{PATH}/2147483647", status=404)
    for answer in (foreign, absent):
        answer.error.pop("request_id")
    assert foreign.error == absent.error
    api.as_(other.builder).get(url, status=404)


@pytest.mark.parametrize("text", ["0", "-1", "01", "abc", "2147483648", "1.0", "%20", "9" * 30])
def test_what_is_no_id_names_nothing(api: Api, text: str) -> None:
    api.as_(make_customer()).get(f"{PATH}/{text}", status=404)


def test_get_booking_schedule(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    day = local_date(clock.now(), "Asia/Kolkata")
    make_payment(booking, "33150.00")
    with session():
        second = Installment.get(booking=booking.id, sequence=2)
        second.set(due_date=day - timedelta(days=73), demanded_at=clock.now() - timedelta(days=90))
        third = Installment.get(booking=booking.id, sequence=3)
        third.set(due_date=day - timedelta(days=7), demanded_at=clock.now() - timedelta(days=22))
        Installment.get(booking=booking.id, sequence=10).status = "void"
    data = api.as_(sale.customer).get(f"{PATH}/{booking.id}/schedule").data
    rows, totals = data["schedule"], data["totals"]
    assert [row["sequence"] for row in rows] == list(range(1, 11))
    assert [row["status"] for row in rows] == [
        *("paid", "overdue", "demanded"),
        *["scheduled"] * 6,
        "void",
    ]
    assert rows[1]["pending_amount"] == totals["overdue_amount"] == "600000.00"
    # 600,000 at 10 % for 73 days, a fifth of a year.
    assert rows[1]["interest_amount"] == totals["interest_amount"] == "12000.00"
    assert rows[0]["tds_amount"] == "6331.50"
    assert rows[9]["pending_amount"] == "0.00"
    assert totals["payable_amount"] == totals["total_amount"] == "6331500.00"
    assert totals["paid_amount"] == "666300.00"
    for caller, status in ((sale.builder, 200), (make_admin(), 200), (make_customer(), 404)):
        api.as_(caller).get(f"{PATH}/{booking.id}/schedule", status=status)
    api.get(f"{PATH}/{booking.id}/schedule", status=401)


def test_nothing_is_overdue_on_a_dead_booking(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    with session():
        second = Installment.get(booking=booking.id, sequence=2)
        second.set(due_date=local_date(clock.now(), ZONE), demanded_at=clock.now())
    make_payment(booking, "33150.00")
    clock.advance(days=40)
    url = f"{PATH}/{booking.id}/schedule"
    alive = api.as_(sale.customer).get(url).data
    assert alive["schedule"][1]["status"] == "overdue"
    act(api, sale.builder, booking, "cancel", cancellation("666300.00"))
    dead = api.as_(sale.customer).get(url).data
    assert [row["status"] for row in dead["schedule"]] == ["paid", "partially_paid", *["void"] * 8]
    for data in (*dead["schedule"], dead["totals"]):
        assert (data["pending_amount"], data["interest_amount"]) == ("0.00", "0.00")
    assert dead["totals"]["overdue_amount"] == "0.00"


def test_no_tds_below_the_threshold(api: Api) -> None:
    sale = make_sale()
    unit = make_unit(sale.project, price=Decimal("4000000.00"), unit_number="S-1")
    booking = book(api, sale, unit)
    rows = api.as_(sale.customer).get(f"{PATH}/{booking['id']}/schedule").data["schedule"]
    assert {row["tds_amount"] for row in rows} == {"0.00"}


def test_a_timeline_keeps_the_order_of_the_changes(api: Api, clock: Clock) -> None:
    """Also when the second change is made on a machine whose clock is behind."""
    sale = make_sale()
    made = book(api, sale)
    clock.advance(hours=-1)
    act(api, sale.builder, made["id"], "cancel", cancellation())
    lines = api.as_(sale.customer).get(f"{PATH}/{made['id']}/timeline").data["timeline"]
    assert [line["event"] for line in lines] == ["created", "cancelled"]


def test_get_booking_timeline(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    clock.advance(hours=1)
    act(api, sale.builder, made["id"], "cancel", cancellation(reason="We stop here."))
    url = f"{PATH}/{made['id']}/timeline"
    first, second = api.as_(sale.customer).get(url).data["timeline"]
    assert (first["event"], first["from_status"], first["to_status"]) == (
        *("created", None, "pending"),
    )
    assert first["actor"] == {"role": "customer", "name": "Ananyā Iyer"}
    assert (second["event"], second["reason"]) == ("cancelled", "We stop here.")
    assert second["actor"]["role"] == "builder"
    assert second["actor"]["name"].startswith("Śrī Prithvi")
    assert second["at"] > first["at"]
    assert api.as_(sale.builder).get(url).data["timeline"] == [first, second]
    api.as_(make_admin()).get(url)
    api.get(url, status=401)
    api.as_(make_customer()).get(url, status=404)
