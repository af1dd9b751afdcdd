"""Deleting one's own account: refused while something is owed or runs, else nobody is left of it.

What the law keeps (bookings, payments, change requests, messages, the audit log) stays and names
nobody; the rest is deleted. Locks come in the one order of `realty.db.locks`: whatever could change
the answer to "may it be deleted?" waits, and then finds the account gone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pony.orm import select

from realty.db import Appointment, Booking, Builder, Customer, Payment, Project, User
from realty.db.enums import OCCUPYING_STATUSES
from realty.db.locks import lock, lock_many
from realty.errors import AccountInUse, Detail
from realty.passwords import PasswordHasher
from realty.rules.policy import Policy
from realty.security import Identity
from realty.services import anonymising, audit, credentials, history, users
from realty.services.appointments import call_off_coming
from realty.services.booking_events import Side

REASON = "The account was deleted."


def delete_own(
    identity: Identity,
    *,
    password: str,
    hasher: PasswordHasher,
    policy: Policy,
    now: datetime,
) -> None:
    """Delete the caller's account, whose password is asked once more.

    Raises `FailedLogin`, and `AccountInUse` with every reason.
    """
    user_id = identity.user_id
    caller = User.select(lambda u: u.id == user_id)
    compared = credentials.compare(caller, password, hasher=hasher, now=now)
    if compared.fits:
        # What belongs to the account comes before the account in the order of locks.
        _lock_what_counts(identity)
    user = credentials.confirm(compared, policy=policy, now=now)
    _require_free(identity)
    _cancel_visits(identity, now)
    anonymising.forget(user, now=now)
    history.record("user", user_id, before="active", after="deleted", actor=identity, now=now)
    audit.note("user.deleted", "user", user_id, builder_id=None, actor=identity, now=now)


def _require_free(identity: Identity) -> None:
    """Raises `AccountInUse` unless nothing runs, nothing is for sale and nothing is owed back."""
    occupying, bookings, builder_id = OCCUPYING_STATUSES, _bookings(identity), identity.builder_id
    running = bookings.filter(lambda b: b.status in occupying)
    published = Project.select(lambda p: p.builder.id == builder_id and p.is_published)
    # A builder leaves no report unanswered; a customer may give up what he said he paid.
    unsettled = ("pending",) if identity.role == "customer" else ("pending", "reported")
    clearing = select(p.booking.id for p in Payment if p.status in unsettled)
    owed = bookings.filter(
        lambda b: (
            b.status not in occupying and (b.paid_amount > b.deduction_amount or b.id in clearing)
        )
    )
    found = {
        "bookings": ("Bookings that are in force.", running.count()),
        "projects": ("Projects that are published.", published.count()),
        "refunds": ("Ended bookings whose money is not settled yet.", owed.count()),
        "users": ("You are the last administrator.", int(_is_last_admin(identity))),
    }
    reasons = [Detail(name, words, str(n)) for name, (words, n) in found.items() if n]
    if reasons:
        raise AccountInUse(details=reasons)


def _bookings(identity: Identity) -> Any:
    customer_id, builder_id = identity.customer_id, identity.builder_id
    return Booking.select(lambda b: b.customer.id == customer_id or b.builder.id == builder_id)


def _is_last_admin(identity: Identity) -> bool:
    return identity.role == "admin" and not users.has_other_admin(identity.user_id)


def _lock_what_counts(identity: Identity) -> None:
    """Whatever could make a reason of `_require_free`, or be a visit to come."""
    customer_id, builder_id = identity.customer_id, identity.builder_id
    if identity.role == "admin":
        users.lock_admins()
        return
    if customer_id is not None:
        lock(Customer, customer_id)
    # A booking that is in force is a reason by itself, whatever else happens to it.
    occupying = OCCUPYING_STATUSES
    ended = _bookings(identity).filter(lambda b: b.status not in occupying)
    lock_many(Booking, select(b.id for b in ended))
    # The project's row is the lock of its visits.
    visited = select(a.project.id for a in Appointment if a.customer.id == customer_id)
    projects = select(p.id for p in Project if p.builder.id == builder_id or p.id in visited)
    lock_many(Project, projects)
    if builder_id is not None:
        lock(Builder, builder_id)


def _cancel_visits(identity: Identity, now: datetime) -> None:
    """Call off every visit to come, and tell the other side."""
    customer_id, builder_id = identity.customer_id, identity.builder_id
    mine = Appointment.select(
        lambda a: a.customer.id == customer_id or a.project.builder.id == builder_id
    )
    other: Side = "builder" if identity.role == "customer" else "customer"
    call_off_coming(mine, (other,), actor=identity, now=now, reason=REASON)
