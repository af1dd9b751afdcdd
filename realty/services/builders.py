"""Builders: the public directory, the own profile, verification."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pony.orm import desc, select

from realty.db import Builder, Project
from realty.db.locks import lock
from realty.errors import Conflict, LicenseTaken, NotFound
from realty.security import Identity
from realty.services import accounts, audit, files, history
from realty.services.paging import Page, page_of
from realty.services.versions import require_version

ORDERS: dict[str, Any] = {
    "created_at": lambda b: (b.created_at, b.id),
    "-created_at": lambda b: (desc(b.created_at), desc(b.id)),
    "company_name": lambda b: (b.company_name, b.id),
    "-company_name": lambda b: (desc(b.company_name), desc(b.id)),
    "-rating": lambda b: (desc(b.rating), desc(b.id)),
    "-total_projects": lambda b: (desc(b.total_projects), desc(b.id)),
}


def search(
    *,
    city: str | None,
    q: str | None,
    verified: bool | None,
    sort: str,
    page: int,
    limit: int,
) -> Page:
    """Builders whose account is active; `city` asks for a published project there."""
    query = Builder.select(lambda b: b.user.is_active)
    if verified is not None:
        query = query.filter(lambda b: b.verified == verified)
    if q is not None:
        words = q.lower()
        query = query.filter(
            lambda b: words in b.company_name.lower() or words in b.description.lower()
        )
    if city is not None:
        place = city.lower()
        there = select(
            p.builder.id for p in Project if p.is_published and place in p.location_city.lower()
        )
        query = query.filter(lambda b: b.id in there)
    return page_of(query.order_by(ORDERS[sort]), page=page, limit=limit)


def read(builder_id: int) -> Any:
    """One builder; whether it is visible was decided by its resource."""
    return Builder[builder_id]


def update_own(
    identity: Identity,
    changes: dict[str, Any],
    *,
    expected: frozenset[int] | None,
    now: datetime,
) -> Any:
    """Change the caller's profile.

    Raises `StaleVersion`, `LicenseTaken`, `Conflict` for the licence of a verified builder, which
    is what was verified, and `ValidationFailed` as `files.attach` does.
    """
    builder_id = identity.builder_id
    wanted = changes.get("license_number")
    if wanted is not None:
        held = select((b.license_number, b.verified) for b in Builder if b.id == builder_id).first()
        if held is not None and held[1] and held[0] != wanted:
            raise Conflict("The licence of a verified builder cannot be changed.")
        if select(b.id for b in Builder if b.license_number == wanted and b.id != builder_id)[:1]:
            raise LicenseTaken
    values = dict(changes)
    logo_file_id = values.pop("logo_file_id", None)
    builder = accounts.update_profile(Builder, builder_id, values, expected=expected, now=now)
    if "logo_file_id" in changes:
        builder.logo_file = files.exchange(
            builder.logo_file,
            logo_file_id,
            owner=identity,
            purposes=("logo",),
            entity="builder",
            entity_id=builder.id,
            field="logo_file_id",
        )
        builder.flush()
    return builder


def set_verification(
    identity: Identity,
    builder_id: int,
    *,
    verified: bool,
    expected: frozenset[int] | None,
    now: datetime,
) -> Any:
    """Set or take back the mark that the company was checked; the same again changes nothing."""
    builder = lock(Builder, builder_id)
    if builder is None:
        raise NotFound
    require_version(builder, expected)
    if builder.verified != verified:
        builder.set(verified=verified, verified_at=now if verified else None)
        before, after = ("unverified", "verified") if verified else ("verified", "unverified")
        history.record("builder", builder.id, before=before, after=after, actor=identity, now=now)
        audit.note(
            f"builder.{after}", "builder", builder.id, builder_id=None, actor=identity, now=now
        )
        builder.flush()
    return builder
