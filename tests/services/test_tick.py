"""`realty tick`: what time brings about, once, whoever runs it and whatever fails beside it."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from pony.orm import select

from realty.adapters.mail import FolderMail, MailSender, SmtpMail
from realty.commands.tick import MOST_MAILS, summary, tick
from realty.db import (
    Booking,
    IdempotencyKey,
    Notification,
    OneTimeToken,
    OutgoingMail,
    Project,
    Unit,
    utcnow,
)
from realty.db.session import session
from realty.rules.policy import Policy
from realty.services import mail, outbox
from realty.settings import Settings
from tests.client import Api
from tests.database import at_once
from tests.deployment import SETTINGS
from tests.factories import (
    BookingRow,
    make_booking,
    make_builder,
    make_customer,
    make_payment,
    make_project,
    make_unit,
)
from tests.postgres_server import free_port
from tests.services.post_office import PostOffice, post_office

pytestmark = pytest.mark.usefixtures("database")

NOW = utcnow().replace(microsecond=0)


def run(
    sender: MailSender | Path, now: datetime = NOW, settings: Settings = SETTINGS
) -> Counter[str]:
    """One tick that sends by `sender`, or into a folder."""
    if isinstance(sender, Path):
        sender = FolderMail(sender)
    return tick(now=now, settings=settings, sender=sender)


def held(expires_at: datetime, **over: Any) -> BookingRow:
    """A pending booking whose hold ends then."""
    unit = make_unit(make_project(make_builder()))
    return make_booking(unit, make_customer(), expires_at=expires_at, **over)


def status_of(booking: BookingRow) -> tuple[str, str, int]:
    """Of the booking and its unit, and how many units of the project are available."""
    with session():
        return (
            Booking[booking.id].status,
            Unit[booking.unit_id].status,
            Project[booking.project_id].available_units,
        )


def queue(to: str = "asha@example.in", link: str | None = "/bookings/1") -> int:
    """A mail that is due."""
    with session():
        mail.queue(to, subject="Unit booked", text="A-101 is yours.", link=link, now=NOW)
        return max(select(m.id for m in OutgoingMail))


def mail_row(mail_id: int) -> dict[str, Any]:
    """The columns of a mail."""
    with session():
        row: dict[str, Any] = OutgoingMail[mail_id].to_dict()
        return row


def by_smtp(office: PostOffice) -> SmtpMail:
    """A sender to this server."""
    return SmtpMail(host="localhost", port=office.port, starttls=False, timeout=5)


def test_a_hold_that_ran_out_ends_once_and_frees_the_unit(tmp_path: Path) -> None:
    late, live = held(NOW), held(NOW + timedelta(seconds=1))
    done = run(tmp_path)
    assert done["bookings_expired"] == 1
    assert status_of(late) == ("expired", "available", 1)
    assert status_of(live) == ("pending", "booked", 0)
    with session():
        told = select(n.user.id for n in Notification if n.related_entity_id == late.id)
        assert len(set(told)) == 2
    # The mails of the expiry went in the same tick; nothing is left for the next one.
    assert done["mails_sent"] == 2
    assert summary(run(tmp_path)) == "nothing was due"


def test_a_cheque_in_the_bank_suspends_expiry(tmp_path: Path) -> None:
    booking = held(NOW - timedelta(hours=1))
    make_payment(booking, "1000.00", status="pending", payment_type="token")
    assert run(tmp_path)["bookings_expired"] == 0
    assert status_of(booking)[0] == "pending"


def test_a_reservation_ends_at_its_time(tmp_path: Path) -> None:
    project = make_project(make_builder())
    over = make_unit(project, status="reserved", reserved_until=NOW)
    lasting = make_unit(project, status="reserved", reserved_until=NOW + timedelta(minutes=1))
    assert run(tmp_path)["reservations_released"] == 1
    with session():
        assert (Unit[over.id].status, Unit[over.id].reserved_until) == ("available", None)
        assert Unit[lasting.id].status == "reserved"
        assert Project[project.id].available_units == 1
    assert run(tmp_path)["reservations_released"] == 0


def test_mail_goes_once_and_its_text_and_link_are_forgotten(tmp_path: Path) -> None:
    mail_id = queue()
    assert run(tmp_path, NOW)["mails_sent"] == 1
    assert run(tmp_path, NOW)["mails_sent"] == 0
    (file,) = tmp_path.iterdir()
    letter = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (letter["To"], letter["Subject"]) == ("asha@example.in", "Unit booked")
    lines = letter.get_content().splitlines()
    assert lines == ["A-101 is yours.", "", "http://localhost:3000/bookings/1"]
    row = mail_row(mail_id)
    assert (row["status"], row["body"], row["link"], row["sent_at"]) == ("sent", None, None, NOW)


def test_a_reset_link_is_made_on_sending_and_works(tmp_path: Path, database: str, api: Api) -> None:
    customer = make_customer(email="asha.rao@example.in")
    api.post("/api/auth/forgot-password", {"email": "Asha.Rao@example.in"}, status=202)
    now = utcnow()
    assert run(tmp_path, now)["mails_sent"] == 1
    (file,) = tmp_path.iterdir()
    text = message_from_bytes(file.read_bytes(), policy=policy.default).get_content()
    found = re.search(r"http://localhost:3000/reset-password\?token=(\S+)", text)
    assert found
    with session():
        (token,) = OneTimeToken.select(lambda t: t.user.id == customer.user_id)
        assert (token.purpose, token.expires_at) == ("reset_password", now + timedelta(hours=1))
        assert not any(found[1] in str(value) for value in _columns(OutgoingMail))
    new = {"token": found[1], "new_password": "Tungabhadra-77"}
    api.post("/api/auth/reset-password", new)
    login = {"email": customer.email, "password": "Tungabhadra-77"}
    api.post("/api/auth/login", login)


def _columns(entity: Any) -> list[object]:
    return [value for row in entity.select() for value in row.to_dict().values()]


@pytest.mark.parametrize("whose", ["nobody's", "a deactivated user's"])
def test_a_reset_for_an_address_without_account_is_dropped(whose: str, tmp_path: Path) -> None:
    if whose != "nobody's":
        make_customer(email="gone@example.in", is_active=False)
    with session():
        mail.queue_password_reset("gone@example.in", now=NOW)
    done = run(tmp_path)
    assert (done["mails_dropped"], done["mails_sent"]) == (1, 0)
    with session():
        (row,) = OutgoingMail.select()
        assert row.status == "dropped"
        assert OneTimeToken.select().count() == 0
    assert not list(tmp_path.iterdir())


def test_a_refusal_for_now_is_tried_again_ever_later_and_given_up() -> None:
    mail_id, now = queue(), NOW
    with post_office() as office:
        office.recipient_answer = "450 4.2.0 Greylisted"
        for minutes in outbox.RETRY_MINUTES:
            assert run(by_smtp(office), now)["mails_put_off"] == 1
            row = mail_row(mail_id)
            assert row["status"] == "queued"
            assert row["next_attempt_at"] == now + timedelta(minutes=minutes)
            assert row["last_error"] == "450 4.2.0 Greylisted"
            early = now + timedelta(minutes=minutes, seconds=-1)
            assert summary(run(by_smtp(office), early)) == "nothing was due"
            now += timedelta(minutes=minutes)
        assert run(by_smtp(office), now)["mails_failed"] == 1
        assert office.envelopes == []
    row = mail_row(mail_id)
    assert (row["status"], row["body"], row["link"]) == ("failed", None, None)
    assert row["attempts"] == len(outbox.RETRY_MINUTES) + 1


def test_a_refusal_for_ever_is_not_tried_again_and_stops_no_other_mail() -> None:
    with post_office() as office:
        office.data_answer = "554 5.7.1 Spam"
        refused = queue()
        assert run(by_smtp(office))["mails_failed"] == 1
        assert mail_row(refused)["status"] == "failed"
        office.data_answer = "250 OK"
        broken, good = queue(to="not an address"), queue(to="good@example.in")
        done = run(by_smtp(office))
        assert (done["mails_failed"], done["mails_sent"]) == (1, 1)
        assert mail_row(broken)["status"] == "failed"
        assert mail_row(good)["status"] == "sent"
        assert [each.rcpt_tos for each in office.envelopes] == [["good@example.in"]]


def test_a_mail_server_that_is_down_stops_nothing_else() -> None:
    booking = held(NOW)
    ids = [queue() for _ in range(3)]
    user_id = make_customer().user_id
    with session():
        _remember(user_id, "old", NOW - timedelta(hours=25))
    dead = SmtpMail(host="localhost", port=free_port(), starttls=False, timeout=1)
    done = run(dead)
    assert done["bookings_expired"] == 1
    assert done["answers_forgotten"] == 1
    assert (done["mails_put_off"], done["errors"]) == (1, 0)
    assert status_of(booking)[0] == "expired"
    # One attempt showed that the server is down: the others keep all of theirs.
    assert sorted(mail_row(mail_id)["attempts"] for mail_id in ids) == [0, 0, 1]
    with post_office() as office:
        sent = run(by_smtp(office), NOW + timedelta(minutes=1))["mails_sent"]
        assert sent == len(office.envelopes) == 5


def test_what_a_machine_claimed_and_never_sent_goes_after_the_lease(tmp_path: Path) -> None:
    mail_id = queue()
    with session():
        assert outbox.claim(policy=Policy(), now=NOW) == {mail_id: 1}
    assert run(tmp_path, NOW + outbox.LEASE - timedelta(seconds=1))["mails_sent"] == 0
    assert run(tmp_path, NOW + outbox.LEASE)["mails_sent"] == 1
    assert mail_row(mail_id)["status"] == "sent"


def test_a_machine_that_lost_its_lease_settles_nothing() -> None:
    mail_id = queue()
    with session():
        claimed = outbox.claim(policy=Policy(), now=NOW)
        assert claimed == {mail_id: 1}
        late = outbox.letter(claimed, portal_url="", policy=Policy(), now=NOW)
    with session():
        assert outbox.claim(policy=Policy(), now=NOW + outbox.LEASE) == {mail_id: 2}
    assert late is not None
    with session():
        assert outbox.mark_failed(late, "timed out", final=True, now=NOW) is False
    assert mail_row(mail_id)["status"] == "queued"


def test_four_machines_at_once_do_everything_once(tmp_path: Path) -> None:
    bookings = [held(NOW) for _ in range(4)]
    ids = [queue() for _ in range(8)]
    done = at_once([lambda n=n: run(tmp_path / str(n)) for n in range(4)])
    together = sum(done, Counter())
    assert together["errors"] == 0
    assert together["bookings_expired"] == len(bookings)
    run(tmp_path / "rest")
    assert [status_of(booking) for booking in bookings] == [("expired", "available", 1)] * 4
    letters = list(tmp_path.rglob("*.eml"))
    assert len(letters) == len(ids) + 2 * len(bookings)
    with session():
        assert Notification.select().count() == 2 * len(bookings)


def test_one_row_that_cannot_be_ended_keeps_none_of_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken, fine = held(NOW - timedelta(hours=2)), held(NOW)
    with session():
        Unit[broken.unit_id].status = "blocked"
    done = run(tmp_path)
    assert (done["errors"], done["bookings_expired"]) == (1, 1)
    assert status_of(broken)[0] == "pending"
    assert status_of(fine)[0] == "expired"
    assert f"row {broken.id}" in caplog.text


def test_one_run_sends_so_many_mails_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realty.commands.tick.MOST_MAILS", 3)
    assert MOST_MAILS > 3
    for _ in range(4):
        queue()
    assert run(tmp_path)["mails_sent"] == 3
    assert run(tmp_path)["mails_sent"] == 1


def _remember(user_id: int, key: str, created_at: datetime) -> None:
    """An answer that is kept for a repetition."""
    IdempotencyKey(
        user=user_id,
        operation="createBooking",
        key=key,
        body_hash="0" * 64,
        status_code=201,
        body="{}",
        created_at=created_at,
    )


def test_old_answers_and_dead_links_are_forgotten(tmp_path: Path) -> None:
    user_id = make_customer().user_id
    dead, fresh = NOW - timedelta(days=31), NOW - timedelta(days=29)
    with session():
        _remember(user_id, "old", NOW - timedelta(hours=24, seconds=1))
        _remember(user_id, "young", NOW - timedelta(hours=23))
        for number, (purpose, expires_at, used_at) in enumerate(
            [
                ("reset_password", dead, None),
                ("verify_email", NOW + timedelta(hours=1), dead),
                ("verify_email", fresh, None),
                ("reset_password", NOW + timedelta(hours=1), None),
                ("calendar", None, None),
            ]
        ):
            OneTimeToken(
                user=user_id,
                purpose=purpose,
                token_hash=f"hash {number}",
                expires_at=expires_at,
                used_at=used_at,
            )
    done = run(tmp_path)
    assert (done["answers_forgotten"], done["links_forgotten"]) == (1, 2)
    assert summary(done) == "idempotency keys deleted: 1, links deleted: 2"
    with session():
        assert set(select(k.key for k in IdempotencyKey)) == {"young"}
        assert set(select(t.token_hash for t in OneTimeToken)) == {"hash 2", "hash 3", "hash 4"}
