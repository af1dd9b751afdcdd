"""Accounts that are still somebody's, for whoever is about to bind one to something new."""

from __future__ import annotations

from typing import Any

from pony.orm import select

from realty.db import Customer
from realty.db.locks import lock
from realty.errors import NotFound


def lock_customer(customer_id: int) -> Any:
    """The customer's row, locked; `NotFound` when the account was deleted before the lock was had.

    Deleting an account holds this lock too: it finds what is bound now, or this finds nobody.
    """
    customer = lock(Customer, customer_id)
    deleted = select(c.user.deleted_at for c in Customer if c.id == customer_id).without_distinct()
    if customer is None or deleted[:][0] is not None:
        raise NotFound
    return customer
