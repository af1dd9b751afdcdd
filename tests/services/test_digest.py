"""News by mail: the first word at once, a burst as one letter, and nothing twice."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from pony.orm import select

from realty.adapters.mail import FolderMail, MailSender, SmtpMail
from realty.commands.tick import tick
from realty.db import (
    Notification,
    NotificationPreference,
    OutgoingMail,
    SystemSetting,
    User,
    utcnow,
)
from realty.db.session import session
from realty.services import mail, outbox
from realty.services.notifications import notify_all
from tests.database import at_once
from tests.deployment import SETTINGS
from tests.factories import Account, make_builder, make_customer
from tests.functional.queries import queries
from tests.services.post_office import PostOffice, post_office

pytestmark = pytest.mark.usefixtures("database")

NOW = utcnow().replace(microsecond=0)
PAUSE = timedelta(minutes=15)


def tell(*accounts: Account, key: str = "booking:1", at: datetime = NOW, **over: str) -> None:
    """Tell them one thing, as the services do."""
    news = {"title": f"Title of {key}", "message": f"Text of {key}.", "action_url": f"/{key}"}
    with session():
        notify_all(
            [account.user_id for account in accounts],
            "booking",
            **{**news, **over},  # type: ignore[typeddict-item]
            entity="booking",
            entity_id=1,
            dedupe_key=key,
            now=at,
        )


def told() -> list[tuple[int, str]]:
    """Who was told what."""
    with session():
        return sorted(select((n.user.id, n.dedupe_key) for n in Notification))


def by_smtp(office: PostOffice) -> SmtpMail:
    """A sender to this server."""
    return SmtpMail(host="localhost", port=office.port, starttls=False, timeout=5)


def run(sender: MailSender, now: datetime) -> Counter[str]:
    """One tick, which fails nowhere."""
    done = tick(now=now, settings=SETTINGS, sender=sender)
    assert done["errors"] == 0
    return done


def read(text: str) -> EmailMessage:
    """A letter as it arrived."""
    return message_from_string(text, policy=policy.default)  # type: ignore[return-value]


def subjects(office: PostOffice) -> list[str]:
    """Of all letters that arrived, in their order."""
    return [read(each)["Subject"] for each in office.letters]


def sent_at(account: Account) -> dict[str, datetime | None]:
    """When each notification of somebody left by mail."""
    user_id = account.user_id
    with session():
        return dict(select((n.dedupe_key, n.sent_at) for n in Notification if n.user.id == user_id))


def prefer(account: Account, channel: str) -> None:
    """Switch off one channel for bookings."""
    with session():
        NotificationPreference(
            user=account.user_id, notification_type="booking", channel=channel, enabled=False
        )


def test_telling_two_hundred_costs_what_telling_one_costs() -> None:
    one, many = make_customer(), [make_customer() for _ in range(200)]
    prefer(many[0], "email")
    prefer(many[1], "in_app")
    for channel in ("email", "in_app"):
        prefer(many[2], channel)
    with queries() as few:
        tell(one)
    with queries() as sent:
        tell(*many)
    assert len(sent) == len(few) <= 4
    with session():
        channels = dict(select((n.user.id, n.channels) for n in Notification))
        mailed = set(select(m.user.id for m in OutgoingMail))
    both = {each.user_id for each in (one, *many[3:])}
    assert channels == {
        **{user_id: ["in_app", "email"] for user_id in both},
        many[0].user_id: ["in_app"],
        many[1].user_id: ["email"],
    }
    assert mailed == both | {many[1].user_id}


def test_telling_nobody_asks_nothing() -> None:
    with queries() as sent:
        tell()
    assert not [statement for statement in sent if "notifications" in statement]


def test_an_event_told_by_four_at_once_in_any_order_is_told_once() -> None:
    people = [make_customer() for _ in range(30)]
    tell(*people[:10], key="shared")
    work = [lambda n=n: tell(*(people if n % 2 else people[::-1]), key="shared") for n in range(4)]
    at_once(work)
    assert told() == sorted((each.user_id, "shared") for each in people)
    with session():
        assert OutgoingMail.select().count() == len(people)


def test_the_first_word_goes_at_once_and_a_burst_as_one_letter() -> None:
    asha, ravi = make_customer(), make_builder()
    tell(asha, ravi, key="first")
    with post_office() as office:
        assert run(by_smtp(office), NOW)["mails_sent"] == 2
        for minute in (1, 2, 3):
            now = NOW + timedelta(minutes=minute)
            tell(asha, key=f"burst {minute}", at=now)
            assert run(by_smtp(office), now)["mails_sent"] == 0
        early = NOW + PAUSE - timedelta(seconds=1)
        assert run(by_smtp(office), early)["mails_sent"] == 0
        assert run(by_smtp(office), NOW + PAUSE)["mails_sent"] == 1
        assert run(by_smtp(office), NOW + 2 * PAUSE)["mails_sent"] == 0
        assert [each.rcpt_tos for each in office.envelopes[2:]] == [[asha.email]]
        letter = read(office.letters[2])
    assert letter["Subject"] == "Title of burst 1, and 2 more"
    assert "\n".join(letter.get_content().splitlines()).split("\n\n\n") == [
        f"Title of burst {n}\nText of burst {n}.\n\nhttp://localhost:3000/burst {n}"
        for n in (1, 2, 3)
    ]
    assert sent_at(asha) == {
        "first": NOW,
        **{f"burst {minute}": NOW + PAUSE for minute in (1, 2, 3)},
    }
    assert sent_at(ravi) == {"first": NOW}


def test_what_one_tick_brings_about_is_one_letter(tmp_path: Path) -> None:
    asha = make_customer()
    for number in range(3):
        tell(asha, key=str(number))
    assert run(FolderMail(tmp_path), NOW)["mails_sent"] == 1
    assert set(sent_at(asha).values()) == {NOW}


def test_a_letter_holds_so_much_and_the_rest_comes_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_IN_A_LETTER", 3)
    asha = make_customer()
    for number in range(4):
        tell(asha, key=str(number))
    assert run(FolderMail(tmp_path), NOW)["mails_sent"] == 1
    assert sent_at(asha) == {"0": NOW, "1": NOW, "2": NOW, "3": None}
    assert run(FolderMail(tmp_path), NOW + PAUSE)["mails_sent"] == 1
    assert sent_at(asha)["3"] == NOW + PAUSE


def test_a_pause_of_nothing_sends_each_alone(tmp_path: Path) -> None:
    with session():
        SystemSetting(
            setting_key="mail.digest_minutes",
            setting_value=0,
            setting_type="number",
            category="mail",
        )
    asha = make_customer()
    tell(asha, key="one")
    tell(asha, key="two")
    assert run(FolderMail(tmp_path), NOW)["mails_sent"] == 2
    tell(asha, key="three")
    assert run(FolderMail(tmp_path), NOW)["mails_sent"] == 1


def test_a_mail_with_a_link_waits_for_no_news_and_goes_before_them() -> None:
    asha = make_customer()
    tell(asha, key="first")
    with post_office() as office:
        run(by_smtp(office), NOW)
        tell(asha, make_customer(), key="second")
        with session():
            mail.queue(asha.email, subject="Confirm", text="Follow", link="/x", now=NOW)
        run(by_smtp(office), NOW)
        assert subjects(office) == ["Title of first", "Confirm", "Title of second"]


def test_news_wait_for_a_letter_that_was_put_off_and_go_with_it() -> None:
    asha = make_customer()
    tell(asha, key="first")
    soon, later = NOW + timedelta(seconds=30), NOW + timedelta(minutes=1)
    with post_office() as office:
        office.recipient_answer = "450 4.2.0 Greylisted"
        assert run(by_smtp(office), NOW)["mails_put_off"] == 1
        tell(asha, key="second", at=soon)
        # The server takes mail again, but has been asked often enough for the moment.
        office.recipient_answer = "250 OK"
        assert run(by_smtp(office), soon)["mails_sent"] == 0
        assert run(by_smtp(office), later)["mails_sent"] == 1
        assert subjects(office) == ["Title of first, and 1 more"]
    assert sent_at(asha) == {"first": later, "second": later}
    with session():
        rows = OutgoingMail.select().order_by(OutgoingMail.id)
        assert [(row.attempts, row.status, row.last_error) for row in rows] == [
            (2, "sent", None),
            (1, "sent", None),
        ]


def test_each_mail_of_a_letter_is_given_up_after_its_own_attempts() -> None:
    asha = make_customer()
    tell(asha, key="old")
    with session():
        (row,) = OutgoingMail.select()
        row.attempts = len(outbox.RETRY_MINUTES)
    tell(asha, key="young")
    with post_office() as office:
        office.data_answer = "452 4.3.1 Disk full"
        done = run(by_smtp(office), NOW)
    assert (done["mails_put_off"], done["mails_failed"]) == (1, 0)
    with session():
        rows = OutgoingMail.select().order_by(OutgoingMail.id)
        assert [(r.status, r.last_error) for r in rows] == [
            ("failed", "452 4.3.1 Disk full"),
            ("queued", "452 4.3.1 Disk full"),
        ]


def test_a_clock_that_was_put_back_holds_no_news(tmp_path: Path) -> None:
    asha = make_customer()
    tell(asha, key="before")
    assert run(FolderMail(tmp_path), NOW)["mails_sent"] == 1
    back = NOW - timedelta(hours=1)
    tell(asha, key="after", at=back)
    assert run(FolderMail(tmp_path), back)["mails_sent"] == 1
    assert run(FolderMail(tmp_path), NOW)["mails_sent"] == 0


def test_news_go_to_the_address_of_today_and_to_nobody_who_is_gone(tmp_path: Path) -> None:
    moved, gone = make_customer(), make_customer()
    tell(moved, gone)
    with session():
        User[moved.user_id].email = "new@example.in"
        User[gone.user_id].is_active = False
    with post_office() as office:
        done = run(by_smtp(office), NOW)
        assert [each.rcpt_tos for each in office.envelopes] == [["new@example.in"]]
    assert (done["mails_sent"], done["mails_dropped"]) == (1, 1)
    assert sent_at(gone) == {"booking:1": None}


def test_the_letter_tells_what_the_notification_says_by_then(tmp_path: Path) -> None:
    asha = make_customer()
    tell(asha)
    with session():
        (row,) = Notification.select()
        row.message = "Newer words."
    with post_office() as office:
        run(by_smtp(office), NOW)
        assert "Newer words." in office.letters[0]


def test_four_machines_at_once_write_one_letter(tmp_path: Path) -> None:
    people: list[Any] = [make_customer() for _ in range(3)]
    for number in range(6):
        tell(*people, key=str(number))
    done = at_once([lambda n=n: run(FolderMail(tmp_path / str(n)), NOW) for n in range(4)])
    assert sum(done, Counter())["mails_sent"] == len(people)
    assert len(list(tmp_path.rglob("*.eml"))) == len(people)
    for each in people:
        assert set(sent_at(each).values()) == {NOW}


def test_a_second_copy_is_known_by_its_message_id() -> None:
    tell(make_customer())
    tell(make_customer())
    with post_office() as office:
        run(by_smtp(office), NOW)
        with session():
            OutgoingMail.select().order_by(OutgoingMail.id).first().status = "queued"
        run(by_smtp(office), NOW + outbox.LEASE)
        ids = [read(each)["Message-ID"] for each in office.letters]
        assert {read(each)["Auto-Submitted"] for each in office.letters} == {"auto-generated"}
    assert ids[0] == ids[2] != ids[1]
