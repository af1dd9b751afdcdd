"""Operations of the tag `projects`."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.cost_sheets import (
    PRICE_SHEET_COLUMNS,
    price_sheet_json,
    price_sheet_row,
)
from realty.presenters.projects import project_json, project_summary_json
from realty.presenters.units import availability_json
from realty.resources import ProjectCollection, ProjectPage, ProjectResource
from realty.security import Identity, require_identity
from realty.services import cost_sheets, project_queries, projects, unit_queries
from realty.services.policy import current_policy
from realty.services.project_queries import ProjectFilters
from realty.services.unit_queries import UnitFilters
from realty.views.conditional import if_match, tagged, tagged_as_of, tagged_csv
from realty.views.negotiation import CSV, JSON, preferred

Json = dict[str, Any]


@operation("listProjects", permission=P.PROJECT_READ)
def list_projects(context: ProjectCollection, request: Request) -> Response:
    """One page of the projects that the caller may see."""
    filters = ProjectFilters(**request.openapi_validated.parameters.query)
    page = project_queries.search(context.identity, filters)
    facts = project_queries.facts_of(page.rows, context.identity, now=request.now)
    rows = [project_summary_json(each) for each in facts]
    return tagged(request, {"projects": rows, "pagination": page.as_json()})


@operation("createProject", permission=P.PROJECT_CREATE)
def create_project(context: ProjectCollection, request: Request) -> Response:
    """A new project of the caller."""
    body = request.openapi_validated.body
    project = projects.create(
        actor=require_identity(request), body=body, now=request.now, policy=current_policy()
    )
    request.response.location = request.route_path("project", project_id=project.id)
    return _tagged(request, project_queries.shown_now(project.id), context.identity)


@operation("getProject", permission=P.PROJECT_READ)
def get_project(context: ProjectPage, request: Request) -> Response:
    """One project."""
    return _tagged(request, context.shown, context.identity)


@operation("updateProject", permission=P.PROJECT_EDIT)
def update_project(context: ProjectResource, request: Request) -> Response:
    """Change a project, its status included."""
    return _updated(context, request)


@operation("setProjectStatus", permission=P.PROJECT_EDIT)
def set_project_status(context: ProjectResource, request: Request) -> Response:
    """Move a project to another status, with the dates that it needs."""
    return _updated(context, request)


@operation("deleteProject", permission=P.PROJECT_DELETE)
def delete_project(context: ProjectResource, request: Request) -> None:
    """Remove a project that was never booked."""
    projects.delete(project_id=context.project_id)


@operation("publishProject", permission=P.PROJECT_PUBLISH)
def publish_project(context: ProjectResource, request: Request) -> Response:
    """Show a project to everybody."""
    project = projects.publish(
        project_id=context.project_id, now=request.now, policy=current_policy()
    )
    return _tagged(request, project_queries.shown_now(project.id), context.identity)


@operation("unpublishProject", permission=P.PROJECT_PUBLISH)
def unpublish_project(context: ProjectResource, request: Request) -> Response:
    """Hide a project from the public."""
    project = projects.unpublish(project_id=context.project_id)
    return _tagged(request, project_queries.shown_now(project.id), context.identity)


@operation("setProjectFeatured", permission=P.PROJECT_FEATURE)
def set_project_featured(context: ProjectResource, request: Request) -> Response:
    """Put a project among the featured ones, or take it out."""
    project = projects.feature(
        project_id=context.project_id,
        is_featured=request.openapi_validated.body["is_featured"],
        expected=if_match(request),
    )
    return _tagged(request, project_queries.shown_now(project.id), context.identity)


@operation("saveProject", permission=P.PROJECT_SAVE)
def save_project(context: ProjectResource, request: Request) -> None:
    """Mark a project for the calling customer."""
    projects.save(actor=require_identity(request), project_id=context.project_id, now=request.now)


@operation("unsaveProject", permission=P.PROJECT_SAVE)
def unsave_project(context: ProjectResource, request: Request) -> None:
    """Take the calling customer's mark away."""
    projects.unsave(actor=require_identity(request), project_id=context.project_id)


@operation("getProjectAvailability", permission=P.PROJECT_READ)
def get_project_availability(context: ProjectResource, request: Request) -> Response:
    """Every unit as a grid, with counts."""
    availability = unit_queries.availability(context.project_id)
    return tagged(request, {"availability": availability_json(availability)})


@operation("getPriceSheet", permission=P.PROJECT_READ)
def get_price_sheet(context: ProjectResource, request: Request) -> Response:
    """What every unit costs today: a page in JSON, all of them in CSV."""
    project, policy = project_queries.read(context.project_id), current_policy()
    query = request.openapi_validated.parameters.query
    filters = UnitFilters(project_id=project.id, sort="unit_number", **query)
    if preferred(request, JSON, CSV) == CSV:
        priced = cost_sheets.whole_sheet(project, filters, now=request.now, policy=policy)
        rows = [price_sheet_row(each) for each in priced]
        file = f"price-sheet-{project.id}.csv"
        return tagged_csv(request, PRICE_SHEET_COLUMNS, rows, file=file)
    page = cost_sheets.sheet_page(project, filters, now=request.now, policy=policy)
    return tagged_as_of(request, price_sheet_json(project, page, as_of=request.now))


def _updated(context: ProjectResource, request: Request) -> Response:
    project = projects.update(
        actor=require_identity(request),
        project_id=context.project_id,
        changes=request.openapi_validated.body,
        expected=if_match(request),
        now=request.now,
    )
    return _tagged(request, project_queries.shown_now(project.id), context.identity)


def _tagged(request: Request, project: Any, identity: Identity | None) -> Response:
    """`ProjectData`, as the caller may see it."""
    (facts,) = project_queries.facts_of([project], identity, now=request.now)
    return tagged(request, {"project": project_json(facts, current_policy())}, project)
