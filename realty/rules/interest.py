"""Simple interest by the day: on what is overdue, and on what a builder must give back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from realty.rules.money import paisa
from realty.rules.policy import Policy

DAYS_A_YEAR = 365


def simple_interest(amount: Decimal, start: date, end: date, policy: Policy) -> Decimal:
    """Interest on `amount` at `interest.annual_percent`; nothing when `end` is not after `start`.

    A year is 365 days; the sum is rounded half-up to the paisa.
    """
    days = max(0, (end - start).days)
    return paisa(amount * policy.interest_annual_percent * days / (100 * DAYS_A_YEAR))
