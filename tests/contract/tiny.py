"""An application over `tiny.yaml` with nothing but the contract layer and one error view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.router import Router
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid_openapi3.exceptions import RequestValidationError, ResponseValidationError

from realty.contract import operation, problems
from realty.errors import MethodNotAllowed
from realty.settings import Settings

CONTRACT = Path(__file__).with_name("tiny.yaml")


def tiny_app(contract: Path = CONTRACT, validators: str = "compiled") -> Router:
    """The WSGI application over a contract like `tiny.yaml`."""
    settings = Settings(contract=str(contract), contract_validators=validators, docs_enabled=False)
    with Configurator(settings={"realty": settings}) as config:
        config.include("realty.file_links")
        config.include("realty.contract")
        config.commit()
        config.add_exception_view(_refused, RequestValidationError)
        config.add_exception_view(_refused, ResponseValidationError)
        config.add_exception_view(_other_method, MethodNotAllowed)
        config.scan("tests.contract.tiny")
        return config.make_wsgi_app()


def _refused(error: Exception, request: Request) -> Response:
    status, code, details = problems(error)
    body = {"code": code, "details": [each.as_json() for each in details]}
    return Response(json_body=body, status=status)


def _other_method(error: MethodNotAllowed, request: Request) -> Response:
    return Response(status=error.status, headerlist=[("Allow", ", ".join(error.allowed))])


def _seen(request: Request) -> dict[str, Any]:
    """What arrived, as text."""
    given = request.openapi_validated
    parameters = given.parameters
    seen = {"path": parameters.path, "query": parameters.query, "body": given.body}
    return {"seen": repr(seen)}


@operation("listThings", permission=NO_PERMISSION_REQUIRED)
def list_things(context: Any, request: Request) -> Any:
    """Echo, or whatever answer the header asks for."""
    wanted = request.headers.get("X-Answer")
    if wanted == "undeclared status":
        request.response.status_int = 418
    if wanted in {"missing body", "undeclared status"}:
        return None
    if wanted == "wrong body":
        return {"seen": 5, "more": 1}
    if wanted == "wrong type":
        return Response("seen", content_type="text/plain")
    if wanted == "not json":
        return Response(b"{", content_type="application/json")
    if wanted == "own status":
        request.response.status_int = 404
    return _seen(request)


@operation("createThing", permission=NO_PERMISSION_REQUIRED, idempotent=True)
def create_thing(context: Any, request: Request) -> Any:
    """Echo; the Location is whatever the caller asks for."""
    if location := request.headers.get("X-Location", "/things/1"):
        request.response.headers["Location"] = location
    return _seen(request)


@operation("getThing", permission="thing:read")
def get_thing(context: Any, request: Request) -> Any:
    """Echo."""
    return _seen(request)


@operation("deleteThing", permission=NO_PERMISSION_REQUIRED)
def delete_thing(context: Any, request: Request) -> Any:
    """Nothing to say."""


@operation("confirmThing", permission=NO_PERMISSION_REQUIRED)
def confirm_thing(context: Any, request: Request) -> Any:
    """Echo."""
    return _seen(request)


@operation("annotateThing", permission=NO_PERMISSION_REQUIRED)
def annotate_thing(context: Any, request: Request) -> Any:
    """Echo."""
    return _seen(request)
