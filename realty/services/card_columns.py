"""What the cards of `realty.presenters.cards` show, by entity: so much of a row is read for one."""

from __future__ import annotations

from types import MappingProxyType

BUILDER = ("id", "user", "company_name", "verified", "rating", "logo_file")
CUSTOMER = ("id", "user", "first_name", "last_name", "phone")
PROJECT = (
    *("id", "project_name", "status", "location_city", "location_state"),
    *("builder", "currency", "images"),
)
PROJECT_SUMMARY = (
    *("id", "builder", "project_name", "project_type", "status", "location_address"),
    *("location_city", "location_state", "latitude", "longitude", "total_units"),
    *("available_units", "price_range_min", "price_range_max", "currency", "images"),
    *("expected_completion_date", "rera_number", "is_featured", "is_published", "timezone"),
    *("version", "created_at", "updated_at"),
)
"""What a list of projects shows of one."""
UNIT = (
    *("id", "project", "tower", "unit_number", "unit_type", "floor_number"),
    *("carpet_area_sqft", "status"),
)
USER = ("id", "email")

OF_A_BOOKING = MappingProxyType(
    {
        "unit": UNIT,
        "project": PROJECT,
        "builder": BUILDER,
        "customer": CUSTOMER,
        "customer.user": USER,
    }
)
"""Everything that a booking points at."""

OF_A_PAYMENT = MappingProxyType(
    {
        "booking": (
            *("id", "booking_number", "status", "unit", "project", "customer"),
            *("total_amount", "variation_amount", "charge_amount", "paid_amount"),
            "deduction_amount",
        ),
        "booking.unit": UNIT,
        "booking.project": PROJECT,
        "booking.customer": CUSTOMER,
        "booking.customer.user": USER,
        "builder": BUILDER,
        "recorded_by": ("id", "user_type", "full_name"),
    }
)
"""Everything that a payment points at."""
