"""Visits at once: no moment has more than its places, no customer two visits, and of two moves of
one visit one order remains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle
from typing import Any

import pytest

from realty.db import Appointment, OneTimeToken, Project, StatusHistory, utcnow
from realty.db.connection import disconnect
from realty.db.session import session
from realty.services import appointment_clock
from tests.factories import (
    Account,
    ProjectRow,
    make_appointment,
    make_builder,
    make_customer,
    make_project,
    slot_at,
)
from tests.races.buyers import together
from tests.races.conftest import Launch
from tests.server_processes import Fleet, Reply

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PATH = "/api/appointments"
CUSTOMERS = 30
ROUNDS = 3


def ask(
    fleet: Fleet,
    server: int,
    caller: Account,
    project: ProjectRow,
    start: datetime,
    minutes: int = 60,
) -> Reply:
    """createAppointment."""
    body = {
        "project_id": project.id,
        "appointment_type": "site_visit",
        "appointment_date": f"{start.isoformat()}Z",
        "duration_minutes": minutes,
    }
    return fleet.post(server, PATH, body, token=caller.token)


def move(fleet: Fleet, server: int, caller: Account, visit: int, start: datetime) -> Reply:
    """rescheduleAppointment."""
    body = {"appointment_date": f"{start.isoformat()}Z"}
    path = f"{PATH}/{visit}/reschedule"
    return fleet.request("PATCH", server, path, body, token=caller.token)


def confirm(fleet: Fleet, server: int, caller: Account, visit: int) -> Reply:
    """setAppointmentStatus."""
    path, body = f"{PATH}/{visit}/status", {"action": "confirm"}
    return fleet.request("PATCH", server, path, body, token=caller.token)


def crowd(project: ProjectRow, statuses: tuple[str, ...] = ("scheduled", "confirmed")) -> int:
    """The most visits that a project has at one moment."""
    with session():
        project_id = project.id
        rows = Appointment.select(lambda a: a.project.id == project_id and a.status in statuses)
        spans = [
            (row.appointment_date, row.appointment_date + timedelta(minutes=row.duration_minutes))
            for row in rows
        ]
    return max(sum(start <= at < end for start, end in spans) for at, _ in spans)


def test_thirty_customers_and_three_places(fleet: Fleet, database: str) -> None:
    project = make_project(make_builder(), slot_capacity=3)
    customers = [make_customer() for _ in range(CUSTOMERS)]
    servers = cycle(range(len(fleet)))
    for days in range(3, 3 + ROUNDS):
        start = slot_at(project, days)
        asks = [partial(ask, fleet, next(servers), each, project, start) for each in customers]
        replies = together(asks)
        assert Counter((reply.status, reply.code) for reply in replies) == {
            (201, ""): 3,
            (409, "slot_unavailable"): CUSTOMERS - 3,
        }
        assert crowd(project) == 3
    with session():
        assert Appointment.select().count() == 3 * ROUNDS


def test_a_customer_is_in_one_place_at_a_time(fleet: Fleet, database: str) -> None:
    """Whatever the project: the customer's own row is what his visits queue for."""
    projects = [make_project(make_builder()) for _ in range(6)]
    customer = make_customer()
    servers = cycle(range(len(fleet)))
    for days in range(3, 3 + ROUNDS):
        asks = [
            partial(ask, fleet, next(servers), customer, project, slot_at(project, days, at), 90)
            for project in projects
            for at in ("10:00", "11:00")
        ]
        replies = together(asks)
        assert Counter((reply.status, reply.code) for reply in replies) == {
            (201, ""): 1,
            (409, "appointment_overlap"): len(asks) - 1,
        }


def test_long_visits_that_overlap_in_part(fleet: Fleet, database: str) -> None:
    """Each fits by its first half hour; together they would not."""
    project = make_project(make_builder(), slot_capacity=2)
    customers = [make_customer() for _ in range(15)]
    servers = cycle(range(len(fleet)))
    times = cycle(["10:00", "10:30", "11:00", "11:30", "12:00"])
    lengths = cycle([150, 60, 90])
    asks = [
        partial(
            *(ask, fleet, next(servers), each, project, slot_at(project, 3, next(times))),
            minutes=next(lengths),
        )
        for each in customers
    ]
    replies = together(asks)
    assert {reply.status for reply in replies} == {201, 409}
    assert {reply.code for reply in replies} == {"", "slot_unavailable"}
    assert crowd(project) == 2


def test_moving_into_a_place_that_others_ask_for(fleet: Fleet, database: str) -> None:
    project = make_project(make_builder(), slot_capacity=2)
    movers, askers = [[make_customer() for _ in range(6)] for _ in range(2)]
    visits = [
        make_appointment(project, each, slot_at(project, 4, f"{9 + number // 2}:00".zfill(5)))
        for number, each in enumerate(movers)
    ]
    goal = slot_at(project, 5)
    servers = cycle(range(len(fleet)))
    replies = together(
        [
            *(
                partial(move, fleet, next(servers), each, visit, goal)
                for each, visit in zip(movers, visits, strict=True)
            ),
            *(partial(ask, fleet, next(servers), each, project, goal) for each in askers),
        ]
    )
    assert sum(reply.status in {200, 201} for reply in replies) == 2
    assert {reply.code for reply in replies} == {"", "slot_unavailable"}
    assert crowd(project) == 2


