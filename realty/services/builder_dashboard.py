"""What a builder sees first, in a bounded number of queries whatever there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from realty.db import Project, db
from realty.db.enums import PROJECT_STATUSES, UNIT_STATUSES
from realty.rules.lifecycles import DEAD
from realty.rules.money import ZERO, paisa
from realty.rules.spans import Spans, spans
from realty.security import Identity
from realty.services import activity
from realty.services.activity import Happening
from realty.services.counts import counts
from realty.services.dashboards import Money, Standing, money_of, standings
from realty.services.policy import current_policy

RECENT_PROJECTS = 5
RECENT_ACTIVITY = 10
FIGURES = ("bookings", "ended_bookings", "visits", "booked_amount", "received_amount")
"""What the present month is compared by with the last."""

_DEAD = ", ".join(f"'{status}'" for status in sorted(DEAD))
# Compensation is no revenue; a refund that failed comes back (domain, section 7).
_STOCK = """SELECT 'project' AS what, status AS state, count(*) AS number
    FROM projects WHERE builder_id = $builder_id GROUP BY status
    UNION ALL SELECT 'published', 'yes', count(*)
    FROM projects WHERE builder_id = $builder_id AND is_published
    UNION ALL SELECT 'unit', u.status, count(*)
    FROM units u JOIN projects p ON p.id = u.project_id
    WHERE p.builder_id = $builder_id GROUP BY u.status
    UNION ALL SELECT 'visit', 'today', count(*)
    FROM appointments a JOIN projects p ON p.id = a.project_id
    WHERE p.builder_id = $builder_id AND a.status <> 'cancelled'
    AND a.appointment_date >= $day AND a.appointment_date < $next_day
    UNION ALL SELECT 'visit', 'this_week', count(*)
    FROM appointments a JOIN projects p ON p.id = a.project_id
    WHERE p.builder_id = $builder_id AND a.status <> 'cancelled'
    AND a.appointment_date >= $week AND a.appointment_date < $next_week
"""
_MOVED = f"""SELECT figure, sum(amount) FILTER (WHERE at >= $month) AS this_month,
    sum(amount) FILTER (WHERE at < $month_ago) AS last_month_to_date,
    sum(amount) FILTER (WHERE at < $month) AS last_month
    FROM (
        SELECT 'bookings' AS figure, created_at AS at, 1.00 AS amount
        FROM bookings WHERE builder_id = $builder_id AND created_at >= $last_month
        UNION ALL SELECT 'booked_amount', created_at,
        total_amount + variation_amount + charge_amount
        FROM bookings WHERE builder_id = $builder_id AND created_at >= $last_month
        AND status NOT IN ({_DEAD})
        UNION ALL SELECT 'ended_bookings', cancelled_at, 1
        FROM bookings WHERE builder_id = $builder_id AND cancelled_at >= $last_month
        UNION ALL SELECT 'received_amount', p.cleared_at, CASE
            WHEN p.payment_type = 'compensation' OR named.payment_type = 'compensation' THEN 0
            WHEN p.payment_type = 'refund' THEN -p.amount
            WHEN p.payment_type = 'reversal' AND named.payment_type <> 'refund' THEN -p.amount
            ELSE p.amount END
        FROM payments p LEFT JOIN payments named ON named.id = p.reverses_payment_id
        WHERE p.builder_id = $builder_id AND p.status = 'completed' AND p.cleared_at >= $last_month
        UNION ALL SELECT 'visits', a.appointment_date, 1
        FROM appointments a JOIN projects p ON p.id = a.project_id
        WHERE p.builder_id = $builder_id AND a.status <> 'cancelled'
        AND a.appointment_date >= $last_month AND a.appointment_date <= $now
    ) AS moved
    WHERE at <= $now GROUP BY figure
"""  # noqa: S608 - statuses of our own


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure of this month so far, of last month up to the same moment, and of all of it."""

    this_month: Decimal = ZERO
    last_month_to_date: Decimal = ZERO
    last_month: Decimal = ZERO

    @property
    def change_percent(self) -> Decimal | None:
        """By how much the month so far differs from the same part of the last; None when that
        part had nothing to compare with."""
        base = self.last_month_to_date
        return paisa((self.this_month - base) * 100 / base) if base > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderDashboard:
    """All of it; counts are by status, every status named; what happened comes with its project."""

    spans: Spans
    money: Money
    projects: Mapping[str, int]
    published: int
    units: Mapping[str, int]
    visits_today: int
    visits_this_week: int
    trends: Mapping[str, Trend]
    badges: Mapping[str, Any]
    recent_projects: Sequence[Standing]
    activity: Sequence[tuple[Happening, Any]]


def builder_dashboard(actor: Identity, *, now: datetime) -> BuilderDashboard:
    """The dashboard of the calling builder; months, weeks and days are those of its user's time
    zone."""
    policy = current_policy()
    around = spans(now, _timezone(actor))
    stock = _stock(actor, around)
    recent, happened = activity.recent(actor, projects=RECENT_PROJECTS, entries=RECENT_ACTIVITY)
    named = {*recent, *(each.project_id for each in happened)}
    projects = {project.id: project for project in Project.select(lambda p: p.id in named)}
    return BuilderDashboard(
        spans=around,
        money=money_of(actor, now=now, policy=policy),
        projects={status: stock.get(("project", status), 0) for status in PROJECT_STATUSES},
        published=stock["published", "yes"],
        units={status: stock.get(("unit", status), 0) for status in UNIT_STATUSES},
        visits_today=stock["visit", "today"],
        visits_this_week=stock["visit", "this_week"],
        trends=_trends(actor, around),
        badges=counts(actor, now=now),
        recent_projects=standings([projects[each] for each in recent], actor, now=now),
        activity=[(each, projects[each.project_id]) for each in happened],
    )


def _timezone(actor: Identity) -> str:
    name: str = db.get("SELECT timezone FROM users WHERE id = $user_id", _values(actor))
    return name


def _stock(actor: Identity, around: Spans) -> dict[tuple[str, str], int]:
    rows = db.select(_STOCK, _values(actor, around))
    return {(what, state): number for what, state, number in rows}


def _trends(actor: Identity, around: Spans) -> dict[str, Trend]:
    rows = db.select(_MOVED, _values(actor, around))
    found = {
        figure: Trend(*(paisa(Decimal(amount or 0)) for amount in amounts))
        for figure, *amounts in rows
    }
    return {figure: found.get(figure, Trend()) for figure in FIGURES}


def _values(actor: Identity, around: Spans | None = None) -> dict[str, Any]:
    named = {"user_id": actor.user_id, "builder_id": actor.builder_id}
    return (
        named
        if around is None
        else named | {name: getattr(around, name) for name in around.__slots__}
    )
