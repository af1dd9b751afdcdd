"""One line declares an operation: the contract gives its route, its method and its status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import venusian
from pyramid.config import Configurator
from pyramid.events import ApplicationCreated
from pyramid.exceptions import ConfigurationError
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from realty.contract.document import Operation

View = Callable[[Any, Request], Any]


def operation(
    operation_id: str, *, permission: str | None = None, idempotent: bool = False
) -> Callable[[View], View]:
    """Register the view `(context, request)` as the contract's operation of this id.

    The view returns the `data` of the success envelope, None for an answer without a body, or a
    Response of its own. `idempotent` repeats, where a reader of the view sees it, that the
    operation takes an Idempotency-Key; start-up fails when the contract says otherwise.
    """
    if not permission:
        raise ConfigurationError(
            f'@operation("{operation_id}") names no permission: add permission=P.…, or'
            " NO_PERMISSION_REQUIRED when x-roles of the contract says public."
        )

    def decorate(view: View) -> View:
        def register(scanner: Any, _name: str, found: View) -> None:
            config: Configurator = scanner.config
            declared = _agreed(config.registry.operations, operation_id, permission, idempotent)
            config.registry.operation_permissions[operation_id] = permission
            config.add_view(
                answering(found, declared),
                route_name=declared.route_name,
                request_method=declared.method,
                permission=permission,
                openapi=True,
            )

        venusian.attach(view, register, category="pyramid")
        return view

    return decorate


def _agreed(
    operations: Mapping[str, Operation], operation_id: str, permission: str, idempotent: object
) -> Operation:
    """The operation as the contract has it; `ConfigurationError` where the view says otherwise."""
    declared = operations.get(operation_id)
    if declared is None:
        raise ConfigurationError(
            f'@operation("{operation_id}") is not in the contract: correct the id or add the'
            " operation to openapi.yaml."
        )
    if permission == NO_PERMISSION_REQUIRED and "public" not in declared.roles:
        raise ConfigurationError(
            f'@operation("{operation_id}") is open to all but x-roles of the contract is'
            f" {', '.join(declared.roles)}: name a permission."
        )
    if idempotent != declared.idempotent:
        raise ConfigurationError(
            f'@operation("{operation_id}") has idempotent={idempotent}, but the contract does'
            f" {'' if declared.idempotent else 'not '}take an Idempotency-Key: make them agree."
        )
    return declared


def answering(view: View, declared: Operation) -> View:
    """The view with its data put into the success envelope and its status into the response."""
    status = declared.success_status

    def answer(context: Any, request: Request) -> Response:
        request.response.status_int = status
        data = view(context, request)
        if isinstance(data, Response):
            return data
        response = request.response
        if data is None:
            response.content_type = response.content_length = None
        else:
            response.content_type = "application/json"
            response.body = to_json({"success": True, "data": data}, request.sign_links)
        return response

    return answer


def to_json(value: Any, default: Callable[[Any], Any] | None = None) -> bytes:
    """JSON bytes; a Decimal or datetime is an error, because presenters decide how they look.

    `default` tells what stands for a value that is no JSON, above all a link.
    """
    passed = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    return orjson.dumps(value, default, passed)


class JSONRenderer:
    """The renderer `json` for views outside the contract, above all the error views."""

    def __init__(self, info: Any) -> None:
        pass

    def __call__(self, value: Any, system: dict[str, Any]) -> bytes:
        system["request"].response.content_type = "application/json"
        return to_json(value)


def require_every_view(event: ApplicationCreated) -> None:
    """Refuse to start when an operation of the contract has no view."""
    registry = event.app.registry
    missing = sorted(
        declared.id
        for declared in registry.operations.values()
        if not declared.served_by and declared.id not in registry.operation_permissions
    )
    if missing:
        raise ConfigurationError(
            f"The contract has operations without a view: {', '.join(missing)}. Write each under"
            f' realty/views with @operation("{missing[0]}", permission=P.…), or take it out of'
            " openapi.yaml."
        )
