"""Loading the demo data: all of it in one transaction, once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from pony.orm import exists, flush, select

from realty.adapters.storage import storage_of
from realty.db import Booking, Builder, Customer, Project, StatusHistory, Unit, User, db
from realty.db.bulk import insert_many
from realty.db.locks import lock_many
from realty.db.session import session
from realty.demo import engagement, showroom, sites
from realty.demo.deals import CHANGES, DEALS, LEVIES, PARTS, REPORTS
from realty.demo.layout import project_columns, unit_columns
from realty.demo.people import ADMIN, BUILDERS, CUSTOMERS, DOMAIN, PASSWORD
from realty.demo.pictures import Album
from realty.demo.places import PLACES, Place
from realty.demo.requests import Correspondence
from realty.demo.sales import ZONE, Cast, Sales
from realty.demo.timeline import Timeline
from realty.passwords import PasswordHasher
from realty.rules.clock import local_date
from realty.security import Identity
from realty.services.inventory import count_available, move_unit
from realty.services.policy import current_policy
from realty.settings import Settings

FIRST_DEAL = 1330
"""Days ago."""
READ_AFTER = timedelta(days=4)
RESERVED = (
    ("lakeside", "C-1201", "Held for Dr Bhat, returns from Muscat on Friday", 4),
    ("lakeside", "A-502", "Bank visit pending", 2),
    ("seafront", "One-2504", "Family decides after Diwali", 9),
    ("riverwalk", "Bazaar-001", "Bakery chain, letter of intent", 12),
)
"""Place, unit, the builder's note, days from now."""
BLOCKED = (("lakeside", "B-101"), ("lakeside", "C-101"), ("sahakar", "Kaveri-101"))
"""Sample flats and the like."""


def is_empty() -> bool:
    """Whether the database has no users at all."""
    with session():
        return not exists(u for u in User)


def load(settings: Settings, *, now: datetime) -> str | None:
    """Load everything, or nothing where it is loaded already; says what was loaded."""
    with session():
        if _is_loaded():
            return None
    # Once for all accounts, and before the transaction that writes.
    password_hash = PasswordHasher(cost=settings.bcrypt_cost, concurrency=1).hash(PASSWORD)
    with session():
        album = Album(storage_of(settings), current_policy())
    try:
        with session():
            return None if _is_loaded() else _load(password_hash, album, now)
    except BaseException:  # Ctrl-C too: no file stays that no row names
        album.forget()
        raise


def _is_loaded() -> bool:
    marker = BUILDERS[0].email
    return bool(exists(u for u in User if u.email == marker))


def _load(password_hash: str, album: Album, now: datetime) -> str:
    today = local_date(now, ZONE)
    builders, customers = _people(password_hash, now)
    projects = _projects(builders, today, now)
    by_place = {place.key: builders[place.builder] for place in PLACES}
    engagement.invite(customers, by_place, now)
    cast = Cast(customers=customers, builders=by_place, units=_unit_ids(projects))
    sales = _play(cast, projects, album, now)
    _keep_back(projects, by_place, now)
    engagement.save_projects(customers, projects, now)
    engagement.talk(customers, by_place, projects, now)
    handed_over = {
        sold.deal.buyer: Booking[sold.booking_id]
        for sold in sales.sold.values()
        if sold.deal.outcome == "handed_over"
    }
    engagement.review(handed_over, now)
    flush()
    showroom.reply(handed_over, builders, now)
    _finish(projects, now)
    units, payments, files = (
        db.get(f"SELECT count(*) FROM {table}")  # noqa: S608 - names of our own
        for table in ("units", "payments", "files")
    )
    return (
        f"Loaded {len(BUILDERS)} builders, {len(CUSTOMERS)} customers, {len(projects)} projects, "
        f"{units} units, {len(DEALS)} bookings, {payments} payments and {files} files. "
        f"The password of every demo account: {PASSWORD}"
    )


