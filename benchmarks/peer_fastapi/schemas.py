"""What the peer reads and answers: the shapes of our contract as Pydantic models."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Data = TypeVar("Data", bound=BaseModel)

# Columns are naive UTC; an aware value is written with `Z`.
Moment = Annotated[datetime, AfterValidator(lambda moment: moment.replace(tzinfo=UTC))]
Count = Annotated[int, BeforeValidator(lambda number: number or 0)]


class FromRow(BaseModel):
    """Something read from a row by its attributes."""

    model_config = ConfigDict(from_attributes=True)


class Closed(BaseModel):
    """A body that holds nothing unknown."""

    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel, Generic[Data]):
    """The envelope of every success."""

    success: Literal[True] = True
    data: Data


class Pagination(BaseModel):
    """Where a page stands."""

    currentPage: int  # noqa: N815 - names of the contract
    totalPages: int  # noqa: N815
    totalItems: int  # noqa: N815
    hasNext: bool  # noqa: N815
    hasPrev: bool  # noqa: N815


class FileRef(BaseModel):
    """A file; no measured row has one."""

    file_id: int
    url: str
    expires_at: datetime


class ImageRef(BaseModel):
    """A picture; no measured row has one."""

    file_id: int | None
    url: str
    expires_at: datetime | None
    caption: str | None


class BuilderCard(FromRow):
    """A builder, small."""

    id: int
    user_id: int
    company_name: str
    verified: bool
    rating: Decimal
    logo_file: FileRef | None = None


class CustomerCard(FromRow):
    """A customer, small."""

    id: int
    user_id: int
    first_name: str
    last_name: str
    phone: str | None
    email: str


class ProjectCard(FromRow):
    """A project, small."""

    id: int
    project_name: str
    status: str
    location_city: str
    location_state: str
    builder_id: int
    currency: str
    image_url: str | None


class UnitCard(FromRow):
    """A unit, small."""

    id: int
    project_id: int
    tower: str | None
    unit_number: str
    unit_type: str
    floor_number: int
    carpet_area_sqft: Decimal
    status: str


class ProjectSummary(FromRow):
    """A project in a list, for a stranger."""

    id: int
    builder_id: int
    builder: BuilderCard
    project_name: str
    project_type: str
    status: str
    location_address: str | None
    location_city: str
    location_state: str
    latitude: float | None
    longitude: float | None
    total_units: int
    available_units: int
    price_range_min: Decimal | None
    price_range_max: Decimal | None
    currency: str
    bedrooms_min: int | None
    bedrooms_max: int | None
    area_sqft_min: Decimal | None
    area_sqft_max: Decimal | None
    carpet_area_sqft_min: Decimal | None
    carpet_area_sqft_max: Decimal | None
    expected_completion_date: date | None
    rera_number: str | None
    is_featured: bool
    is_published: bool
    overall_progress: Decimal
    schedule_state: str
    is_saved: bool | None = None
    bookings_count: int | None = None
    units_by_status: dict[str, int] | None = None
    version: int
    created_at: Moment
    updated_at: Moment


class ProjectListed(ProjectSummary):
    """A row of the list of projects."""

    image_url: str | None


class NextMilestone(FromRow):
    """The phase that is worked on."""

    phase_id: int
    phase_name: str
    milestone_code: str | None
    progress_percentage: Decimal
    expected_end_date: date | None


class ProjectDetail(ProjectSummary):
    """One project."""

    description: str | None
    location_zipcode: str | None
    project_area: Decimal | None
    architect: str | None
    specifications: list[Any]
    amenities: list[str]
    start_date: date | None
    actual_completion_date: date | None
    occupancy_certificate_date: date | None
    images: list[ImageRef]
    floor_plans: list[ImageRef]
    brochure_file: FileRef | None = None
    rera_authority_url: str | None
    rera_valid_until: date | None
    rera_exempt_reason: str | None
    timezone: str
    visiting_hours: Any
    slot_capacity: int
    next_milestone: NextMilestone | None


class ProjectsData(BaseModel):
    """A page of projects."""

    projects: list[ProjectListed]
    pagination: Pagination


class ProjectData(BaseModel):
    """One project."""

    project: ProjectDetail


class ChargeLine(BaseModel):
    """A charge on top of the price."""

    code: str
    label: str
    amount: str


class UnitOut(FromRow):
    """A unit, for a stranger."""

    id: int
    project_id: int
    project: ProjectCard
    tower: str | None
    unit_number: str
    unit_type: str
    floor_number: int
    area_sqft: Decimal
    carpet_area_sqft: Decimal
    price: Decimal
    floor_rise_per_sqft: Decimal
    preferential_charges: list[ChargeLine]
    other_charges: list[ChargeLine]
    agreement_value: Decimal
    status: str
    facing: str | None
    bedrooms: Count
    bathrooms: Count
    balconies: Count
    parking_spaces: Count
    features: list[Any]
    floor_plan_file: FileRef | None = None
    reserved_until: Moment | None
    reserved_note: None = Field(default=None, validation_alias="hidden_from_strangers")
    version: int
    created_at: Moment
    updated_at: Moment


class UnitsData(BaseModel):
    """A page of units."""

    units: list[UnitOut]
    pagination: Pagination
