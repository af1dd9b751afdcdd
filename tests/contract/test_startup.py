"""The contract is checked before it is served, and every view is held to it at start."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError

from realty.contract import ContractError, check, operation, record
from realty.settings import Settings
from tests.contract.tiny import CONTRACT, tiny_app

Document = dict[str, Any]


def configurator(contract: Path = CONTRACT) -> Configurator:
    """A configurator that knows the contract and no view."""
    settings = Settings(contract=str(contract), docs_enabled=False)
    config = Configurator(settings={"realty": settings})
    config.include("realty.contract")
    return config


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Callable[[Document], Any]], Path]:
    """Writes a copy of the small contract with a change."""

    def write(change: Callable[[Document], Any]) -> Path:
        document = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
        change(document)
        path = tmp_path / "openapi.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return path

    return write


def listing(document: Document) -> Document:
    """The operation `listThings`."""
    found: Document = document["paths"]["/things"]["get"]
    return found


def test_an_operation_without_a_view_stops_the_start() -> None:
    with pytest.raises(ConfigurationError, match=r"without a view: annotateThing, .*@operation"):
        configurator().make_wsgi_app()


def test_a_view_without_an_operation_stops_the_start(
    changed: Callable[[Callable[[Document], Any]], Path],
) -> None:
    path = changed(lambda document: listing(document).update(operationId="browseThings"))
    with pytest.raises(ConfigurationError, match=r'"listThings".* is not in the contract: correct'):
        tiny_app(path)


@pytest.mark.parametrize("permission", [None, ""])
def test_a_view_without_a_permission_stops_the_start(permission: str | None) -> None:
    with pytest.raises(ConfigurationError, match="names no permission: add permission=P"):
        operation("listThings", permission=permission)


def test_a_view_open_to_all_must_be_public_in_the_contract(
    changed: Callable[[Callable[[Document], Any]], Path],
) -> None:
    path = changed(lambda document: listing(document).update({"x-roles": ["builder"]}))
    with pytest.raises(ConfigurationError, match=r"is open to all but x-roles .* is builder"):
        tiny_app(path)


def test_a_view_must_agree_about_idempotency(
    changed: Callable[[Callable[[Document], Any]], Path],
) -> None:
    def without_key(document: Document) -> None:
        del document["paths"]["/things"]["post"]["parameters"][0]

    with pytest.raises(ConfigurationError, match="does not take an Idempotency-Key"):
        tiny_app(changed(without_key))


def test_a_missing_contract_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="set REALTY_CONTRACT"):
        configurator(tmp_path / "nothing.yaml")


def test_a_passed_check_is_recorded_and_skipped_until_the_file_changes(
    changed: Callable[[Callable[[Document], Any]], Path], caplog: pytest.LogCaptureFixture
) -> None:
    path = changed(lambda _: None)
    configurator(path)
    assert "run `realty openapi check`" in caplog.text
    caplog.clear()
    check(path)
    record(path)
    configurator(path)
    assert caplog.records == []
    path.write_text(path.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        configurator(path)
    assert caplog.records


def _two_tags(document: Document) -> None:
    listing(document)["tags"].append("more")


def _unreachable(document: Document) -> None:
    path = dict(document["paths"]["/things"], **{"x-pyramid-route-name": "stats"})
    path["get"] = {**path["get"], "operationId": "getStats"}
    del path["post"]
    document["paths"]["/things/{thing_id}/{part}"] = {"x-pyramid-route-name": "part"}
    document["paths"]["/things/5/stats"] = path


def _list_parameter(document: Document) -> None:
    listing(document)["parameters"][0]["schema"] = {"type": "array", "items": {"type": "string"}}


RULES: list[tuple[Callable[[Document], Any], str]] = [
    (lambda document: document.pop("info"), '"info" is a required property'),
    (lambda document: document["paths"]["/things"].pop("x-pyramid-route-name"), "route-name"),
    (
        lambda document: document["paths"]["/things"].update({"x-pyramid-route-name": "thing"}),
        "the route name thing is taken",
    ),
    (_unreachable, "/things/5/stats: is never reached, /things/{thing_id}/{part} stands before"),
    (_two_tags, "GET /things: needs exactly one tag"),
    (lambda document: listing(document).pop("x-roles"), "GET /things: x-roles must name"),
    (lambda document: listing(document).pop("operationId"), "GET /things: has no operationId"),
    (_list_parameter, "page is neither string, integer nor boolean"),
    (
        lambda document: listing(document)["parameters"].append(
            {"name": "tab", "in": "cookie", "schema": {"type": "string"}}
        ),
        "tab is a cookie",
    ),
    (lambda document: listing(document)["responses"].pop("200"), "has no 2xx response"),
    (lambda document: listing(document)["responses"].pop("422"), "validation answers 422 too"),
    (
        lambda document: document["paths"]["/things"]["post"]["responses"].pop("415"),
        "POST /things: validation answers 415 too",
    ),
    (
        lambda document: document["components"]["schemas"]["Owner"].pop("additionalProperties"),
        "/components/schemas/Owner: an object schema must say additionalProperties: false",
    ),
    (
        lambda document: document["components"]["schemas"]["Owner"]["properties"]["city"].update(
            format="city"
        ),
        "the format city is not one of",
    ),
]


@pytest.mark.parametrize(("change", "problem"), RULES)
def test_an_unsound_contract_is_refused_with_its_problem(
    changed: Callable[[Callable[[Document], Any]], Path],
    change: Callable[[Document], Any],
    problem: str,
) -> None:
    path = changed(change)
    with pytest.raises(ContractError) as refused:
        check(path)
    assert problem in str(refused.value)
    assert all(len(line) < 300 for line in str(refused.value).splitlines())
    with pytest.raises(ConfigurationError):
        configurator(path)
