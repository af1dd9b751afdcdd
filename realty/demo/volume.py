"""Many projects with many units, quickly: one process, some thousand rows a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from pony.orm import select
from tqdm import tqdm

from realty.db import Builder, Project, Unit, User, db
from realty.db.bulk import insert_many
from realty.db.session import session
from realty.demo.people import DOMAIN
from realty.rules.clock import local_date

BUILDERS = 25
UNITS_A_TRANSACTION = 20_000
FLATS_A_FLOOR = 4
FLOORS_A_TOWER = 25
AVAILABLE_SHARE = 0.93

CITIES = (
    ("Bangalore", "Karnataka", ("Whitefield", "Hebbal", "Sarjapur", "Yelahanka", "Hennur")),
    ("Mumbai", "Maharashtra", ("Andheri", "Powai", "Chembur", "Borivali", "Mulund")),
    ("Pune", "Maharashtra", ("Kharadi", "Baner", "Hinjawadi", "Wakad", "Undri")),
    ("Hyderabad", "Telangana", ("Gachibowli", "Kokapet", "Kondapur", "Tellapur", "Miyapur")),
    ("Chennai", "Tamil Nadu", ("Velachery", "Perumbakkam", "Porur", "Adyar", "Tambaram")),
    ("Ahmedabad", "Gujarat", ("Bopal", "Shela", "Gota", "Vaishno Devi", "Chandkheda")),
    ("Kochi", "Kerala", ("Kakkanad", "Edappally", "Aluva", "Marine Drive", "Vyttila")),
)
FIRST_WORDS = ("Green", "Silver", "Lotus", "Royal", "Sunrise", "Emerald", "Heritage", "Urban")
LAST_WORDS = ("Heights", "Enclave", "Residency", "Meadows", "Park", "Court", "Vista", "Gardens")
STATUSES = (
    ("construction",) * 12 + ("planning",) * 3 + ("completed",) * 3 + ("on_hold", "delivered")
)
FLATS = (
    ("1bhk", 610, 1, 1), ("2bhk", 1050, 2, 2), ("2bhk", 1180, 2, 2), ("3bhk", 1520, 3, 3),
    ("3bhk", 1690, 3, 3), ("4bhk", 2350, 4, 4),
)  # fmt: skip
NUMBERED = "VOLUME/"
"""How the RERA numbers of these projects begin."""

FACINGS = ("north", "east", "south", "west", "northeast", "southwest")
_CAR_PARK = {"code": "car_park", "label": "Covered car park", "amount": "250000.00"}
_CORNER = {"code": "corner", "label": "Corner home", "amount": "100000.00"}


def load_volume(*, projects: int, units_per_project: int, now: datetime, quiet: bool) -> str:
    """Have that many projects for volume, each new one with that many units; says how many came.

    The same number is always the same project, so that a run that was cut short goes on where it
    stopped. Every unit is available or kept back by its builder: nothing was ever booked.
    """
    builders = volume_builders(now)
    with session():
        present = select(p for p in Project if p.rera_number.startswith(NUMBERED)).count()
    wanted = range(present, projects)
    if not wanted:
        return f"There are {present} projects for volume already; nothing was changed."
    a_chunk = max(1, UNITS_A_TRANSACTION // units_per_project)
    with tqdm(
        total=len(wanted) * units_per_project, unit=" units", unit_scale=True, disable=quiet
    ) as bar:
        for first in range(wanted.start, wanted.stop, a_chunk):
            numbers = range(first, min(first + a_chunk, wanted.stop))
            with session():
                _insert(numbers, units_per_project, builders, now)
            bar.update(len(numbers) * units_per_project)
    added = len(wanted)
    return f"Added {added} projects with {added * units_per_project} units for volume."


def volume_builders(now: datetime) -> list[int]:
    """The builders of the volume, made at the first run; nobody can sign in as one of them."""
    emails = [f"volume-{number}@{DOMAIN}" for number in range(1, BUILDERS + 1)]
    with session():
        known = dict(select((u.email, u.id) for u in User if u.email in emails))
        fresh = [email for email in emails if email not in known]
        insert_many(User, [user_row(email, now) for email in fresh])
        users = dict(select((u.email, u.id) for u in User if u.email in emails))
        insert_many(Builder, [_builder(emails.index(e) + 1, users[e], now) for e in fresh])
        ids = dict(select((b.user.id, b.id) for b in Builder))
        return [ids[users[email]] for email in emails]


def user_row(email: str, now: datetime) -> dict[str, Any]:
    """A builder's account without a password."""
    return {
        "email": email,
        "full_name": email.partition("@")[0],
        "user_type": "builder",
        "is_active": True,
        "is_verified": True,
        "failed_login_count": 0,
        "token_version": 0,
        "locale": "en-IN",
        "timezone": "Asia/Kolkata",
        "created_at": now,
        "updated_at": now,
    }


