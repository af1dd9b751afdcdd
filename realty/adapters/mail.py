"""Sending one mail: into a folder in development, by SMTP in production."""

from __future__ import annotations

import logging
import smtplib
import ssl
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Protocol

from realty.settings import Settings

log = logging.getLogger("realty.mail")

SMTP_TIMEOUT_SECONDS = 15
_FIRST_PERMANENT_CODE = 500


class MailError(Exception):
    """This mail was not taken now; another attempt later may succeed."""


class MailRefused(MailError):
    """This mail will never be taken: another attempt is useless."""


class MailServerDown(MailError):
    """No mail at all is taken now."""


class MailSender(Protocol):
    """Hands one message over, or raises a `MailError`."""

    def send(self, message: EmailMessage) -> None:
        """Hand over `message`, whose From, To and Subject are set."""


def compose(
    *, sender: str, recipient: str, subject: str, text: str, key: str, now: datetime
) -> EmailMessage:
    """A plain-text mail to one recipient, dated `now` (naive UTC).

    Of `key`, letters and digits, its Message-ID is made: a mailbox that gets the same mail twice,
    because we could not note the first time, shows it once. No machine answers it (RFC 3834).

    A line break in a header is a `MailRefused`, never a second header.
    """
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = sender
        message["To"] = Address(addr_spec=recipient)
        message["Subject"] = subject
    except (ValueError, MessageError) as broken:
        raise MailRefused(f"A header is not valid: {broken}") from broken
    message["Date"] = format_datetime(now.replace(tzinfo=UTC))
    message["Message-ID"] = f"<{key}@{message['From'].addresses[0].domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


class FolderMail:
    """Writes each mail as an `.eml` file and logs whom it is for, never what it says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        """Write the file; its name begins with the time of sending, so that files list in order."""
        sent = parsedate_to_datetime(message["Date"])
        name = f"{sent:%Y%m%dT%H%M%S}-{message['Message-ID'].strip('<>').partition('@')[0]}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / f"{name}.eml").write_bytes(message.as_bytes())
        except OSError as failure:
            raise MailServerDown(f"The mail folder cannot be written: {failure}") from failure
        log.info("mail to %s: %s", message["To"], message["Subject"])


class SmtpMail:
    """Sends each mail over a connection of its own."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        user: str = "",
        password: str = "",
        starttls: bool = True,
        timeout: float = SMTP_TIMEOUT_SECONDS,
    ) -> None:
        self._address = (host, port)
        self._login = (user, password) if user else None
        self._tls = ssl.create_default_context() if starttls else None
        self._timeout = timeout

    def send(self, message: EmailMessage) -> None:
        """Send it; the server's certificate is checked wherever TLS is used."""
        try:
            with smtplib.SMTP(*self._address, timeout=self._timeout) as server:
                if self._tls is not None:
                    server.starttls(context=self._tls)
                if self._login is not None:
                    server.login(*self._login)
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = next(iter(refused.recipients.values()))
            raise _judged(code, text) from refused
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as refused:
            raise _judged(refused.smtp_code, refused.smtp_error) from refused
        except (smtplib.SMTPException, OSError) as failure:
            reason = " ".join(str(failure).split())
            raise MailServerDown(f"The mail server does not take mail: {reason}") from failure
        log.info("mail to %s: %s", message["To"], message["Subject"])


def _judged(code: int, text: bytes | str) -> MailError:
    """The error that the server's answer means: its 5xx is for ever, its 4xx for now (RFC 5321)."""
    words = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    kind = MailRefused if code >= _FIRST_PERMANENT_CODE else MailError
    return kind(f"{code} {' '.join(words.split())}")


def mail_sender(settings: Settings) -> MailSender:
    """The sender that `mail_backend` names."""
    if settings.mail_backend == "folder":
        return FolderMail(Path(settings.mail_folder))
    return SmtpMail(
        host=settings.smtp_host,
        port=settings.smtp_port,
        user=settings.smtp_user,
        password=settings.smtp_password,
        starttls=settings.smtp_starttls,
    )
