"""Settings, read and written by administrators: typed, bounded, audited, in force at once.

Every request reads the figures in force from the database (`realty.services.policy`), so a change
counts for the next request of each process.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from realty.db import SystemSetting, User, stamps
from realty.db.locks import lock_table
from realty.rules.policy import SETTINGS, spec_named
from realty.rules.settings_spec import SettingSpec
from realty.security import Identity
from realty.services import audit
from realty.services.policy import forget_policy


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting with its value in force; `row` is None while nobody has set it."""

    spec: SettingSpec
    value: object
    row: Any | None


def listed() -> list[Setting]:
    """Every setting that this program knows, by key, with whoever set it."""
    rows = {row.setting_key: row for row in SystemSetting.select().prefetch(User)}
    return [_in_force(spec, rows.get(spec.key)) for spec in sorted(SETTINGS, key=_key)]


def _key(spec: SettingSpec) -> str:
    return spec.key


def _in_force(spec: SettingSpec, row: Any | None) -> Setting:
    return Setting(spec, spec.default_json if row is None else row.setting_value, row)


def put(key: str, value: object, *, actor: Identity, now: datetime) -> Setting:
    """Give a setting the JSON `value`, or with None its default back.

    Of two administrators at once the later has the last word, and the log tells of both what stood
    there before. The value that is there already changes nothing. Raises `NotFound` for an unknown
    key, and `ValidationFailed` at `setting_value`, which names the bound.
    """
    spec = spec_named(key)
    wanted = spec.default_json if value is None else spec.dump(spec.parse(value))
    lock_table(SystemSetting)
    row = SystemSetting.get(setting_key=key)
    before = _in_force(spec, row).value
    if value is None:
        if row is not None:
            row.delete()
        after = _in_force(spec, None)
    elif row is not None and before == wanted:
        return _in_force(spec, row)
    else:
        after = _in_force(spec, _stored(spec, row, wanted, actor, now))
    forget_policy()
    stamps.move_everything()
    if row is not None or after.row is not None:
        _note("reset" if after.row is None else "changed", after, before, actor, now)
    return after


def _stored(
    spec: SettingSpec, row: Any | None, value: object, actor: Identity, now: datetime
) -> Any:
    columns = {
        "setting_value": value,
        "setting_type": spec.setting_type,
        "category": spec.category,
        "description": spec.description,
        "is_public": spec.is_public,
        "updated_by": User[actor.user_id],
    }
    if row is None:
        return SystemSetting(setting_key=spec.key, created_at=now, updated_at=now, **columns)
    row.set(**columns)
    row.flush()
    return row


def _note(what: str, setting: Setting, before: object, actor: Identity, now: datetime) -> None:
    """The value after and, where it is another, the one before; tables as JSON text."""
    values = audit.differences({"setting_value": before}, {"setting_value": setting.value})
    audit.note(
        f"setting.{what}",
        "setting",
        None,
        builder_id=None,
        actor=actor,
        now=now,
        details={"setting_key": setting.spec.key, **values},
    )
