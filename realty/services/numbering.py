"""Numbers without gaps: each is given under the lock of its series, in the effect's transaction."""

from __future__ import annotations

from datetime import date

from realty.db import db
from realty.rules import identifiers


def next_number(series: str, builder_id: int, period: str, *, count: int = 1) -> int:
    """The next number of a builder's `series` in `period`, from 1; a rollback gives it back.

    Of several, taken at once, it is the last.

    The row stays locked to the end of the transaction, so take it after the booking's lock.
    """
    given = db.execute(
        "INSERT INTO number_series (series, builder_id, period, last_number)"
        " VALUES ($series, $builder_id, $period, $count)"
        " ON CONFLICT (series, COALESCE(builder_id, 0), period)"
        " DO UPDATE SET last_number = number_series.last_number + $count RETURNING last_number",
        {"series": series, "builder_id": builder_id, "period": period, "count": count},
        {},
    )
    ((number,),) = given.fetchall()
    return int(number)


def next_receipt(builder_id: int, day: date) -> tuple[str, str]:
    """The number of the receipt that a builder gives on `day`, and its financial year."""
    year = identifiers.financial_year(day)
    return identifiers.receipt_number(year, next_number("receipt", builder_id, year)), year


def next_demand(builder_id: int, day: date) -> str:
    """The number of the demand that a builder makes on `day`."""
    year = identifiers.financial_year(day)
    return identifiers.demand_number(year, next_number("demand", builder_id, year))
