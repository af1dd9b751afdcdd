"""3D models at once, over three servers: one version of each is current, no number is given twice,
and every view and download is counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from realty.db import Model3D
from realty.db.session import session
from tests.factories import make_file, make_model
from tests.races.buyers import together
from tests.races.conftest import Launch
from tests.server_processes import Fleet, Reply

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

AT_ONCE = 9
LaunchOf = Callable[[int, int], Launch]


def show(fleet: Fleet, server: int, sale: Launch, model_id: int) -> Reply:
    """The builder makes a version the current one."""
    path, change = f"/api/models/{model_id}", {"status": "current"}
    return fleet.request("PATCH", server, path, change, token=sale.builder.token)


def add(fleet: Fleet, server: int, sale: Launch, file_id: int, unit_id: int | None) -> Reply:
    """The builder adds a version that is current at once."""
    body = {"model_name": "Lobby", "model_type": "amenities", "file_id": file_id}
    body |= {"status": "current", "unit_id": unit_id}
    path = f"/api/projects/{sale.project.id}/models"
    return fleet.post(server, path, body, token=sale.builder.token)


def test_one_of_many_becomes_current(fleet: Fleet, launch: LaunchOf) -> None:
    sale = launch(1, 1)
    versions = [
        make_model(sale.project, sale.builder, "draft", model_name="Lobby", version=number)
        for number in range(1, AT_ONCE + 1)
    ]
    replies = together([partial(show, fleet, n, sale, each) for n, each in enumerate(versions)])
    assert {reply.status for reply in replies} == {200}
    with session():
        statuses = sorted(m.status for m in Model3D.select())
    assert statuses == ["archived"] * (AT_ONCE - 1) + ["current"]


def test_versions_added_at_once_are_numbered_without_a_gap(fleet: Fleet, launch: LaunchOf) -> None:
    sale = launch(1, 1)
    kind = {"content_type": "model/gltf-binary"}
    files = [make_file(sale.builder, "model", **kind) for _ in range(AT_ONCE)]
    units = [None, sale.units[0].id]
    replies = together(
        [partial(add, fleet, n, sale, each, units[n % 2]) for n, each in enumerate(files)]
    )
    assert {reply.status for reply in replies} == {201}
    with session():
        numbers = sorted((m.unit is None, m.version) for m in Model3D.select())
        current = [m.unit is None for m in Model3D.select(lambda m: m.status == "current")]
    assert numbers == [(False, n) for n in range(1, 5)] + [(True, n) for n in range(1, 6)]
    assert sorted(current) == [False, True]


def test_every_view_is_counted(fleet: Fleet, launch: LaunchOf) -> None:
    sale = launch(1, 1)
    model_id = make_model(sale.project, sale.builder)
    path, token = f"/api/models/{model_id}", sale.customers[0].token
    looks: list[Callable[[], Reply]] = [
        partial(fleet.request, "GET", n, path, token=token) for n in range(AT_ONCE)
    ]
    changes: list[Callable[[], Reply]] = [
        partial(
            fleet.request, "PATCH", n, path, {"is_interactive": False}, token=sale.builder.token
        )
        for n in range(3)
    ]
    replies = together(looks + changes)
    assert {reply.status for reply in replies} == {200}
    with session():
        assert Model3D[model_id].view_count == AT_ONCE
