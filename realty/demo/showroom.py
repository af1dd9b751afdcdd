"""What builders show and whom they see: 3D models, news from the sites, visits, replies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from realty.db import Booking, Review
from realty.demo.pictures import Album
from realty.demo.sales import ZONE, Cast
from realty.demo.shapes import flat_glb, site_glb
from realty.demo.timeline import Script, morning
from realty.rules.clock import local_date
from realty.security import Identity
from realty.services import appointments, models, reviews, updates
from realty.services.appointments import Wish

SITES = (("lakeside", (14, 12, 12)), ("seafront", (26,)), ("riverwalk", (11, 9)))
"""Projects with a model of the whole, and the storeys of its towers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """An update of a project, published unless it is a draft; with a picture of so many storeys."""

    place: str
    days_ago: float
    title: str
    content: str
    kind: str = "general"
    priority: str = "medium"
    audience: str = "public"
    storeys: int = 0
    delay_days: int | None = None
    tags: Sequence[str] = ()
    published: bool = True


POSTS = (
    Post(place="lakeside", days_ago=40, kind="milestone", storeys=3, tags=("Tower A", "slabs"),
         title="The third slab of tower A is cast",
         content="Cube tests of the second slab passed. ಮೂರನೇ ಮಹಡಿ ಸಿದ್ಧ."),
    Post(place="lakeside", days_ago=18, kind="delay", priority="high", audience="customers",
         delay_days=14, title="Two weeks of rain",
         content="The slabs of tower B wait for dry days. Possession is expected as promised."),
    Post(place="lakeside", days_ago=2, kind="safety", storeys=5,
         title="Nets and rails up to the fifth floor",
         content="Visitors wear helmets from here on; they hang at the gate."),
    Post(place="lakeside", days_ago=0.5, published=False,
         title="Lobby stone", content="Kota or granite: to be decided with the architect."),
    Post(place="seafront", days_ago=25, kind="quality", storeys=9, tags=("concrete",),
         title="Concrete tested at 28 days", content="All cubes above M40. अहवाल साइट ऑफिसमध्ये."),
    Post(place="riverwalk", days_ago=9, storeys=6, audience="customers",
         title="Sample flat open on Sundays", content="Mutha-101, from ten to five."),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit that was asked for `asked` days ago for a day `ahead` of then, at `hour` local time.

    `outcome` is what became of it: `waiting` and `agreed` ones are still to come.
    """

    buyer: int
    place: str
    asked: float
    ahead: int
    outcome: str
    hour: int = 11
    kind: str = "site_visit"
    by_builder: bool = False
    booked: bool = False
    agenda: str | None = None


VISITS = (
    Visit(buyer=0, place="lakeside", asked=30, ahead=5, outcome="held", kind="progress_update",
          booked=True, agenda="See the third slab."),
    Visit(buyer=0, place="lakeside", asked=2, ahead=6, outcome="agreed", booked=True, hour=10,
          agenda="Tiles of the master bathroom. हम चार लोग हैं।"),
    Visit(buyer=0, place="seafront", asked=0.2, ahead=4, outcome="waiting"),
    Visit(buyer=2, place="lakeside", asked=1, ahead=5, outcome="agreed", by_builder=True,
          kind="documentation", booked=True, hour=15),
    Visit(buyer=3, place="lakeside", asked=12, ahead=3, outcome="missed"),
    Visit(buyer=16, place="lakeside", asked=0.4, ahead=9, outcome="waiting", hour=16),
    Visit(buyer=5, place="seafront", asked=20, ahead=7, outcome="cancelled", booked=True),
    Visit(buyer=6, place="riverwalk", asked=3, ahead=8, outcome="moved"),
    Visit(buyer=10, place="sahakar", asked=8, ahead=2, outcome="held", booked=True),
)  # fmt: skip

REPLIES = {12: "Thank you. ధన్యవాదాలు. The terrace keys are at the office.", 4: "Noted, with thanks."}
"""What builders answered to the reviews of these buyers."""


def post(said: Post, project_id: int, builder: Identity, album: Album, now: datetime) -> Script:
    """Write an update, and publish it an hour later."""
    at = yield now - timedelta(days=said.days_ago)
    images: list[dict[str, Any]] = []
    if said.storeys:
        name = f"{said.place}-news-{said.storeys}"
        file_id = album.site(
            name, storeys=said.storeys, owner=builder, purpose="update_image", now=at
        )
        images.append({"file_id": file_id, "caption": said.title})
    body = {
        "update_title": said.title,
        "update_content": said.content,
        "update_type": said.kind,
        "priority": said.priority,
        "audience": said.audience,
        "estimated_delay_days": said.delay_days,
        "weather_impact": said.delay_days is not None,
        "tags": list(said.tags),
        "images": images,
    }
    update = updates.create(project_id, body, actor=builder, now=at)
    if said.published:
        at = yield at + timedelta(hours=1)
        updates.edit(
            update.id,
            {"status": "published"},
            project_id=project_id,
            actor=builder,
            expected=None,
            now=at,
        )


def exhibit(cast: Cast, projects: dict[str, int], album: Album, now: datetime) -> Script:
    """Models of three sites, the second version of one of them, and a flat with a design option."""
    at = yield now - timedelta(days=90)
    for place, storeys in SITES:
        content = site_glb(storeys)
        for version in range(2 if place == "lakeside" else 1):
            body = {
                "model_name": "Site model",
                "model_type": "project_overview",
                "viewer_config": {
                    "camera_position": {"x": 60, "y": 45, "z": 80},
                    "background_color": "#dce8f2",
                    "auto_rotate": version == 0,
                },
            }
            _show(place, body, content, cast, projects, album, at)
    at = yield at + timedelta(days=20)
    for name, kind, level, open_kitchen in (
        ("Show flat, 3 BHK", "unit_interior", "customers_only", False),
        ("Open kitchen", "design_option", "booked_customers", True),
    ):
        body = {"model_name": name, "model_type": kind, "access_level": level}
        _show("lakeside", body, flat_glb(open_kitchen=open_kitchen), cast, projects, album, at)


def _show(
    place: str,
    body: dict[str, Any],
    content: bytes,
    cast: Cast,
    projects: dict[str, int],
    album: Album,
    at: datetime,
) -> None:
    builder = cast.builders[place]
    file_id = album.model(f"{place}-{body['model_name']}", content, owner=builder, now=at)
    image = album.site(f"{place}-model", storeys=8, owner=builder, purpose="thumbnail", now=at)
    named = {"file_id": file_id, "thumbnail_file_id": image, "status": "current"}
    models.create(projects[place], body | named, actor=builder, now=at)


def visit(plan: Visit, cast: Cast, projects: dict[str, int], now: datetime) -> Script:
    """Ask for a visit, answer, and come, or not."""
    at = yield now - timedelta(days=plan.asked)
    customer, builder = cast.customers[plan.buyer], cast.builders[plan.place]
    asking, other = (builder, customer) if plan.by_builder else (customer, builder)
    project_id = projects[plan.place]
    day = local_date(at, ZONE) + timedelta(days=plan.ahead)
    # Nine o'clock in India is half an hour before what a morning is here.
    starts = morning(day) + timedelta(hours=plan.hour - 9, minutes=-30)
    booking = Booking.select(
        lambda b: b.customer.id == customer.customer_id and b.project.id == project_id
    ).first()
    asked = appointments.arrange(
        Wish(
            project_id=project_id,
            appointment_type=plan.kind,
            appointment_date=starts,
            customer_id=customer.customer_id if plan.by_builder else None,
            booking_id=booking.id if plan.booked and booking else None,
            agenda=plan.agenda,
            attendees=[] if plan.by_builder else ["Spouse"],
        ),
        actor=asking,
        now=at,
    )
    where: dict[str, Any] = {"project_id": project_id}
    both = {**where, "customer_id": customer.customer_id}
    if plan.outcome == "waiting":
        return
    at = yield at + timedelta(hours=3)
    if plan.outcome == "moved":
        appointments.reschedule(
            asked.id,
            appointment_date=starts + timedelta(days=1),
            duration_minutes=None,
            reason="The engineer is on another site that day.",
            actor=other,
            now=at,
            **both,
        )
        return
    appointments.confirm(asked.id, actor=other, now=at, **both)
    if plan.outcome == "cancelled":
        at = yield at + timedelta(days=1)
        reason = "A family function on the same day."
        appointments.cancel(asked.id, reason=reason, actor=customer, now=at, **where)
    elif plan.outcome in {"held", "missed"}:
        at = yield starts + timedelta(hours=2)
        action = "complete" if plan.outcome == "held" else "no_show"
        appointments.conclude(asked.id, action, actor=builder, now=at, **where)


def reply(handed_over: dict[int, Any], builders: list[Identity], now: datetime) -> None:
    """Answer reviews, each as the builder whom it is about."""
    for buyer, text in REPLIES.items():
        review = Review.get(booking=handed_over[buyer])
        builder_id = review.builder.id
        actor = next(each for each in builders if each.builder_id == builder_id)
        at = now - timedelta(days=3)
        reviews.reply(review.id, text, builder_id=builder_id, actor=actor, now=at)
