"""Operations of the tag `builders`."""

from __future__ import annotations

from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from realty.contract import operation
from realty.permissions import P
from realty.presenters.accounts import builder_json, builder_profile_json
from realty.presenters.dashboards import builder_dashboard_json
from realty.resources import BuilderCollection, BuilderResource, OwnBuilderResource
from realty.security import require_identity
from realty.services import builders
from realty.services.builder_dashboard import builder_dashboard
from realty.views.conditional import if_match, tagged, tagged_as_of


@operation("listBuilders", permission=NO_PERMISSION_REQUIRED)
def list_builders(context: BuilderCollection, request: Request) -> Response:
    """The public directory."""
    query = request.openapi_validated.parameters.query
    page = builders.search(
        city=query.get("city"),
        q=query.get("q"),
        verified=query.get("verified"),
        sort=query["sort"],
        page=query["page"],
        limit=query["limit"],
    )
    rows = [builder_json(builder) for builder in page.rows]
    return tagged(request, {"builders": rows, "pagination": page.as_json()})


@operation("getBuilder", permission=NO_PERMISSION_REQUIRED)
def get_builder(context: BuilderResource, request: Request) -> Response:
    """One builder, the same for everybody."""
    builder = builders.read(context.builder_id)
    return tagged(request, {"builder": builder_json(builder)}, builder)


@operation("updateMyBuilder", permission=P.BUILDER_EDIT)
def update_my_builder(context: OwnBuilderResource, request: Request) -> Response:
    """Change the caller's profile."""
    builder = builders.update_own(
        context.identity,
        request.openapi_validated.body,
        expected=if_match(request),
        now=request.now,
    )
    return tagged(request, {"builder": builder_profile_json(builder)}, builder)


@operation("getBuilderDashboard", permission=P.BUILDER_DASHBOARD)
def get_builder_dashboard(context: OwnBuilderResource, request: Request) -> Response:
    """What the caller sees first."""
    dashboard = builder_dashboard(context.identity, now=request.now)
    return tagged_as_of(
        request, {"dashboard": builder_dashboard_json(dashboard, context.identity, now=request.now)}
    )


@operation("setBuilderVerification", permission=P.BUILDER_VERIFY)
def set_builder_verification(context: BuilderResource, request: Request) -> Response:
    """Mark the company as checked, or no longer."""
    builder = builders.set_verification(
        require_identity(request),
        context.builder_id,
        verified=request.openapi_validated.body["verified"],
        expected=if_match(request),
        now=request.now,
    )
    return tagged(request, {"builder": builder_json(builder)}, builder)
