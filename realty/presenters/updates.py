"""Construction updates as the contract shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from realty.presenters.cards import project_card
from realty.presenters.files import file_ref_of
from realty.rules.clock import rfc3339
from realty.rules.updates import UPDATE_MOVES

Json = dict[str, Any]


def update_json(update: Any, *, is_own: bool) -> Json:
    """`ConstructionUpdate`; its phase and project must be loaded.

    A phase that is hidden from customers is named to the project's own builder alone.
    """
    phase = update.phase if is_own or (update.phase and update.phase.customer_visible) else None
    return {
        "id": update.id,
        "project_id": update.project.id,
        "phase_id": phase and phase.id,
        "update_title": update.update_title,
        "update_content": update.update_content,
        "update_type": update.update_type,
        "priority": update.priority,
        "audience": update.audience,
        "images": [
            {"file": file_ref_of(image["file_id"]), "caption": image["caption"]}
            for image in update.images
        ],
        "videos": [{"url": video["url"], "caption": video["caption"]} for video in update.videos],
        "estimated_delay_days": update.estimated_delay_days,
        "weather_impact": update.weather_impact,
        "tags": list(update.tags),
        "posted_by": update.posted_by.id,
        "status": update.status,
        "allowed_statuses": list(UPDATE_MOVES[update.status]) if is_own else [],
        "published_at": rfc3339(update.published_at),
        "revised_at": rfc3339(update.revised_at),
        "version": update.version,
        "created_at": rfc3339(update.created_at),
        "updated_at": rfc3339(update.updated_at),
        "phase": phase and _phase_card(phase),
        "project": project_card(update.project),
    }


def update_detail_json(update: Any, revisions: Sequence[Any], *, is_own: bool) -> Json:
    """`ConstructionUpdateDetail`: an update with the texts that it had."""
    return update_json(update, is_own=is_own) | {
        "revisions": [
            {
                "id": revision.id,
                "update_title": revision.update_title,
                "update_content": revision.update_content,
                "estimated_delay_days": revision.estimated_delay_days,
                "created_at": rfc3339(revision.created_at),
            }
            for revision in revisions
        ]
    }


def counts_json(counts: Mapping[str, int]) -> Json:
    """`ConstructionUpdateStats`."""
    return {"total": sum(counts.values()), **counts}


def _phase_card(phase: Any) -> Json:
    return {
        "id": phase.id,
        "phase_name": phase.phase_name,
        "milestone_code": phase.milestone_code,
        "status": phase.status,
    }
