"""Whether a peer gives the very answers that we give, and leaves the very rows behind.

Every server has a copy of the same database, so ids are the same too; only what depends on the
clock or on chance is left out.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.stacks.data import connected
from benchmarks.stacks.drivers import send
from benchmarks.stacks.workloads import Ask, Workload
from realty.rules.audit_chain import Fact, chained_hash

READS = 24
WRITES = 3
"""So many requests of each workload are compared; what is written may not be written again."""

# They differ between two runs of one server too.
_PASSING = frozenset(
    {
        *("access_token", "as_of", "at", "created_at", "expires_at", "family", "hash"),
        *("last_login", "last_message_time", "last_used_at", "next_attempt_at", "previous_hash"),
        *("token_hash", "updated_at", "user_agent", "refresh_token"),
    }
)
_GROWING = (
    *("bookings", "installments", "status_history", "notifications", "outgoing_mail"),
    *("audit_log", "conversations", "messages", "sessions"),
)
_CHANGING = ("units", "projects", "users", "audit_heads")


@dataclass(frozen=True)
class Seen:
    """What one server answered to each sample, and which rows it left behind, by name."""

    answers: Mapping[str, Any]
    effects: Mapping[str, Any]


def look(port: int, url: str, chosen: Sequence[Workload], *, writes: bool) -> Seen:
    """Ask the samples of these workloads."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    answers: dict[str, Any] = {}
    for workload in chosen:
        if not workload.writes and not workload.tagged:
            step = max(1, len(workload.requests) // READS)
            for ask in workload.requests[::step][:READS]:
                answers[f"{ask.path} {(ask.token or '')[-6:]}"] = _answer(connection, ask)
    if not writes:
        return Seen(answers, {})
    before = _last_ids(url)
    for workload in chosen:
        if workload.writes and workload.name != "mixed":
            for number, ask in enumerate(workload.requests[:WRITES]):
                answers[f"{ask.path} {number}"] = _lasting(_answer(connection, ask))
            if workload.name == "login":
                _use_token(connection, workload.requests[0])
    connection.close()
    return Seen(answers, _effects(url, before))


def _answer(connection: http.client.HTTPConnection, ask: Ask) -> Any:
    status, _headers, content = send(connection, ask)
    if status >= http.client.BAD_REQUEST:
        raise SystemExit(f"{ask.method} {ask.path}: {status} {content[:500].decode()}")
    return json.loads(content)


def _use_token(connection: http.client.HTTPConnection, login: Ask) -> None:
    """The token of a login opens the caller's own bookings."""
    token = _answer(connection, login)["data"]["access_token"]
    _answer(connection, Ask("GET", "/api/bookings", token))


def _lasting(value: Any) -> Any:
    """The value without what passes."""
    if isinstance(value, dict):
        return {key: _lasting(each) for key, each in value.items() if key not in _PASSING}
    return [_lasting(each) for each in value] if isinstance(value, list) else value


def _last_ids(url: str) -> dict[str, int]:
    with connected(url) as connection, connection.cursor() as cursor:
        found = {}
        for table in _GROWING:
            cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608 - our names
            found[table] = cursor.fetchall()[0][0]
        return found


def _effects(url: str, before: Mapping[str, int]) -> dict[str, Any]:
    """The rows that came since, and those that were changed by them, without what passes."""
    found: dict[str, Any] = {}
    with connected(url) as connection, connection.cursor() as cursor:
        for table in _GROWING:
            cursor.execute(
                f"SELECT to_jsonb(t)::text FROM {table} t WHERE id > %s ORDER BY id",  # noqa: S608
                [before[table]],
            )
            rows = [json.loads(row) for (row,) in cursor.fetchall()]
            if table == "audit_log":
                _verify(rows)
            found[table] = _lasting(rows)
        booked = [row["unit_id"] for row in found["bookings"]]
        projects = [row["project_id"] for row in found["bookings"]]
        users = [row["user_id"] for row in found["sessions"]]
        for table, ids in zip(_CHANGING, (booked, projects, users, None), strict=True):
            cursor.execute(
                f"SELECT to_jsonb(t)::text FROM {table} t"  # noqa: S608 - our names
                " WHERE %(ids)s IS NULL OR id = ANY(%(ids)s::int[]) ORDER BY id",
                {"ids": ids},
            )
            found[table] = _lasting([json.loads(row) for (row,) in cursor.fetchall()])
    return found


def _verify(rows: Sequence[Mapping[str, Any]]) -> None:
    """Each audited fact carries its own hash."""
    for row in rows:
        fact = Fact(
            builder_id=row["builder_id"],
            at=datetime.fromisoformat(row["at"]),
            actor_id=row["actor_id"],
            action=row["action"],
            entity=row["entity"],
            entity_id=row["entity_id"],
            details=row["details"],
        )
        if chained_hash(fact, row["position"], row["previous_hash"]) != row["hash"]:
            raise SystemExit(f"The audited fact {row['id']} does not carry its hash.")


def compare(ours: Seen, other: Seen, label: str) -> int:
    """How many answers and kinds of rows are alike; exits at the first difference."""
    alike = 0
    for mine, theirs, what in (
        (ours.answers, other.answers, "answers"),
        (ours.effects, other.effects, "writes"),
    ):
        for name, value in theirs.items():
            difference = next(_differences(mine[name], value, name), None)
            if difference is not None:
                raise SystemExit(f"{label} {what} otherwise than Realty: {difference}")
            alike += 1
    return alike


def _differences(mine: Any, theirs: Any, where: str) -> Iterator[str]:
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in mine.keys() | theirs.keys():
            if key not in mine or key not in theirs:
                yield f"{where}.{key} is in {'the former' if key in theirs else 'ours'} alone"
            else:
                yield from _differences(mine[key], theirs[key], f"{where}.{key}")
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for number, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            yield from _differences(one, other, f"{where}[{number}]")
    elif isinstance(mine, list) and isinstance(theirs, list):
        yield f"{where} has {len(theirs)} entries, ours {len(mine)}"
    elif mine != theirs or type(mine) is not type(theirs):
        yield f"{where} is {theirs!r:.200}, ours {mine!r:.200}"
