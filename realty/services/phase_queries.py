"""Reading the phases of a project, as far as a viewer may see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from realty.db import Project, ProjectPhase
from realty.rules.clock import local_date
from realty.rules.progress import (
    Phase,
    ScheduleState,
    next_milestone,
    overall_progress,
    schedule_state,
)
from realty.security import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A project's progress: what is derived counts every phase, `phases` are those to show.

    `is_own` says whether the viewer is the project's builder, who alone reads its notes.
    """

    project: Any
    phases: Sequence[Any]
    overall_progress: Decimal
    schedule_state: ScheduleState
    next_milestone: Phase | None
    is_own: bool


def progress_of(project_id: int, viewer: Identity | None, *, now: datetime) -> Progress:
    """The progress of a project that `viewer` may see; None is a stranger."""
    project = Project.get(id=project_id)
    is_own = viewer is not None and viewer.builder_id == project.builder.id
    rows = phases_of(project_id)
    phases = [_facts(row) for row in rows]
    return Progress(
        project=project,
        phases=[row for row in rows if is_own or row.customer_visible],
        overall_progress=overall_progress(phases),
        schedule_state=schedule_state(phases, local_date(now, project.timezone)),
        next_milestone=next_milestone(phases, hidden_too=is_own),
        is_own=is_own,
    )


def phases_of(project_id: int) -> list[Any]:
    """Every phase of a project, by sequence."""
    rows = ProjectPhase.select(lambda f: f.project.id == project_id)
    return list(rows.order_by(lambda f: (f.sequence, f.id)))


def _facts(row: Any) -> Phase:
    return Phase(
        phase_id=row.id,
        sequence=row.sequence,
        phase_name=row.phase_name,
        milestone_code=row.milestone_code,
        weight_percent=row.weight_percent,
        progress_percentage=row.progress_percentage,
        status=row.status,
        expected_end_date=row.expected_end_date,
        customer_visible=row.customer_visible,
    )
