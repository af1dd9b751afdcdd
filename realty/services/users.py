"""Accounts as administrators see them, and the switch that ends and restores their access."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pony.orm import desc, select

from realty.db import Builder, Customer, User
from realty.db.locks import lock, lock_many
from realty.errors import Conflict, NotFound
from realty.security import Identity
from realty.services import accounts, audit, history
from realty.services.paging import Page, page_of

ORDERS: dict[str, Any] = {
    "created_at": lambda u: (u.created_at, u.id),
    "-created_at": lambda u: (desc(u.created_at), desc(u.id)),
    "full_name": lambda u: (u.full_name, u.id),
    "-full_name": lambda u: (desc(u.full_name), desc(u.id)),
    "email": lambda u: (u.email, u.id),
    "-email": lambda u: (desc(u.email), desc(u.id)),
}


@dataclass(frozen=True, slots=True)
class Person:
    """An account with the profile that goes with it; an administrator has none."""

    user: Any
    builder: Any = None
    customer: Any = None


def search(
    *,
    q: str | None,
    user_type: str | None,
    is_active: bool | None,
    is_verified: bool | None,
    sort: str,
    page: int,
    limit: int,
) -> tuple[Page, list[Person]]:
    """A page of accounts, and the same with their profiles; `q` is part of a name, an e-mail
    address or a phone number."""
    query = User.select()
    if q is not None:
        words = q.lower()
        query = query.filter(
            lambda u: (
                words in u.email.lower() or words in u.full_name.lower() or words in u.phone.lower()
            )
        )
    if user_type is not None:
        query = query.filter(lambda u: u.user_type == user_type)
    if is_active is not None:
        query = query.filter(lambda u: u.is_active == is_active)
    if is_verified is not None:
        query = query.filter(lambda u: u.is_verified == is_verified)
    found = page_of(query.order_by(ORDERS[sort]), page=page, limit=limit)
    return found, _people(found.rows)


def _people(users: Iterable[Any]) -> list[Person]:
    """Users with their profiles, in a bounded number of queries."""
    listed = list(users)
    ids = {kind: [u.id for u in listed if u.user_type == kind] for kind in ("builder", "customer")}
    builders, customers = _profiles(Builder, ids["builder"]), _profiles(Customer, ids["customer"])
    return [Person(each, builders.get(each.id), customers.get(each.id)) for each in listed]


def _profiles(entity: Any, user_ids: list[int]) -> dict[int, Any]:
    rows = entity.select(lambda row: row.user.id in user_ids) if user_ids else ()
    return {row.user.id: row for row in rows}


def set_activity(
    identity: Identity, user_id: int, *, is_active: bool, reason: str | None, now: datetime
) -> Person:
    """Deactivate an account, or give it back; the state that it has already changes nothing.

    Deactivating ends every session and every mailed link at once, and hides a builder's projects;
    what was agreed goes on. Raises `Conflict` for oneself, for the last administrator and for an
    account that was deleted.
    """
    user = _locked(user_id)
    if user is None:
        raise NotFound
    if user.deleted_at is not None:
        raise Conflict("This account was deleted: its owner may register again.")
    if user.is_active != is_active:
        if is_active:
            user.set(is_active=True, failed_login_count=0, locked_until=None)
        else:
            if user_id == identity.user_id:
                raise Conflict("You cannot deactivate yourself: another administrator can.")
            if user.user_type == "admin" and not has_other_admin(user_id):
                raise Conflict("This is the last administrator.")
            user.is_active = False
            accounts.end_access(user, now=now)
        _record(user, identity, reason=reason, now=now)
        user.flush()
    return _people([user])[0]


def _locked(user_id: int) -> Any | None:
    """The user, locked, and with an administrator all others of them: each counts on the rest."""
    kind = select(u.user_type for u in User if u.id == user_id).first()
    return lock(User, user_id) if kind != "admin" else lock_admins().get(user_id)


def lock_admins() -> dict[int, Any]:
    """Every administrator, locked, by id."""
    ids = select(u.id for u in User if u.user_type == "admin")[:]
    return {user.id: user for user in lock_many(User, ids)}


def has_other_admin(user_id: int) -> bool:
    """Whether an administrator beside this one can log in."""
    others = User.select(lambda u: u.user_type == "admin" and u.is_active and u.id != user_id)
    return bool(others.exists())


def _record(user: Any, actor: Identity, *, reason: str | None, now: datetime) -> None:
    before, after = ("inactive", "active") if user.is_active else ("active", "inactive")
    history.record("user", user.id, before=before, after=after, actor=actor, now=now, reason=reason)
    action = "user.activated" if user.is_active else "user.deactivated"
    audit.note(action, "user", user.id, builder_id=None, actor=actor, now=now)
