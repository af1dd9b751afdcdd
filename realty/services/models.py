"""3D models: versions added, shown, replaced and archived; how often they are opened.

The project's row is the lock of its models: two versions that become current at once come one after
the other, and the second takes the first one's place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pony.orm import flush

from realty.db import Model3D, Project, Unit, db
from realty.db.locks import lock
from realty.errors import NotFound
from realty.rules.models import ARCHIVED, CURRENT, check_model_move
from realty.security import Identity
from realty.services import files, history
from realty.services.booking_events import written
from realty.services.versions import require_version

COLUMNS = (*("model_description", "model_type", "access_level", "viewer_config", "is_interactive"),)
"""What the builder may change of a version; its file, name and scope stay as they are."""
_ENTITY = "model"


def create(project_id: int, body: Mapping[str, Any], *, actor: Identity, now: datetime) -> Any:
    """The next version of the model that scope and name tell, a draft unless `status` says
    `current`.

    `body` has `model_name`, `file_id`, perhaps `unit_id`, `thumbnail_file_id` and `status`, and the
    columns of `COLUMNS`. Raises `NotFound` for a unit of another project; `ValidationFailed` for a
    name of blanks, or a file that cannot be attached.
    """
    unit = _unit(body.get("unit_id"), project_id)
    project = _locked(project_id)
    name = written(body["model_name"], "model_name")
    file_id = body["file_id"]
    kind = files.require_own(file_id, owner=actor, purposes={"model"}, field="file_id")
    model = Model3D(
        project=project,
        unit=unit,
        model_name=name,
        file=file_id,
        file_format=kind.name,
        version=_last_version(project_id, unit, name) + 1,
        created_at=now,
        updated_at=now,
        **{column: body[column] for column in COLUMNS if column in body},
    )
    flush()
    files.attach(
        file_id,
        owner=actor,
        purposes={"model"},
        entity=_ENTITY,
        entity_id=model.id,
        field="file_id",
    )
    _illustrate(model, body.get("thumbnail_file_id"), actor)
    history.record(_ENTITY, model.id, before=None, after=model.status, actor=actor, now=now)
    if body.get("status", model.status) == CURRENT:
        _move(model, CURRENT, actor=actor, now=now)
    flush()
    return model


def update(
    model_id: int,
    changes: Mapping[str, Any],
    *,
    project_id: int,
    actor: Identity,
    expected: frozenset[int] | None,
    now: datetime,
) -> Any:
    """Change a version and, with `status`, make it the current one or archive it.

    The status that it has already changes nothing. Raises `StaleVersion`, `InvalidTransition`, and
    `ValidationFailed` for a thumbnail that cannot be attached.
    """
    _locked(project_id)
    model = Model3D.get(id=model_id)
    require_version(model, expected)
    model.set(**{column: changes[column] for column in COLUMNS if column in changes})
    if "thumbnail_file_id" in changes:
        _illustrate(model, changes["thumbnail_file_id"], actor)
    target = changes.get("status", model.status)
    if target != model.status:
        _move(model, target, actor=actor, now=now)
    flush()
    return model


def archive(model_id: int, *, project_id: int, actor: Identity, now: datetime) -> None:
    """Take a version away from everybody but its builder; one that is archived stays so."""
    _locked(project_id)
    model = Model3D.get(id=model_id)
    if model.status != ARCHIVED:
        _move(model, ARCHIVED, actor=actor, now=now)
    flush()


def count_view(model_id: int) -> None:
    """Count that somebody opened a model; it moves no version of it."""
    sql = "UPDATE models_3d SET view_count = view_count + 1 WHERE id = $model_id"
    db.execute(sql, {"model_id": model_id}, {})


def count_download(file: Any, reader: Identity | None) -> None:
    """Count that somebody fetches the file of a model, unless it is the project's own builder."""
    if file.attached_to_type != _ENTITY:
        return
    named = {
        "file_id": file.id,
        "model_id": file.attached_to_id,
        "builder_id": None if reader is None else reader.builder_id,
    }
    db.execute(
        "UPDATE models_3d SET download_count = download_count + 1"
        " WHERE id = $model_id AND file_id = $file_id AND NOT EXISTS (SELECT 1 FROM projects p"
        " WHERE p.id = models_3d.project_id AND p.builder_id = $builder_id)",
        named,
        {},
    )


def _locked(project_id: int) -> Any:
    project = lock(Project, project_id)
    if project is None:
        raise NotFound
    return project


def _unit(unit_id: int | None, project_id: int) -> Any:
    """The unit that is shown, locked so that it is not deleted meanwhile; None for none."""
    if unit_id is None:
        return None
    unit = lock(Unit, unit_id)
    if unit is None or unit.project.id != project_id:
        raise NotFound
    return unit


def _last_version(project_id: int, unit: Any, name: str) -> int:
    return int(max((m.version for m in _versions(project_id, unit, name)), default=0))


def _versions(project_id: int, unit: Any, name: str) -> Any:
    """All versions of the model that scope and name tell."""
    same = Model3D.select(lambda m: m.project.id == project_id and m.model_name == name)
    if unit is None:
        return same.filter(lambda m: m.unit is None)
    unit_id = unit.id
    return same.filter(lambda m: m.unit.id == unit_id)


def _illustrate(model: Any, file_id: int | None, actor: Identity) -> None:
    model.thumbnail_file = files.exchange(
        model.thumbnail_file,
        file_id,
        owner=actor,
        purposes={"thumbnail"},
        entity=_ENTITY,
        entity_id=model.id,
        field="thumbnail_file_id",
    )


def _move(model: Any, target: str, *, actor: Identity, now: datetime) -> None:
    """Bring a version to a status; what becomes current takes the place of what was."""
    check_model_move(model.status, target)
    if target == CURRENT:
        for former in _versions(model.project.id, model.unit, model.model_name):
            if former.status == CURRENT:
                _record(former, ARCHIVED, actor=actor, now=now)
        flush()  # the one that was current makes room in the index first
    _record(model, target, actor=actor, now=now)


def _record(model: Any, target: str, *, actor: Identity, now: datetime) -> None:
    history.record(_ENTITY, model.id, before=model.status, after=target, actor=actor, now=now)
    model.status = target
