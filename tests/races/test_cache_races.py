"""Kept answers over three servers: what one has written, the next request to any other shows, also
when the writer is killed right after its commit."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from realty.db import Booking, Unit
from realty.db.session import session
from tests.factories import make_admin
from tests.races.conftest import Launch
from tests.server_processes import Fleet, Reply

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LaunchOf = Callable[[int, int], Launch]
KILLS = 6


def page(fleet: Fleet, server: int, sale: Launch) -> Reply:
    """A stranger's look at the project."""
    return fleet.request("GET", server, f"/api/projects/{sale.project.id}")


def units(fleet: Fleet, server: int, sale: Launch) -> dict[int, Any]:
    """The units that a stranger is shown, by their ids."""
    path = f"/api/projects/{sale.project.id}/units?limit=100"
    return {unit["id"]: unit for unit in fleet.request("GET", server, path).data["units"]}


def listed(fleet: Fleet, server: int) -> list[int]:
    """The projects that a stranger is shown."""
    return [each["id"] for each in fleet.request("GET", server, "/api/projects").data["projects"]]


def test_each_change_shows_in_every_process(fleet: Fleet, launch: LaunchOf) -> None:
    """Price, booking, deactivation, reactivation and unpublishing, each by another server."""
    sale, admin = launch(3, 1), make_admin()
    first, second, _ = (unit.id for unit in sale.units)
    everywhere = range(len(fleet))

    def warm() -> None:
        for server in [*everywhere, *everywhere]:
            assert page(fleet, server, sale).status == 200
            units(fleet, server, sale)
            listed(fleet, server)

    warm()
    price = {"price": "7777777.00"}
    token = sale.builder.token
    assert fleet.request("PATCH", 0, f"/api/units/{first}", price, token=token).status == 200
    assert {units(fleet, n, sale)[first]["price"] for n in everywhere} == {"7777777.00"}
    warm()
    order = {"unit_id": second, "payment_plan": "construction_linked"}
    assert fleet.post(1, "/api/bookings", order, token=sale.customers[0].token).status == 201
    assert {units(fleet, n, sale)[second]["status"] for n in everywhere} == {"booked"}
    assert {page(fleet, n, sale).data["project"]["available_units"] for n in everywhere} == {2}
    warm()
    account = f"/api/admin/users/{sale.builder.user_id}"
    off = {"is_active": False, "reason": "Complaints"}
    assert fleet.request("PATCH", 2, account, off, token=admin.token).status == 200
    assert {page(fleet, n, sale).status for n in everywhere} == {404}
    assert [listed(fleet, n) for n in everywhere] == [[]] * len(fleet)
    on = {"is_active": True}
    assert fleet.request("PATCH", 2, account, on, token=admin.token).status == 200
    warm()
    login = {"email": sale.builder.email, "password": sale.builder.password}
    token = fleet.request("POST", 0, "/api/auth/login", login).data["access_token"]
    path = f"/api/projects/{sale.project.id}/unpublish"
    assert fleet.post(0, path, token=token).status == 200
    assert {page(fleet, n, sale).status for n in everywhere} == {404}
    assert [listed(fleet, n) for n in everywhere] == [[]] * len(fleet)


def test_a_writer_that_is_killed_leaves_nothing_stale(fleet: Fleet, launch: LaunchOf) -> None:
    """SIGKILL at random moments about the commit: what the database holds is what is shown."""
    sale = launch(KILLS, KILLS)
    dice = random.Random(7)
    committed = 0
    for unit, customer in zip(sale.units, sale.customers, strict=True):
        fleet.mend()
        for server in (1, 2):
            assert units(fleet, server, sale)[unit.id]["status"] == "available"
        order = {"unit_id": unit.id, "payment_plan": "construction_linked"}
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(fleet.post, 0, "/api/bookings", order, token=customer.token)
            time.sleep(dice.uniform(0.005, 0.05))
            fleet.kill(0)
            asked.result()
        _settled(unit.id)
        with session():
            status = Unit[unit.id].status
        for server in (1, 2):
            assert units(fleet, server, sale)[unit.id]["status"] == status
        committed += status == "booked"
    with session():
        assert Booking.select().count() == committed


def _settled(unit_id: int) -> None:
    """Wait until what the killed server had begun is over: its locks are gone with it."""
    with session():
        Unit.get_for_update(id=unit_id)


def test_reading_while_writing_never_goes_back(fleet: Fleet, launch: LaunchOf) -> None:
    """Once a reader has seen a price, nobody is shown an earlier one, by any process."""
    sale = launch(1, 1)
    unit_id, token = sale.units[0].id, sale.builder.token
    prices = [f"{5_000_000 + n}.00" for n in range(1, 25)]

    def write() -> None:
        for n, price in enumerate(prices):
            path = f"/api/units/{unit_id}"
            assert fleet.request("PATCH", n, path, {"price": price}, token=token).status == 200

    def read(first: int) -> list[str]:
        return [units(fleet, first + n, sale)[unit_id]["price"] for n in range(60)]

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read, n) for n in range(3)]
        pool.submit(write).result()
        seen = [reader.result() for reader in readers]
    order = {price: n for n, price in enumerate(prices)}
    for prices_of_one in seen:
        places = [order.get(price, -1) for price in prices_of_one]
        assert places == sorted(places)
