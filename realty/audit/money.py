"""Money to the paisa: every sum that a booking keeps, recomputed from its rows (domain, section 7).

The sums are the database's own, in whole paise, and know nothing of the services that keep them.
Only what a row is paid is recomputed with the rule that allocates, one booking at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from realty.audit.findings import Check, Finding, paise, plain, rupees, sql_check
from realty.db.snapshot import Snapshot
from realty.rules.allocation import NetReceipt, OpenRow, allocate

_RECEIPT = "payment_type IN ('token', 'installment', 'final', 'charge')"
_DEAD = "status IN ('expired', 'rejected', 'cancelled')"
_UNREGISTERED = "status IN ('pending', 'token_paid', 'confirmed')"
_COUNTED = "status IN ('pending', 'completed')"

# What each payment does to what is paid on its booking; compensation stands outside.
_EFFECTS = f"""
effects AS (
  SELECT p.id, p.booking_id, CASE
      WHEN p.{_RECEIPT} AND p.status = 'completed' THEN {paise("p.amount")}
      WHEN p.payment_type = 'refund' AND p.{_COUNTED} THEN -{paise("p.amount")}
      WHEN p.payment_type = 'reversal' AND p.status = 'completed' AND t.{_RECEIPT}
        THEN -{paise("p.amount")}
      WHEN p.payment_type = 'reversal' AND p.status = 'completed' AND t.payment_type = 'refund'
        THEN {paise("p.amount")}
      ELSE 0 END AS effect
  FROM payments p LEFT JOIN payments t ON t.id = p.reverses_payment_id)"""

# What was given back of each payment: refunds and reversals, less the refunds that were reversed.
_GIVEN_BACK = f"""
given_back AS (
  SELECT id, SUM(back) AS back, SUM(reversed) AS reversed FROM (
    SELECT reverses_payment_id AS id, {paise("amount")} AS back, 0 AS reversed
      FROM payments WHERE payment_type = 'refund' AND {_COUNTED}
    UNION ALL
    SELECT reverses_payment_id, {paise("amount")}, {paise("amount")}
      FROM payments WHERE payment_type = 'reversal' AND status = 'completed'
    UNION ALL
    SELECT f.reverses_payment_id, -{paise("r.amount")}, 0
      FROM payments r JOIN payments f ON f.id = r.reverses_payment_id
      WHERE r.payment_type = 'reversal' AND r.status = 'completed' AND f.payment_type = 'refund'
  ) AS taken GROUP BY id)"""

_PAID = f"""
WITH {_EFFECTS}, kept AS (SELECT booking_id, SUM(effect) AS kept FROM effects GROUP BY booking_id)
SELECT b.id, COALESCE(kept, 0), {paise("b.paid_amount")}
FROM bookings b LEFT JOIN kept ON kept.booking_id = b.id
WHERE COALESCE(kept, 0) <> {paise("b.paid_amount")} ORDER BY b.id"""

_ON_ROWS = f"""
SELECT b.id, {paise("b.paid_amount")}, COALESCE(SUM({paise("i.paid_amount")}), 0)
FROM bookings b LEFT JOIN installments i ON i.booking_id = b.id
GROUP BY b.id, b.paid_amount
HAVING COALESCE(SUM({paise("i.paid_amount")}), 0) > {paise("b.paid_amount")} ORDER BY b.id"""

_ROW_BOUNDS = f"""
SELECT id, CASE WHEN status = 'void' THEN 0 ELSE {paise("amount")} END, {paise("paid_amount")}
FROM installments
WHERE paid_amount < 0 OR paid_amount > amount OR (status = 'void' AND paid_amount <> 0)
ORDER BY id"""

_ROW_PAID = """
SELECT id, CASE WHEN paid_amount = amount THEN 'paid' ELSE 'not paid' END, status
FROM installments
WHERE status <> 'void' AND (status = 'paid') <> (paid_amount = amount) ORDER BY id"""

_TOTAL = f"""
SELECT id, {paise("agreement_value")} + {paise("gst_amount")}, {paise("total_amount")} FROM bookings
WHERE {paise("agreement_value")} + {paise("gst_amount")} <> {paise("total_amount")} ORDER BY id"""

_BACK = f"""
WITH {_GIVEN_BACK}
SELECT p.id, {paise("p.amount")}, g.back FROM payments p JOIN given_back g ON g.id = p.id
WHERE g.back > {paise("p.amount")} OR g.back < 0 ORDER BY p.id"""

_REVERSED = f"""
WITH {_GIVEN_BACK}
SELECT p.id, CASE WHEN COALESCE(g.reversed, 0) = {paise("p.amount")} THEN 'true' ELSE 'false' END,
  CASE WHEN p.reversed_in_full THEN 'true' ELSE 'false' END
FROM payments p LEFT JOIN given_back g ON g.id = p.id
WHERE p.reversed_in_full <> (COALESCE(g.reversed, 0) = {paise("p.amount")}) ORDER BY p.id"""

_UNDOABLE = "t.status = 'completed' AND t.booking_id = p.booking_id"
_NAMES = f"""
SELECT p.id, 'a completed payment of its booking that it may undo', CASE
    WHEN t.id IS NULL THEN 'none' ELSE 'payment ' || t.id || ', a ' || t.payment_type END
