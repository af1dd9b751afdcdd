"""What keeps the rest honest: settings, histories, audit chains, number series, idempotency."""

from __future__ import annotations

from datetime import datetime

from pony.orm import Json, Optional, PrimaryKey, Required, composite_key

from realty.db import enums
from realty.db.accounts import Builder, User
from realty.db.catalogue import Project
from realty.db.database import Entity, Touched, one_of, text, utcnow


class SystemSetting(Touched, Entity):
    """A setting whose value differs from the default in `realty.rules.policy`."""

    _table_ = "system_settings"
    id = PrimaryKey(int, auto=True)
    setting_key = Required(str, unique=True)
    setting_value = Required(Json, optimistic=False)
    setting_type = Required(str, py_check=one_of(enums.SETTING_TYPES))
    category = Required(str)
    description = text()
    is_public = Required(bool, default=False)
    updated_by = Optional(User, column="updated_by", reverse="settings_changed")
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)


class StatusHistory(Entity):
    """One status change of one thing; a null actor is the system."""

    _table_ = "status_history"
    id = PrimaryKey(int, auto=True)
    entity = Required(str)
    entity_id = Required(int)
    from_status = text()
    to_status = Required(str)
    actor = Optional(User, column="actor_id")
    reason = text()
    at = Required(datetime, default=utcnow)


class IdempotencyKey(Entity):
    """The first answer given to a key, for 24 hours; `status_code` is null while it is made."""

    _table_ = "idempotency_keys"
    id = PrimaryKey(int, auto=True)
    user = Required(User, column="user_id")
    operation = Required(str)
    key = Required(str, autostrip=False)
    body_hash = Required(str)
    status_code = Optional(int)
    headers = Optional(Json, nullable=True, optimistic=False)
    body = text(autostrip=False)
    created_at = Required(datetime, default=utcnow)
    composite_key(user, operation, key)


class NumberSeries(Entity):
    """A gapless counter, locked while a number is given; a null builder is the whole system."""

    _table_ = "number_series"
    id = PrimaryKey(int, auto=True)
    series = Required(str)
    builder = Optional(Builder, column="builder_id")
    period = Required(str)
    last_number = Required(int, default=0)


class CacheStamp(Entity):
    """The version of cached answers about one project, or about the catalogue (null project)."""

    _table_ = "cache_stamps"
    id = PrimaryKey(int, auto=True)
    project = Optional(Project, column="project_id")
    stamp = Required(int, size=64, default=1)


class AuditLog(Entity):
    """One audited fact, carrying the hash of the one before it in its chain."""

    _table_ = "audit_log"
    id = PrimaryKey(int, auto=True)
    builder = Optional(Builder, column="builder_id")
    position = Required(int)
    at = Required(datetime, default=utcnow)
    actor = Optional(User, column="actor_id")
    action = Required(str)
    entity = Required(str)
    entity_id = Optional(int)
    details = Optional(Json, nullable=True, optimistic=False)
    previous_hash = Required(str)
    hash = Required(str)


class AuditHead(Entity):
    """Count and last hash of one audit chain; the chain of a null builder is the system's.

    `exported_count` is the count that was last written to the log.
    """

    _table_ = "audit_heads"
    id = PrimaryKey(int, auto=True)
    builder = Optional(Builder, column="builder_id")
    count = Required(int, default=0)
    hash = Required(str)
    exported_count = Required(int, default=0)
    updated_at = Required(datetime, default=utcnow)