def _builder(number: int, user_id: int, now: datetime) -> dict[str, Any]:
    return {
        "user": user_id,
        "company_name": f"{FIRST_WORDS[number % 8]} {LAST_WORDS[number % 7]} Developers {number}",
        "license_number": f"VOLUME-{number:04d}",
        "rating": Decimal(0),
        "review_count": 0,
        "total_projects": 0,
        "verified": number % 3 != 0,
        "created_at": now,
        "updated_at": now,
    }


def _insert(numbers: range, units: int, builders: list[int], now: datetime) -> None:
    """Projects with their units, and their builders' counters, in this transaction."""
    stocks = {number: list(unit_rows(number, units, now)) for number in numbers}
    rows = [project_row(number, stocks[number], builders, now) for number in numbers]
    insert_many(Project, rows)
    low, high = (f"{NUMBERED}{number:07d}" for number in (numbers[0], numbers[-1]))
    ids = dict(
        select(
            (p.rera_number, p.id) for p in Project if p.rera_number >= low and p.rera_number <= high
        )
    )
    insert_many(
        Unit,
        [
            {**unit, "project": ids[row["rera_number"]]}
            for number, row in zip(numbers, rows, strict=True)
            for unit in stocks[number]
        ],
    )
    count_projects()


def count_projects() -> None:
    """Bring the counters of the builders up to their projects."""
    db.execute(
        "UPDATE builders SET total_projects = (SELECT count(*) FROM projects"
        " WHERE builder_id = builders.id AND status <> 'cancelled')"
        " WHERE license_number LIKE 'VOLUME-%'"
    )


def project_row(
    number: int, stock: list[dict[str, Any]], builders: list[int], now: datetime
) -> dict[str, Any]:
    """The project of this number with `stock`, its units."""
    random = Random(f"project {number}")
    city, state, areas = random.choice(CITIES)
    area, status = random.choice(areas), random.choice(STATUSES)
    today = local_date(now, "Asia/Kolkata")
    certified = status in {"completed", "delivered"}
    started = today - timedelta(days=random.randrange(200, 1400))
    prices = [unit["price"] for unit in stock]
    made = now - timedelta(minutes=random.randrange(3 * 365 * 24 * 60))
    name = f"{random.choice(FIRST_WORDS)} {random.choice(LAST_WORDS)} {area} {number + 1}"
    return {
        "builder": builders[number % len(builders)],
        "project_name": name,
        "description": f"{name}: homes near {area}, {city}.",
        "project_type": random.choice(("residential",) * 8 + ("mixed", "commercial")),
        "status": status,
        "location_address": f"{random.randrange(1, 200)} {area} Main Road",
        "location_city": city,
        "location_state": state,
        "total_units": len(stock),
        "available_units": sum(unit["status"] == "available" for unit in stock),
        "price_range_min": min(prices),
        "price_range_max": max(prices),
        "specifications": [{"label": "Structure", "value": "RCC framed"}],
        "amenities": ["Clubhouse", "Gymnasium", "Children's play area"][: random.randrange(1, 4)],
        "start_date": started,
        "expected_completion_date": started + timedelta(days=1500),
        "images": [],
        "floor_plans": [],
        "is_featured": number % 100 == 0,
        "is_published": number % 20 != 0,
        "rera_number": f"{NUMBERED}{number:07d}",
        "rera_valid_until": today + timedelta(days=900),
        "occupancy_certificate_date": today - timedelta(days=30) if certified else None,
        "currency": "INR",
        "timezone": "Asia/Kolkata",
        "slot_capacity": 3,
        "version": 1,
        "created_at": made,
        "updated_at": made,
    }


def unit_rows(number: int, count: int, now: datetime) -> Iterator[dict[str, Any]]:
    """The units of the project of this number."""
    random = Random(f"units {number}")
    rate = random.randrange(45, 160) * 100
    a_tower = FLATS_A_FLOOR * FLOORS_A_TOWER
    made = now - timedelta(minutes=random.randrange(365 * 24 * 60))
    for index in range(count):
        tower = index // a_tower + 1
        floor, position = divmod(index % a_tower, FLATS_A_FLOOR)
        kind, area, bedrooms, bathrooms = random.choice(FLATS)
        roll = random.random()
        yield {
            "tower": f"T{tower}",
            "unit_number": f"T{tower}-{floor + 1}{position + 1:02d}",
            "unit_type": kind,
            "floor_number": floor + 1,
            "area_sqft": Decimal(area),
            "carpet_area_sqft": Decimal(area * 7 // 10),
            "price": Decimal(area * rate),
            "floor_rise_per_sqft": Decimal(floor * 20),
            "preferential_charges": [_CORNER] if position == 0 else [],
            "other_charges": [_CAR_PARK],
            "status": "available" if roll < AVAILABLE_SHARE else "blocked",
            "facing": FACINGS[(index + number) % len(FACINGS)],
            "bedrooms": bedrooms,
            "bathrooms": bathrooms,
            "balconies": 1,
            "parking_spaces": 1,
            "features": [],
            "version": 1,
            "created_at": made,
            "updated_at": made,
        }
