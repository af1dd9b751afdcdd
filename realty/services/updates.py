"""News from the site: drafted, published, changed with the former text kept, archived.

The project's row is the lock of its updates: it is locked first, and only then is one read. Whoever
publishes twice, or at the same moment as somebody else, finds it published and tells nobody again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pony.orm import flush, select

from realty.db import Booking, ConstructionUpdate, Project, ProjectPhase, UpdateRevision
from realty.db.enums import OCCUPYING_STATUSES
from realty.db.locks import lock
from realty.errors import Conflict, Detail, NotFound, ValidationFailed
from realty.rules.updates import PUBLISHED, check_tags, check_update_move
from realty.security import Identity
from realty.services import files, history
from realty.services.booking_events import LONGEST_MESSAGE, written
from realty.services.notifications import notify_all
from realty.services.versions import require_version

COLUMNS = (
    *("update_title", "update_content", "update_type", "priority", "audience", "videos"),
    *("estimated_delay_days", "weather_impact", "tags"),
)
"""What the builder writes, beside the phase and the images."""
KEPT = ["update_title", "update_content", "estimated_delay_days"]
"""What was told and is kept when it is changed after publishing."""
_CHANGEABLE = [*COLUMNS, "phase", "images", "status"]


def create(project_id: int, body: Mapping[str, Any], *, actor: Identity, now: datetime) -> Any:
    """A draft of the calling builder, with the columns of `COLUMNS`, `phase_id` and `images`.

    Raises `NotFound` when the project is gone; `ValidationFailed` for a title of blanks, a tag that
    stands there twice, a phase of another project, a file that cannot be attached.
    """
    project = _locked(project_id)
    update = ConstructionUpdate(
        project=project,
        phase=_phase(body.get("phase_id"), project_id),
        posted_by=actor.user_id,
        created_at=now,
        updated_at=now,
        **_columns(body),
    )
    flush()
    _picture(update, body.get("images", ()), actor)
    history.record("update", update.id, before=None, after=update.status, actor=actor, now=now)
    flush()
    return update


def edit(
    update_id: int,
    changes: Mapping[str, Any],
    *,
    project_id: int,
    actor: Identity,
    expected: frozenset[int] | None,
    now: datetime,
) -> Any:
    """Change an update and, with `status`, publish or archive it; what is left out stays.

    The status that it has already changes nothing. Raises `StaleVersion`, `InvalidTransition`, and
    `NotFound` and `ValidationFailed` as `create` does.
    """
    project = _locked(project_id)
    update = _present(update_id)
    require_version(update, expected)
    before = update.to_dict(_CHANGEABLE)
    update.set(**_columns(changes))
    if "phase_id" in changes:
        update.phase = _phase(changes["phase_id"], project_id)
    if "images" in changes:
        _picture(update, changes["images"], actor)
    if update.published_at is not None:
        _keep({name: before[name] for name in KEPT}, update, now)
    target = changes.get("status", update.status)
    if target != update.status:
        _move(update, target, actor=actor, now=now)
    first = update.status == PUBLISHED and update.published_at is None
    if first:
        update.published_at = now
    if update.to_dict(_CHANGEABLE) != before:
        update.version += 1
    flush()
    if first:
        _tell(update, project, now)
    return update


def delete(update_id: int, *, project_id: int, actor: Identity) -> None:
    """Forget a draft, and release its images. Raises `Conflict` once it was published."""
    _locked(project_id)
    update = _present(update_id)
    if update.status != "draft":
        raise Conflict(
            "What was published stays on record: archive it.",
            details=[Detail("status", "Only a draft is deleted.", update.status, ("draft",))],
        )
    _picture(update, (), actor)
    update.delete()
    flush()


def _locked(project_id: int) -> Any:
    project = lock(Project, project_id)
    if project is None:
        raise NotFound
    return project


def _present(update_id: int) -> Any:
    """The update, which may have been deleted since the caller's resource saw it."""
    update = ConstructionUpdate.get(id=update_id)
    if update is None:
        raise NotFound
    return update


def _columns(body: Mapping[str, Any]) -> dict[str, Any]:
    """What `body` says of `COLUMNS`, checked."""
    columns = {name: body[name] for name in COLUMNS if name in body}
    if "update_title" in columns:
        columns["update_title"] = written(columns["update_title"], "update_title")
    check_tags(columns.get("tags", ()))
    if "videos" in columns:
        columns["videos"] = [
            {"url": video["url"], "caption": video.get("caption")} for video in columns["videos"]
        ]
    return columns


def _phase(phase_id: int | None, project_id: int) -> int | None:
    """The id of a phase of the project, shown to customers or not; None for none."""
    if phase_id is None:
        return None
    if not select(f.id for f in ProjectPhase if f.id == phase_id and f.project.id == project_id)[
        :1
    ]:
        raise ValidationFailed.at("phase_id", "Name a phase of this project.")
    return phase_id


def _picture(update: Any, images: Any, actor: Identity) -> None:
    update.images = files.exchange_pictures(
        update.images,
        [{"file_id": image["file_id"], "caption": image.get("caption")} for image in images],
        owner=actor,
        purposes={"update_image"},
        entity="update",
        entity_id=update.id,
        field="images",
    )


def _keep(former: Mapping[str, Any], update: Any, now: datetime) -> None:
    """Keep what was told, if it is told otherwise now."""
    if update.to_dict(KEPT) != former:
        UpdateRevision(update=update, created_at=now, **former)
        update.revised_at = now


def _move(update: Any, target: str, *, actor: Identity, now: datetime) -> None:
    check_update_move(update.status, target)
    history.record("update", update.id, before=update.status, after=target, actor=actor, now=now)
    update.status = target


def _tell(update: Any, project: Any, now: datetime) -> None:
    """Tell every customer with an occupying booking in the project, once for ever.

    Who books later is not told of old news, nor is anybody when an update comes back from the
    archive.
    """
    project_id = project.id
    customers = select(
        b.customer.user.id
        for b in Booking
        if b.project.id == project_id and b.status in OCCUPYING_STATUSES
    )
    notify_all(
        list(customers),
        "progress",
        title="News from the site",
        message=f"{project.project_name}: {update.update_title}"[:LONGEST_MESSAGE],
        entity="update",
        entity_id=update.id,
        action_url=f"/projects/{project_id}/updates/{update.id}",
        dedupe_key=f"update:{update.id}:published",
        priority="high" if update.priority == "critical" else update.priority,
        now=now,
    )
