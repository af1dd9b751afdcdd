"""Operations of the tag `progress`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.phases import phase_json, progress_json
from realty.resources import PhaseResource, ProjectResource
from realty.security import require_identity
from realty.services import phase_queries, phases
from realty.views.conditional import if_match, tagged


@operation("getProjectProgress", permission=P.PROGRESS_READ)
def get_project_progress(context: ProjectResource, request: Request) -> Response:
    """The phases of a project, as the caller may see them."""
    return _shown(context, request)


@operation("replaceProjectPhases", permission=P.PROGRESS_EDIT)
def replace_project_phases(context: ProjectResource, request: Request) -> Response:
    """Make the body the phases of a project."""
    phases.replace(
        context.project_id,
        [_typed(each) for each in request.openapi_validated.body["phases"]],
        actor=require_identity(request),
        expected=if_match(request),
        now=request.now,
    )
    return _shown(context, request)


@operation("updatePhaseProgress", permission=P.PROGRESS_EDIT)
def update_phase_progress(context: PhaseResource, request: Request) -> Response:
    """Report how a phase stands."""
    phase = phases.update(
        context.phase_id,
        _typed(request.openapi_validated.body),
        project_id=context.project_id,
        actor=require_identity(request),
        expected=if_match(request),
        now=request.now,
    )
    return tagged(request, {"phase": phase_json(phase, is_own=True)}, phase.project)


def _typed(body: dict[str, Any]) -> dict[str, Any]:
    """The body with its percentages as Decimals."""
    percents = ("weight_percent", "progress_percentage")
    return {name: Decimal(each) if name in percents else each for name, each in body.items()}


def _shown(context: ProjectResource, request: Request) -> Response:
    """The progress as it is now; its tag carries the version that a change of phases moves."""
    progress = phase_queries.progress_of(context.project_id, context.identity, now=request.now)
    return tagged(request, {"progress": progress_json(progress)}, progress.project)
