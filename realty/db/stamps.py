"""Version stamps of what the public reads: rows that move in the transaction that changes it.

One stamp is the catalogue's, one each project's. An answer that was made after reading a stamp may
be given again for as long as the stamp is the same: whoever changed what it shows has moved the
stamp in the same commit, also when it was killed right after. What moves is gathered in the
transaction and written at its end, the projects' by their ids and the catalogue's, which all
writers share, last of all locks.

Entities say by `moves_stamps` what their changes move; what is changed by statements says so where
it is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from pony.orm import core, flush

from realty.db.bulk import among
from realty.db.database import db, is_postgres

CATALOGUE = 0
"""What stands for the catalogue where there are ids of projects."""


@dataclass(slots=True)
class _Moved:
    """What one transaction has changed."""

    projects: set[int] = field(default_factory=set)
    builders: set[int] = field(default_factory=set)
    accounts: set[int] = field(default_factory=set)
    everything: bool = False


_moved: WeakKeyDictionary[Any, _Moved] = WeakKeyDictionary()

_UPSERT = (
    "INSERT INTO cache_stamps (project_id, stamp) SELECT id, 1 FROM ({ids}) changed WHERE true"
    " ON CONFLICT (COALESCE(project_id, 0)) DO UPDATE SET stamp = cache_stamps.stamp + 1"
)
# Joined by UNION, so that each goes by its index and none reads all projects.
_OF = {
    "projects": "SELECT id FROM projects WHERE id {among}",
    "builders": "SELECT id FROM projects WHERE builder_id {among}",
    "accounts": "SELECT p.id FROM projects p JOIN builders b ON b.id = p.builder_id"
    " WHERE b.user_id {among}",
}
_ALL = "SELECT id FROM projects"
# The catalogue's row is locked after those of projects.
_CATALOGUE = "SELECT CAST(NULL AS INTEGER) AS id ORDER BY id NULLS LAST"


def move_project(project_id: int) -> None:
    """Something that a project's pages or the lists show has changed."""
    _of_session().projects.add(project_id)


def move_builder(builder_id: int) -> None:
    """Something that the pages of a builder's projects show has changed."""
    _of_session().builders.add(builder_id)


def move_account(user_id: int) -> None:
    """The account of a builder was closed or opened, and with it all of its pages."""
    _of_session().accounts.add(user_id)


def move_catalogue() -> None:
    """Something that only lists show has changed."""
    _of_session()


def move_everything() -> None:
    """Something that all pages may show has changed, such as a setting."""
    _of_session().everything = True


def _of_session() -> _Moved:
    return _moved.setdefault(db._get_cache(), _Moved())


def write_moved() -> None:
    """Move the stamps of what this transaction changed; the last thing before the commit."""
    session = core.local.db2cache.get(db)
    if session is None:
        return
    flush()  # entities tell as they are stored
    moved = _moved.pop(session, None)
    if moved is None:
        return
    parts, values = [_ALL] if moved.everything else [], {}
    for name, statement in _OF.items():
        if ids := getattr(moved, name):
            condition, values[name] = among(ids, name)
            parts.append(statement.format(among=condition))
    which = " UNION ".join((*parts, _CATALOGUE))
    db.execute(_UPSERT.format(ids=which), values, {})


CATALOGUE_COLUMN = (
    "COALESCE((SELECT c.stamp FROM cache_stamps c WHERE COALESCE(c.project_id, 0) = 0), 0)"
)
"""The catalogue's stamp as a column of raw SQL."""


def stamps(*project_ids: int) -> tuple[int, ...]:
    """The stamps of these projects, or of `CATALOGUE`, in their order; 0 for what never moved."""
    sql = "SELECT COALESCE(project_id, 0), stamp FROM cache_stamps WHERE COALESCE(project_id, 0) "
    condition, ids = among(project_ids)
    worded = "%(ids)s" if is_postgres() else ":ids"
    found = dict(db._exec_sql(sql + condition.replace("$ids", worded), {"ids": ids}).fetchall())
    return tuple(found.get(project_id, 0) for project_id in project_ids)