def _play(cast: Cast, projects: dict[str, int], album: Album, now: datetime) -> Sales:
    """Everything that happened, in its order: building, selling, asking and paying."""
    policy = current_policy()
    timeline = Timeline(until=now)
    sales = Sales(cast, album, policy=policy, now=now)
    letters = Correspondence(sales, album, policy=policy, now=now)

    def demanded(booking_id: int, at: datetime) -> None:
        timeline.begin(sales.answer_demand(booking_id, at))

    for place in PLACES:
        script = sites.build(place, projects[place.key], cast.builders[place.key], album, now)
        timeline.begin(script)
    for deal in DEALS:
        timeline.begin(sales.script(deal))
    for change in CHANGES:
        timeline.begin(letters.change(change))
    for levy in LEVIES:
        timeline.begin(letters.levy(levy))
    for said in REPORTS:
        timeline.begin(letters.report(said))
    for part in PARTS:
        timeline.begin(sales.pay_part(*part))
    for news in showroom.POSTS:
        owner = cast.builders[news.place]
        timeline.begin(showroom.post(news, projects[news.place], owner, album, now))
    timeline.begin(showroom.exhibit(cast, projects, album, now))
    for plan in showroom.VISITS:
        timeline.begin(showroom.visit(plan, cast, projects, now))
    timeline.begin(sites.watch_the_clock(now - timedelta(days=FIRST_DEAL), now, demanded))
    timeline.run()
    return sales


def _people(password_hash: str, now: datetime) -> tuple[list[Identity], list[Identity]]:
    """The users and their profiles; they joined within the last four years, builders first."""
    name, email = ADMIN
    users = [
        (email, name, "admin", None),
        *((row.email, row.contact, "builder", row.phone) for row in BUILDERS),
        *(
            (row.email, f"{row.first_name} {row.last_name}", "customer", row.phone)
            for row in CUSTOMERS
        ),
    ]
    insert_many(
        User,
        [
            {
                "email": address,
                "full_name": full_name,
                "user_type": kind,
                "phone": phone,
                "password_hash": password_hash,
                "is_active": True,
                "is_verified": True,
                "failed_login_count": 0,
                "token_version": 0,
                "locale": "en-IN",
                "timezone": ZONE,
                "created_at": now - timedelta(days=1500 - 5 * position),
                "updated_at": now - timedelta(days=1500 - 5 * position),
            }
            for position, (address, full_name, kind, phone) in enumerate(users)
        ],
    )
    user_ids = dict(select((u.email, u.id) for u in User if u.email.endswith(f"@{DOMAIN}")))
    insert_many(Builder, [_builder(row, user_ids[row.email], now) for row in BUILDERS])
    insert_many(Customer, [_customer(row, user_ids[row.email], now) for row in CUSTOMERS])
    builder_ids = dict(select((b.user.id, b.id) for b in Builder))
    customer_ids = dict(select((c.user.id, c.id) for c in Customer))

    def identity(email: str, role: str) -> Identity:
        user_id = user_ids[email]
        return Identity(user_id, role, 0, builder_ids.get(user_id), customer_ids.get(user_id))

    return (
        [identity(row.email, "builder") for row in BUILDERS],
        [identity(row.email, "customer") for row in CUSTOMERS],
    )


def _builder(row: Any, user_id: int, now: datetime) -> dict[str, Any]:
    since = now - timedelta(days=1490)
    return {
        "user": user_id,
        "company_name": row.company_name,
        "license_number": row.license_number,
        "rera_promoter_id": row.rera_promoter_id,
        "pan": row.pan,
        "gstin": row.gstin,
        "phone": row.phone,
        "address": row.address,
        "website": row.website,
        "description": row.description,
        "rating": 0,
        "review_count": 0,
        "total_projects": sum(BUILDERS[place.builder] is row for place in PLACES),
        "verified": row.verified,
        "verified_at": since + timedelta(days=6) if row.verified else None,
        "created_at": since,
        "updated_at": since,
    }


def _customer(row: Any, user_id: int, now: datetime) -> dict[str, Any]:
    since = now - timedelta(days=1400)
    return {
        "user": user_id,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "phone": row.phone,
        "address": row.address,
        "date_of_birth": date(row.born, 1 + row.born % 12, 1 + row.born % 28),
        "occupation": row.occupation,
        "preferred_contact_method": row.contact_method,
        "pan": row.pan,
        "created_at": since,
        "updated_at": since,
    }


