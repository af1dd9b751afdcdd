"""Operations of the tag `models`."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.models import model_json
from realty.resources import ModelCollection, ModelResource, ProjectModels
from realty.security import Identity, require_identity
from realty.services import model_queries, models
from realty.services.model_queries import Filter, is_own
from realty.views.conditional import if_match, tagged


@operation("listModels", permission=P.MODEL_READ)
def list_models(context: ModelCollection, request: Request) -> Response:
    """The models of all projects that the caller sees."""
    return _page(request, context.identity)


@operation("listProjectModels", permission=P.MODEL_READ)
def list_project_models(context: ProjectModels, request: Request) -> Response:
    """The models of one project."""
    return _page(request, context.identity, project_id=context.project_id)


@operation("createModel", permission=P.MODEL_WRITE)
def create_model(context: ProjectModels, request: Request) -> Response:
    """Add a version."""
    made = models.create(
        context.project_id,
        request.openapi_validated.body,
        actor=require_identity(request),
        now=request.now,
    )
    request.response.location = request.route_path("model", model_id=made.id)
    return _shown(request, made, own=True, is_open=True)


@operation("getModel", permission=P.MODEL_READ)
def get_model(context: ModelResource, request: Request) -> Response:
    """One version, whose opening is counted."""
    own = is_own(context.identity, context.builder_id)
    model, is_open = model_queries.whole(context.model_id, context.identity)
    if is_open and not own and request.method == "GET":
        models.count_view(model.id)
    return _shown(request, model, own=own, is_open=is_open)


@operation("updateModel", permission=P.MODEL_WRITE)
def update_model(context: ModelResource, request: Request) -> Response:
    """Change a version, make it the current one, archive it."""
    changed = models.update(
        context.model_id,
        request.openapi_validated.body,
        project_id=context.project_id,
        actor=require_identity(request),
        expected=if_match(request),
        now=request.now,
    )
    return _shown(request, changed, own=True, is_open=True)


@operation("archiveModel", permission=P.MODEL_WRITE)
def archive_model(context: ModelResource, request: Request) -> None:
    """Take a version away."""
    models.archive(
        context.model_id,
        project_id=context.project_id,
        actor=require_identity(request),
        now=request.now,
    )


def _page(request: Request, viewer: Identity | None, **narrowed: int) -> Response:
    query = dict(request.openapi_validated.parameters.query) | narrowed
    page, limit = query.pop("page"), query.pop("limit")
    found, is_open = model_queries.listed(viewer, Filter(**query), page=page, limit=limit)
    data = {
        "models": [
            model_json(
                model, is_own=is_own(viewer, model.project.builder.id), is_open=model.id in is_open
            )
            for model in found.rows
        ],
        "pagination": found.as_json(),
    }
    return tagged(request, data)


def _shown(request: Request, model: Any, *, own: bool, is_open: bool) -> Response:
    """The version as it is now, with its ETag."""
    return tagged(request, {"model": model_json(model, is_own=own, is_open=is_open)}, model)
