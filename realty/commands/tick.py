"""`realty tick`: everything that time brings about, one transaction for each effect.

Each effect looks again, under its lock, whether it is still due: it may run twice, or on two
machines at once. What fails is logged and counted, and stops nothing else.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from realty.adapters.mail import MailError, MailRefused, MailSender, MailServerDown, compose
from realty.adapters.storage import storage_of
from realty.db.failures import classify
from realty.db.session import session
from realty.services import (
    appointment_clock,
    audit,
    cleaning,
    demands,
    expiry,
    file_removal,
    outbox,
    phases,
    reminders,
)
from realty.services.outbox import Letter
from realty.services.policy import current_policy
from realty.settings import Settings

log = logging.getLogger("realty.tick")

MOST_MAILS = 500
"""Letters of one run, so that the rest of the work is never put off for long."""

EFFECTS = {
    "bookings_expired": "bookings expired",
    "reservations_released": "reservations released",
    "phases_delayed": "phases marked delayed",
    "rows_demanded": "installments demanded",
    "rows_overdue": "installments marked overdue",
    "payments_reminded": "payments reminded of",
    "quotes_expired": "quotes expired",
    "visits_lapsed": "visits lapsed",
    "visits_reminded": "visits reminded of",
    "mails_sent": "mails sent",
    "mails_put_off": "mails put off",
    "mails_failed": "mails failed",
    "mails_dropped": "mails dropped",
    "answers_forgotten": "idempotency keys deleted",
    "links_forgotten": "links deleted",
    "sessions_forgotten": "sessions deleted",
    "files_removed": "files removed",
    "strays_removed": "stray uploads removed",
    "heads_exported": "audit heads exported",
    "errors": "errors",
}


def tick(*, now: datetime, settings: Settings, sender: MailSender) -> Counter[str]:
    """Do all that is due at `now` (naive UTC); says how often each of `EFFECTS` happened."""
    done: Counter[str] = Counter()
    _each(done, "bookings_expired", expiry.due_bookings, expiry.expire, now)
    _each(done, "reservations_released", expiry.due_reservations, expiry.release, now)
    _each(done, "phases_delayed", phases.late_phases, phases.mark_delayed, now)
    _each(done, "rows_demanded", demands.due_bookings, demands.demand_due, now)
    _each(done, "rows_overdue", demands.late_bookings, demands.mark_overdue, now)
    _each(done, "payments_reminded", reminders.due_reminders, reminders.remind, now)
    _each(done, "quotes_expired", expiry.due_quotes, expiry.expire_quote, now)
    due_visits, late = appointment_clock.due_reminders, appointment_clock.due_unconfirmed
    _each(done, "visits_lapsed", late, appointment_clock.lapse, now)
    _each(done, "visits_reminded", due_visits, appointment_clock.remind, now)
    _guarded(done, "sending mail", partial(_send_mails, done, sender, settings, now))
    _guarded(done, "cleaning up", partial(_clean_up, done, now))
    _guarded(done, "removing files", partial(_remove_files, done, settings, now))
    # Last, so that what this tick did is among what cannot be cut off unseen.
    _each(done, "heads_exported", audit.moved_heads, audit.export_head, now)
    return done


def summary(done: Counter[str]) -> str:
    """One line that names what happened."""
    told = [f"{words}: {done[name]}" for name, words in EFFECTS.items() if done[name]]
    return ", ".join(told) or "nothing was due"


def _each(
    done: Counter[str],
    name: str,
    due: Callable[[datetime], Iterable[int]],
    effect: Callable[[int, datetime], int],
    now: datetime,
) -> None:
    """Bring about one effect for each id that is due; an effect says how often it happened."""
    ids: list[int] = []

    def find() -> None:
        with session():
            ids.extend(due(now))

    def run(row_id: int) -> None:
        with session():
            happened = effect(row_id, now)
        done[name] += happened

    _guarded(done, f"looking for {EFFECTS[name]}", find)
    for row_id in ids:
        _guarded(done, f"{EFFECTS[name]}, row {row_id}", partial(run, row_id))


def _guarded(done: Counter[str], what: str, work: Callable[[], object]) -> None:
    """Run one piece; whatever it raises is logged, a defect with where it happened, and counted."""
    try:
        work()
    except Exception as failure:
        if classify(failure) is None:
            log.exception("%s: failed, and is tried again with the next tick", what)
        else:
            reason = " ".join(str(failure).split())
            log.warning("%s: tried again with the next tick: %s", what, reason)
        done["errors"] += 1


def _send_mails(done: Counter[str], sender: MailSender, settings: Settings, now: datetime) -> None:
    """Send what is due, until a server that is down shows that nothing more will go now."""
    letters = 0
    while letters < MOST_MAILS:
        with session():
            policy = current_policy()
            claimed = outbox.claim(policy=policy, now=now)
            if claimed is None:
                return
            if not claimed:
                continue
            letter = outbox.letter(claimed, portal_url=settings.portal_url, policy=policy, now=now)
        letters += 1
        if letter is None:
            done["mails_dropped"] += 1
        elif not _deliver(done, sender, letter, settings.mail_from, now):
            return


def _deliver(
    done: Counter[str], sender: MailSender, letter: Letter, mail_from: str, now: datetime
) -> bool:
    """Send one letter, outside of any transaction, and settle it; False when the server is down."""
    try:
        sender.send(
            compose(
                sender=mail_from,
                recipient=letter.recipient,
                subject=letter.subject,
                text=letter.text,
                key=letter.key,
                now=now,
            )
        )
    except MailError as problem:
        log.warning("mail %s to %s: %s", letter.key, letter.recipient, problem)
        with session():
            given_up = outbox.mark_failed(
                letter, str(problem), final=isinstance(problem, MailRefused), now=now
            )
        done["mails_failed" if given_up else "mails_put_off"] += 1
        return not isinstance(problem, MailServerDown)
    with session():
        outbox.mark_sent(letter, now=now)
    done["mails_sent"] += 1
    return True


def _clean_up(done: Counter[str], now: datetime) -> None:
    with session():
        done["answers_forgotten"] += cleaning.forget_answers(policy=current_policy(), now=now)
    with session():
        done["links_forgotten"] += cleaning.forget_links(now=now)
    with session():
        done["sessions_forgotten"] += cleaning.forget_sessions(now=now)


def _remove_files(done: Counter[str], settings: Settings, now: datetime) -> None:
    """Bytes go outside of any transaction; a row that is marked is attached to nothing any more."""
    storage = storage_of(settings)
    with session():
        file_removal.mark(policy=current_policy(), now=now)
    with session():
        marked = file_removal.marked()
        strays = file_removal.strays(storage, now=now)
    for file_id, key in marked:
        storage.delete(key)
        with session():
            done["files_removed"] += file_removal.forget(file_id)
    for key in strays:
        storage.delete(key)
        done["strays_removed"] += 1
