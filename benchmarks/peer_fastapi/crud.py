"""Reading: one count and one page a list, and one statement for each kind of derived value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, contains_eager, defer, joinedload, selectinload

from benchmarks.peer_fastapi.filters import NotificationFilters, ProjectFilters, UnitFilters
from benchmarks.peer_fastapi.models import (
    Booking,
    Builder,
    Customer,
    Notification,
    Project,
    Unit,
    User,
)
from realty.rules.clock import local_date
from realty.rules.cost_sheet import agreement_value, terms_of
from realty.rules.lifecycles import CANCELLABLE, DEAD, allowed_booking_actions
from realty.rules.money import ZERO
from realty.rules.policy import Policy
from realty.rules.position import PayableRow, payment_position
from realty.rules.progress import Phase, next_milestone, overall_progress, schedule_state
from realty.rules.setting_tables import dump_visiting_hours

# What a list of projects, or a card of one, never shows.
_LONG = (
    defer(Project.description),
    defer(Project.specifications),
    defer(Project.amenities),
    defer(Project.floor_plans),
    defer(Project.visiting_hours),
)
_NULLABLE = frozenset({"price_range_min", "expected_completion_date"})
_IN_APP = Notification.channels.has_key("in_app")


def utcnow() -> datetime:
    """This moment, as columns hold it."""
    return datetime.now(UTC).replace(tzinfo=None)


def pagination(number: int, limit: int, total: int) -> dict[str, Any]:
    """The contract's `Pagination`."""
    pages = -(-total // limit)
    return {
        "currentPage": number,
        "totalPages": pages,
        "totalItems": total,
        "hasNext": number < pages,
        "hasPrev": number > 1,
    }


def _count(db: Session, query: Select[Any]) -> int:
    counted = query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
    return db.execute(counted).scalar_one()


def list_projects(db: Session, filters: ProjectFilters) -> tuple[Sequence[Project], int]:
    """A page of the published projects, and how many there are."""
    query = select(Project).join(Project.builder).join(Builder.user)
    query = query.where(Project.is_published, User.is_active, *_wanted_projects(filters))
    total = _count(db, query)
    page = query.options(
        contains_eager(Project.builder), selectinload(Project.phases), *_LONG
    ).order_by(*_order(Project, filters.sort))
    projects = db.scalars(page.offset(filters.offset).limit(filters.limit)).all()
    _derive(db, projects)
    return projects, total


def get_project(db: Session, project_id: int) -> Project | None:
    """One published project."""
    query = select(Project).join(Project.builder).join(Builder.user)
    query = query.where(Project.id == project_id, Project.is_published, User.is_active)
    query = query.options(contains_eager(Project.builder), selectinload(Project.phases))
    project = db.scalars(query).one_or_none()
    if project is not None:
        _derive(db, [project])
    return project


def _wanted_projects(filters: ProjectFilters) -> list[ColumnElement[bool]]:
    equal = filters.model_dump(
        include={"status", "project_type", "builder_id", "is_featured"}, exclude_none=True
    )
    wanted: list[ColumnElement[bool]] = [
        getattr(Project, name) == value for name, value in equal.items()
    ]
    if filters.unit_type is not None:
        having = select(Unit.project_id).where(Unit.unit_type == filters.unit_type)
        wanted.append(Project.id.in_(having))
    if filters.min_price is not None:
        wanted.append(Project.price_range_max >= filters.min_price)
    if filters.max_price is not None:
        wanted.append(Project.price_range_min <= filters.max_price)
    if filters.city is not None:
        wanted.append(_contains(Project.location_city, filters.city))
    if filters.state is not None:
        wanted.append(_contains(Project.location_state, filters.state))
    wanted.extend(
        _contains(Project.project_name, word) | _contains(Project.location_city, word)
        for word in (filters.q or "").split()
    )
    return wanted


def _contains(column: Any, word: str) -> ColumnElement[bool]:
    """As the trigram indexes have it: over the lower case of the column."""
    found: ColumnElement[bool] = func.lower(column).contains(word.lower(), autoescape=True)
    return found


def _order(model: Any, sort: str) -> list[Any]:
    name = sort.removeprefix("-")
    column = getattr(model, name)
    keys = [column.desc(), model.id.desc()] if sort.startswith("-") else [column.asc(), model.id]
    # Rows without a value come last in both directions.
    return [keys[0].nulls_last(), keys[1]] if name in _NULLABLE else keys


def _derive(db: Session, projects: Sequence[Project]) -> None:
    """Set what the answers derive from units and phases."""
    columns = (Unit.bedrooms, Unit.area_sqft, Unit.carpet_area_sqft)
    bounds = [bound(column) for column in columns for bound in (func.min, func.max)]
    rows = db.execute(
        select(Unit.project_id, *bounds)
        .where(Unit.project_id.in_([project.id for project in projects]))
        .group_by(Unit.project_id)
    )
    ranges = {row[0]: row[1:] for row in rows}
    now = utcnow()
    for project in projects:
        found = ranges.get(project.id, (None,) * 6)
        phases = [_phase(phase) for phase in project.phases]
        derived: dict[str, Any] = dict(zip(_RANGES, found, strict=True))
        derived["overall_progress"] = overall_progress(phases)
        derived["schedule_state"] = schedule_state(phases, local_date(now, project.timezone))
        derived["next_milestone"] = next_milestone(phases, hidden_too=False)
        vars(project).update(derived)


_RANGES = (
    *("bedrooms_min", "bedrooms_max", "area_sqft_min", "area_sqft_max"),
    *("carpet_area_sqft_min", "carpet_area_sqft_max"),
)


def _phase(row: Any) -> Phase:
    return Phase(
        row.id,
        row.sequence,
        row.phase_name,
        row.milestone_code,
        row.weight_percent,
        row.progress_percentage,
        row.status,
        row.expected_end_date,
        row.customer_visible,
    )


def visiting_hours(project: Project, policy: Policy) -> Any:
    """Those of the project, or of the service where it states none."""
    if project.visiting_hours is not None:
        return project.visiting_hours
    return dump_visiting_hours(policy.appointment_visiting_hours)


def list_units(
    db: Session, project_id: int, filters: UnitFilters
) -> tuple[Sequence[Unit], int] | None:
    """A page of the units of a published project, and how many there are; None without it."""
    visible = select(Project).join(Project.builder).join(Builder.user).options(*_LONG)
    project = db.scalars(
        visible.where(Project.id == project_id, Project.is_published, User.is_active)
    ).one_or_none()
    if project is None:
        return None
    equal = filters.model_dump(
        include={"status", "unit_type", "facing", "bedrooms"}, exclude_none=True
    )
    query = select(Unit).where(Unit.project_id == project_id)
    query = query.where(*(getattr(Unit, name) == value for name, value in equal.items()))
    if filters.min_price is not None:
        query = query.where(Unit.price >= filters.min_price)
    if filters.max_price is not None:
        query = query.where(Unit.price <= filters.max_price)
    total = _count(db, query)
    page = query.order_by(*_order(Unit, filters.sort)).offset(filters.offset).limit(filters.limit)
    # The project is in the session already: reading `unit.project` sends nothing.
    units = db.scalars(page).all()
    for unit in units:
        vars(unit)["agreement_value"] = agreement_value(terms_of(vars(unit)))
    return units, total


def list_bookings(
    db: Session, customer: Customer, page: int, limit: int
) -> tuple[Sequence[Booking], dict[str, Any], int]:
    """A page of the customer's bookings with their cards, the counts of all, and how many."""
    query = select(Booking).where(Booking.customer_id == customer.id)
    total = _count(db, query)
    rows = query.options(
        defer(Booking.price_snapshot),
        joinedload(Booking.unit).options(
            defer(Unit.features), defer(Unit.preferential_charges), defer(Unit.other_charges)
        ),
        joinedload(Booking.project).options(*_LONG),
        joinedload(Booking.builder),
        selectinload(Booking.installments),
    ).order_by(Booking.created_at.desc(), Booking.id.desc())
    bookings = db.scalars(rows.offset((page - 1) * limit).limit(limit)).all()
    for booking in bookings:
        set_position(booking)
    return bookings, _stats(db, customer.id), total


def set_position(booking: Booking) -> None:
    """Set where a booking stands with its money."""
    position = payment_position(
        status=booking.status,
        total_amount=booking.total_amount,
        variation_amount=booking.variation_amount,
        charge_amount=booking.charge_amount,
        paid_amount=booking.paid_amount,
        deduction_amount=booking.deduction_amount,
        rows=[
            PayableRow(
                row.sequence, row.amount, row.paid_amount, row.due_date, row.status == "void"
            )
            for row in booking.installments
        ],
    )
    derived: dict[str, Any] = {name: getattr(position, name) for name in _POSITION}
    derived["allowed_actions"] = allowed_booking_actions(booking.status, "customer")
    vars(booking).update(derived)


_POSITION = (
    *("payable_amount", "pending_amount", "unallocated_amount", "refund_owed"),
    *("payment_progress", "payment_status", "next_payment_due", "next_payment_amount"),
)


def _stats(db: Session, customer_id: int) -> dict[str, Any]:
    payable = Booking.total_amount + Booking.variation_amount + Booking.charge_amount
    rows = db.execute(
        select(
            Booking.status,
            func.count(),
            func.sum(payable),
            func.sum(func.greatest(payable - Booking.paid_amount, 0)),
        )
        .where(Booking.customer_id == customer_id)
        .group_by(Booking.status)
    )
    counts = {"active": 0, "completed": 0, "cancelled": 0}
    revenue: Decimal = ZERO
    unpaid: Decimal = ZERO
    for status, number, owed, open_amount in rows:
        state = "active" if status in CANCELLABLE else "completed"
        if status in DEAD:
            state = "cancelled"
        else:
            revenue += owed
            unpaid += open_amount
        counts[state] += number
    return {
        "total_bookings": sum(counts.values()),
        **{f"{state}_bookings": number for state, number in counts.items()},
        "total_revenue": revenue,
        "pending_revenue": unpaid,
    }


def list_notifications(
    db: Session, user: User, filters: NotificationFilters
) -> tuple[Sequence[Notification], int, int]:
    """A page of what a user was told, how many there are, and how many are unread."""
    shown = select(Notification).where(Notification.user_id == user.id, _IN_APP)
    unread = _count(db, shown.where(~Notification.is_read))
    total = unread
    if filters.is_read is not None:
        shown = shown.where(Notification.is_read == filters.is_read)
    if filters.is_read is not False:
        total = _count(db, shown)
    page = shown.order_by(Notification.created_at.desc(), Notification.id.desc())
    rows = db.scalars(page.offset(filters.offset).limit(filters.limit)).all()
    _set_cards(db, user, rows)
    return rows, total, unread


def _set_cards(db: Session, user: User, rows: Sequence[Notification]) -> None:
    """Set the cards of the customer's bookings that these are about."""
    ids = {row.related_entity_id for row in rows if row.related_entity_type == "booking"}
    found: dict[int, tuple[Project, Builder]] = {}
    if ids:
        query = (
            select(Booking.id, Project, Builder)
            .join(Booking.project)
            .join(Booking.builder)
            .where(Booking.customer_id == user.customer_id, Booking.id.in_(ids))
            .options(*_LONG)
        )
        found = {
            booking_id: (project, builder) for booking_id, project, builder in db.execute(query)
        }
    for row in rows:
        key = row.related_entity_id if row.related_entity_type == "booking" else None
        project, builder = found.get(key or 0, (None, None))
        vars(row).update(project=project, builder=builder)
