"""list_appointments and get_appointment; what badges and notifications tell of visits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from realty.db import Appointment, User
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    make_admin,
    make_appointment,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
    slot_at,
)
from tests.functional.appointments.common import PATH, act, ask, shown, wish
from tests.functional.bookings.common import make_sale
from tests.functional.queries import queries

MONDAY = datetime.fromisoformat("2026-11-23T03:00")


def ids(api: Api, caller: Any, **params: Any) -> list[int]:
    """The ids that `caller` gets, in their order; `since` is the parameter `from`."""
    if "since" in params:
        params["from"] = params.pop("since")
    rows = api.as_(caller).get(PATH, params).data["appointments"]
    return [row["id"] for row in rows]


def test_each_role_sees_its_own(api: Api) -> None:
    one, two = make_sale(), make_sale()
    first = make_appointment(one.project, one.customer)
    second = make_appointment(two.project, two.customer)
    crossed = make_appointment(two.project, one.customer, slot_at(two.project, 5))
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
    other = make_project(sale.builder)
    booking = sale.booked("confirmed")
    guest = make_customer()
    first = make_appointment(
        sale.project, sale.customer, status="confirmed", unit=booking.unit_id, booking=booking.id
    )
    second = make_appointment(
        other, guest, appointment_type="handover", meeting_location="office", awaiting="customer"
    )
    caller = sale.builder
    assert ids(api, caller, status="confirmed") == [first]
    assert ids(api, caller, type="handover") == [second]
    assert ids(api, caller, meeting_location="office") == [second]
    assert ids(api, caller, awaiting="customer") == [second]
    assert ids(api, caller, awaiting="builder") == []
    assert ids(api, caller, project_id=other.id) == [second]
    assert ids(api, caller, unit_id=booking.unit_id) == [first]
    assert ids(api, caller, booking_id=booking.id) == [first]
    assert ids(api, caller, customer_id=guest.customer_id) == [second]
    assert ids(api, caller, status="confirmed", type="handover") == []
    assert ids(api, make_builder(), project_id=other.id) == []
    for bad in (
        {"status": "open"},
        {"sort": "notes"},
        {"project_id": 0},
        {"from": "soon"},
        {"x": 1},
    ):
        api.as_(caller).get(PATH, bad, status=422)


def test_days_are_those_of_the_caller(api: Api, clock: Clock) -> None:
    """10:00 of the 26th in Kolkata is the evening of the 25th in Honolulu."""
    clock.set(MONDAY)
    sale = make_sale()
    visit = make_appointment(sale.project, sale.customer)
    day, before, after = "2026-11-26", "2026-11-25", "2026-11-27"
    assert ids(api, sale.customer, since=day, to=day) == [visit]
    assert ids(api, sale.customer, since=after) == ids(api, sale.customer, to=before) == []
    assert ids(api, sale.customer, since=before, to=after) == [visit]
    assert ids(api, sale.customer, since=after, to=before) == []
    assert ids(api, sale.customer, since="1000-01-01", to="9999-12-31") == [visit]
    with session():
        User[sale.customer.user_id].timezone = "Pacific/Honolulu"
    assert ids(api, sale.customer, since=before, to=before) == [visit]
    assert ids(api, sale.customer, since=day, to=day) == []


def test_q_searches_what_its_description_names(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder, project_name="Ārohī 100%_Lake")
    customer = make_customer(first_name="Meera", last_name="Nair")
    unit = make_unit(project, unit_number="Q-77")
    mine = make_appointment(project, customer, unit=unit.id, agenda="The Balcony")
    plain = make_project(builder)
    bare = make_appointment(plain, make_customer())
    for words in ("lake", "MEERA nair", "q-77", "balcony", "0%_l"):
        assert ids(api, builder, q=words) == [mine], words
    assert ids(api, builder, q="%%") == []
    # What is about no unit and has no agenda is found by the rest.
    with session():
        name = Appointment[bare].project.project_name
    assert bare in ids(api, builder, q=name)


def test_orders_have_the_id_as_tie_break(api: Api, clock: Clock) -> None:
    sale = make_sale()
    start = slot_at(sale.project, 3)
    a, b = (make_appointment(sale.project, make_customer(), start) for _ in range(2))
    c = make_appointment(
        sale.project, sale.customer, slot_at(sale.project, 2), created_at=clock.now() - timedelta(1)
    )
    assert ids(api, sale.builder) == [b, a, c]
    assert ids(api, sale.builder, sort="created_at") == [c, a, b]
    assert ids(api, sale.builder, sort="appointment_date") == [c, a, b]
    assert ids(api, sale.builder, sort="-appointment_date") == [b, a, c]


def test_the_counts_of_all_stand_beside_the_page(api: Api, clock: Clock) -> None:
    sale, other = make_sale(), make_sale()
    past = clock.now() - timedelta(days=1)
    for status in ("completed", "completed", "no_show", "cancelled"):
        make_appointment(sale.project, sale.customer, past, status)
    make_appointment(sale.project, sale.customer, past, "scheduled")
    make_appointment(sale.project, sale.customer, status="scheduled")
    make_appointment(sale.project, make_customer(), status="confirmed", agenda="Bay window")
    make_appointment(other.project, make_customer())
    page = api.as_(sale.builder).get(PATH, {"limit": 1, "status": "no_show"}).data
    assert page["stats"] == {
        "total": 7,
        "scheduled": 2,
        "confirmed": 1,
        "completed": 2,
        "no_show": 1,
        "cancelled": 1,
        "upcoming": 2,
        "awaiting_me": 1,
    }
    assert page["pagination"]["totalItems"] == 1
    customer = api.as_(sale.customer).get(PATH).data["stats"]
    assert (customer["total"], customer["upcoming"], customer["awaiting_me"]) == (6, 1, 0)
    admin = api.as_(make_admin()).get(PATH).data["stats"]
    assert (admin["total"], admin["awaiting_me"]) == (8, 0)
    narrowed = api.as_(sale.builder).get(PATH, {"q": "bay"}).data["stats"]
    assert (narrowed["total"], narrowed["confirmed"]) == (1, 1)
    foreign = api.as_(sale.builder).get(PATH, {"project_id": other.project.id}).data["stats"]
    assert set(foreign.values()) == {0}


def test_pages(api: Api) -> None:
    sale = make_sale()
    for days in range(1, 6):
        make_appointment(sale.project, sale.customer, slot_at(sale.project, days))
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
        customer = make_customer()
        booking = make_booking(make_unit(project), customer, status="confirmed")
        make_appointment(project, customer, unit=booking.unit_id, booking=booking.id)
        make_appointment(project, make_customer(), slot_at(project, 5))
    calls = {"from": "2026-01-01", "to": "2030-01-01", "q": "a", "sort": "appointment_date"}
    for caller in (builder, make_admin()):
        api.as_(caller).get(PATH, calls)
        with queries() as one:
            api.as_(caller).get(PATH, {"limit": 1, **calls})
        with queries() as many:
            assert len(ids(api, caller, limit=100, **calls)) == 12
        assert len(many) == len(one) <= 12, many


def test_get_appointment_costs_the_same_with_a_long_story(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    visit_id = ask(api, sale.customer, wish(sale.project, booking_id=booking.id))["id"]
    shown(api, sale.customer, visit_id)
    with queries() as short:
        shown(api, sale.customer, visit_id)
    act(api, sale.builder, visit_id, "confirm")
    with queries() as long:
        shown(api, sale.customer, visit_id)
    assert len(long) == len(short) <= 12, long


def test_moves_cost_few_queries(api: Api, clock: Clock) -> None:
    sale = make_sale()
    body = wish(sale.project)
    ask(api, sale.customer, wish(sale.project, 6))
    with queries() as asking:
        visit_id = ask(api, sale.customer, body)["id"]
    with queries() as answering:
        act(api, sale.builder, visit_id, "confirm")
    assert max(len(asking), len(answering)) <= 30, asking


def test_an_etag_saves_the_body(api: Api) -> None:
    sale = make_sale()
    path = f"{PATH}/{make_appointment(sale.project, sale.customer)}"
    etag = api.as_(sale.customer).get(path).headers["ETag"]
    again = {"If-None-Match": etag}
    assert api.as_(sale.customer).get(path, headers=again, status=304).body == b""


def test_badges_count_what_waits_for_each_side(api: Api, clock: Clock) -> None:
    sale = make_sale()
    for status in ("scheduled", "confirmed", "cancelled", "completed"):
        make_appointment(sale.project, sale.customer, status=status)
    make_appointment(sale.project, make_customer(), awaiting="customer")
    make_appointment(sale.project, sale.customer, awaiting="customer")
    make_appointment(sale.project, sale.customer, clock.now())

    def waiting(caller: Any) -> int:
        counts = api.as_(caller).get("/api/auth/me/counts").data["counts"]["waiting"]
        number: int = counts["appointments_to_confirm"]
        return number

    assert [waiting(caller) for caller in (sale.builder, sale.customer)] == [1, 1]
    assert waiting(make_builder()) == waiting(make_customer()) == waiting(make_admin()) == 0


def test_a_notification_shows_the_project_and_the_other_side(api: Api, clock: Clock) -> None:
    sale = make_sale()
    visit_id = ask(api, sale.customer, wish(sale.project))["id"]
    act(api, sale.builder, visit_id, "confirm")
    (asked,) = api.as_(sale.builder).get("/api/notifications").data["notifications"]
    (confirmed,) = api.as_(sale.customer).get("/api/notifications").data["notifications"]
    for told in (asked, confirmed):
        assert told["notification_type"] == told["related_entity_type"] == "appointment"
        assert told["related_entity_id"] == visit_id
        assert told["action_url"] == f"/appointments/{visit_id}"
        assert told["project"]["id"] == sale.project.id
    assert (confirmed["builder"]["id"], confirmed["customer"]) == (sale.builder.builder_id, None)
    assert (asked["customer"]["id"], asked["builder"]) == (sale.customer.customer_id, None)
