"""Payment reminders: of a demanded row its customer is reminded on the days of the setting."""

from __future__ import annotations

from datetime import datetime, timedelta

from pony.orm import select

from realty.db import Booking, Installment, db
from realty.db.enums import NOTIFICATION_CHANNELS
from realty.db.locks import lock
from realty.rules.lifecycles import AFTER_AGREEMENT
from realty.rules.words import amount_text, date_in_words
from realty.services.booking_events import subject_of
from realty.services.booking_terms import site_of
from realty.services.local_days import local_days
from realty.services.payable_events import tell_customer, words_for
from realty.services.policy import current_policy

OWED = ("demanded", "partially_paid", "overdue")
FIRST_WORD = timedelta(days=1)
"""For so long after a demand nobody is reminded of it: it is fresh in mind."""

# A reminder that was given is a notification of this key; its row asks for no other that day.
# Whoever has switched every channel off is told nothing, and so is asked for nothing.
_DUE = """
SELECT i.id
FROM installments i
JOIN bookings b ON b.id = i.booking_id
JOIN projects p ON p.id = b.project_id
JOIN customers c ON c.id = b.customer_id
WHERE i.due_date = $due_date
AND i.status IN ('demanded', 'partially_paid', 'overdue')
AND i.demanded_at <= $asked_by
AND b.status IN ('agreement_registered', 'handed_over')
AND p.timezone = $zone
AND NOT EXISTS (
    SELECT 1 FROM notifications n
    WHERE n.user_id = c.user_id
    AND n.dedupe_key = 'installment:' || CAST(i.id AS TEXT) || $occasion
)
AND (SELECT count(DISTINCT r.channel) FROM notification_preferences r
    WHERE r.user_id = c.user_id AND r.notification_type = 'payment' AND NOT r.enabled) < $channels
ORDER BY i.id
"""


def due_reminders(now: datetime) -> list[int]:
    """The ids of demanded, unpaid rows of which today, by the site, their customer is reminded."""
    offsets, due = current_policy().reminder_payment_days, []
    asked_by = now - FIRST_WORD
    for zone, today in local_days(now).items():
        for offset in sorted(set(offsets)):
            day = today - timedelta(days=offset)
            occasion = _occasion(day.isoformat(), offset)
            values = {
                "due_date": day.isoformat(),
                "zone": zone,
                "occasion": occasion,
                "asked_by": asked_by,
                "channels": len(NOTIFICATION_CHANNELS),
            }
            due += [row_id for (row_id,) in db.execute(_DUE, values, {}).fetchall()]
    return due


def remind(row_id: int, now: datetime) -> bool:
    """Remind of one of `due_reminders`; False when it is paid, or not due for it any more."""
    booking_id = select(i.booking.id for i in Installment if i.id == row_id).first()
    booking = lock(Booking, booking_id) if booking_id else None
    if booking is None or booking.status not in AFTER_AGREEMENT:
        return False
    row, site = Installment[row_id], site_of(booking.project.id)
    if row.status not in OWED or row.demanded_at is None or row.demanded_at > now - FIRST_WORD:
        return False
    offset = (site.today(now) - row.due_date).days
    if offset not in current_policy().reminder_payment_days:
        return False
    amount = amount_text(row.amount - row.paid_amount, site.currency)
    subject, day = subject_of(booking_id), date_in_words(row.due_date)
    verb = "was" if offset > 0 else "is"
    tell_customer(
        booking,
        subject,
        title="Payment overdue" if offset > 0 else "Payment reminder",
        message=f"{amount} for {row.label}, {words_for(booking, subject)}, {verb} due by {day}.",
        dedupe_key=f"installment:{row_id}{_occasion(row.due_date.isoformat(), offset)}",
        now=now,
    )
    return True


def _occasion(due_date: str, offset: int) -> str:
    """The end of a reminder's key: a row whose due date moved is reminded of anew."""
    return f":due:{due_date}:{offset}"
