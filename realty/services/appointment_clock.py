"""What the clock brings about for visits: reminders, and the end of one that nobody confirmed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from pony.orm import select

from realty.db import Appointment, db
from realty.db.enums import NOTIFICATION_CHANNELS
from realty.rules.appointments import OPEN, Standing, check_appointment
from realty.services.appointment_events import call_off, tell
from realty.services.appointment_times import lock_project
from realty.services.booking_events import BOTH, Side
from realty.services.policy import current_policy

NOT_CONFIRMED = "It was not confirmed before its start."


def due_unconfirmed(now: datetime) -> list[int]:
    """The ids of the visits that began without having been confirmed."""
    begun = select(
        a.id for a in Appointment if a.status == "scheduled" and a.appointment_date <= now
    )
    return list(begun.order_by(1))


def lapse(appointment_id: int, now: datetime) -> bool:
    """Cancel a visit that was not confirmed by its start; False when there is none any more."""
    visit = _locked(appointment_id)
    if visit.status != "scheduled" or now < visit.appointment_date:
        return False
    standing = Standing.of(visit, current_policy())
    target = check_appointment("lapse", standing, "system", now=now)
    call_off(visit, target, actor=None, now=now, reason=NOT_CONFIRMED)
    tell(visit, "lapsed", BOTH, actor=None, now=now)
    return True


# Of a confirmed visit both sides are reminded, of another the one that has not answered. Whoever
# asked for, moved or confirmed it so late has just heard of it: the history tells when that was.
_SOON = """
SELECT DISTINCT a.id, a.appointment_date, COALESCE((
    SELECT max(h.at) FROM status_history h
    WHERE h.entity = 'appointment' AND h.entity_id = a.id
    AND h.to_status IN ('scheduled', 'confirmed')
), a.created_at) AS agreed_at
FROM appointments a
JOIN projects p ON p.id = a.project_id
JOIN builders b ON b.id = p.builder_id
JOIN customers c ON c.id = a.customer_id
JOIN users u ON u.id IN (b.user_id, c.user_id)
WHERE a.status IN ('scheduled', 'confirmed')
AND a.appointment_date > $after
AND a.appointment_date <= $until
AND (a.awaiting IS NULL OR u.user_type = a.awaiting)
AND NOT EXISTS (
    SELECT 1 FROM notifications n
    WHERE n.user_id = u.id AND n.dedupe_key IN (
        'appointment:' || CAST(a.id AS TEXT) || ':reminder' || $hours
        || ':' || CAST(a.reschedule_count AS TEXT),
        'appointment:' || CAST(a.id AS TEXT) || ':question' || $hours
        || ':' || CAST(a.reschedule_count AS TEXT)
    )
)
AND (SELECT count(DISTINCT r.channel) FROM notification_preferences r
    WHERE r.user_id = u.id AND r.notification_type = 'appointment' AND NOT r.enabled) < $channels
ORDER BY a.id
"""


def due_reminders(now: datetime) -> list[int]:
    """The ids of the visits of which somebody is to be reminded now, once for each number of hours
    in `appointment.reminder_hours`. What was missed while no tick ran is not made up for by two
    reminders at once: only the last of them is given."""
    due = []
    for hours, later in _stretches():
        values = {
            "after": now + timedelta(hours=later),
            "until": now + timedelta(hours=hours),
            "hours": f":{hours}",
            "channels": len(NOTIFICATION_CHANNELS),
        }
        for visit_id, start, agreed_at in db.execute(_SOON, values, {}).fetchall():
            if _moment(agreed_at) <= _moment(start) - timedelta(hours=hours):
                due.append(visit_id)
    return due


def remind(appointment_id: int, now: datetime) -> bool:
    """Remind of one of `due_reminders`; False when it is over, or not due for it any more."""
    visit = _locked(appointment_id)
    left = visit.appointment_date - now
    hours = next(
        (h for h, later in _stretches() if timedelta(hours=later) < left <= timedelta(hours=h)),
        None,
    )
    if visit.status not in OPEN or hours is None:
        return False
    occasion = f":{hours}:{visit.reschedule_count}"
    if visit.awaiting is None:
        tell(visit, "reminder", BOTH, actor=None, now=now, occasion=occasion)
    else:
        awaited = cast("Side", visit.awaiting)
        tell(visit, "question", (awaited,), actor=None, now=now, occasion=occasion)
    return True


def _stretches() -> list[tuple[int, int]]:
    """Each number of hours before a visit from which on one is reminded of it, with the number at
    which the next reminder, or the visit itself, takes its place."""
    hours = sorted(set(current_policy().appointment_reminder_hours), reverse=True)
    return list(zip(hours, [*hours[1:], 0], strict=True))


def _moment(stored: object) -> datetime:
    """A timestamp as a plain statement gives it: SQLite has texts."""
    return datetime.fromisoformat(str(stored))


def _locked(appointment_id: int) -> Any:
    """A visit, under the lock of its project."""
    project_id = select(a.project.id for a in Appointment if a.id == appointment_id).first()
    lock_project(project_id)
    return Appointment.get(id=appointment_id)