def test_confirming_more_than_there_is_room_for_now(fleet: Fleet, database: str) -> None:
    builder = make_builder()
    project = make_project(builder, slot_capacity=6)
    visits = [make_appointment(project, make_customer()) for _ in range(6)]
    with session():
        Project[project.id].slot_capacity = 2
    disconnect()
    servers = cycle(range(len(fleet)))
    replies = together([partial(confirm, fleet, next(servers), builder, each) for each in visits])
    assert Counter((reply.status, reply.code) for reply in replies) == {
        (200, ""): 2,
        (409, "slot_unavailable"): 4,
    }
    assert crowd(project, ("confirmed",)) == 2


Act = Callable[[Fleet, int, Launch, int], Reply]


def _confirm(fleet: Fleet, server: int, sale: Launch, visit: int) -> Reply:
    return confirm(fleet, server, sale.builder, visit)


def _cancel(side: str) -> Act:
    def act(fleet: Fleet, server: int, sale: Launch, visit: int) -> Reply:
        caller = sale.builder if side == "builder" else sale.customers[0]
        return fleet.post(server, f"{PATH}/{visit}/cancel", {"reason": "No"}, token=caller.token)

    return act


def _move(side: str, days: int) -> Act:
    def act(fleet: Fleet, server: int, sale: Launch, visit: int) -> Reply:
        caller = sale.builder if side == "builder" else sale.customers[0]
        return move(fleet, server, caller, visit, slot_at(sale.project, days))

    return act


def _lapse(_fleet: Fleet, _server: int, _sale: Launch, visit: int) -> Reply:
    """What a tick does on another machine whose clock is ahead."""
    try:
        with session():
            ended = appointment_clock.lapse(visit, utcnow() + timedelta(days=4))
    finally:
        disconnect()
    return Reply(200 if ended else 409, b'{"error": {"code": "invalid_transition"}}')


ACTS: dict[str, Act] = {
    "confirm": _confirm,
    "cancel": _cancel("customer"),
    "call_off": _cancel("builder"),
    "move": _move("customer", 5),
    "put_off": _move("builder", 6),
    "lapse": _lapse,
}
# What is done at once, and where it may end.
RACES: list[tuple[str, str, set[str]]] = [
    ("confirm", "confirm", {"confirmed"}),
    ("confirm", "cancel", {"cancelled"}),
    ("confirm", "move", {"confirmed", "scheduled"}),
    ("confirm", "put_off", {"scheduled"}),
    ("confirm", "lapse", {"confirmed", "cancelled"}),
    ("cancel", "call_off", {"cancelled"}),
    ("cancel", "put_off", {"cancelled"}),
    ("move", "put_off", {"scheduled"}),
    ("cancel", "lapse", {"cancelled"}),
    ("lapse", "lapse", {"cancelled"}),
]


@pytest.mark.parametrize(
    ("one", "other", "results"), RACES, ids=[f"{one}-{other}" for one, other, _ in RACES]
)
def test_two_moves_at_once(
    fleet: Fleet, launch: Any, one: str, other: str, results: set[str]
) -> None:
    servers = cycle(range(len(fleet)))
    sale = launch(1, 1)
    for _ in range(ROUNDS):
        visit = make_appointment(sale.project, sale.customers[0])
        disconnect()
        acts = [partial(ACTS[name], fleet, next(servers), sale, visit) for name in (one, other)]
        replies = together(acts)
        _judge(visit, replies, results)
        with session():
            Appointment[visit].status = "cancelled"


def _judge(visit: int, replies: list[Reply], results: set[str]) -> None:
    """The history is a chain that ends where the visit is, and the loser was told so."""
    codes = [(reply.status, reply.code) for reply in replies]
    assert set(codes) <= {(200, ""), (409, "invalid_transition")}, [r.body for r in replies]
    assert (200, "") in codes
    with session():
        row = Appointment[visit]
        assert row.status in results
        assert (row.awaiting is None) == (row.status != "scheduled")
        now, moves = "scheduled", 0
        for each in StatusHistory.select(
            lambda h: h.entity == "appointment" and h.entity_id == visit
        ).order_by(lambda h: h.id):
            assert each.from_status == now
            now, moves = each.to_status, moves + 1
        assert now == row.status
        assert row.version == 1 + moves == 1 + codes.count((200, ""))


def test_one_calendar_link_at_a_time(fleet: Fleet, database: str) -> None:
    customer = make_customer()
    servers = cycle(range(len(fleet)))
    issue = [
        partial(fleet.post, next(servers), "/api/calendar/token", token=customer.token)
        for _ in range(9)
    ]
    replies = together(issue)
    assert {reply.status for reply in replies} == {201}
    paths = [reply.data["calendar"]["feed_path"] for reply in replies]
    found = [fleet.request("GET", 0, path).status for path in paths]
    assert Counter(found) == {200: 1, 404: 8}
    with session():
        assert OneTimeToken.select(lambda t: t.used_at is None).count() == 1
