"""3D models as the contract shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realty.presenters.cards import project_card, unit_card
from realty.presenters.files import file_ref
from realty.rules.clock import rfc3339
from realty.rules.models import MODEL_MOVES

_VIEWER = (
    *("camera_position", "camera_target", "field_of_view_degrees", "exposure"),
    *("background_color", "auto_rotate"),
)


def model_json(model: Any, *, is_own: bool, is_open: bool) -> dict[str, Any]:
    """`Model`; its project, unit and file must be loaded.

    Where it is not open there is a card without a link to anything of it; how often others opened
    it is for the project's own builder (`is_own`).
    """
    return {
        "id": model.id,
        "project_id": model.project.id,
        "unit_id": model.unit and model.unit.id,
        "model_name": model.model_name,
        "model_description": model.model_description,
        "model_type": model.model_type,
        "file_format": model.file_format,
        "access_level": model.access_level,
        "version": model.version,
        "status": model.status,
        "allowed_statuses": list(MODEL_MOVES[model.status]) if is_own else [],
        "locked": not is_open,
        "file": file_ref(model.file) if is_open else None,
        "file_size": model.file.size if is_open else None,
        "thumbnail": file_ref(model.thumbnail_file) if is_open else None,
        "viewer_config": _viewer_json(model.viewer_config) if is_open else None,
        "is_interactive": model.is_interactive,
        "view_count": model.view_count if is_own else None,
        "download_count": model.download_count if is_own else None,
        "created_at": rfc3339(model.created_at),
        "updated_at": rfc3339(model.updated_at),
        "project": project_card(model.project),
        "unit": model.unit and unit_card(model.unit),
    }


def _viewer_json(config: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """`ViewerConfig`: what the builder set, and null for what a viewer chooses itself."""
    if config is None:
        return None
    return {name: config.get(name) for name in _VIEWER} | {"hotspots": config.get("hotspots", [])}
