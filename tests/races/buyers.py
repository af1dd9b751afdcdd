"""Buyers: threads that book over HTTP and write down what they were told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from tests.factories import CustomerAccount, UnitRow
from tests.races.checker import Exchange
from tests.server_processes import Fleet, Reply

PATH = "/api/bookings"
T = TypeVar("T")


def together(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run every task in a thread of its own, all from the same moment on."""
    barrier = Barrier(len(tasks))

    def run(task: Callable[[], T]) -> T:
        barrier.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def send_order(
    fleet: Fleet, server: int, customer: CustomerAccount, unit: UnitRow, key: str | None = None
) -> Reply:
    """createBooking at one server."""
    body = {"unit_id": unit.id, "payment_plan": "construction_linked"}
    headers = {"Idempotency-Key": key} if key else {}
    return fleet.post(server, PATH, body, token=customer.token, headers=headers)


def book(
    fleet: Fleet, server: int, customer: CustomerAccount, unit: UnitRow, key: str | None = None
) -> Exchange:
    """The same, as a line of history."""
    reply = send_order(fleet, server, customer, unit, key)
    return Exchange(
        customer_id=customer.customer_id,
        unit_id=unit.id,
        status=reply.status,
        code=reply.code,
        booking_id=reply.data["booking"]["id"] if reply.status == 201 else None,
        key=key,
    )
