"""The operations of the tag `units` that take and give sheets."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.unit_sheets import import_json, sheet_texts
from realty.resources import ProjectReportResource, ProjectResource
from realty.security import require_identity
from realty.services import unit_export, unit_import
from realty.services.policy import current_policy
from realty.views.conditional import tagged_csv, tagged_workbook
from realty.views.forms import received
from realty.views.negotiation import CSV, XLSX, preferred

MEBIBYTE = 1024 * 1024


@operation("importUnits", permission=P.UNIT_IMPORT)
def import_units(context: ProjectResource, request: Request) -> dict[str, Any]:
    """Make and change units as a sheet says, or tell what it would do."""
    policy = current_policy()
    most = policy.units_import_max_mb * MEBIBYTE
    with received(request, {"dry_run": ("true", "false")}, most=lambda _: most) as form:
        report = unit_import.import_units(
            form.content,
            actor=require_identity(request),
            project_id=context.project_id,
            dry_run=form.values["dry_run"] == "true",
            now=request.now,
            policy=policy,
        )
    return {"import": import_json(report)}


@operation("exportUnits", permission=P.UNIT_EXPORT)
def export_units(context: ProjectReportResource, request: Request) -> Response:
    """Every unit of a project as a sheet."""
    tower = request.openapi_validated.parameters.query.get("tower")
    lines = unit_export.lines(context.project_id, tower=tower, policy=current_policy())
    file = f"units-{context.project_id}"
    texts = sheet_texts(lines)
    if preferred(request, CSV, XLSX) == XLSX:
        book = unit_export.workbook(lines)
        return tagged_workbook(request, texts, book, file=f"{file}.xlsx")
    return tagged_csv(request, tuple(unit_export.COLUMNS), texts, file=f"{file}.csv")
