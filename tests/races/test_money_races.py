"""Many cashiers at once: the identity holds, numbers have no gap, nothing goes beyond its cap."""

from __future__ import annotations

import logging
import os
from collections import Counter
from functools import partial
from typing import Any

import pytest

from realty.commands.audit import verify
from realty.db import utcnow
from realty.rules.clock import local_date
from tests.database import outside
from tests.factories import (
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_units,
)
from tests.races import money_checker
from tests.races.buyers import together
from tests.races.cashiers import Cashier, Deal, Desk
from tests.server_processes import Fleet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

log = logging.getLogger(__name__)

CASHIERS = 16
OPERATIONS = int(os.environ.get("REALTY_RACE_OPERATIONS", "480"))
"""Of all cashiers together; 10,000 are the proof."""
STATUSES = ["pending", "confirmed", "agreement_registered", "agreement_registered"]


def deals(builders: int, each: int) -> list[Deal]:
    """Bookings of some builders, before and after the agreement, with nothing paid."""
    made = []
    for _ in range(builders):
        builder = make_builder()
        units = make_units(make_project(builder), each)
        for place, unit in enumerate(units):
            customer = make_customer()
            status = STATUSES[place % len(STATUSES)]
            booking = make_booking(unit, customer, status=status)
            agreed = status == "agreement_registered"
            largest = booking.total_amount / 5 if agreed else booking.token_amount / 2
            made.append(Deal(booking, builder, customer, largest))
    return made


@pytest.mark.parametrize("seed", [1])
def test_cashiers_at_once(fleet: Fleet, database: str, seed: int) -> None:
    today = local_date(utcnow(), "Asia/Kolkata").isoformat()
    desk = Desk(fleet, deals(3, 4 + OPERATIONS // 500), today)
    cashiers = [Cashier(desk, place, seed) for place in range(CASHIERS)]
    together([partial(each.work, OPERATIONS // CASHIERS) for each in cashiers])
    with outside(database) as cursor:
        books = money_checker.read(cursor)
    assert money_checker.problems(desk.told, books) == []
    assert verify(database, None)
    happened = Counter((p.kind, p.status) for p in books.payments.values())
    log.info("payments %s; answers %s", dict(happened), dict(Counter(desk.codes)))
    kinds: set[Any] = {kind for kind, _ in happened}
    assert {"installment", "reversal"} <= kinds, "the race was not worth its name"
