"""3D models."""

from __future__ import annotations

from pony.orm import select
from pyramid.authorization import Allow, Everyone
from pyramid.request import Request

from realty.db import scopes
from realty.permissions import P
from realty.resources.base import Acl, first_or_404, path_id, viewer_or_required
from realty.resources.catalogue import ProjectResource
from realty.security import viewer


class ModelCollection:
    """The 3D models of all projects, as far as the caller sees them."""

    __acl__: Acl = [(Allow, Everyone, P.MODEL_READ)]

    def __init__(self, request: Request) -> None:
        self.identity = viewer(request)


class ProjectModels(ProjectResource):
    """The 3D models of a project that the caller may see."""

    def __acl__(self) -> Acl:
        return [
            (Allow, Everyone, P.MODEL_READ),
            (Allow, f"builder:{self.builder_id}", P.MODEL_WRITE),
        ]


class ModelResource:
    """One version of a model that the caller sees, locked or not, by the ids that never change."""

    def __init__(self, request: Request) -> None:
        self.identity = viewer_or_required(request)
        self.model_id = path_id(request, "model_id")
        model_id = self.model_id
        visible = scopes.visible_models(self.identity).filter(lambda m: m.id == model_id)
        self.project_id, self.builder_id = first_or_404(
            select((m.project.id, m.project.builder.id) for m in visible)
        )

    def __acl__(self) -> Acl:
        return [
            (Allow, Everyone, P.MODEL_READ),
            (Allow, f"builder:{self.builder_id}", P.MODEL_WRITE),
        ]
