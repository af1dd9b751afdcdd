"""A project, whoever looks at its 3D models, and what the tests do with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from realty.db import Model3D
from realty.db.session import session
from tests.client import Answer, Api
from tests.factories import (
    BuilderAccount,
    CustomerAccount,
    ProjectRow,
    UnitRow,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_file,
    make_project,
    make_unit,
)
from tests.uploads import glb, picture

LEVELS = ("public", "customers_only", "booked_customers")
STATUSES = ("draft", "current", "archived")


@dataclass(frozen=True)
class Site:
    """A project with a unit, and a customer with a booking in it."""

    builder: BuilderAccount
    project: ProjectRow
    unit: UnitRow
    customer: CustomerAccount

    @property
    def path(self) -> str:
        """Where the models of the project are."""
        return f"/api/projects/{self.project.id}/models"


def make_site(**over: Any) -> Site:
    """A site; `over` is of the project."""
    builder, customer = make_builder(), make_customer()
    project = make_project(builder, **over)
    unit = make_unit(project)
    make_booking(unit, customer, status="confirmed")
    return Site(builder, project, unit, customer)


def callers(site: Site) -> dict[str, Any]:
    """Everybody who may look, by what they are to the project."""
    former = make_customer()
    make_booking(make_unit(site.project), former, status="cancelled")
    return {
        "builder": site.builder,
        "customer": site.customer,
        "former customer": former,
        "other customer": make_customer(),
        "other builder": make_builder(),
        "admin": make_admin(),
        "stranger": None,
    }


def model_file(site: Site) -> int:
    """A GLB that the builder uploaded and has not used yet."""
    return make_file(site.builder, "model", glb(), content_type="model/gltf-binary")


def thumbnail(site: Site) -> int:
    """A picture that the builder uploaded and has not used yet."""
    return make_file(site.builder, "thumbnail", picture(), content_type="image/png")


def add(api: Api, site: Site, expect: int = 201, **over: Any) -> Answer:
    """The builder adds a version."""
    body = {"model_name": "Site model", "model_type": "project_overview", **over}
    if "file_id" not in body:
        body["file_id"] = model_file(site)
    return api.as_(site.builder).post(site.path, body, status=expect)


def added(api: Api, site: Site, **over: Any) -> Any:
    """The version that the builder added."""
    return add(api, site, **over).data["model"]


def move(api: Api, site: Site, model_id: int, expect: int = 200, **changes: Any) -> Answer:
    """The builder changes a version."""
    return api.as_(site.builder).patch(f"/api/models/{model_id}", changes, status=expect)


def ids(answer: Answer) -> list[int]:
    """The ids of a list, in its order."""
    return [model["id"] for model in answer.data["models"]]


def counts(model_id: int) -> tuple[int, int]:
    """How often a model was opened and fetched, as the table has it."""
    with session():
        model = Model3D[model_id]
        return model.view_count, model.download_count