FROM payments p LEFT JOIN payments t ON t.id = p.reverses_payment_id
WHERE (p.payment_type = 'refund'
    AND NOT COALESCE(t.{_RECEIPT} AND {_UNDOABLE}, FALSE))
  OR (p.payment_type = 'reversal'
    AND NOT COALESCE(t.payment_type <> 'reversal' AND {_UNDOABLE}, FALSE))
  OR (p.payment_type NOT IN ('refund', 'reversal') AND t.id IS NOT NULL)
ORDER BY p.id"""

_OWNERS = """
SELECT p.id, 'builder ' || b.builder_id || ', a row of booking ' || b.id,
  'builder ' || p.builder_id || ', ' || CASE WHEN i.id IS NULL THEN 'no row'
    ELSE 'a row of booking ' || i.booking_id END
FROM payments p JOIN bookings b ON b.id = p.booking_id
LEFT JOIN installments i ON i.id = p.installment_id
WHERE p.builder_id <> b.builder_id OR i.booking_id <> p.booking_id ORDER BY p.id"""

# At the last refund after the end, what was paid and not yet given back covered it beside the
# deduction. What was taken back afterwards, and what cleared or was reversed since, only helps.
_DEAD_REFUNDS = f"""
WITH {_EFFECTS}, last AS (
  SELECT p.booking_id, MAX(p.id) AS refund_id FROM payments p
  JOIN bookings b ON b.id = p.booking_id
  WHERE b.{_DEAD} AND p.payment_type = 'refund' AND p.{_COUNTED} AND p.created_at >= b.cancelled_at
  GROUP BY p.booking_id),
left_over AS (
  SELECT last.booking_id, SUM(e.effect) AS paid FROM last
  JOIN effects e ON e.booking_id = last.booking_id
  WHERE e.effect > 0 OR e.id <= last.refund_id
    OR EXISTS (SELECT 1 FROM payments p WHERE p.id = e.id AND p.payment_type = 'refund')
  GROUP BY last.booking_id)
SELECT b.id, {paise("b.deduction_amount")}, paid FROM bookings b
JOIN left_over ON left_over.booking_id = b.id
WHERE paid < {paise("b.deduction_amount")} ORDER BY b.id"""

_COMPENSATION = f"""
WITH {_GIVEN_BACK}, paid AS (
  SELECT p.booking_id, SUM({paise("p.amount")} - COALESCE(g.back, 0)) AS paid
  FROM payments p LEFT JOIN given_back g ON g.id = p.id
  WHERE p.payment_type = 'compensation' AND p.{_COUNTED} GROUP BY p.booking_id)
SELECT b.id, {paise("b.compensation_amount")}, paid FROM bookings b
JOIN paid ON paid.booking_id = b.id
WHERE paid > {paise("b.compensation_amount")} ORDER BY b.id"""

_CAP = f"""
WITH clearing AS (
  SELECT booking_id, SUM({paise("amount")}) AS clearing FROM payments
  WHERE {_RECEIPT} AND status = 'pending' GROUP BY booking_id)
SELECT b.id, {paise("b.advance_cap_amount")}, {paise("b.paid_amount")} + COALESCE(clearing, 0)
FROM bookings b LEFT JOIN clearing ON clearing.booking_id = b.id
WHERE b.{_UNREGISTERED}
  AND {paise("b.paid_amount")} + COALESCE(clearing, 0) > {paise("b.advance_cap_amount")}
ORDER BY b.id"""

_NUMBERED = f"""
SELECT id, 'a receipt number for each completed receipt, and for nothing else',
  payment_type || ' ' || status || ', ' || COALESCE(receipt_number, 'none') FROM payments
WHERE ({_RECEIPT} AND status = 'completed') <> (receipt_number IS NOT NULL)
  OR ({_RECEIPT} AND status = 'completed') <> (financial_year IS NOT NULL)
ORDER BY id"""

_NUMBERS = """
SELECT builder_id, financial_year, id, receipt_number FROM payments
WHERE receipt_number IS NOT NULL
ORDER BY builder_id, financial_year, LENGTH(receipt_number), receipt_number, id"""

_SERIES = """
SELECT builder_id, SUM(given) || ' in ' || period, SUM(last_number) || ' in ' || period FROM (
  SELECT builder_id, financial_year AS period, 1 AS given, 0 AS last_number
    FROM payments WHERE receipt_number IS NOT NULL
  UNION ALL
  SELECT builder_id, period, 0, last_number FROM number_series WHERE series = 'receipt'
) AS series GROUP BY builder_id, period
HAVING SUM(given) <> SUM(last_number) ORDER BY builder_id, period"""

_ROWS = f"""
SELECT booking_id, id, sequence, {paise("amount")}, due_date, status, {paise("paid_amount")}
FROM installments ORDER BY booking_id, id"""

_NET_RECEIPTS = f"""
WITH {_GIVEN_BACK}
SELECT p.booking_id, p.id, {paise("p.amount")} - COALESCE(g.back, 0), p.installment_id
FROM payments p LEFT JOIN given_back g ON g.id = p.id
WHERE {_RECEIPT} AND p.status = 'completed' ORDER BY p.booking_id, p.cleared_at, p.id"""


def _rows_sum_to(column: str, kind: str, only: str = "TRUE") -> str:
    """The bookings, `only` those, whose `column` is not the sum of their rows of a kind."""
    return f"""
