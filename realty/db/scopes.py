"""Which rows a caller may see: the only way into lists, and what single resources ask as well.

Each function returns a Pony query that the caller may narrow further; `identity` is None for a
stranger. Both halves of the authorisation, lists and single rows, therefore agree by construction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pony.orm import select

from realty.db import enums
from realty.db.accounts import Customer, Invitation, Review
from realty.db.catalogue import Project, Unit
from realty.db.construction import ConstructionUpdate, Model3D
from realty.db.engagement import Appointment, Conversation, Message, Notification
from realty.db.sales import Booking, ChangeRequest, Installment, Payment
from realty.db.system import AuditLog

if TYPE_CHECKING:
    from realty.security import Identity


def held_projects(customer_id: int | None) -> Any:
    """The projects in which a customer holds an occupying booking."""
    occupying = enums.OCCUPYING_STATUSES
    return select(
        b.project.id for b in Booking if b.customer.id == customer_id and b.status in occupying
    )


def visible_projects(identity: Identity | None) -> Any:
    """Published projects of active builders; beside them a builder's own, those a customer holds
    an occupying booking in, and for an admin all."""
    if identity is None:
        return Project.select(lambda p: p.is_published and p.builder.user.is_active)
    if identity.role == "admin":
        return Project.select()
    if identity.role == "builder":
        builder_id = identity.builder_id
        return Project.select(
            lambda p: (p.is_published and p.builder.user.is_active) or p.builder.id == builder_id
        )
    held = held_projects(identity.customer_id)
    return Project.select(lambda p: (p.is_published and p.builder.user.is_active) or p.id in held)


def visible_units(identity: Identity | None) -> Any:
    """The units of `visible_projects`, joined so that both conditions meet in one statement."""
    if identity is None:
        return Unit.select(lambda u: u.project.is_published and u.project.builder.user.is_active)
    if identity.role == "admin":
        return Unit.select()
    if identity.role == "builder":
        builder_id = identity.builder_id
        return Unit.select(
            lambda u: (
                (u.project.is_published and u.project.builder.user.is_active)
                or u.project.builder.id == builder_id
            )
        )
    held = held_projects(identity.customer_id)
    return Unit.select(
        lambda u: (
            (u.project.is_published and u.project.builder.user.is_active) or u.project.id in held
        )
    )


def visible_updates(identity: Identity | None) -> Any:
    """What is published for everybody in `visible_projects`, of any audience in those in which a
    customer holds an occupying booking, and of any status in a builder's own."""
    if identity is not None and identity.role == "admin":
        return ConstructionUpdate.select(
            lambda u: u.status == "published" and u.audience == "public"
        )
    if identity is not None and identity.role == "builder":
        builder_id = identity.builder_id
        return ConstructionUpdate.select(
            lambda u: (
                (
                    u.status == "published"
                    and u.audience == "public"
                    and u.project.is_published
                    and u.project.builder.user.is_active
                )
                or u.project.builder.id == builder_id
            )
        )
    if identity is not None:
        held = held_projects(identity.customer_id)
        return ConstructionUpdate.select(
            lambda u: (
                u.status == "published"
                and (
                    (
                        u.audience == "public"
                        and u.project.is_published
                        and u.project.builder.user.is_active
                    )
                    or u.project.id in held
                )
            )
        )
    return ConstructionUpdate.select(
        lambda u: (
            u.status == "published"
            and u.audience == "public"
            and u.project.is_published
            and u.project.builder.user.is_active
        )
    )


def visible_models(identity: Identity | None) -> Any:
    """The current versions in `visible_projects`, and all versions in a builder's own; whether one
    may be opened is another question (`rules.models.opens`)."""
    if identity is None:
        return Model3D.select(
            lambda m: (
                m.status == "current"
                and m.project.is_published
                and m.project.builder.user.is_active
            )
        )
    if identity.role == "admin":
        return Model3D.select(lambda m: m.status == "current")
    if identity.role == "builder":
        builder_id = identity.builder_id
        return Model3D.select(
            lambda m: (
                (
                    m.status == "current"
                    and m.project.is_published
                    and m.project.builder.user.is_active
                )
                or m.project.builder.id == builder_id
            )
        )
    held = held_projects(identity.customer_id)
    return Model3D.select(
        lambda m: (
            m.status == "current"
            and (
                (m.project.is_published and m.project.builder.user.is_active)
                or m.project.id in held
            )
        )
    )


