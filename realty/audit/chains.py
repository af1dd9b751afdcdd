"""The audit chains, recomputed: each row by its own columns, each head by its last row.

A row that was changed has another hash; if that was made to fit, the next row does not name it. A
row that was removed leaves a gap; the last one leaves a head that knows of more. If the head was
made to fit as well, an exported head still tells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from realty.audit.findings import Check, Finding
from realty.db.snapshot import Snapshot
from realty.rules.audit_chain import BEGINNING, Fact, chain_name, chained_hash

_ROWS = (
    "SELECT COALESCE(builder_id, 0), id, builder_id, position, at, actor_id, action, entity,"
    " entity_id, details, previous_hash, hash FROM audit_log"
    " ORDER BY COALESCE(builder_id, 0), position"
)
_HEADS = "SELECT builder_id, count, hash, exported_count FROM audit_heads ORDER BY builder_id"
_HASH_AT = "SELECT hash FROM audit_log WHERE COALESCE(builder_id, 0) = ? AND position = ?"
_LENGTHS = (
    "SELECT COALESCE(builder_id, 0), count(*), max(position) FROM audit_log"
    " GROUP BY COALESCE(builder_id, 0)"
)
_EXPORTED = re.compile(r"chain (?:builder (\d{1,10})|system) count (\d{1,10}) hash ([0-9a-f]{64})")
_UNREADABLE = "columns that cannot be read"


class Row(NamedTuple):
    """A row of `audit_log` as the driver gives it."""

    chain: int
    id: int
    builder_id: int | None
    position: int
    at: Any
    actor_id: int | None
    action: str
    entity: str
    entity_id: int | None
    details: Any
    previous_hash: str
    hash: str

    def recomputed(self) -> str:
        """The hash that the other columns have; SQLite keeps moments and JSON as text."""
        try:
            fact = Fact(
                builder_id=self.builder_id,
                at=datetime.fromisoformat(self.at) if isinstance(self.at, str) else self.at,
                actor_id=self.actor_id,
                action=self.action,
                entity=self.entity,
                entity_id=self.entity_id,
                details=json.loads(self.details) if isinstance(self.details, str) else self.details,
            )
            return chained_hash(fact, self.position, self.previous_hash)
        except (TypeError, ValueError):
            return _UNREADABLE


def _rows(database: Snapshot) -> Iterator[Row]:
    return (Row(*columns) for columns in database.rows(_ROWS))


def _hashes(database: Snapshot) -> Iterator[Finding]:
    for row in _rows(database):
        recomputed = row.recomputed()
        if recomputed != row.hash:
            yield Finding("audit_log", row.id, f"hash {recomputed}", row.hash)


def _links(database: Snapshot) -> Iterator[Finding]:
    for chain, rows in groupby(_rows(database), key=itemgetter(0)):
        position, previous = 0, BEGINNING
        for row in rows:
            if row.position != position + 1:
                expected = f"position {position + 1} of the {chain_name(chain)} chain"
                yield Finding("audit_log", row.id, expected, str(row.position))
            elif row.previous_hash != previous:
                yield Finding("audit_log", row.id, f"previous hash {previous}", row.previous_hash)
            position, previous = row.position, row.hash


def _head_matches(database: Snapshot) -> Iterator[Finding]:
    lengths = {chain: (n, last) for chain, n, last in database.rows(_LENGTHS)}
    for builder_id, count, digest, exported in database.rows(_HEADS):
        chain = builder_id or 0
        n, last = lengths.pop(chain, (0, 0))
        named = f"audit_heads of the {chain_name(chain)} chain"
        if not count == n == last:
            yield Finding(named, None, f"{n} facts up to position {last}", f"count {count}")
            continue
        stored = database.row(_HASH_AT, chain, count)
        expected = stored[0] if stored else BEGINNING
        if digest != expected:
            yield Finding(named, None, f"hash {expected}", digest)
        if exported > count:
            yield Finding(named, None, f"{exported} facts, as exported", f"count {count}")
    for chain, (n, _last) in lengths.items():
        yield Finding(f"audit_heads of the {chain_name(chain)} chain", None, f"count {n}", "no row")


CHAINS = (
    Check("the hash of each fact is that of its columns", _hashes),
    Check("the facts of each chain follow one another", _links),
    Check("the head of each chain has the count and the hash of its last fact", _head_matches),
)


@dataclass(frozen=True, slots=True)
class ExportedHead:
    """A head as `realty tick` wrote it to the log; chain 0 is the system's."""

    chain: int
    count: int
    hash: str


def _exported(log: Path) -> Iterator[ExportedHead]:
    """The heads in a log, whatever else stands in it or beside them in a line."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if found := _EXPORTED.search(line):
                yield ExportedHead(int(found[1] or 0), int(found[2]), found[3])


def exported_check(log: Path) -> Check:
    """Each head that was exported to `log` is still the hash of the fact at its count."""

    def find(database: Snapshot) -> Iterator[Finding]:
        none = True
        for head in _exported(log):
            none = False
            stored = database.row(_HASH_AT, head.chain, head.count)
            if stored is None or stored[0] != head.hash:
                named = f"fact {head.count} of the {chain_name(head.chain)} chain"
                yield Finding(
                    named, None, f"hash {head.hash}, as exported", stored[0] if stored else "no row"
                )

        if none:
            yield Finding(str(log), None, "heads that `realty tick` exported", "none")

    return Check("each exported head is the hash of the fact at its count", find)
