"""The hash that chains one audited fact to the one before it (ADR 0015 lets anybody recompute it).

A row's hash is the SHA-256, in lower-case hexadecimal, of its columns as canonical JSON (RFC 8785):
keys in order, no blanks, UTF-8.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

DetailValue = str | int | bool | None

BEGINNING = "0" * 64
"""What the first fact of a chain carries as the hash before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened: `builder_id` names the chain, None the system's; `at` is naive UTC;
    an `actor_id` of None is the system. Money in `details` is text."""

    builder_id: int | None
    at: datetime
    actor_id: int | None
    action: str
    entity: str
    entity_id: int | None
    details: Mapping[str, DetailValue] | None


def chained_hash(fact: Fact, position: int, previous_hash: str) -> str:
    """The hash of `fact` as the `position`-th of its chain, counted from 1."""
    columns = {
        "action": fact.action,
        "actor_id": fact.actor_id,
        "at": f"{fact.at:%Y-%m-%dT%H:%M:%S.%f}Z",
        "builder_id": fact.builder_id,
        "details": fact.details,
        "entity": fact.entity,
        "entity_id": fact.entity_id,
        "position": position,
        "previous_hash": previous_hash,
    }
    canonical = json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def chain_name(chain: int) -> str:
    """What a chain is called: the builder's whom it is about; 0 is the system's."""
    return f"builder {chain}" if chain else "system"