def visible_reviews() -> Any:
    """Reviews are public, as long as the account of their builder is active."""
    return Review.select(lambda r: r.builder.user.is_active)


def visible_bookings(identity: Identity) -> Any:
    """A customer's own bookings, those in a builder's projects, all for an admin."""
    if identity.role == "admin":
        return Booking.select()
    if identity.role == "builder":
        builder_id = identity.builder_id
        return Booking.select(lambda b: b.builder.id == builder_id)
    customer_id = identity.customer_id
    return Booking.select(lambda b: b.customer.id == customer_id)


def visible_payments(identity: Identity) -> Any:
    """The payments on `visible_bookings`: a builder's by a column of their own, for long lists."""
    if identity.role == "admin":
        return Payment.select()
    if identity.role == "builder":
        builder_id = identity.builder_id
        return Payment.select(lambda p: p.builder.id == builder_id)
    customer_id = identity.customer_id
    return Payment.select(lambda p: p.booking.customer.id == customer_id)


def visible_change_requests(identity: Identity) -> Any:
    """Those on the bookings of `visible_bookings`."""
    return _on_visible_bookings(ChangeRequest, identity)


def visible_installments(identity: Identity) -> Any:
    """The rows of the schedules of `visible_bookings`."""
    return _on_visible_bookings(Installment, identity)


def _on_visible_bookings(entity: Any, identity: Identity) -> Any:
    if identity.role == "admin":
        return entity.select()
    if identity.role == "builder":
        builder_id = identity.builder_id
        return entity.select(lambda row: row.booking.builder.id == builder_id)
    customer_id = identity.customer_id
    return entity.select(lambda row: row.booking.customer.id == customer_id)


def visible_customers(identity: Identity) -> Any:
    """Customers joined to a builder (they wrote, booked, asked for a visit or took an invitation),
    oneself for a customer, all for an admin."""
    if identity.role == "admin":
        return Customer.select()
    if identity.role == "customer":
        customer_id = identity.customer_id
        return Customer.select(lambda c: c.id == customer_id)
    return _joined_customers(identity.builder_id)


def _joined_customers(builder_id: int | None) -> Any:
    booked = select(b.customer.id for b in Booking if b.builder.id == builder_id)
    invited = select(i.customer.id for i in Invitation if i.builder.id == builder_id)
    wrote = select(t.customer.id for t in Conversation if t.builder.id == builder_id)
    visited = select(a.customer.id for a in Appointment if a.project.builder.id == builder_id)
    return Customer.select(
        lambda c: c.id in booked or c.id in invited or c.id in wrote or c.id in visited
    )


def visible_appointments(identity: Identity) -> Any:
    """A customer's own visits, those in a builder's projects, all for an admin."""
    if identity.role == "admin":
        return Appointment.select()
    if identity.role == "builder":
        builder_id = identity.builder_id
        return Appointment.select(lambda a: a.project.builder.id == builder_id)
    customer_id = identity.customer_id
    return Appointment.select(lambda a: a.customer.id == customer_id)


def visible_conversations(identity: Identity) -> Any:
    """Those that a customer or a builder is a side of; an admin reads nobody's."""
    if identity.role == "builder":
        builder_id = identity.builder_id
        return Conversation.select(lambda t: t.builder.id == builder_id)
    customer_id = identity.customer_id
    return Conversation.select(lambda t: t.customer.id == customer_id)


def visible_messages(identity: Identity) -> Any:
    """The messages of `visible_conversations`."""
    if identity.role == "builder":
        builder_id = identity.builder_id
        return Message.select(lambda m: m.conversation.builder.id == builder_id)
    customer_id = identity.customer_id
    return Message.select(lambda m: m.conversation.customer.id == customer_id)


def own_notifications(identity: Identity) -> Any:
    """What the caller was told; nobody else reads it."""
    user_id = identity.user_id
    return Notification.select(lambda n: n.user.id == user_id)


def visible_facts(identity: Identity) -> Any:
    """The audited facts of a builder's own chain, all for an admin."""
    if identity.role == "admin":
        return AuditLog.select()
    builder_id = identity.builder_id
    return AuditLog.select(lambda f: f.builder.id == builder_id)
