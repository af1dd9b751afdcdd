"""`realty audit verify`: every check over one moment of the database, and what it found."""

from __future__ import annotations

from pathlib import Path

from realty.audit import SECTIONS
from realty.audit.chains import exported_check
from realty.audit.findings import Check
from realty.db.snapshot import Snapshot, snapshot

_SIZES = """
SELECT (SELECT count(*) FROM audit_log), (SELECT count(*) FROM audit_heads),
  (SELECT count(*) FROM bookings), (SELECT count(*) FROM payments)"""


def verify(database_url: str, heads: Path | None) -> bool:
    """Print the first bad row of each check and a summary; says whether everything holds.

    `heads` is a log with heads that `realty tick` exported. Raises `DatabaseNotReady` and the
    driver's errors.
    """
    checks = [(section, check) for section, held in SECTIONS.items() for check in held]
    if heads is not None:
        checks.append(("chains", exported_check(heads)))
    with snapshot(database_url) as database:
        facts, chains, bookings, payments = database.row(_SIZES) or (0, 0, 0, 0)
        broken = sum(not _holds(section, check, database) for section, check in checks)
    looked_at = f"{facts} facts in {chains} chains, {bookings} bookings, {payments} payments"
    verdict = f"{broken} of {len(checks)} checks failed" if broken else f"{len(checks)} checks hold"
    print(f"audit: {verdict} ({looked_at}).")
    return not broken


def _holds(section: str, check: Check, database: Snapshot) -> bool:
    bad = 0
    for finding in check.find(database):
        bad += 1
        if bad == 1:
            print(f"{section}: {check.rule}: {finding}", flush=True)
    if bad > 1:
        print(f"{section}: {check.rule}: {bad - 1} more")
    return not bad
