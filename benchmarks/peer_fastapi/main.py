"""The peer's application: what `benchmarks.stacks` drives beside ours.

FastAPI with plain `def` endpoints in its thread pool, as the design had it that Realty replaces.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from sqlalchemy import select

from benchmarks.peer_fastapi import crud, crud_login, crud_writes
from benchmarks.peer_fastapi.database import SessionLocal
from benchmarks.peer_fastapi.filters import (
    NotificationFilters,
    Paged,
    ProjectFilters,
    UnitFilters,
)
from benchmarks.peer_fastapi.models_log import SystemSetting
from benchmarks.peer_fastapi.schemas import (
    Answer,
    Pagination,
    ProjectData,
    ProjectDetail,
    ProjectListed,
    ProjectsData,
    UnitOut,
    UnitsData,
)
from benchmarks.peer_fastapi.schemas_auth import Credentials, LoginData
from benchmarks.peer_fastapi.schemas_sales import (
    BookingData,
    BookingDetail,
    BookingIn,
    BookingOut,
    BookingsData,
    BookingStats,
    MessageData,
    MessageIn,
    MessageOut,
    NotificationOut,
    NotificationsData,
)
from benchmarks.peer_fastapi.security import bearer_claims, load_user
from realty.rules.policy import Policy

app = FastAPI(title="Peer", docs_url=None, redoc_url=None)


@lru_cache(maxsize=1)
def get_policy() -> Policy:
    """The figures of law and commerce, read once in a process."""
    with SessionLocal() as session:
        rows = session.execute(select(SystemSetting.setting_key, SystemSetting.setting_value))
        return Policy.from_settings(dict(rows.tuples().all()))


# Endpoints open their session themselves: a dependency would be entered and left in threads of the
# pool, two more hops for each request.
Claims = Annotated[dict[str, Any], Depends(bearer_claims)]


def _page(wanted: Paged, total: int) -> Pagination:
    return Pagination(**crud.pagination(wanted.page, wanted.limit, total))


@app.get("/ready")
def ready() -> dict[str, str]:
    """Whether the database answers."""
    with SessionLocal() as db:
        db.execute(select(1))
    return {"status": "ready"}


@app.get("/api/projects")
def list_projects(filters: Annotated[ProjectFilters, Query()]) -> Answer[ProjectsData]:
    """A page of projects."""
    with SessionLocal() as db:
        projects, total = crud.list_projects(db, filters)
        rows = [ProjectListed.model_validate(project) for project in projects]
    return Answer[ProjectsData](data=ProjectsData(projects=rows, pagination=_page(filters, total)))


@app.get("/api/projects/{project_id}")
def get_project(project_id: int) -> Answer[ProjectData]:
    """One project."""
    with SessionLocal() as db:
        project = crud.get_project(db, project_id)
        if project is None:
            raise HTTPException(404, "not_found")
        shown = ProjectDetail.model_validate(project)
    shown.visiting_hours = crud.visiting_hours(project, get_policy())
    return Answer[ProjectData](data=ProjectData(project=shown))


@app.get("/api/projects/{project_id}/units")
def list_units(project_id: int, filters: Annotated[UnitFilters, Query()]) -> Answer[UnitsData]:
    """A page of the units of one project."""
    with SessionLocal() as db:
        found = crud.list_units(db, project_id, filters)
        if found is None:
            raise HTTPException(404, "not_found")
        units, total = found
        rows = [UnitOut.model_validate(unit) for unit in units]
    return Answer[UnitsData](data=UnitsData(units=rows, pagination=_page(filters, total)))


@app.get("/api/bookings")
def list_bookings(claims: Claims, filters: Annotated[Paged, Query()]) -> Answer[BookingsData]:
    """A page of the caller's bookings."""
    with SessionLocal() as db:
        customer = load_user(db, claims).customer
        assert customer is not None, "`load_user` lets customers through only"
        bookings, stats, total = crud.list_bookings(db, customer, filters.page, filters.limit)
        data = BookingsData(
            bookings=[BookingOut.model_validate(booking) for booking in bookings],
            stats=BookingStats(**stats),
            pagination=_page(filters, total),
        )
    return Answer[BookingsData](data=data)


@app.post("/api/bookings", status_code=201)
def create_booking(claims: Claims, wanted: BookingIn, response: Response) -> Answer[BookingData]:
    """Hold a unit."""
    with SessionLocal() as db:
        booking = crud_writes.create_booking(db, load_user(db, claims), wanted, get_policy())
        crud.set_position(booking)
        shown = BookingDetail.model_validate(booking)
    response.headers["Location"] = f"/api/bookings/{booking.id}"
    return Answer[BookingData](data=BookingData(booking=shown))


@app.get("/api/notifications")
def list_notifications(
    claims: Claims, filters: Annotated[NotificationFilters, Query()]
) -> Answer[NotificationsData]:
    """A page of what the caller was told."""
    with SessionLocal() as db:
        rows, total, unread = crud.list_notifications(db, load_user(db, claims), filters)
        data = NotificationsData(
            notifications=[NotificationOut.model_validate(row) for row in rows],
            unread_count=unread,
            pagination=_page(filters, total),
        )
    return Answer[NotificationsData](data=data)


@app.post("/api/messages", status_code=201)
def send_message(claims: Claims, draft: MessageIn, response: Response) -> Answer[MessageData]:
    """Write to a builder."""
    with SessionLocal() as db:
        message = crud_writes.send_message(db, load_user(db, claims), draft, get_policy())
        shown = MessageOut.model_validate(message)
    response.headers["Location"] = f"/api/messages/conversations/{message.conversation_id}"
    return Answer[MessageData](data=MessageData(message=shown))


@app.post("/api/auth/login")
def login(credentials: Credentials, request: Request) -> Answer[LoginData]:
    """Open a session."""
    with SessionLocal() as db:
        found = crud_login.log_in(
            db,
            credentials,
            agent=request.headers.get("User-Agent"),
            ip=request.client.host if request.client else None,
            policy=get_policy(),
        )
        data = LoginData.model_validate(found)
    return Answer[LoginData](data=data)
