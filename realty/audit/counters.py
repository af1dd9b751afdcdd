"""Counters and statuses, recounted: what is kept beside the rows that it follows from."""

from __future__ import annotations

from realty.audit.findings import paise, rupees, sql_check

_OCCUPYING = (
    "status IN ('pending', 'token_paid', 'confirmed', 'agreement_registered', 'handed_over')"
)

# A project without units keeps what its builder declared.
_UNITS = f"""
counted AS (
  SELECT project_id, count(*) AS total,
    SUM(CASE WHEN status = 'available' THEN 1 ELSE 0 END) AS available,
    MIN({paise("price")}) AS lowest, MAX({paise("price")}) AS highest
  FROM units GROUP BY project_id)"""

_AVAILABLE = f"""
WITH {_UNITS}
SELECT p.id, COALESCE(available, p.total_units), p.available_units
FROM projects p LEFT JOIN counted ON project_id = p.id
WHERE COALESCE(available, p.total_units) <> p.available_units ORDER BY p.id"""

_TOTAL = f"""
WITH {_UNITS}
SELECT p.id, total, p.total_units FROM projects p JOIN counted ON project_id = p.id
WHERE total <> p.total_units ORDER BY p.id"""


def _range(column: str, kept: str) -> str:
    return f"""
WITH {_UNITS}
SELECT p.id, {column}, {paise(f"p.{kept}")} FROM projects p JOIN counted ON project_id = p.id
WHERE p.{kept} IS NULL OR {column} <> {paise(f"p.{kept}")} ORDER BY p.id"""


_PROJECTS = """
SELECT b.id, count(p.id), b.total_projects
FROM builders b LEFT JOIN projects p ON p.builder_id = b.id AND p.status <> 'cancelled'
GROUP BY b.id, b.total_projects HAVING count(p.id) <> b.total_projects ORDER BY b.id"""

_REVIEWS = """
SELECT b.id, count(r.id), b.review_count
FROM builders b LEFT JOIN reviews r ON r.builder_id = b.id
GROUP BY b.id, b.review_count HAVING count(r.id) <> b.review_count ORDER BY b.id"""

# Hundredths of a star, rounded half-up in whole numbers.
_RATING = f"""
WITH rated AS (
  SELECT builder_id, (200 * SUM(rating) + count(*)) / (2 * count(*)) AS rating
  FROM reviews GROUP BY builder_id)
SELECT b.id, COALESCE(rated.rating, 0), {paise("b.rating")}
FROM builders b LEFT JOIN rated ON rated.builder_id = b.id
WHERE COALESCE(rated.rating, 0) <> {paise("b.rating")} ORDER BY b.id"""

_STOCK = f"""
WITH held AS (
  SELECT unit_id, count(*) AS n,
    MAX(CASE WHEN status IN ('agreement_registered', 'handed_over') THEN 'sold' ELSE 'booked' END)
      AS status
  FROM bookings WHERE {_OCCUPYING} GROUP BY unit_id)
SELECT u.id,
  CASE WHEN n IS NULL THEN 'not booked' WHEN n > 1 THEN 'one booking' ELSE held.status END,
  CASE WHEN n > 1 THEN n || ' bookings' ELSE u.status END
FROM units u LEFT JOIN held ON held.unit_id = u.id
WHERE (n IS NULL AND u.status IN ('booked', 'sold')) OR n > 1 OR held.status <> u.status
ORDER BY u.id"""

_PLACE = """
SELECT b.id, 'project ' || u.project_id || ' of builder ' || p.builder_id,
  'project ' || b.project_id || ' of builder ' || b.builder_id
FROM bookings b JOIN units u ON u.id = b.unit_id JOIN projects p ON p.id = u.project_id
WHERE b.project_id <> u.project_id OR b.builder_id <> p.builder_id ORDER BY b.id"""

_REACHED = """
SELECT id, CASE WHEN paid_amount >= token_amount THEN 'token_paid' ELSE 'pending' END, status
FROM bookings
WHERE (status = 'pending' AND paid_amount >= token_amount)
  OR (status = 'token_paid' AND paid_amount < token_amount) ORDER BY id"""


def _has(column: str, statuses: str) -> str:
    """The bookings that have `column` in another status than these, or lack it in one of them."""
    return f"""
SELECT id, CASE WHEN status IN ({statuses}) THEN 'a {column}' ELSE 'no {column}' END, status
FROM bookings WHERE (status IN ({statuses})) <> ({column} IS NOT NULL) ORDER BY id"""


COUNTERS = (
    sql_check("available_units counts the available units", "project", _AVAILABLE),
    sql_check("total_units counts the units", "project", _TOTAL),
    sql_check(
        "price_range_min is the lowest price",
        "project",
        _range("lowest", "price_range_min"),
        rupees,
    ),
    sql_check(
        "price_range_max is the highest price",
        "project",
        _range("highest", "price_range_max"),
        rupees,
    ),
    sql_check("total_projects counts the projects that are not cancelled", "builder", _PROJECTS),
    sql_check("review_count counts the reviews", "builder", _REVIEWS),
    sql_check("rating is the mean of the reviews", "builder", _RATING, rupees),
    sql_check("a unit is booked or sold when one booking takes it", "unit", _STOCK),
    sql_check("a booking is of its unit's project and builder", "booking", _PLACE),
    sql_check("a token is paid when it was received", "booking", _REACHED),
    sql_check("a booking expires while it is pending", "booking", _has("expires_at", "'pending'")),
    sql_check(
        "a booking that has ended has its end",
        "booking",
        _has("cancelled_at", "'expired', 'rejected', 'cancelled'"),
    ),
    sql_check(
        "a booking is handed over on a day", "booking", _has("handover_date", "'handed_over'")
    ),
)
