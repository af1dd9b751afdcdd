"""The phases of a project: the list replaced whole, one phase reported on, the late ones marked.

The project's row is the lock of its phases, and its version that of their list: whoever changes
them on an older reading is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pony.orm import flush, select

from realty.db import Booking, Project, ProjectPhase, StatusHistory
from realty.db.enums import OCCUPYING_STATUSES
from realty.db.locks import lock
from realty.errors import Conflict, Detail, NotFound, ValidationFailed
from realty.rules.clock import local_date
from realty.rules.money import HUNDRED, ZERO, money_text
from realty.rules.phase_states import (
    BEGUN,
    WAITING_OR_WORKING,
    Standing,
    by_calendar,
    replanned,
    reported,
)
from realty.security import Identity
from realty.services import audit, files, history
from realty.services.booking_events import LONGEST_MESSAGE, written
from realty.services.local_days import local_days
from realty.services.notifications import notify_all
from realty.services.phase_queries import phases_of
from realty.services.versions import require_version

PLANNED = (
    *("phase_name", "milestone_code", "phase_description", "weight_percent"),
    *("start_date", "expected_end_date", "contractor_notes", "customer_visible"),
)
"""The columns that the list of phases sets; what an element leaves out is null."""
_AUDITED = ["milestone_code", "progress_percentage", "status", "actual_end_date"]


def replace(
    project_id: int,
    plan: Sequence[Mapping[str, Any]],
    *,
    actor: Identity,
    expected: frozenset[int] | None,
    now: datetime,
) -> None:
    """Make `plan`, typed values by column, the phases of a project, in its order.

    Each element has the columns of `PLANNED`. One with an `id` is that phase, with its progress,
    one without is new, and a phase that no element names is deleted. Raises `StaleVersion`;
    `ValidationFailed` when the weights do not sum to 100.00, for a code or id that stands there
    twice and an id of another project; `Conflict` when a phase that has begun would vanish, or the
    project is cancelled.
    """
    project = _locked(project_id)
    require_version(project, expected)
    rows = {row.id: row for row in phases_of(project_id)}
    _check_plan(plan, rows)
    kept = {each.get("id") for each in plan}
    _delete([row for id_, row in rows.items() if id_ not in kept], actor)
    _free_codes(plan, rows)
    today = local_date(now, project.timezone)
    for sequence, each in enumerate(plan, start=1):
        columns = {name: each.get(name) for name in PLANNED}
        row = rows.get(each.get("id", 0))
        if row is None:
            row = ProjectPhase(project=project, sequence=sequence, created_at=now, **columns)
        else:
            row.set(sequence=sequence, **columns)
        flush()
        standing = Standing(row.progress_percentage, row.status, row.actual_end_date)
        _stand(row, replanned(standing, row.expected_end_date, today), actor=actor, now=now)
    project.version += 1
    codes = [each["milestone_code"] for each in plan if each.get("milestone_code")]
    _note("project.phases_replaced", project, None, {"codes": ",".join(codes)}, actor, now)
    flush()


def update(
    phase_id: int,
    changes: Mapping[str, Any],
    *,
    project_id: int,
    actor: Identity,
    expected: frozenset[int] | None,
    now: datetime,
) -> Any:
    """Report how a phase stands, with its notes and images; what is left out of `changes` stays.

    Nothing is demanded here: `realty tick` does, and finds the phase complete. Raises
    `StaleVersion`, `Conflict` when the project is cancelled, `ValidationFailed` for a report that
    contradicts itself, a lower percentage without a `reason`, a file that cannot be attached.
    """
    project = _locked(project_id)
    require_version(project, expected)
    # The list may have been replaced since the caller's phase was found.
    row = ProjectPhase.get(id=phase_id)
    if row is None:
        raise NotFound
    before = row.to_dict(["contractor_notes", "milestone_images", *_AUDITED])
    standing = reported(
        Standing(row.progress_percentage, row.status, row.actual_end_date),
        progress_percentage=changes.get("progress_percentage"),
        status=changes.get("status"),
        ended_on=changes.get("actual_end_date"),
        start_date=row.start_date,
        expected_end_date=row.expected_end_date,
        today=local_date(now, project.timezone),
    )
    reason = _reason(row, standing, changes)
    if "contractor_notes" in changes:
        row.contractor_notes = changes["contractor_notes"]
    if "milestone_images" in changes:
        _picture(row, changes["milestone_images"], actor)
    completed = standing.status == "completed" and row.status != "completed"
    _stand(row, standing, actor=actor, now=now, reason=reason)
    after = row.to_dict(list(before))
    if after != before:
        project.version += 1
    facts = audit.differences({n: before[n] for n in _AUDITED}, {n: after[n] for n in _AUDITED})
    if facts:
        _note("phase.reported", project, row, facts | {"reason": reason}, actor, now)
    if completed and row.customer_visible:
        _tell(project, row, now)
    flush()
    return row


def late_phases(now: datetime) -> list[int]:
    """The ids of phases that should be done by the project's own day and are not."""
    late: list[int] = []
    for zone, today in local_days(now).items():
        late += select(
            f.id
            for f in ProjectPhase
            if f.status in WAITING_OR_WORKING
            and f.expected_end_date < today
            and f.project.timezone == zone
            and f.project.status != "cancelled"
        )
    return late


