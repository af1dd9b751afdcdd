"""One module per tag of the contract; every view reads its input, calls one service, presents."""

from __future__ import annotations

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    """Register every `@operation` below this package."""
    config.scan("realty.views")
