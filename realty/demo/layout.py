"""From the plan of a place to the rows of its project, its units and its phases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from realty.demo.places import Flat, Place
from realty.rules.money import ZERO, money_text

_FIRST_RISE = 3
_VIEW_FROM = 4
_VIEW_SIDES = frozenset({"east", "northeast"})
_ROUNDING = 1000
_SMALL = 500

PHASES = (
    ("Excavation and foundation", "foundation", "15.00"),
    ("Slab 1", "slab_1", "10.00"),
    ("Slab 2", "slab_2", "10.00"),
    ("Slab 3", "slab_3", "10.00"),
    ("Slab 4", "slab_4", "10.00"),
    ("Brickwork and plaster", "brickwork", "15.00"),
    ("Finishing", "finishing", "20.00"),
    ("Possession", "possession", "10.00"),
)
"""Name, milestone code and weight of each phase."""


def project_columns(place: Place, builder_id: int, today: date, now: datetime) -> dict[str, Any]:
    """The row of a project whose units are all available yet; on hold it goes later."""
    units = list(unit_columns(place))
    prices = [unit["price"] for unit in units]
    begun = place.starts <= 0
    return {
        "builder": builder_id,
        "project_name": place.name,
        "description": place.description,
        "project_type": place.project_type,
        "status": "construction" if place.status == "on_hold" else place.status,
        "location_address": place.address,
        "location_city": place.city,
        "location_state": place.state,
        "location_zipcode": place.zipcode,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "total_units": len(units),
        "available_units": len(units),
        "price_range_min": min(prices),
        "price_range_max": max(prices),
        "project_area": Decimal(place.acres) * 43_560,
        "architect": place.architect,
        "specifications": [{"label": name, "value": text} for name, text in place.specifications],
        "amenities": list(place.amenities),
        "start_date": today + timedelta(days=place.starts),
        "expected_completion_date": today + timedelta(days=place.completes),
        "actual_completion_date": (
            today + timedelta(days=place.completes) if place.certificate is not None else None
        ),
        "images": [],
        "floor_plans": [],
        "is_featured": place.featured,
        "is_published": place.published,
        "rera_number": place.rera_number,
        "rera_authority_url": place.authority,
        "rera_valid_until": today + timedelta(days=max(place.completes, 0) + 365),
        "occupancy_certificate_date": (
            None if place.certificate is None else today + timedelta(days=place.certificate)
        ),
        "currency": "INR",
        "timezone": "Asia/Kolkata",
        "slot_capacity": 3,
        "version": 1,
        "created_at": now + timedelta(days=min(place.starts, 0) - 60 if begun else -20),
        "updated_at": now,
    }


def unit_columns(place: Place) -> Iterator[dict[str, Any]]:
    """The units of a place, block by block from the lowest floor up, all available."""
    for block in place.blocks:
        for floor in range(block.lowest, block.highest + 1):
            for position, flat in enumerate(block.flats, start=1):
                yield {
                    "tower": block.name,
                    "unit_number": place.units_word.format(
                        block=block.name, floor=floor, position=position
                    ),
                    "floor_number": floor,
                    **_flat_columns(place, flat, floor),
                }


def _flat_columns(place: Place, flat: Flat, floor: int) -> dict[str, Any]:
    price = Decimal(flat.area * place.rate // _ROUNDING * _ROUNDING)
    home = flat.unit_type not in {"shop", "office"}
    return {
        "unit_type": flat.unit_type,
        "area_sqft": Decimal(flat.area),
        "carpet_area_sqft": Decimal(flat.carpet),
        "price": price,
        "floor_rise_per_sqft": Decimal(place.floor_rise * max(0, floor - _FIRST_RISE)),
        "preferential_charges": _preferential(place, flat, floor),
        "other_charges": _other(flat, price, home=home),
        "facing": flat.facing,
        "bedrooms": flat.bedrooms,
        "bathrooms": flat.bathrooms,
        "balconies": flat.balconies,
        "parking_spaces": flat.parking,
        "features": ["Cross ventilation", "Vaastu compliant"] if home else ["Frosted shopfront"],
    }


def _preferential(place: Place, flat: Flat, floor: int) -> list[dict[str, str]]:
    code, label, amount = place.view
    low_rise = place.floor_rise == 0
    if flat.facing not in _VIEW_SIDES or (floor < _VIEW_FROM and not low_rise):
        return []
    if low_rise and flat.facing != "northeast":
        return []
    return [_charge(code, label, Decimal(amount))]


def _other(flat: Flat, price: Decimal, *, home: bool) -> list[dict[str, str]]:
    charges = []
    if flat.parking:
        each = Decimal(300_000) if home else Decimal(200_000)
        charges.append(_charge("car_park", "Covered car park", each * flat.parking))
    if home and flat.area > _SMALL:
        charges.append(_charge("clubhouse", "Clubhouse membership", _share(price)))
    return charges


def _share(price: Decimal) -> Decimal:
    """Two per cent of the price in whole thousands, at most 250,000."""
    return min(price // 50 // _ROUNDING * _ROUNDING, Decimal(250_000))


def _charge(code: str, label: str, amount: Decimal) -> dict[str, str]:
    return {"code": code, "label": label, "amount": money_text(amount + ZERO)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhasePlan:
    """One phase as its project plans it, and how far it has come by the day of loading."""

    phase_name: str
    milestone_code: str
    weight_percent: Decimal
    start_date: date
    expected_end_date: date
    ended_on: date | None
    under_way: bool

    def columns(self) -> dict[str, Any]:
        """What the list of phases says of it."""
        return {
            "phase_name": self.phase_name,
            "milestone_code": self.milestone_code,
            "phase_description": None,
            "weight_percent": self.weight_percent,
            "start_date": self.start_date,
            "expected_end_date": self.expected_end_date,
            "contractor_notes": None,
            "customer_visible": True,
        }


def phase_plans(place: Place, today: date) -> list[PhasePlan]:
    """The phases between start and completion; the one after `phases_done` is under way."""
    start = today + timedelta(days=place.starts)
    length = (place.completes - place.starts) // len(PHASES)
    plans = []
    for index, (name, code, weight) in enumerate(PHASES):
        begins = start + timedelta(days=length * index)
        ends = begins + timedelta(days=length)
        done = index < place.phases_done
        plans.append(
            PhasePlan(
                phase_name=name,
                milestone_code=code,
                weight_percent=Decimal(weight),
                start_date=begins,
                expected_end_date=ends,
                ended_on=min(ends - timedelta(days=6), today - timedelta(days=12))
                if done
                else None,
                under_way=index == place.phases_done and place.starts < 0,
            )
        )
    return plans
