"""The hash of an audited fact, by the recipe that docs/adr/0015 gives to outsiders."""

from __future__ import annotations

import hashlib
from datetime import datetime

from realty.rules.audit_chain import BEGINNING, Fact, chained_hash

FACT = Fact(
    builder_id=12,
    at=datetime.fromisoformat("2026-11-23T09:30:00"),
    actor_id=7,
    action="payment.recorded",
    entity="payment",
    entity_id=17,
    details={"amount": "550000.05", "first": True, "line": 'Śrī "A"\n', "none": None, "n": 3},
)
CANONICAL = (
    r'{"action":"payment.recorded","actor_id":7,"at":"2026-11-23T09:30:00.000000Z",'
    r'"builder_id":12,"details":{"amount":"550000.05","first":true,"line":"Śrī \"A\"\n",'
    r'"n":3,"none":null},"entity":"payment","entity_id":17,"position":1,"previous_hash":"'
    + "0" * 64
    + '"}'
)


def test_the_hash_is_that_of_the_canonical_form() -> None:
    assert chained_hash(FACT, 1, BEGINNING) == hashlib.sha256(CANONICAL.encode()).hexdigest()


def test_the_hash_of_the_first_fact_never_changes() -> None:
    """What is stored must be verifiable by every later version."""
    assert (
        chained_hash(FACT, 1, BEGINNING)
        == "b58fa3e6d70f40ec52dfc13bea9d2ecac7c3efd7af8359facc015124e2db2dec"
    )


def test_every_column_is_in_the_hash() -> None:
    changes = {
        "builder_id": None,
        "at": datetime.fromisoformat("2026-11-23T09:30:00.000001"),
        "actor_id": None,
        "action": "payment.reversed",
        "entity": "booking",
        "entity_id": 18,
        "details": None,
    }
    columns = {name: getattr(FACT, name) for name in changes}
    hashes = {
        chained_hash(Fact(**{**columns, name: value}), 1, BEGINNING)
        for name, value in changes.items()
    }
    others = {chained_hash(FACT, 1, BEGINNING), chained_hash(FACT, 2, BEGINNING)}
    others.add(chained_hash(FACT, 1, "f" * 64))
    assert len(hashes | others) == len(changes) + 3
