"""The figures in force: defaults overlaid with the rows of `system_settings`."""

from __future__ import annotations

from pony.orm import select

from realty.db import SystemSetting
from realty.rules.policy import Policy


def current_policy() -> Policy:
    """The policy as the database has it now, so that a change counts in every process at once."""
    rows = select((s.setting_key, s.setting_value) for s in SystemSetting).without_distinct()
    return Policy.from_settings(dict(rows[:]))
