"""The storage of files that all requests share, as `registry.storage`."""

from __future__ import annotations

from pyramid.config import Configurator

from realty.adapters.storage import storage_of
from realty.settings import Settings


def includeme(config: Configurator) -> None:
    """Open what the settings name; nothing is asked of it before the first upload."""
    settings: Settings = config.registry.settings["realty"]
    config.registry.storage = storage_of(settings)
