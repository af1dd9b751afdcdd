"""The response class of every view."""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator
from pyramid.response import Response


class RelativeResponse(Response):
    """Leaves `Location` as the contract has it: a path.

    WebOb would put the request's Host before it, which the caller chose (RFC 9110, 10.2.2 allows
    a relative reference).
    """

    def _abs_headerlist(self, _environ: dict[str, Any]) -> list[tuple[str, str]]:
        return list(self.headerlist)


def includeme(config: Configurator) -> None:
    """Let `request.response` be a `RelativeResponse`."""
    config.set_response_factory(lambda _request: RelativeResponse())