def mark_delayed(phase_id: int, now: datetime) -> bool:
    """Mark one of `late_phases`; False when it is not late any more.

    The version stays: the calendar must not make a builder's edit stale.
    """
    project_id = select(f.project.id for f in ProjectPhase if f.id == phase_id).first()
    project = lock(Project, project_id) if project_id else None
    if project is None or project.status == "cancelled":
        return False
    row = ProjectPhase.get(id=phase_id)
    if row is None:
        return False
    today = local_date(now, project.timezone)
    status = by_calendar(row.status, row.expected_end_date, today)
    if status == row.status:
        return False
    standing = Standing(row.progress_percentage, status, row.actual_end_date)
    _stand(row, standing, actor=None, now=now)
    return True


def _locked(project_id: int) -> Any:
    project = lock(Project, project_id)
    if project is None:
        raise NotFound
    if project.status == "cancelled":
        raise Conflict(
            "The phases of a cancelled project stay as they are.",
            details=[Detail("status", "The project is cancelled.", project.status, ())],
        )
    return project


def _check_plan(plan: Sequence[Mapping[str, Any]], rows: Mapping[int, Any]) -> None:
    details = []
    total = sum((each["weight_percent"] for each in plan), ZERO)
    if total != HUNDRED:
        message = "The weights must sum to exactly 100.00."
        details.append(Detail("phases", message, money_text(total)))
    ids = Counter(each["id"] for each in plan if "id" in each)
    codes = Counter(each["milestone_code"] for each in plan if each.get("milestone_code"))
    for position, each in enumerate(plan):
        place = f"phases[{position}]"
        if "id" in each and (each["id"] not in rows or ids[each["id"]] > 1):
            message = "names no phase of this project, or one that stands there twice"
            details.append(Detail(f"{place}.id", message, str(each["id"])))
        code = each.get("milestone_code")
        if code and codes[code] > 1:
            details.append(Detail(f"{place}.milestone_code", "stands there twice", code))
        start, end = each.get("start_date"), each.get("expected_end_date")
        if start and end and end < start:
            message = "must not be before start_date"
            details.append(Detail(f"{place}.expected_end_date", message, start.isoformat()))
    if details:
        raise ValidationFailed(details=details)


def _delete(rows: Sequence[Any], actor: Identity) -> None:
    """Delete phases; raises `Conflict` that names those which have begun."""
    ids = [row.id for row in rows]
    if not ids:
        return
    ever = select(
        h.entity_id
        for h in StatusHistory
        if h.entity == "phase" and h.entity_id in ids and h.to_status in BEGUN
    )
    begun = set(ever) | {row.id for row in rows if row.progress_percentage or row.status in BEGUN}
    if begun:
        raise Conflict(
            "A phase that has begun stays in the list.",
            details=[Detail("phases", "This phase has begun.", str(id_)) for id_ in sorted(begun)],
        )
    for row in rows:
        _picture(row, [], actor)
        row.delete()
    flush()


def _free_codes(plan: Sequence[Mapping[str, Any]], rows: Mapping[int, Any]) -> None:
    """Take away the codes that move, because each is unique at every moment."""
    for each in plan:
        row = rows.get(each.get("id", 0))
        if row is not None and row.milestone_code != each.get("milestone_code"):
            row.milestone_code = None
    flush()


def _reason(row: Any, standing: Standing, changes: Mapping[str, Any]) -> str | None:
    """Why the percentage is lowered, or whatever else the caller says."""
    if "reason" in changes:
        return written(changes["reason"], "reason")
    if standing.progress_percentage < row.progress_percentage:
        raise ValidationFailed.at("reason", "A lower percentage needs a reason.")
    return None


def _picture(row: Any, images: Sequence[Mapping[str, Any]], actor: Identity) -> None:
    row.milestone_images = files.exchange_pictures(
        row.milestone_images,
        [{"file_id": image["file_id"], "caption": image.get("caption")} for image in images],
        owner=actor,
        purposes={"phase_image"},
        entity="phase",
        entity_id=row.id,
        field="milestone_images",
    )


def _stand(
    row: Any,
    standing: Standing,
    *,
    actor: Identity | None,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Bring a phase to a standing; a change of status, and a reason, leave a line of history."""
    if standing.status != row.status or reason:
        history.record(
            "phase",
            row.id,
            before=row.status,
            after=standing.status,
            actor=actor,
            now=now,
            reason=reason,
        )
    row.set(
        progress_percentage=standing.progress_percentage,
        status=standing.status,
        actual_end_date=standing.actual_end_date,
    )


def _note(
    action: str,
    project: Any,
    row: Any | None,
    details: Mapping[str, Any],
    actor: Identity,
    now: datetime,
) -> None:
    """What is demanded follows from phases, so what is said of them is audited."""
    audit.note(
        action,
        "phase" if row else "project",
        row.id if row else project.id,
        builder_id=project.builder.id,
        actor=actor,
        now=now,
        details=details,
    )


def _tell(project: Any, row: Any, now: datetime) -> None:
    """Tell every customer with an occupying booking that a phase is complete, once for ever."""
    project_id = project.id
    customers = select(
        b.customer.user.id
        for b in Booking
        if b.project.id == project_id and b.status in OCCUPYING_STATUSES
    )
    message = f"{row.phase_name} of {project.project_name} is complete."
    notify_all(
        list(customers),
        "progress",
        title="Phase complete",
        message=message[:LONGEST_MESSAGE],
        entity="project",
        entity_id=project.id,
        action_url=f"/projects/{project.id}/progress",
        dedupe_key=f"phase:{row.id}:completed",
        now=now,
    )
