"""What notifications are about: rows for their cards, as far as the reader may see them.

One statement finds whose they are and where they belong, whatever kinds there are among them; the
rows themselves come by one statement for each kind of card.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Unpack

from realty.db import Builder, Project, rows, scopes
from realty.db.bulk import among
from realty.db.rows import Shown
from realty.security import Identity
from realty.services.card_columns import BUILDER, CUSTOMER, PROJECT, USER


@dataclass(frozen=True, slots=True)
class About:
    """What a notification is about, as far as its reader may see it: rows for its cards."""

    project: Any = None
    builder: Any = None
    customer: Any = None


NOTHING = About()

Subject = tuple[str, int]
"""The kind and the id of what a notification names."""

_BOOKINGS = frozenset({"booking", "change_request", "payment"})
"""What belongs to a booking of the reader's, whose project is shown even if it is hidden now."""

# Whoever reads it is one of its two sides, or an administrator, who reads no conversation.
_SIDES = " AND ({admin}{customer} = $customer_id OR {builder} = $builder_id)"
_FROM = {
    "booking": ("bookings r", "r.project_id", "r.customer_id", "r.builder_id"),
    "change_request": (
        "change_requests r JOIN bookings b ON b.id = r.booking_id",
        *("b.project_id", "b.customer_id", "b.builder_id"),
    ),
    "payment": (
        "payments r JOIN bookings b ON b.id = r.booking_id",
        *("b.project_id", "b.customer_id", "b.builder_id"),
    ),
    "conversation": ("conversations r", "r.project_id", "r.customer_id", "r.builder_id"),
    "appointment": (
        "appointments r JOIN projects p ON p.id = r.project_id",
        *("r.project_id", "r.customer_id", "p.builder_id"),
    ),
}


class _Place(NamedTuple):
    """Where a subject belongs, and its two sides."""

    kind: str
    id: int
    project_id: int | None
    customer_id: int | None = None
    builder_id: int | None = None


def about(notifications: Iterable[Any], identity: Identity) -> dict[int, About]:
    """What each notification is about, by its id, in a bounded number of queries.

    The other side is a customer for a builder and a builder for a customer. A row that the reader
    does not see any more has no card.
    """
    subjects = {
        each.id: (each.related_entity_type, each.related_entity_id)
        for each in notifications
        if each.related_entity_id
    }
    found = _found(_places(set(subjects.values()), identity), identity)
    return {each.id: found.get(subjects.get(each.id, ("", 0)), NOTHING) for each in notifications}


def _places(subjects: set[Subject], identity: Identity) -> list[_Place]:
    """Where those of the subjects belong of which the reader is a side."""
    ids: defaultdict[str, list[int]] = defaultdict(list)
    for kind, row_id in subjects:
        ids[kind].append(row_id)
    places = [_Place("project", row_id, row_id) for row_id in ids["project"]]
    places += [_Place("customer", row_id, None, row_id) for row_id in ids["customer"]]
    if among_updates := ids["update"]:
        seen = scopes.visible_updates(identity).filter(lambda u: u.id in among_updates)
        places += [_Place("update", update.id, update.project.id) for update in seen]
    parts, values = [], {}
    for kind in _FROM.keys() & ids.keys():
        table, project, customer, builder = _FROM[kind]
        condition, values[kind] = among(ids[kind], kind)
        admin = "" if kind == "conversation" else "$role = 'admin' OR "
        sides = _SIDES.format(admin=admin, customer=customer, builder=builder)
        parts.append(
            f"SELECT '{kind}' AS kind, r.id AS id, {project} AS project_id,"  # noqa: S608 - names of our own
            f" {customer} AS customer_id, {builder} AS builder_id FROM {table}"
            f" WHERE r.id {condition}{sides}"
        )
    if parts:
        me = {"role": identity.role, "customer_id": identity.customer_id}
        named = {**values, **me, "builder_id": identity.builder_id}
        places += [_Place(*row) for row in rows.read(" UNION ALL ".join(sorted(parts)), **named)]
    return places


def _found(places: list[_Place], identity: Identity) -> dict[Subject, About]:
    """The cards of all places, in a statement for each kind of card."""
    projects = _projects(places, identity)
    of_customer = identity.role == "customer"
    sides = {each.builder_id for each in places if each.builder_id and of_customer}
    builders = _shown(Builder.select(lambda b: b.id in sides), sides, names=BUILDER)
    customers: Mapping[int, Any] = {}
    wanted = {each.customer_id for each in places if each.customer_id}
    if wanted and identity.role == "builder":
        visible = scopes.visible_customers(identity).filter(lambda c: c.id in wanted)
        customers = _shown(visible, wanted, names=CUSTOMER, cards={"user": USER})
    return {
        (each.kind, each.id): About(
            projects.get(each.project_id or 0),
            builders.get(each.builder_id or 0),
            customers.get(each.customer_id or 0),
        )
        for each in places
    }


def _projects(places: list[_Place], identity: Identity) -> dict[int, Any]:
    """The projects of the reader's bookings, and those of other places that he sees."""
    held = {each.project_id for each in places if each.kind in _BOOKINGS}
    others = {each.project_id for each in places if each.project_id} - held
    found = _shown(Project.select(lambda p: p.id in held), held, names=PROJECT)
    visible = scopes.visible_projects(identity).filter(lambda p: p.id in others)
    return found | _shown(visible, others, names=PROJECT)


def _shown(query: Any, ids: Collection[int | None], **shown: Unpack[Shown]) -> dict[int, Any]:
    """The rows of `query`, which are among these ids, by id."""
    return {row.id: row for row in rows.page(query, len(ids), **shown)} if ids else {}
