"""Operations of the tag `units`."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.cost_sheets import COST_SHEET_COLUMNS, cost_sheet_json, cost_sheet_rows
from realty.presenters.units import generated_json, unit_json
from realty.resources import ProjectResource, UnitCollection, UnitResource
from realty.security import Identity, require_identity
from realty.services import cost_sheets, unit_queries, units
from realty.services.policy import current_policy
from realty.services.unit_queries import UnitFilters
from realty.views.conditional import if_match, tagged, tagged_as_of, tagged_csv
from realty.views.negotiation import CSV, JSON, preferred

Json = dict[str, Any]


@operation("listProjectUnits", permission=P.UNIT_READ)
def list_project_units(context: ProjectResource, request: Request) -> Response:
    """One page of the units of one project."""
    query = request.openapi_validated.parameters.query
    return _page(request, context.identity, UnitFilters(project_id=context.project_id, **query))


@operation("generateUnits", permission=P.UNIT_CREATE)
def generate_units(context: ProjectResource, request: Request) -> Json:
    """Make whole towers."""
    project_id = context.project_id
    body = request.openapi_validated.body
    generated = units.generate(
        actor=require_identity(request), project_id=project_id, body=body, now=request.now
    )
    request.response.location = request.route_path("project_units", project_id=project_id)
    return {"generated": generated_json(generated)}


@operation("listUnits", permission=P.UNIT_READ)
def list_units(context: UnitCollection, request: Request) -> Response:
    """One page of the units of all projects that the caller may see."""
    query = request.openapi_validated.parameters.query
    return _page(request, context.identity, UnitFilters(**query))


@operation("createUnit", permission=P.UNIT_CREATE)
def create_unit(context: UnitCollection, request: Request) -> Response:
    """A new unit in a project of the caller."""
    body = request.openapi_validated.body
    unit = units.create(actor=require_identity(request), body=body, now=request.now)
    request.response.location = request.route_path("unit", unit_id=unit.id)
    return tagged(request, {"unit": unit_json(unit, context.identity)}, unit)


@operation("getUnit", permission=P.UNIT_READ)
def get_unit(context: UnitResource, request: Request) -> Response:
    """One unit."""
    unit = unit_queries.read(context.unit_id)
    return tagged(request, {"unit": unit_json(unit, context.identity)}, unit)


@operation("updateUnit", permission=P.UNIT_EDIT)
def update_unit(context: UnitResource, request: Request) -> Response:
    """Change a unit, but for its status."""
    unit = units.update(
        actor=require_identity(request),
        unit_id=context.unit_id,
        changes=request.openapi_validated.body,
        expected=if_match(request),
        now=request.now,
    )
    return tagged(request, {"unit": unit_json(unit, context.identity)}, unit)


@operation("deleteUnit", permission=P.UNIT_DELETE)
def delete_unit(context: UnitResource, request: Request) -> None:
    """Remove a unit that was never booked."""
    units.delete(unit_id=context.unit_id)


@operation("setUnitStatus", permission=P.UNIT_EDIT)
def set_unit_status(context: UnitResource, request: Request) -> Response:
    """Reserve, block or release a unit."""
    unit = units.set_status(
        actor=require_identity(request),
        unit_id=context.unit_id,
        body=request.openapi_validated.body,
        expected=if_match(request),
        now=request.now,
    )
    return tagged(request, {"unit": unit_json(unit, context.identity)}, unit)


@operation("getUnitCostSheet", permission=P.UNIT_READ)
def get_unit_cost_sheet(context: UnitResource, request: Request) -> Response:
    """What a unit costs today, and when it is to be paid."""
    priced = cost_sheets.price(
        unit_id=context.unit_id,
        payment_plan=request.openapi_validated.parameters.query["payment_plan"],
        now=request.now,
        policy=current_policy(),
    )
    if preferred(request, JSON, CSV) == CSV:
        file = f"cost-sheet-{context.unit_id}.csv"
        return tagged_csv(request, COST_SHEET_COLUMNS, cost_sheet_rows(priced), file=file)
    return tagged_as_of(request, cost_sheet_json(priced))


def _page(request: Request, identity: Identity | None, filters: UnitFilters) -> Response:
    page = unit_queries.search(identity, filters)
    rows = [unit_json(unit, identity) for unit in page.rows]
    return tagged(request, {"units": rows, "pagination": page.as_json()})
