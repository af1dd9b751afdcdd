"""A real SMTP server in a thread, which answers as a test tells it to."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

from tests.postgres_server import free_port

CERTIFICATE = Path(__file__).with_name("localhost.pem")
USER, PASSWORD = "realty", "kaveri-monsoon"


@dataclass
class PostOffice:
    """What arrived, and what is answered to RCPT and to DATA."""

    port: int
    envelopes: list[Envelope] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)
    recipient_answer: str = "250 OK"
    data_answer: str = "250 OK"

    @property
    def letters(self) -> list[str]:
        """The mails as they arrived, headers and body."""
        return [bytes(each.content or b"").decode() for each in self.envelopes]

    async def handle_RCPT(  # noqa: N802 - named after the command
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.recipient_answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(  # noqa: N802 - named after the command
        self, server: Any, _session: Any, envelope: Envelope
    ) -> str:
        if self.data_answer.startswith("2"):
            self.envelopes.append(envelope)
            self.over_tls.append(bool(server.transport.get_extra_info("ssl_object")))
        return self.data_answer


@contextmanager
def post_office(*, tls: bool = False, login: bool = False) -> Iterator[PostOffice]:
    """A server on a free port of localhost; with `tls` it insists on STARTTLS, with `login` on
    `USER` and `PASSWORD`."""
    office = PostOffice(free_port())
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)

    def authenticate(*arguments: Any) -> AuthResult:
        given = arguments[4]
        return AuthResult(success=(given.login, given.password) == (b"realty", PASSWORD.encode()))

    controller = Controller(
        office,
        hostname="localhost",
        port=office.port,
        tls_context=context,
        require_starttls=tls,
        authenticator=authenticate,
        auth_required=login,
        auth_require_tls=tls,
    )
    controller.start()
    try:
        yield office
    finally:
        controller.stop()
