"""Who may read a file: whoever may see the row that it is attached to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pony.orm import select

from realty.db import Builder, ChangeRequest, Customer, File, Payment, ProjectPhase, db, scopes
from realty.errors import NotFound
from realty.security import Identity
from realty.services.model_queries import open_to


def readable(file_id: int, reader: Identity | None) -> Any:
    """The file, if this reader may see it; a stranger sees what is attached to public rows.

    Raises `NotFound` for all others alike.
    """
    file = File.get(id=file_id)
    if file is None or file.removed_at is not None or not _may_read(file, reader):
        raise NotFound
    return file


def reader_of(user_id: int) -> Identity:
    """The account that a link was made for, as it is now; `NotFound` once it is deactivated."""
    rows = db.select(
        "SELECT u.user_type, b.id AS builder_id, c.id AS customer_id FROM users u"
        " LEFT JOIN builders b ON b.user_id = u.id LEFT JOIN customers c ON c.user_id = u.id"
        " WHERE u.id = $user_id AND u.is_active",
        {"user_id": user_id},
    )
    if not rows:
        raise NotFound
    role, builder_id, customer_id = rows[0]
    return Identity(user_id, role, 0, builder_id, customer_id)


def _may_read(file: Any, reader: Identity | None) -> bool:
    if file.attached_to_type is None:
        return reader is not None and reader.user_id == file.owner.id
    rule = _RULES.get(file.attached_to_type)
    return rule is not None and rule(reader, file.attached_to_id)


def _user(reader: Identity | None, user_id: int) -> bool:
    """An avatar: oneself, admins, everybody signed in for a builder's, its builders for a
    customer's."""
    if reader is None:
        return False
    if user_id == reader.user_id or reader.role == "admin" or Builder.exists(user=user_id):
        return True
    joined = scopes.visible_customers(reader) if reader.role == "builder" else None
    mine = select(c.id for c in Customer if c.user.id == user_id).first()
    return joined is not None and joined.filter(lambda c: c.id == mine).exists()


def _builder(_reader: Identity | None, _builder_id: int) -> bool:
    """A logo is public."""
    return True


def _project(reader: Identity | None, project_id: int) -> bool:
    return bool(scopes.visible_projects(reader).filter(lambda p: p.id == project_id).exists())


def _unit(reader: Identity | None, unit_id: int) -> bool:
    return bool(scopes.visible_units(reader).filter(lambda u: u.id == unit_id).exists())


def _phase(reader: Identity | None, phase_id: int) -> bool:
    """A phase that is not for customers is for its builder alone, as in the project's progress."""
    phase = ProjectPhase.get(id=phase_id)
    if phase is None or not _project(reader, phase.project.id):
        return False
    own = reader is not None and reader.builder_id == phase.project.builder.id
    return own or bool(phase.customer_visible)


def _update(reader: Identity | None, update_id: int) -> bool:
    return bool(scopes.visible_updates(reader).filter(lambda u: u.id == update_id).exists())


def _model(reader: Identity | None, model_id: int) -> bool:
    """The file and the thumbnail of a 3D model, for whoever may open it."""
    seen = scopes.visible_models(reader).filter(lambda m: m.id == model_id)[:1]
    return bool(open_to(reader, seen))


def _booking(reader: Identity | None, booking_id: int | None) -> bool:
    if reader is None:
        return False
    return bool(scopes.visible_bookings(reader).filter(lambda b: b.id == booking_id).exists())


def _payment(reader: Identity | None, payment_id: int) -> bool:
    return _booking(reader, select(p.booking.id for p in Payment if p.id == payment_id).first())


def _change_request(reader: Identity | None, request_id: int) -> bool:
    about = select(r.booking.id for r in ChangeRequest if r.id == request_id).first()
    return _booking(reader, about)


def _message(reader: Identity | None, message_id: int) -> bool:
    if reader is None:
        return False
    return bool(scopes.visible_messages(reader).filter(lambda m: m.id == message_id).exists())


_RULES: Mapping[str, Callable[[Identity | None, int], bool]] = {
    "user": _user,
    "builder": _builder,
    "project": _project,
    "unit": _unit,
    "phase": _phase,
    "update": _update,
    "model": _model,
    "payment": _payment,
    "change_request": _change_request,
    "message": _message,
}
"""By `attached_to_type`. What is attached to anything else is read by nobody."""
