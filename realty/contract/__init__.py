"""The contract at work: routes, validation, the served file and its documentation page.

pyramid_openapi3 stays the layer; its two validator objects are replaced by compiled ones.
"""

from __future__ import annotations

import logging
from pathlib import Path

from jsonschema_path import SchemaPath
from pyramid.config import PHASE0_CONFIG, Configurator
from pyramid.events import ApplicationCreated, BeforeTraversal
from pyramid.exceptions import ConfigurationError
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from realty.contract.checking import ContractError, check, check_contract, is_recorded, record
from realty.contract.compiled import CompiledContract
from realty.contract.document import Contract, Operation, locate
from realty.contract.operations import JSONRenderer, operation, require_every_view, to_json
from realty.contract.problems import ContractProblem, problems
from realty.contract.stock import StockContract
from realty.errors import MethodNotAllowed
from realty.settings import Settings

__all__ = [
    "CompiledContract",
    "Contract",
    "ContractError",
    "ContractProblem",
    "Operation",
    "check",
    "includeme",
    "locate",
    "operation",
    "problems",
    "record",
    "to_json",
]

logger = logging.getLogger(__name__)

DOCS_FOLDER = "realty:static/docs"


def includeme(config: Configurator) -> None:
    """Register the contract's routes and validators; must stand before the scan of the views.

    Afterwards `registry.contract` is the document, `registry.operations` its operations by id,
    `request.operation` the one that a request calls (None outside the contract) and
    `request.operation_permission` what its view asks for.
    """
    settings = config.registry.settings
    chosen: Settings = settings["realty"]
    path = locate(chosen.contract)
    contract = Contract.read(path)
    if not is_recorded(path):
        logger.warning("%s was changed since its last check: run `realty openapi check`", path)
        try:
            check_contract(contract)
        except ContractError as error:
            raise ConfigurationError(
                f"{path} is not a sound contract, see `realty openapi check`\n{error}"
            ) from error

    contract = contract.without_words()
    config.registry.contract = contract
    config.registry.operations = contract.operations
    config.registry.operation_permissions = {}
    config.add_request_method(_operation, "operation", reify=True)
    config.add_request_method(_operation_permission, "operation_permission", reify=True)
    config.add_renderer("json", JSONRenderer)
    config.add_subscriber(require_every_view, ApplicationCreated)
    config.add_subscriber(_require_known_method, BeforeTraversal)

    config.include("pyramid_openapi3")
    spec = SchemaPath.from_dict(contract.served_here())

    def install() -> None:
        """What `pyramid_openapi3_spec` leaves behind, without its validation at each start."""
        validators: StockContract | CompiledContract
        if chosen.contract_validators == "stock":
            validators = StockContract(SchemaPath.from_dict(contract.held_whole()))
        else:
            validators = CompiledContract(contract)
        settings.setdefault("pyramid_openapi3_apinames", []).append("pyramid_openapi3")
        settings["pyramid_openapi3"] = {
            "filepath": str(path),
            "spec_route_name": "contract",
            "spec": spec,
            "request_validator": validators,
            "response_validator": validators,
        }

    config.action("pyramid_openapi3_spec", install, order=PHASE0_CONFIG)
    config.pyramid_openapi3_register_routes()
    _serve_contract(config, path)
    if chosen.docs_enabled:
        _serve_documentation(config)


def _require_known_method(event: BeforeTraversal) -> None:
    """405 before anything is looked up: which methods a path has is no secret of its rows."""
    request = event.request
    if request.matched_route is not None and request.operation is None:
        allowed = request.registry.contract.allowed_methods(request.matched_route.name)
        if allowed:
            raise MethodNotAllowed(allowed)


def _operation(request: Request) -> Operation | None:
    """The operation that this request calls, None where no route or method of the contract fits."""
    route = request.matched_route
    by_route = request.registry.contract.by_route
    return by_route.get((route.name, request.method)) if route else None


def _operation_permission(request: Request) -> str | None:
    """The permission that the view of this request's operation asks for, None without one."""
    found = request.operation
    return request.registry.operation_permissions.get(found.id) if found else None


def _serve_contract(config: Configurator, path: Path) -> None:
    """The contract itself, byte for byte as it was read at start."""
    body = path.read_bytes()

    def contract_view(_request: Request) -> Response:
        return Response(body, content_type="text/yaml", charset="utf-8")

    config.add_route("contract", "/openapi.yaml")
    config.add_view(
        contract_view,
        route_name="contract",
        request_method="GET",
        permission=NO_PERMISSION_REQUIRED,
    )


def _serve_documentation(config: Configurator) -> None:
    """The page that shows the contract, with every asset from this host."""
    config.pyramid_openapi3_add_explorer(
        route="/docs/", route_name="docs", template=f"{DOCS_FOLDER}/index.html"
    )
    config.add_static_view("docs-assets", DOCS_FOLDER)
