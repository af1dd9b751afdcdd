"""The figures in force: defaults overlaid with the rows of `system_settings`.

They are read once in a transaction, so that a change counts for the next request of each process;
what tells who calls reads them in the same statement.
"""

from __future__ import annotations

from functools import lru_cache

import orjson

from realty.db import rows
from realty.db.database import is_postgres
from realty.db.session import memo
from realty.rules.policy import Policy

_NAME = "policy"


def settings_column() -> str:
    """A column of raw SQL that holds every row of `system_settings`, as the text of an object."""
    if is_postgres():
        pairs = "CAST(json_object_agg(setting_key, setting_value) AS text)"
    else:
        pairs = "json_group_object(setting_key, json(setting_value))"
    return f"(SELECT {pairs} FROM system_settings)"  # noqa: S608 - one of the two above


def current_policy() -> Policy:
    """The policy as this transaction found it."""
    if _NAME not in memo():
        remember_policy(rows.read(f"SELECT {settings_column()}")[0][0])
    policy: Policy = memo()[_NAME]
    return policy


def remember_policy(text: str | None) -> None:
    """Let `text`, what the column held, be what this transaction goes by."""
    memo()[_NAME] = _policy(text or "{}")


def forget_policy() -> None:
    """Have it read again: this transaction has changed it."""
    memo().pop(_NAME, None)


@lru_cache(maxsize=4)
def _policy(text: str) -> Policy:
    return Policy.from_settings(orjson.loads(text))
