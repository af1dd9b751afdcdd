"""Phases and the progress of a project as the contract shows them."""

from __future__ import annotations

from typing import Any

from realty.presenters.files import file_ref_of
from realty.presenters.projects import milestone_json
from realty.rules.clock import date_text, rfc3339
from realty.rules.money import money_text
from realty.services.phase_queries import Progress

Json = dict[str, Any]


def progress_json(progress: Progress) -> Json:
    """`ProjectProgress`."""
    project, milestone = progress.project, progress.next_milestone
    return {
        "project_id": project.id,
        "project_name": project.project_name,
        "overall_progress": money_text(progress.overall_progress),
        "schedule_state": progress.schedule_state,
        "next_milestone": milestone and milestone_json(milestone),
        "start_date": date_text(project.start_date),
        "expected_completion_date": date_text(project.expected_completion_date),
        "actual_completion_date": date_text(project.actual_completion_date),
        "version": project.version,
        "phases": [phase_json(row, is_own=progress.is_own) for row in progress.phases],
    }


def phase_json(row: Any, *, is_own: bool) -> Json:
    """`Phase`; the notes are for the builder whose own it is."""
    return {
        "id": row.id,
        "project_id": row.project.id,
        "sequence": row.sequence,
        "phase_name": row.phase_name,
        "milestone_code": row.milestone_code,
        "phase_description": row.phase_description,
        "weight_percent": money_text(row.weight_percent),
        "start_date": date_text(row.start_date),
        "expected_end_date": date_text(row.expected_end_date),
        "actual_end_date": date_text(row.actual_end_date),
        "progress_percentage": money_text(row.progress_percentage),
        "status": row.status,
        "milestone_images": [
            {"file": file_ref_of(image["file_id"]), "caption": image["caption"]}
            for image in row.milestone_images
        ],
        "contractor_notes": row.contractor_notes if is_own else None,
        "customer_visible": row.customer_visible,
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
    }
