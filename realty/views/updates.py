"""Operations of the tag `updates`."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.updates import counts_json, update_detail_json, update_json
from realty.resources import ProjectUpdates, UpdateResource
from realty.security import require_identity
from realty.services import update_queries, updates
from realty.services.update_queries import Filter, is_own
from realty.views.conditional import if_match, tagged


@operation("listProjectUpdates", permission=P.UPDATE_READ)
def list_project_updates(context: ProjectUpdates, request: Request) -> Response:
    """The news of a project, as far as the caller may read them."""
    query = dict(request.openapi_validated.parameters.query)
    page, limit = query.pop("page"), query.pop("limit")
    own = is_own(context.identity, context.builder_id)
    found, counts = update_queries.listed(
        context.project_id, context.identity, Filter(**query), own=own, page=page, limit=limit
    )
    data = {
        "updates": [update_json(update, is_own=own) for update in found.rows],
        "stats": counts_json(counts),
        "pagination": found.as_json(),
    }
    return tagged(request, data)


@operation("createUpdate", permission=P.UPDATE_WRITE)
def create_update(context: ProjectUpdates, request: Request) -> Response:
    """Write a draft."""
    made = updates.create(
        context.project_id,
        request.openapi_validated.body,
        actor=require_identity(request),
        now=request.now,
    )
    request.response.location = request.route_path("update", update_id=made.id)
    return _shown(request, made.id, own=True)


@operation("getUpdate", permission=P.UPDATE_READ)
def get_update(context: UpdateResource, request: Request) -> Response:
    """One update."""
    return _shown(request, context.update_id, own=is_own(context.identity, context.builder_id))


@operation("editUpdate", permission=P.UPDATE_WRITE)
def edit_update(context: UpdateResource, request: Request) -> Response:
    """Change it, publish it, archive it."""
    updates.edit(
        context.update_id,
        request.openapi_validated.body,
        project_id=context.project_id,
        actor=require_identity(request),
        expected=if_match(request),
        now=request.now,
    )
    return _shown(request, context.update_id, own=True)


@operation("deleteUpdate", permission=P.UPDATE_WRITE)
def delete_update(context: UpdateResource, request: Request) -> None:
    """Forget a draft."""
    updates.delete(
        context.update_id, project_id=context.project_id, actor=require_identity(request)
    )


def _shown(request: Request, update_id: int, *, own: bool) -> Response:
    """The update as it is now, with its ETag."""
    update, revisions = update_queries.whole(update_id, own=own)
    shown: dict[str, Any] = update_detail_json(update, revisions, is_own=own)
    return tagged(request, {"update": shown}, update)
