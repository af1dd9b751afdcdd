"""The report of how the work on a project comes along, phase by phase."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from realty.db import Project
from realty.errors import Conflict, Detail
from realty.rules.clock import local_date
from realty.rules.documents import (
    Column,
    Document,
    Row,
    Section,
    Table,
    date_value,
    fact,
    label_value,
    percent_value,
    text_value,
)
from realty.security import Identity
from realty.services import project_queries
from realty.services.document_parts import builder_party, footer, project_party
from realty.services.phase_queries import phases_of

_COLUMNS = (
    Column("sequence", "No.", numeric=True),
    Column("phase_name", "Phase"),
    Column("weight_percent", "Weight", numeric=True),
    Column("progress_percentage", "Done", numeric=True),
    Column("status", "Status"),
    Column("start_date", "Begun"),
    Column("expected_end_date", "Expected end"),
    Column("actual_end_date", "Ended"),
)


def progress_report(project_id: int, *, viewer: Identity, now: datetime) -> Document:
    """The phases as the viewer may see them: customers not those that are kept from them, which
    count in the whole all the same. Raises `Conflict` where there is none to show."""
    project = Project.select(lambda p: p.id == project_id).prefetch(Project.builder)[:1][0]
    phases = _phases(project_id, hidden_too=viewer.builder_id == project.builder.id)
    if not phases:
        message = "There is a progress report once the project has phases."
        raise Conflict(message, details=[Detail("phases", message)])
    [facts] = project_queries.facts_of([project_queries.shown_now(project_id)], viewer, now=now)
    today = local_date(now, project.timezone)
    reference = f"PR/{project.id}/{today.isoformat()}"
    milestone = facts.next_milestone
    completion = date_value(project.expected_completion_date)
    summary = [
        fact("issued_on", "As of", date_value(today)),
        fact("status", "Status", label_value(project.status)),
        fact("overall_progress", "Done in all", percent_value(facts.overall_progress)),
        fact("schedule_state", "Against the plan", label_value(facts.schedule_state)),
        fact("next_milestone", "Next", text_value(milestone.phase_name if milestone else None)),
        fact("start_date", "Begun", date_value(project.start_date)),
        fact("expected_completion_date", "To be complete by", completion),
    ]
    rows = [
        Row(
            [
                text_value(str(phase.sequence)),
                text_value(phase.phase_name),
                percent_value(phase.weight_percent),
                percent_value(phase.progress_percentage),
                label_value(phase.status),
                date_value(phase.start_date),
                date_value(phase.expected_end_date),
                date_value(phase.actual_end_date),
            ]
        )
        for phase in phases
    ]
    meaning = "What is done in all is the sum of weight times progress over every phase."
    return Document(
        kind="progress_report",
        title="Progress report",
        reference=reference,
        issued_on=today,
        prepared_at=now,
        is_draft=False,
        currency=project.currency,
        builder=builder_party(project.builder, with_pan=False),
        project=project_party(project),
        customer=None,
        notices=(),
        sections=[
            Section(facts=summary),
            Section("The phases", [meaning], table=Table(_COLUMNS, rows)),
        ],
        signatures=(),
        footer=footer(reference, project, now),
    )


def _phases(project_id: int, *, hidden_too: bool) -> list[Any]:
    return [row for row in phases_of(project_id) if hidden_too or row.customer_visible]
