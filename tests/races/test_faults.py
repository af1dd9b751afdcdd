"""Servers killed and connections cut in the middle of bookings: nothing lost, nothing half-done."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any

import pytest

from realty.db.database import is_postgres
from tests.database import outside
from tests.factories import CustomerAccount
from tests.races.buyers import book
from tests.races.checker import Exchange
from tests.races.conftest import CUSTOMERS, UNITS, Launch
from tests.server_processes import Fleet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

WANTED = 4
"""Units per customer, so that the faults come while everybody is at it."""


def buy(
    fleet: Fleet, place: int, customer: CustomerAccount, sale: Launch, seed: int
) -> list[Exchange]:
    """Ask for some units, each at another server; repeat with the same key until answered."""
    told = []
    for unit in random.Random(f"{seed}-{place}").sample(sale.units, WANTED):
        key = f"customer-{customer.customer_id}-unit-{unit.id}"
        for attempt in range(100):
            exchange = book(fleet, place + attempt, customer, unit, key)
            told.append(exchange)
            if exchange.status is not None and exchange.status < 500:
                break
            time.sleep(0.05)
        place += 1
    return told


def under_faults(
    fleet: Fleet, sale: Launch, fault: Callable[[random.Random], None], seed: int
) -> list[Exchange]:
    """Everybody buys while `fault` strikes again and again; return what they were told."""
    done = Event()
    dice = random.Random(seed)

    def strike() -> None:
        while not done.wait(dice.uniform(0.02, 0.2)):
            fault(dice)

    with ThreadPoolExecutor(len(sale.customers) + 1) as pool:
        storm = pool.submit(strike)
        buyers = [
            pool.submit(buy, fleet, place, customer, sale, seed)
            for place, customer in enumerate(sale.customers)
        ]
        try:
            told = [exchange for buyer in buyers for exchange in buyer.result()]
        finally:
            done.set()
        storm.result()
    return told


def has_settled(told: list[Exchange]) -> None:
    """Everybody was answered in the end, and some only at a second attempt."""
    last = {(each.customer_id, each.unit_id): each for each in told}
    assert {each.status for each in last.values()} <= {201, 409}
    assert any(each.status in {None, 503} for each in told), "no fault struck"


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_servers(fleet: Fleet, launch: Any, judge: Any, seed: int) -> None:
    """SIGKILL at random points: every 201 is there, a retry replays or books, nothing is half."""

    def kill(dice: random.Random) -> None:
        up = [index for index in range(len(fleet)) if fleet.answers(index)]
        if len(up) > 1:
            victim = dice.choice(up)
            fleet.kill(victim)
            fleet.start(victim)

    sale = launch(UNITS * 3, CUSTOMERS)
    told = under_faults(fleet, sale, kill, seed)
    has_settled(told)
    judge(told)


@pytest.mark.postgres
@pytest.mark.parametrize("seed", [1, 2])
def test_terminated_connections(
    fleet: Fleet, database: str, launch: Any, judge: Any, seed: int
) -> None:
    """The database ends the servers' connections at random points, in transactions too."""
    assert is_postgres()
    sale = launch(UNITS * 3, CUSTOMERS)
    with outside(database) as cursor:

        def terminate(dice: random.Random) -> None:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name = 'realty' AND state <> 'idle' AND pid <> pg_backend_pid()"
            )
            busy = [pid for (pid,) in cursor.fetchall()]
            for pid in dice.sample(busy, min(2, len(busy))):
                cursor.execute("SELECT pg_terminate_backend(%s)", (pid,))

        told = under_faults(fleet, sale, terminate, seed)
    has_settled(told)
    judge(told)


def test_a_retry_after_a_lost_answer_replays(fleet: Fleet, launch: Any, judge: Any) -> None:
    """The answer was lost, the effect was not: the retry gets that answer, from any process."""
    sale = launch(1, 1)
    ask = partial(book, fleet, customer=sale.customers[0], unit=sale.units[0], key="lost-answer")
    first, again = ask(0), ask(1)
    lost = Exchange(first.customer_id, first.unit_id, None, key=first.key)
    assert (again.status, again.booking_id) == (201, first.booking_id)
    judge([lost, again])