SELECT b.id, COALESCE(SUM({paise("i.amount")}), 0), {paise(f"b.{column}")}
FROM bookings b LEFT JOIN installments i
  ON i.booking_id = b.id AND i.kind = '{kind}' AND i.status <> 'void'
WHERE {only} GROUP BY b.id, b.{column}
HAVING COALESCE(SUM({paise("i.amount")}), 0) <> {paise(f"b.{column}")} ORDER BY b.id"""


def _receipt_numbers(database: Snapshot) -> Iterator[Finding]:
    """Each series is numbered from 1 without a gap; what comes after a gap is named once."""
    series: tuple[Any, ...] = ()
    number = 0
    for builder_id, year, payment_id, given in database.rows(_NUMBERS):
        number = number + 1 if series == (builder_id, year) else 1
        series = (builder_id, year)
        expected = f"RC/{year}/{number:06d}"
        if given != expected:
            yield Finding("payment", payment_id, expected, given)
            numbered = re.fullmatch(rf"RC/{re.escape(year or '')}/([0-9]{{6,9}})", given)
            number = int(numbered[1]) if numbered else number - 1


def _allocation(database: Snapshot) -> Iterator[Finding]:
    receipts = _grouped(database.rows(_NET_RECEIPTS))
    waiting = next(receipts, None)
    for booking_id, rows in groupby(database.rows(_ROWS), key=itemgetter(0)):
        while waiting is not None and waiting[0] < booking_id:
            waiting = next(receipts, None)
        due = waiting[1] if waiting is not None and waiting[0] == booking_id else []
        yield from _misallocated(list(rows), due)


def _grouped(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
    return ((key, list(group)) for key, group in groupby(rows, key=itemgetter(0)))


def _misallocated(
    rows: list[tuple[Any, ...]], receipts: list[tuple[Any, ...]]
) -> Iterator[Finding]:
    """The rows of one booking on which something else is paid than its receipts bring."""
    paid = allocate(
        [NetReceipt(id_, Decimal(amount), row_id) for _, id_, amount, row_id in receipts],
        [
            OpenRow(id_, sequence, Decimal(amount), _day(due), status == "void")
            for _, id_, sequence, amount, due, status, _ in rows
        ],
    ).by_row()
    for _, id_, _, _, _, _, stored in rows:
        if paid[id_] != stored:
            yield Finding("installment", id_, rupees(paid[id_]), rupees(stored))


def _day(value: Any) -> date | None:
    """SQLite keeps days as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value


MONEY = (
    sql_check("paid_amount is what was received and kept", "booking", _PAID, rupees),
    sql_check("no more is paid on the rows than on the booking", "booking", _ON_ROWS, rupees),
    Check("each row is paid what the receipts bring it", _allocation),
    sql_check(
        "a row is paid up to its amount, a void one nothing", "installment", _ROW_BOUNDS, rupees
    ),
    sql_check("a row is paid when all of it is paid", "installment", _ROW_PAID),
    sql_check(
        "plan rows sum to total_amount",
        "booking",
        _rows_sum_to("total_amount", "plan", f"NOT b.{_DEAD}"),
        rupees,
    ),
    sql_check(
        "variation rows sum to variation_amount",
        "booking",
        _rows_sum_to("variation_amount", "variation"),
        rupees,
    ),
    sql_check(
        "charge rows sum to charge_amount",
        "booking",
        _rows_sum_to("charge_amount", "charge"),
        rupees,
    ),
    sql_check("total_amount is the agreement value with its tax", "booking", _TOTAL, rupees),
    sql_check("no more is given back of a payment than it brought", "payment", _BACK, rupees),
    sql_check("what undoes a payment names one that it may undo", "payment", _NAMES),
    sql_check("reversed_in_full says what the reversals say", "payment", _REVERSED),
    sql_check("a payment belongs to its booking's builder and rows", "payment", _OWNERS),
    sql_check("refunds after the end leave the deduction", "booking", _DEAD_REFUNDS, rupees),
    sql_check("compensation is at most what is due", "booking", _COMPENSATION, rupees),
    sql_check("no more than the advance cap before the agreement", "booking", _CAP, rupees),
    sql_check("completed receipts are numbered", "payment", _NUMBERED),
    Check("receipts are numbered without a gap", _receipt_numbers),
    sql_check(
        "a number series stands at its last receipt", "number_series of builder", _SERIES, plain
    ),
)
