"""A project with a plan of the work, and what the tests do with it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from realty.db import ProjectPhase
from realty.db.session import session
from realty.rules.clock import local_date
from tests.client import Answer, Api
from tests.deployment import CLOCK
from tests.factories import ZONE, BuilderAccount, ProjectRow


def today() -> date:
    """The day at the site."""
    return local_date(CLOCK.now(), ZONE)


def day(distance: int) -> str:
    """A day so many from today."""
    return (today() + timedelta(days=distance)).isoformat()


def element(name: str, weight: str, **over: Any) -> dict[str, Any]:
    """One element of the list of phases."""
    return {"phase_name": name, "weight_percent": weight, **over}


FOUNDATION = element("Foundation", "25.00", milestone_code="foundation")
STRUCTURE = element("Structure", "50.00", milestone_code="slab_1")
FINISHING = element("Finishing", "25.00", milestone_code="finishing")
PLAN = (FOUNDATION, STRUCTURE, FINISHING)


def put(
    api: Api, builder: BuilderAccount, project: ProjectRow, *phases: dict[str, Any], **options: Any
) -> Answer:
    """Replace the phases of a project."""
    path = f"/api/projects/{project.id}/progress"
    return api.as_(builder).put(path, {"phases": list(phases)}, **options)


def planned(
    api: Api, builder: BuilderAccount, project: ProjectRow, *phases: dict[str, Any]
) -> list[dict[str, Any]]:
    """The phases of a project after they were replaced."""
    progress: dict[str, Any] = put(api, builder, project, *(phases or PLAN)).data["progress"]
    found: list[dict[str, Any]] = progress["phases"]
    return found


def report(api: Api, builder: BuilderAccount, phase_id: int, **o: Any) -> Answer:
    """Report on a phase; `status` of the answer is 200 unless `expect` says otherwise."""
    expect, headers = o.pop("expect", 200), o.pop("headers", None)
    path = f"/api/progress/{phase_id}"
    return api.as_(builder).patch(path, o, status=expect, headers=headers)


def read(api: Api, caller: Any, project: ProjectRow, **options: Any) -> Answer:
    """The progress of a project as a caller sees it."""
    return api.as_(caller).get(f"/api/projects/{project.id}/progress", **options)


def stored(phase_id: int, *names: str) -> tuple[Any, ...]:
    """Columns of a phase."""
    with session():
        row = ProjectPhase[phase_id]
        return tuple(getattr(row, name) for name in names)
