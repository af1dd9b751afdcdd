"""Sending one mail: into a folder, and to a real SMTP server."""

from __future__ import annotations

import email
import logging
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import pytest

from realty.adapters.mail import (
    FolderMail,
    MailError,
    MailRefused,
    MailServerDown,
    SmtpMail,
    compose,
    mail_sender,
)
from realty.settings import Settings
from tests.postgres_server import free_port
from tests.services.post_office import CERTIFICATE, PASSWORD, USER, PostOffice, post_office

NOW = datetime(2026, 11, 23, 9, 30)  # noqa: DTZ001 - naive UTC inside


def mail(**over: str) -> EmailMessage:
    """A mail with a secret link."""
    words = {
        "sender": "Realty <no-reply@realty.example>",
        "recipient": "asha.rao@example.in",
        "subject": "ನಿಮ್ಮ ಮನೆ: set a new password",
        "text": "नमस्ते! Follow https://portal.example/reset-password?token=s3cret\n",
        "key": uuid4().hex,
        **over,
    }
    return compose(**words, now=NOW)


def to(office: PostOffice, **over: object) -> SmtpMail:
    """A sender to this server."""
    options = {"host": "localhost", "port": office.port, "starttls": False, "timeout": 5, **over}
    return SmtpMail(**options)  # type: ignore[arg-type]


def test_a_mail_in_the_folder_can_be_read_back_whole(tmp_path: Path) -> None:
    FolderMail(tmp_path / "new" / "mail").send(mail())
    (file,) = (tmp_path / "new" / "mail").glob("*.eml")
    read = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert read["To"] == "asha.rao@example.in"
    assert read["From"] == "Realty <no-reply@realty.example>"
    assert read["Subject"] == "ನಿಮ್ಮ ಮನೆ: set a new password"
    assert read["Date"] == "Mon, 23 Nov 2026 09:30:00 +0000"
    assert read["Message-ID"].endswith("@realty.example>")
    assert "नमस्ते! Follow https://portal.example/reset-password?token=s3cret" in read.get_content()


def test_the_log_names_recipient_and_subject_and_never_the_link(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        FolderMail(tmp_path).send(mail())
        with post_office() as office:
            to(office).send(mail())
    lines = [record.getMessage() for record in caplog.records if record.name == "realty.mail"]
    assert lines == ["mail to asha.rao@example.in: ನಿಮ್ಮ ಮನೆ: set a new password"] * 2
    assert "s3cret" not in "".join(lines)


def test_mails_of_one_second_have_files_of_their_own(tmp_path: Path) -> None:
    sender = FolderMail(tmp_path)
    for _ in range(20):
        sender.send(mail())
    assert len(list(tmp_path.iterdir())) == 20


def test_a_folder_that_cannot_be_written_is_a_server_that_is_down(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(MailServerDown):
        FolderMail(tmp_path / "file" / "mail").send(mail())


@pytest.mark.parametrize("name", ["subject", "recipient", "sender"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_line_break_in_a_header_is_refused(name: str, end: str) -> None:
    with pytest.raises(MailRefused):
        mail(**{name: f"a@example.in{end}Bcc: everybody@example.com"})


@pytest.mark.parametrize("recipient", ["a@example.in, b@example.in", "nobody", "<a@b> c"])
def test_a_recipient_is_one_address(recipient: str) -> None:
    with pytest.raises(MailRefused):
        mail(recipient=recipient)


def test_smtp_delivers_what_was_composed() -> None:
    with post_office() as office:
        to(office).send(mail())
    (envelope,) = office.envelopes
    assert envelope.mail_from == "no-reply@realty.example"
    assert envelope.rcpt_tos == ["asha.rao@example.in"]
    read = email.message_from_string(office.letters[0], policy=email.policy.default)
    assert read["Subject"] == "ನಿಮ್ಮ ಮನೆ: set a new password"
    assert "token=s3cret" in read.get_content()


def test_smtp_upgrades_to_tls_and_logs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with post_office(tls=True, login=True) as office:
        to(office, starttls=True, user=USER, password=PASSWORD).send(mail())
        with pytest.raises(MailServerDown):
            to(office, starttls=True, user=USER, password="wrong").send(mail())
    assert office.over_tls == [True]


def test_smtp_refuses_a_certificate_that_nobody_vouches_for() -> None:
    with post_office(tls=True) as office:
        with pytest.raises(MailServerDown, match=r"(?i)certificate"):
            to(office, starttls=True).send(mail())
        assert office.envelopes == []


def test_smtp_never_falls_back_to_plain_text() -> None:
    with post_office() as office:
        with pytest.raises(MailServerDown, match=r"(?i)starttls"):
            to(office, starttls=True).send(mail())
        assert office.envelopes == []


@pytest.mark.parametrize(
    ("recipient_answer", "data_answer", "error"),
    [
        ("550 5.1.1 No such user", "250 OK", MailRefused),
        ("450 4.2.0 Greylisted", "250 OK", MailError),
        ("250 OK", "554 5.7.1 Spam", MailRefused),
        ("250 OK", "452 4.3.1 Disk full", MailError),
    ],
)
def test_the_answer_of_the_server_tells_for_ever_from_for_now(
    recipient_answer: str, data_answer: str, error: type[MailError]
) -> None:
    with post_office() as office:
        office.recipient_answer, office.data_answer = recipient_answer, data_answer
        with pytest.raises(MailError) as raised:
            to(office).send(mail())
    assert type(raised.value) is error
    refusal = data_answer if recipient_answer.startswith("2") else recipient_answer
    assert str(raised.value) == refusal


def test_nobody_listens() -> None:
    with pytest.raises(MailServerDown):
        SmtpMail(host="localhost", port=free_port(), starttls=False, timeout=2).send(mail())


def test_the_settings_choose_the_sender(tmp_path: Path) -> None:
    folder = Settings(mail_backend="folder", mail_folder=str(tmp_path))
    assert isinstance(mail_sender(folder), FolderMail)
    with post_office() as office:
        smtp = Settings(
            mail_backend="smtp", smtp_host="localhost", smtp_port=office.port, smtp_starttls=False
        )
        mail_sender(smtp).send(mail())
        assert len(office.envelopes) == 1
