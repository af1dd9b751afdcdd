"""What is audited: every change of a booking, payment, price, setting, verification, role, session.

A fact goes to the chain of the builder whom it concerns, or to the system's. `realty.db.audit`
writes it at the end of the transaction, `realty audit verify` checks it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
from pony.orm import select

from realty.db import AuditHead, db
from realty.db.audit import gather
from realty.rules.audit_chain import DetailValue, Fact, chain_name
from realty.security import Identity

log = logging.getLogger("realty.audit")


def note(
    action: str,
    entity: str,
    entity_id: int | None,
    *,
    builder_id: int | None,
    actor: Identity | int | None,
    now: datetime,
    details: Mapping[str, DetailValue] | None = None,
) -> None:
    """Note that `actor` did `action` ("booking.confirmed") to `entity` (a table's singular).

    It only gathers: call it anywhere in the transaction, after the row has its id. `builder_id`
    None is the system's chain. `actor` is the caller, the id of a user who is not signed in yet,
    or None for the system. `details` is flat: text (money too), whole numbers, yes or no, null; no
    secret, no PAN and no address belongs there. Raises `TypeError` for anything else, because what
    cannot be written the same way twice cannot be verified.
    """
    for name, value in (details or {}).items():
        if not isinstance(value, DetailValue):
            raise TypeError(f"{action}: {name} must be text, a whole number, yes or no, or null.")
    gather(
        Fact(
            builder_id=builder_id,
            at=now,
            actor_id=actor.user_id if isinstance(actor, Identity) else actor,
            action=action,
            entity=entity,
            entity_id=entity_id,
            details=dict(details) if details else None,
        )
    )


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], *, untold: Collection[str] = ()
) -> dict[str, DetailValue]:
    """The details of a change: for each column of `after` that `before` has otherwise, the new
    value under its name and the former one under its name with `_before`; of those in `untold`,
    in which people may write anything, only that they changed."""
    found: dict[str, DetailValue] = {}
    for name, value in after.items():
        if value == before[name]:
            continue
        if name in untold:
            found[name] = "changed"
        else:
            found |= {name: _flat(value), f"{name}_before": _flat(before[name])}
    return found


def _flat(value: Any) -> DetailValue:
    """A column's value as a detail: decimals as on the wire, days in ISO form, tables as JSON."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    flat: DetailValue = value
    return flat


def moved_heads(_now: datetime) -> list[int]:
    """The ids of the heads whose chain grew since they were last written to the log."""
    return list(select(h.id for h in AuditHead if h.count > h.exported_count))


def export_head(head_id: int, _now: datetime) -> bool:
    """Write a head to the log, where nobody who changes the database reaches it; False when another
    machine did so at this moment. Only what is committed is read, so the line is true even if this
    transaction is not: it would then be written twice."""
    columns = select((h.builder.id, h.count, h.hash) for h in AuditHead if h.id == head_id)
    builder_id, count, digest = columns.without_distinct()[:][0]
    log.info("chain %s count %d hash %s", chain_name(builder_id or 0), count, digest)
    exported = db.execute(
        "UPDATE audit_heads SET exported_count = $count WHERE id = $head_id"
        " AND exported_count < $count",
        {"count": count, "head_id": head_id},
        {},
    )
    return bool(exported.rowcount)
