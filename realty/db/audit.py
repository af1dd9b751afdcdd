"""The audit chains, written to: facts are gathered in a transaction and chained at its very end.

So the head of a chain, a row that all writers of one builder share, is locked last and for the
shortest time, once per transaction, and a transaction that is rolled back leaves nothing. It costs
three statements for each chain that a transaction writes to: one that locks the head and takes the
positions, one that inserts the facts, one that stores the new hash; and none without facts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from pony.orm import core, flush

from realty.db.database import db, utcnow
from realty.rules.audit_chain import BEGINNING, Fact, chained_hash

# Keyed by Pony's session, of which each transaction has its own: what is rolled back is forgotten.
_gathered: WeakKeyDictionary[Any, list[Fact]] = WeakKeyDictionary()

# A null builder is the system's chain; its key in the indexes is 0, as in revision 0006.
_TAKE_POSITIONS = (
    "UPDATE audit_heads SET count = count + $added, updated_at = $now"
    " WHERE COALESCE(builder_id, 0) = $chain RETURNING count, hash"
)
# A chain begins but once; of two that begin it together the second waits for the first.
_BEGIN = (
    "INSERT INTO audit_heads (builder_id, count, hash, exported_count, updated_at)"
    " VALUES ($builder_id, $added, $beginning, 0, $now)"
    " ON CONFLICT (COALESCE(builder_id, 0)) DO UPDATE"
    " SET count = audit_heads.count + excluded.count, updated_at = excluded.updated_at"
    " RETURNING count, hash"
)
_STORE_HASH = "UPDATE audit_heads SET hash = $digest WHERE COALESCE(builder_id, 0) = $chain"
_COLUMNS = (
    *("builder_id", "position", "at", "actor_id", "action", "entity", "entity_id", "details"),
    *("previous_hash", "hash"),
)
_ROWS_A_STATEMENT = 100


def gather(fact: Fact) -> None:
    """Keep `fact` until the end of the running transaction; no statement is sent."""
    _gathered.setdefault(db._get_cache(), []).append(fact)


def chain_gathered() -> None:
    """Append what this transaction gathered to its chains; the last thing before the commit.

    Heads are locked by ascending builder, the system's, which everybody shares, at the end.
    """
    session = core.local.db2cache.get(db)
    facts = _gathered.pop(session, []) if session is not None else []
    if not facts:
        return
    flush()
    for builder_id in sorted({fact.builder_id for fact in facts}, key=_place):
        _append(builder_id, [fact for fact in facts if fact.builder_id == builder_id])


def _place(builder_id: int | None) -> tuple[bool, int]:
    return builder_id is None, builder_id or 0


def _append(builder_id: int | None, facts: Sequence[Fact]) -> None:
    chain = {"chain": builder_id or 0}
    now = utcnow()
    taking = {"added": len(facts), "now": now, **chain}
    head = db.execute(_TAKE_POSITIONS, taking, {}).fetchone()
    if head is None:
        beginning = {"builder_id": builder_id, "beginning": BEGINNING, **taking}
        head = db.execute(_BEGIN, beginning, {}).fetchone()
    count, previous = head
    rows = []
    for position, fact in enumerate(facts, start=count - len(facts) + 1):
        digest = chained_hash(fact, position, previous)
        rows.append(_row(fact, position, previous, digest))
        previous = digest
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        _insert(rows[start : start + _ROWS_A_STATEMENT])
    db.execute(_STORE_HASH, {"digest": previous, **chain}, {})


def _row(fact: Fact, position: int, previous: str, digest: str) -> tuple[Any, ...]:
    details = None if fact.details is None else json.dumps(fact.details, ensure_ascii=False)
    return (
        *(fact.builder_id, position, fact.at, fact.actor_id),
        *(fact.action, fact.entity, fact.entity_id, details),
        *(previous, digest),
    )


def _insert(rows: Sequence[Sequence[Any]]) -> None:
    values: dict[str, str | int | datetime | None] = {}
    places = []
    for number, row in enumerate(rows):
        named = {f"v{number}_{place}": value for place, value in enumerate(row)}
        values |= named
        places.append(f"({', '.join(f'${name}' for name in named)})")
    into = f"INSERT INTO audit_log ({', '.join(_COLUMNS)})"
    # Names of columns and of parameters stand in the text, and no value.
    db.execute(f"{into} VALUES {', '.join(places)}", values, {})
