"""Projects, units and saved projects."""

from __future__ import annotations

from realty.db.migrations.shorthand import (
    at_least,
    between,
    create_table,
    day,
    flag,
    index,
    integer,
    json,
    moment,
    money,
    numeric,
    one_of,
    real,
    ref,
    search_index,
    text,
    touched,
    unique,
    unique_index,
)

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of `realty.db.catalogue`, and who keeps an eye on what."""
    _projects()
    _units()
    create_table(
        "saved_projects",
        ref("customer_id", "customers"),
        ref("project_id", "projects"),
        moment("created_at"),
        unique("saved_projects", "customer_id", "project_id"),
    )


def _projects() -> None:
    create_table(
        "projects",
        ref("builder_id", "builders"),
        text("project_name"),
        text("description", nullable=True),
        text("project_type"),
        text("status"),
        text("location_address", nullable=True),
        text("location_city"),
        text("location_state"),
        text("location_zipcode", nullable=True),
        real("latitude", nullable=True),
        real("longitude", nullable=True),
        integer("total_units"),
        integer("available_units"),
        money("price_range_min", nullable=True),
        money("price_range_max", nullable=True),
        numeric("project_area", 10, nullable=True),
        text("architect", nullable=True),
        json("specifications"),
        json("amenities"),
        day("start_date", nullable=True),
        day("expected_completion_date", nullable=True),
        day("actual_completion_date", nullable=True),
        json("images"),
        json("floor_plans"),
        ref("brochure_file_id", "files", nullable=True),
        flag("is_featured"),
        flag("is_published"),
        text("rera_number", nullable=True),
        text("rera_authority_url", nullable=True),
        day("rera_valid_until", nullable=True),
        text("rera_exempt_reason", nullable=True),
        day("occupancy_certificate_date", nullable=True),
        text("currency"),
        text("timezone"),
        json("visiting_hours", nullable=True),
        integer("slot_capacity"),
        integer("version"),
        *touched(),
        one_of("project_type", "residential commercial mixed industrial"),
        one_of("status", "planning construction completed delivered on_hold cancelled"),
        between("latitude", -90, 90),
        between("longitude", -180, 180),
        *at_least(0, "total_units", "available_units"),
        *at_least(0, "price_range_min", "price_range_max", "project_area"),
        *at_least(1, "slot_capacity", "version"),
    )
    search_index("projects", "project_name")
    search_index("projects", "location_city")
    index("projects_newest", "projects", "is_published", "created_at", "id")
    index("projects_by_status", "projects", "is_published", "status", "created_at", "id")


def _units() -> None:
    create_table(
        "units",
        ref("project_id", "projects"),
        text("tower", nullable=True),
        text("unit_number"),
        text("unit_type"),
        integer("floor_number"),
        numeric("area_sqft", 10),
        numeric("carpet_area_sqft", 10),
        money("price"),
        money("floor_rise_per_sqft"),
        json("preferential_charges"),
        json("other_charges"),
        text("status"),
        text("facing", nullable=True),
        integer("bedrooms", nullable=True),
        integer("bathrooms", nullable=True),
        integer("balconies", nullable=True),
        integer("parking_spaces", nullable=True),
        ref("floor_plan_file_id", "files", nullable=True),
        json("features"),
        moment("reserved_until", nullable=True),
        text("reserved_note", nullable=True),
        integer("version"),
        *touched(),
        one_of(
            "unit_type",
            "studio 1bhk 2bhk 3bhk 4bhk 5bhk penthouse duplex villa plot shop office",
        ),
        one_of("status", "available reserved blocked booked sold"),
        one_of("facing", "north northeast east southeast south southwest west northwest"),
        between("floor_number", -5, 200),
        *at_least(0, "area_sqft", "carpet_area_sqft", "price", "floor_rise_per_sqft"),
        *at_least(0, "bedrooms", "bathrooms", "balconies", "parking_spaces"),
        *at_least(1, "version"),
    )
    unique_index("one_unit_per_number", "units", "project_id", "COALESCE(tower, '')", "unit_number")
    index("units_by_status", "units", "project_id", "status")
    index("units_newest", "units", "created_at", "id")
    index("units_reserved", "units", "reserved_until", where="status = 'reserved'")
