"""The audit chains: the head is locked last, and each fact carries the hash of the one before."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from benchmarks.peer_fastapi.models_log import AuditHead, AuditLog
from realty.rules.audit_chain import BEGINNING, Fact, chained_hash

Noted = Fact


def append(db: Session, fact: Fact, now: datetime) -> None:
    """Chain one fact to those of its builder, or of the system."""
    chain = func.coalesce(AuditHead.builder_id, 0) == (fact.builder_id or 0)
    head = db.execute(
        update(AuditHead)
        .where(chain)
        .values(count=AuditHead.count + 1, updated_at=now)
        .execution_options(synchronize_session=False)
        .returning(AuditHead.count, AuditHead.hash)
    ).first()
    if head is None:
        beginning = upsert(AuditHead).values(
            builder_id=fact.builder_id, count=1, hash=BEGINNING, exported_count=0, updated_at=now
        )
        head = db.execute(
            beginning.on_conflict_do_update(
                index_elements=[func.coalesce(AuditHead.builder_id, 0)],
                set_={"count": AuditHead.count + 1, "updated_at": now},
            ).returning(AuditHead.count, AuditHead.hash)
        ).one()
    position, previous = head
    digest = chained_hash(fact, position, previous)
    db.execute(
        insert(AuditLog).values(
            builder_id=fact.builder_id,
            position=position,
            at=fact.at,
            actor_id=fact.actor_id,
            action=fact.action,
            entity=fact.entity,
            entity_id=fact.entity_id,
            details=fact.details,
            previous_hash=previous,
            hash=digest,
        )
    )
    db.execute(
        update(AuditHead)
        .where(chain)
        .values(hash=digest)
        .execution_options(synchronize_session=False)
    )
