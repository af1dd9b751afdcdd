"""list_change_requests and get_change_request; what other lists tell of change requests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from realty.db.enums import CHANGE_REQUEST_STATUSES
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    make_admin,
    make_booking,
    make_builder,
    make_change_request,
    make_customer,
    make_file,
    make_project,
    make_unit,
    make_units,
)
from tests.functional.bookings.common import make_sale
from tests.functional.change_requests.common import PATH, act, change, shown
from tests.functional.queries import queries


def ids(api: Api, caller: Any, **params: Any) -> list[int]:
    """The ids that `caller` gets, in their order."""
    rows = api.as_(caller).get(PATH, params).data["change_requests"]
    return [row["id"] for row in rows]


def test_each_role_sees_its_own(api: Api) -> None:
    one, two = make_sale(), make_sale()
    first = make_change_request(one.booked("confirmed"))
    second = make_change_request(two.booked("confirmed"))
    crossed = make_change_request(make_booking(two.units[1], one.customer, status="confirmed"))
    assert set(ids(api, one.customer)) == {first, crossed}
    assert set(ids(api, two.customer)) == {second}
    assert set(ids(api, one.builder)) == {first}
    assert set(ids(api, two.builder)) == {second, crossed}
    assert set(ids(api, make_admin())) == {first, second, crossed}
    assert ids(api, make_builder()) == ids(api, make_customer()) == []
    api.get(PATH, status=401)
    for caller, status in (
        *((one.customer, 200), (one.builder, 200), (make_admin(), 200)),
        *((two.customer, 404), (two.builder, 404), (None, 401)),
    ):
        api.as_(caller).get(f"{PATH}/{first}", status=status)


def test_filters_narrow_together(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    other = make_booking(make_unit(make_project(sale.builder)), sale.customer, status="confirmed")
    quoted = make_change_request(booking, "quoted", priority="high")
    fresh = make_change_request(booking, request_type="plumbing")
    elsewhere = make_change_request(other, "quoted")
    caller = sale.builder
    assert set(ids(api, caller, booking_id=booking.id)) == {quoted, fresh}
    assert ids(api, caller, project_id=other.project_id) == [elsewhere]
    assert set(ids(api, caller, status="quoted")) == {quoted, elsewhere}
    assert ids(api, caller, request_type="plumbing") == [fresh]
    assert ids(api, caller, priority="high") == [quoted]
    assert ids(api, caller, status="quoted", booking_id=booking.id) == [quoted]
    assert ids(api, caller, status="quoted", request_type="plumbing") == []
    assert ids(api, make_builder(), booking_id=booking.id) == []
    for bad in ({"status": "open"}, {"sort": "id"}, {"booking_id": 0}, {"colour": "red"}):
        api.as_(caller).get(PATH, bad, status=422)


def test_q_searches_what_its_description_names(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder, project_name="Ārohī 100%_Lake")
    customer = make_customer(first_name="Meera", last_name="Nair")
    booking = make_booking(make_unit(project, unit_number="Q-77"), customer, status="confirmed")
    mine = make_change_request(booking, request_title="Bay window")
    plain = make_unit(make_project(builder), unit_number="R-1")
    make_change_request(make_booking(plain, make_customer(), status="confirmed"))
    number = shown(api, builder, mine)["tracking_number"]
    for words in (number.lower(), "BAY w", booking.number, "q-77", "lake", "meera nair", "0%_l"):
        assert ids(api, builder, q=words) == [mine], words
    assert ids(api, builder, q="%%") == []


def test_orders_have_the_id_as_tie_break(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    a, b, c = (make_change_request(booking) for _ in range(3))
    change(b, created_at=clock.now() - timedelta(days=1))
    assert ids(api, sale.customer) == [c, a, b]
    assert ids(api, sale.customer, sort="created_at") == [b, a, c]
    assert ids(api, sale.customer, sort="updated_at")[-1] == b
    assert ids(api, sale.customer, sort="-updated_at")[0] == b


def test_the_counts_of_all_stand_beside_the_page(api: Api) -> None:
    sale, other = make_sale(), make_sale()
    booking, foreign = sale.booked("confirmed"), other.booked("confirmed")
    for status in CHANGE_REQUEST_STATUSES:
        make_change_request(booking, status)
    make_change_request(booking, "quoted", request_title="Bay window")
    make_change_request(foreign, "quoted")
    stats = api.as_(sale.customer).get(PATH, {"limit": 1, "status": "void"}).data["stats"]
    each = dict.fromkeys(CHANGE_REQUEST_STATUSES, 1)
    assert stats == {**each, "quoted": 2, "total": 12}
    narrowed = api.as_(sale.customer).get(PATH, {"q": "bay"}).data["stats"]
    assert (narrowed["total"], narrowed["quoted"]) == (1, 1)
    nothing = api.as_(sale.customer).get(PATH, {"booking_id": foreign.id}).data["stats"]
    assert set(nothing.values()) == {0}


def test_pages(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    for _ in range(5):
        make_change_request(booking)
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
            customer = make_customer()
            booking = make_booking(unit, customer, status="confirmed")
            files = [make_file(customer, "change_request")]
            make_change_request(booking, "approved", attachments=files)
    api.as_(builder).get(PATH)
    with queries() as one:
        api.as_(builder).get(PATH, {"limit": 1})
    with queries() as many:
        assert len(ids(api, builder, limit=100)) == 12
    assert len(many) == len(one) <= 12, many


def test_get_change_request_costs_the_same_with_a_long_story(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    fresh, done = make_change_request(booking), make_change_request(booking, "quoted")
    act(api, sale.customer, done, "accept")
    act(api, sale.builder, done, "start")
    act(api, sale.builder, done, "complete")
    shown(api, sale.customer, fresh)
    with queries() as short:
        shown(api, sale.customer, fresh)
    with queries() as long:
        shown(api, sale.customer, done)
    # At most one more: who acted, when anybody has.
    assert len(long) <= len(short) + 1 <= 16, long


def test_badges_count_what_waits_for_each_side(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    for status in CHANGE_REQUEST_STATUSES:
        make_change_request(booking, status)
    make_change_request(booking, "quoted", quote_valid_until=clock.now())

    def waiting(caller: Any) -> tuple[int, int]:
        found = api.as_(caller).get("/api/auth/me/counts").data["counts"]["waiting"]
        return found["change_requests_to_answer"], found["change_requests_to_accept"]

    assert waiting(sale.builder) == (2, 0)
    assert waiting(sale.customer) == (0, 1)
    assert waiting(make_builder()) == waiting(make_customer()) == waiting(make_admin()) == (0, 0)


def test_a_notification_shows_the_booking_s_cards(api: Api) -> None:
    sale = make_sale()
    request_id = make_change_request(sale.booked("confirmed"))
    act(api, sale.builder, request_id, "quote")
    act(api, sale.customer, request_id, "accept")
    (quoted,) = api.as_(sale.customer).get("/api/notifications").data["notifications"]
    (accepted,) = api.as_(sale.builder).get("/api/notifications").data["notifications"]
    for told in (quoted, accepted):
        assert told["notification_type"] == told["related_entity_type"] == "change_request"
        assert told["related_entity_id"] == request_id
        assert told["action_url"] == f"/change-requests/{request_id}"
        assert told["project"]["id"] == sale.project.id
    assert (quoted["builder"]["id"], quoted["customer"]) == (sale.builder.builder_id, None)
    assert (accepted["customer"]["id"], accepted["builder"]) == (sale.customer.customer_id, None)


def test_both_sides_read_the_same_but_for_what_they_may_do(api: Api) -> None:
    sale = make_sale()
    request_id = make_change_request(sale.booked("confirmed"), "approved")
    seen = [shown(api, caller, request_id) for caller in (sale.customer, sale.builder)]
    actions = [each.pop("allowed_actions") for each in seen]
    assert actions == [[], ["start", "void"]]
    assert seen[0] == seen[1]
