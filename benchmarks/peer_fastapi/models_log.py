"""The tables that only grow: history, audit and mail, and the settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from benchmarks.peer_fastapi.database import Base


class StatusHistory(Base):
    """A change of a status."""

    __tablename__ = "status_history"

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str]
    entity_id: Mapped[int]
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    actor_id: Mapped[int | None]
    reason: Mapped[str | None]
    at: Mapped[datetime]


class AuditHead(Base):
    """The end of a chain of audited facts."""

    __tablename__ = "audit_heads"

    id: Mapped[int] = mapped_column(primary_key=True)
    builder_id: Mapped[int | None]
    count: Mapped[int]
    hash: Mapped[str]
    updated_at: Mapped[datetime]
    exported_count: Mapped[int]


class AuditLog(Base):
    """An audited fact."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    builder_id: Mapped[int | None]
    position: Mapped[int]
    at: Mapped[datetime]
    actor_id: Mapped[int | None]
    action: Mapped[str]
    entity: Mapped[str]
    entity_id: Mapped[int | None]
    details: Mapped[Any] = mapped_column(JSONB(none_as_null=True))
    previous_hash: Mapped[str]
    hash: Mapped[str]


class OutgoingMail(Base):
    """A letter that waits to be sent."""

    __tablename__ = "outgoing_mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    notification_id: Mapped[int | None]
    user_id: Mapped[int | None]
    to_address: Mapped[str]
    subject: Mapped[str]
    status: Mapped[str]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    created_at: Mapped[datetime]


class SystemSetting(Base):
    """A figure that differs from its default."""

    __tablename__ = "system_settings"

    id: Mapped[int] = mapped_column(primary_key=True)
    setting_key: Mapped[str]
    setting_value: Mapped[Any] = mapped_column(JSONB)