def _projects(builders: list[Identity], today: date, now: datetime) -> dict[str, int]:
    """Projects with units and phases; gives the ids by the keys of the places."""
    insert_many(
        Project,
        [
            project_columns(place, _id(builders[place.builder].builder_id), today, now)
            for place in PLACES
        ],
    )
    ids = dict(select((p.rera_number, p.id) for p in Project))
    projects = {place.key: ids[place.rera_number] for place in PLACES}
    for place in PLACES:
        project_id = projects[place.key]
        made = now + timedelta(days=min(place.starts, 0) - 40 if place.starts <= 0 else -15)
        common = {
            "project": project_id,
            "status": "available",
            "version": 1,
            "created_at": made,
            "updated_at": made,
        }
        insert_many(Unit, [{**unit, **common} for unit in unit_columns(place)])
        _project_history(place, project_id, builders[place.builder], now)
    return projects


def _id(value: int | None) -> int:
    assert value is not None, "the identity was made with its profile"
    return value


def _project_history(place: Place, project_id: int, builder: Identity, now: datetime) -> None:
    """How the project came to its status."""
    moves = [("planning", "construction", place.starts)] if place.starts <= 0 else []
    if place.status == "on_hold":
        moves.append(("construction", "on_hold", -25))
    if place.certificate is not None:
        moves.append(("construction", "completed", place.certificate))
    if place.status == "delivered":
        moves.append(("completed", "delivered", -30))
    for before, after, day in moves:
        StatusHistory(
            entity="project",
            entity_id=project_id,
            from_status=before,
            to_status=after,
            actor=builder.user_id,
            at=now + timedelta(days=day),
        )


def _unit_ids(projects: dict[str, int]) -> dict[tuple[str, str, str], int]:
    places = {project_id: key for key, project_id in projects.items()}
    rows = select((u.project.id, u.tower, u.unit_number, u.id) for u in Unit)
    return {
        (places[project_id], tower, number): unit_id
        for project_id, tower, number, unit_id in rows
        if project_id in places
    }


def _keep_back(projects: dict[str, int], builders: dict[str, Identity], now: datetime) -> None:
    """Reserve and block units, as their builders do by hand."""
    reserved = {(key, number): (note, days) for key, number, note, days in RESERVED}
    for place in PLACES:
        project_id = projects[place.key]
        free = list(
            select(
                (u.id, u.unit_number)
                for u in Unit
                if u.project.id == project_id and u.status == "available"
            )
        )
        chosen = {
            unit_id: (place.key, number)
            for position, (unit_id, number) in enumerate(sorted(free))
            if (place.key, number) in reserved
            or (place.key, number) in BLOCKED
            or (place.blocked_every and position % place.blocked_every == 0)
        }
        change = 0
        for unit in lock_many(Unit, chosen):
            note, days = reserved.get(chosen[unit.id], (None, 0))
            change += move_unit(
                unit,
                "blocked" if note is None else "reserved",
                mover="builder",
                actor=builders[place.key],
                now=now - timedelta(days=1),
            )
            if note is not None:
                unit.set(reserved_until=now + timedelta(days=days), reserved_note=note)
        count_available(project_id, change)


def _finish(projects: dict[str, int], now: datetime) -> None:
    """What came to pass while nobody looked: work on hold, mail gone, old notifications read."""
    for place in PLACES:
        if place.status == "on_hold":
            db.execute(
                "UPDATE projects SET status = 'on_hold' WHERE id = $id",
                {"id": projects[place.key]},
                {},
            )
    told_to_us = f"%@{DOMAIN}"
    db.execute(
        "UPDATE outgoing_mail SET status = 'sent', attempts = 1, sent_at = created_at,"
        " body = NULL, link = NULL WHERE status = 'queued' AND to_address LIKE $address",
        {"address": told_to_us},
        {},
    )
    ours = {"address": told_to_us, "yes": True, "old": now - READ_AFTER}
    db.execute(
        "UPDATE notifications SET sent_at = created_at WHERE user_id IN"
        " (SELECT id FROM users WHERE email LIKE $address)",
        ours,
        {},
    )
    db.execute(
        "UPDATE notifications SET is_read = $yes, read_at = created_at"
        " WHERE created_at < $old AND user_id IN"
        " (SELECT id FROM users WHERE email LIKE $address)",
        ours,
        {},
    )
