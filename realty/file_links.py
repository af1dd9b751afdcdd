"""Signing links to files while an answer is encoded.

Presenters know no request: they put a `FileUrl` and `LINK_EXPIRY` where a link goes. The encoder
calls `request.sign_links` for every value that is no JSON, and that is these two only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property

from pyramid.config import Configurator
from pyramid.request import Request

from realty.rules.clock import rfc3339
from realty.rules.file_links import FileUrl, LinkExpiry, LinkSigner, Reader, expiry, moves_at
from realty.services.policy import current_policy
from realty.settings import Settings


class AnswerLinks:
    """Signs the links of one answer, all with the same expiry; the `default` of the encoder."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._signer: LinkSigner = request.registry.link_signer

    def __call__(self, value: object) -> str | None:
        if isinstance(value, FileUrl):
            return self._signer.url(
                value.file_id, reader_id=self._reader_id(value.reader), expires=self._expires
            )
        if isinstance(value, LinkExpiry):
            return rfc3339(datetime.fromtimestamp(self._expires, UTC).replace(tzinfo=None))
        raise TypeError(f"{type(value).__name__} is not for an answer")

    def _reader_id(self, reader: int | Reader) -> int | None:
        if reader is Reader.VIEWER:
            identity = self._request.identity
            return None if identity is None else int(identity.user_id)
        return None if isinstance(reader, Reader) else reader

    @cached_property
    def _expires(self) -> int:
        # Asked only for an answer that has a link.
        now, minutes = self._request.now, current_policy().link_file_minutes
        self._request.links_move_at = moves_at(now, minutes)
        return expiry(now, minutes)


def includeme(config: Configurator) -> None:
    """`registry.link_signer`, and `request.sign_links` for the encoder."""
    settings: Settings = config.registry.settings["realty"]
    config.registry.link_signer = LinkSigner([key.secret for key in settings.token_keys])
    config.add_request_method(AnswerLinks, "sign_links", reify=True)
