"""What validation costs: calls and time of one request, with stock, compiled and no validators.

The routes and the contract are the real ones; the views are stubs that answer the contract's own
examples, so that nothing but Pyramid and the validation of request and response is measured.
"""

from __future__ import annotations

import cProfile
import io
import json
import pstats
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

warnings.simplefilter("ignore")

from pyramid.config import Configurator
from pyramid.interfaces import IRoutesMapper
from pyramid.request import Request
from pyramid.router import Router
from pyramid.security import NO_PERMISSION_REQUIRED

from realty.contract import Contract, Operation
from realty.contract.operations import answering
from realty.settings import Settings

ROWS_OF_A_LIST = 10
REPEATS = 5
SECONDS_OF_A_REPEAT = 0.3


@dataclass(frozen=True)
class Case:
    """One request of the real contract."""

    operation_id: str
    url: str
    title: str


CASES = (
    Case(
        "listProjects", "/api/projects?city=bangalore&status=construction&page=1&limit=10", "list"
    ),
    Case("getProject", "/api/projects/17", "detail"),
    Case("createBooking", "/api/bookings", "POST"),
)
VALIDATORS = ("none", "compiled", "stock")


def example(media: dict[str, Any], contract: Contract) -> Any:
    """The first example of a media type."""
    if "example" in media:
        return media["example"]
    return contract.resolve(next(iter(media["examples"].values())))["value"]


def stub(operation: Operation, contract: Contract) -> Callable[[Any, Request], Any]:
    """A view that answers the operation's example; a list has `ROWS_OF_A_LIST` rows."""
    node = dict(contract.path_items())[operation.path][operation.method.lower()]
    answer = contract.resolve(node["responses"][str(operation.success_status)])
    content = answer.get("content", {}).get("application/json")
    data = example(content, contract)["data"] if content else None
    for name, value in (data or {}).items():
        if "pagination" in data and isinstance(value, list):
            data[name] = value[:1] * ROWS_OF_A_LIST

    def view(_context: Any, request: Request) -> Any:
        if "Location" in answer.get("headers", {}):
            request.response.location = "/api/things/1"
        return data

    return view


def build(validators: str) -> Router:
    """The application with stub views and without the root factories, which ask the database."""
    validated = str(validators != "none").lower()
    settings = {
        "realty": Settings(
            contract_validators="stock" if validators == "stock" else "compiled",
            docs_enabled=False,
        ),
        "pyramid_openapi3.enable_request_validation": validated,
        "pyramid_openapi3.enable_response_validation": validated,
    }
    config = Configurator(settings=settings)
    config.include("realty.contract")
    config.commit()
    registry = config.registry
    for operation in registry.operations.values():
        if not operation.served_by:
            config.add_view(
                answering(stub(operation, registry.contract), operation),
                route_name=operation.route_name,
                request_method=operation.method,
                permission=NO_PERMISSION_REQUIRED,
                openapi=True,
            )
            registry.operation_permissions[operation.id] = NO_PERMISSION_REQUIRED
    app = config.make_wsgi_app()
    for route in registry.getUtility(IRoutesMapper).get_routes():
        route.factory = lambda request: request
    return app


def sender(app: Router, case: Case) -> Callable[[], None]:
    """A function that sends the case through the application once."""
    contract: Contract = app.registry.contract
    operation = app.registry.operations[case.operation_id]
    node = dict(contract.path_items())[operation.path][operation.method.lower()]
    body = b""
    if "requestBody" in node:
        body = json.dumps(
            example(node["requestBody"]["content"]["application/json"], contract)
        ).encode()

    def send() -> None:
        request = Request.blank(case.url, method=operation.method, body=body)
        request.headers["Authorization"] = "Bearer token"
        request.headers["Content-Type"] = "application/json"
        status, _, chunks = request.call_application(app)
        if not status.startswith(str(operation.success_status)):
            raise RuntimeError(f"{case.operation_id}: {status} {b''.join(chunks)!r}")
        b"".join(chunks)

    return send


def calls(send: Callable[[], None]) -> int:
    """Python and C calls of one request."""
    for _ in range(3):
        send()
    profile = cProfile.Profile()
    profile.runcall(send)
    stats: Any = pstats.Stats(profile, stream=io.StringIO())
    return int(stats.total_calls)


def microseconds(send: Callable[[], None]) -> float:
    """The time of one request: the best of a few repeats."""
    best = float("inf")
    for _ in range(REPEATS):
        count, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < SECONDS_OF_A_REPEAT:
            send()
            count += 1
        best = min(best, elapsed / count)
    return best * 1e6


def main() -> None:
    """Print the table."""
    apps = {name: build(name) for name in VALIDATORS}
    print(f"{'':28}{'calls':>9}{'µs':>9}{'validation alone':>26}{'ratio':>17}")
    print(f"{'':28}{'':18}{'calls':>13}{'µs':>13}{'calls':>9}{'µs':>8}")
    for case in CASES:
        cost = {
            name: (calls(sender(app, case)), microseconds(sender(app, case)))
            for name, app in apps.items()
        }
        base = cost["none"]
        print(f"{case.operation_id} ({case.title})")
        for name, (count, spent) in cost.items():
            line = f"  {name:26}{count:>9,}{spent:>9,.0f}"
            if name != "none":
                line += f"{count - base[0]:>13,}{spent - base[1]:>13,.0f}"
            if name == "stock":
                ours = cost["compiled"]
                line += f"{(count - base[0]) / (ours[0] - base[0]):>8.1f}x"
                line += f"{(spent - base[1]) / (ours[1] - base[1]):>7.1f}x"
            print(line)


if __name__ == "__main__":
    main()
