"""Projects with their phases, and units."""

from __future__ import annotations

from typing import Any

from pony.orm import select
from pyramid.authorization import Allow, Everyone
from pyramid.request import Request

from realty.db import ProjectPhase, scopes
from realty.permissions import P
from realty.resources.base import (
    SAFE_METHODS,
    Acl,
    first_or_404,
    path_id,
    viewer_or_required,
)
from realty.security import require_identity
from realty.services import project_queries

_READ_CATALOGUE = (P.PROJECT_READ, P.UNIT_READ)


class ProjectCollection:
    """The projects that the caller may see."""

    __acl__: Acl = [(Allow, Everyone, P.PROJECT_READ), (Allow, "role:builder", P.PROJECT_CREATE)]

    def __init__(self, request: Request) -> None:
        self.identity = viewer_or_required(request)


class ProjectResource:
    """One project that the caller may see, with everything below it."""

    def __init__(self, request: Request) -> None:
        self.identity = viewer_or_required(request)
        self.project_id = path_id(request, "project_id")
        project_id = self.project_id
        visible = scopes.visible_projects(self.identity).filter(lambda p: p.id == project_id)
        self.builder_id: int = self._builder_of(visible, request)

    def _builder_of(self, visible: Any, _request: Request) -> int:
        builder_id: int = first_or_404(select(p.builder.id for p in visible))
        return builder_id

    def __acl__(self) -> Acl:
        return [
            (Allow, Everyone, (*_READ_CATALOGUE, P.PROGRESS_READ)),
            (
                Allow,
                f"builder:{self.builder_id}",
                (
                    P.PROJECT_EDIT,
                    P.PROJECT_DELETE,
                    P.PROJECT_PUBLISH,
                    P.PROGRESS_EDIT,
                    P.PROGRESS_REPORT,
                    P.UNIT_CREATE,
                    P.UNIT_EXPORT,
                    P.UNIT_IMPORT,
                ),
            ),
            (Allow, "role:customer", (P.PROJECT_SAVE, P.PROGRESS_REPORT)),
            (Allow, "role:admin", P.PROJECT_FEATURE),
        ]


class ProjectPage(ProjectResource):
    """The same; what only reads it has all that is shown in the statement that asks whether it may
    be, in `shown`: a third of the time that three statements take."""

    def _builder_of(self, visible: Any, request: Request) -> int:
        if request.method not in SAFE_METHODS:
            return super()._builder_of(visible, request)
        self.shown = project_queries.shown(visible)
        builder_id: int = self.shown.builder.id
        return builder_id


class PhaseResource:
    """One phase of a project that the caller may see; only its builder does anything with it."""

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)
        self.phase_id = path_id(request, "phase_id")
        phase_id, visible = self.phase_id, scopes.visible_projects(self.identity)
        self.project_id, self.builder_id = first_or_404(
            select(
                (f.project.id, f.project.builder.id)
                for f in ProjectPhase
                if f.id == phase_id and f.project in visible
            )
        )

    def __acl__(self) -> Acl:
        return [(Allow, f"builder:{self.builder_id}", P.PROGRESS_EDIT)]


class ProjectReportResource(ProjectResource):
    """What is printed or exported of a project, for nobody who is not signed in."""

    def __init__(self, request: Request) -> None:
        require_identity(request)
        super().__init__(request)


class UnitCollection:
    """The units that the caller may see. Whose project a new unit goes to is for the service."""

    __acl__: Acl = [(Allow, Everyone, P.UNIT_READ), (Allow, "role:builder", P.UNIT_CREATE)]

    def __init__(self, request: Request) -> None:
        self.identity = viewer_or_required(request)


class UnitResource:
    """One unit of a project that the caller may see."""

    def __init__(self, request: Request) -> None:
        self.identity = viewer_or_required(request)
        self.unit_id = path_id(request, "unit_id")
        unit_id = self.unit_id
        visible = scopes.visible_units(self.identity).filter(lambda u: u.id == unit_id)
        self.project_id, self.builder_id = first_or_404(
            select((u.project.id, u.project.builder.id) for u in visible)
        )

    def __acl__(self) -> Acl:
        return [
            (Allow, Everyone, P.UNIT_READ),
            (Allow, f"builder:{self.builder_id}", (P.UNIT_EDIT, P.UNIT_DELETE)),
        ]
