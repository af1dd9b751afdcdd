"""Realty: the backend that builders and their customers run on."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyramid.router import Router


def main(global_config: dict[str, Any] | None = None, **ini: Any) -> Router:
    """The WSGI application, put together in the order in which a request passes through it.

    `ini` holds the `[app:main]` section; the environment wins over it, see `Settings`.
    """
    # Imported here: the command line imports this package and must start at once.
    from pyramid.config import Configurator

    from realty.db.connection import check_migrated, connect
    from realty.settings import Settings

    settings = Settings.load(ini, os.environ)
    connect(settings.database_url)
    check_migrated()
    with Configurator(settings={**ini, "realty": settings}) as config:
        config.include("realty.requests")  # one class for all of them
        config.include("realty.responses")  # Location stays relative
        config.include("realty.tweens")  # ids, hostile bytes, CORS, headers
        config.include("realty.metrics")  # outermost: what is counted of every request
        config.include("realty.public_cache")  # what everybody may read, kept ready
        config.include("realty.db.session")  # one transaction a request
        config.include("realty.db.timing")  # in development: what it asked of the database
        config.include("realty.security")  # who calls, and a default permission of nobody
        config.include("realty.storage")  # where the bytes of files are kept
        config.include("realty.file_links")  # links to them, signed as an answer is encoded
        config.include("realty.contract")  # routes and validators, before any view
        config.commit()  # so that our error views may replace those of pyramid_openapi3
        config.include("realty.views.errors")
        config.include("realty.views")
        return config.make_wsgi_app()


def serve(global_config: dict[str, Any] | None = None, **ini: Any) -> Router:
    """`main` for a server's command: a refusal to start is one line that says what to do."""
    from pyramid.exceptions import ConfigurationError

    from realty.db.connection import DatabaseNotReady
    from realty.settings import SettingsError

    try:
        return main(global_config, **ini)
    except (ConfigurationError, DatabaseNotReady, SettingsError) as refusal:
        sys.exit(f"realty: {'; '.join(str(refusal).splitlines())}")
