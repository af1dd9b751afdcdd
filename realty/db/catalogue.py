"""What is sold: projects and their units."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from pony.orm import Json, Optional, PrimaryKey, Required, Set

from realty.db import enums, stamps
from realty.db.accounts import Builder
from realty.db.database import (
    Entity,
    Touched,
    json_list,
    money,
    one_of,
    optional_money,
    text,
    utcnow,
)


class Project(Touched, Entity):
    """A development. `available_units` counts its units in status available, kept by services."""

    _table_ = "projects"
    id = PrimaryKey(int, auto=True)
    builder = Required(Builder, column="builder_id")
    project_name = Required(str)
    description = text(autostrip=False)
    project_type = Required(str, py_check=one_of(enums.PROJECT_TYPES))
    status = Required(str, default="planning", py_check=one_of(enums.PROJECT_STATUSES))
    location_address = text()
    location_city = Required(str)
    location_state = Required(str)
    location_zipcode = text()
    latitude = Optional(float)
    longitude = Optional(float)
    total_units = Required(int, default=0)
    available_units = Required(int, default=0)
    price_range_min = optional_money()
    price_range_max = optional_money()
    project_area = Optional(Decimal, 10, 2, nullable=True)
    architect = text()
    specifications = json_list()
    amenities = json_list()
    start_date = Optional(date)
    expected_completion_date = Optional(date)
    actual_completion_date = Optional(date)
    images = json_list()
    floor_plans = json_list()
    brochure_file = Optional("File", column="brochure_file_id", reverse="brochure_of")
    is_featured = Required(bool, default=False)
    is_published = Required(bool, default=False)
    rera_number = text()
    rera_authority_url = text()
    rera_valid_until = Optional(date)
    rera_exempt_reason = text()
    occupancy_certificate_date = Optional(date)
    currency = Required(str, default="INR")
    timezone = Required(str, default="Asia/Kolkata")
    visiting_hours = Optional(Json, nullable=True, optimistic=False)
    slot_capacity = Required(int, default=3)
    version = Required(int, default=1)
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)

    units = Set("Unit", cascade_delete=False)
    bookings = Set("Booking", cascade_delete=False)
    saved_by = Set("SavedProject", cascade_delete=False)
    phases = Set("ProjectPhase", cascade_delete=False)
    updates = Set("ConstructionUpdate", cascade_delete=False)
    appointments = Set("Appointment", cascade_delete=False)
    conversations = Set("Conversation", cascade_delete=False)
    messages = Set("Message", cascade_delete=False)
    models = Set("Model3D", cascade_delete=False)
    cache_stamps = Set("CacheStamp", cascade_delete=False)

    def after_insert(self) -> None:
        """Pony calls this just after an INSERT; what the public reads of it has changed."""
        stamps.move_project(self.id)

    def after_update(self) -> None:
        """The same after an UPDATE."""
        stamps.move_project(self.id)


class Unit(Touched, Entity):
    """One saleable unit. Only the booking service moves it to or from booked and sold."""

    _table_ = "units"
    id = PrimaryKey(int, auto=True)
    project = Required(Project, column="project_id")
    tower = text()
    unit_number = Required(str)
    unit_type = Required(str, py_check=one_of(enums.UNIT_TYPES))
    floor_number = Required(int, default=0)
    area_sqft = Required(Decimal, 10, 2)
    carpet_area_sqft = Required(Decimal, 10, 2)
    price = money()
    floor_rise_per_sqft = money()
    preferential_charges = json_list()
    other_charges = json_list()
    status = Required(str, default="available", py_check=one_of(enums.UNIT_STATUSES))
    facing = text(py_check=one_of(enums.FACINGS))
    bedrooms = Optional(int)
    bathrooms = Optional(int)
    balconies = Optional(int)
    parking_spaces = Optional(int)
    floor_plan_file = Optional("File", column="floor_plan_file_id", reverse="floor_plan_of")
    features = json_list()
    reserved_until = Optional(datetime)
    reserved_note = text()
    version = Required(int, default=1)
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)

    bookings = Set("Booking", cascade_delete=False)
    appointments = Set("Appointment", cascade_delete=False)
    models = Set("Model3D", cascade_delete=False)

    def after_insert(self) -> None:
        """The pages of its project show it."""
        stamps.move_project(self.project.id)

    def after_update(self) -> None:
        """The same after an UPDATE."""
        stamps.move_project(self.project.id)
