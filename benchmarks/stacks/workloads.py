"""What is asked: for each workload a long list of requests, none of which names one hot row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from random import Random
from typing import Any
from urllib.parse import urlencode

from benchmarks.stacks.data import Customer, Rows
from benchmarks.stacks.servers import has_cache
from realty.demo.people import PASSWORD
from realty.demo.volume import CITIES, FIRST_WORDS

ROWS_A_PAGE = 20
LIST_FILTERS = 120
MIXED = 20_000
NAMES = (
    *("projects", "projects-304", "project", "units", "bookings", "notifications"),
    *("book", "message", "login", "mixed"),
)
MIX: Mapping[str, float] = {
    "projects": 30,
    "project": 25,
    "units": 15,
    "bookings": 10,
    "notifications": 10,
    "message": 5,
    "book": 4.5,
    "login": 0.5,
}
"""How many of a hundred requests are of which kind: ninety read. Fewer sign in than one in a
hundred, so that the 99th percentile is not that of bcrypt."""


@dataclass(frozen=True)
class Ask:
    """One request."""

    method: str
    path: str
    token: str | None = None
    body: Mapping[str, Any] | None = None
    tag: str | None = None

    def content(self) -> str:
        """The body as it is sent."""
        return "" if self.body is None else json.dumps(self.body, separators=(",", ":"))


@dataclass(frozen=True)
class Workload:
    """A kind of request. `steady` ones may be repeated; `tagged` ones send the tag of an answer
    that was had before, and `servers` names who is asked, where that is not everybody."""

    name: str
    label: str
    requests: Sequence[Ask]
    steady: bool = True
    writes: bool = False
    tagged: bool = False
    servers: frozenset[str] | None = None


def workloads(rows: Rows) -> list[Workload]:
    """All of them, in the order in which they are driven."""
    half = len(rows.units) // 2
    lists = _lists()
    details = [Ask("GET", f"/api/projects/{project_id}") for project_id, _ in rows.projects]
    units = _units(rows)
    page = f"limit={ROWS_A_PAGE}"
    bookings = [Ask("GET", f"/api/bookings?{page}", each.token) for each in rows.readers]
    unread = [
        Ask("GET", f"/api/notifications?is_read=false&{page}", each.token) for each in rows.readers
    ]
    book = bookings_of(rows.units[:half], rows.writers)
    messages = _messages(rows)
    logins = [
        Ask("POST", "/api/auth/login", body={"email": each.email, "password": PASSWORD})
        for each in rows.writers
    ]
    kinds = {
        "projects": lists,
        "project": details,
        "units": units,
        "bookings": bookings,
        "notifications": unread,
        "book": bookings_of(rows.units[half:], rows.writers),
        "message": messages,
        "login": logins,
    }
    return [
        Workload("projects", "Filtered project list", lists),
        Workload(
            "projects-304",
            "Filtered project list, If-None-Match",
            lists,
            tagged=True,
            # Without a cache we work the answer out, and then do not send it.
            servers=frozenset({"cached" if has_cache() else "ours"}),
        ),
        Workload("project", "Project detail", details),
        Workload("units", "Units of a project", units),
        Workload("bookings", "Own bookings", bookings),
        Workload("notifications", "Unread notifications", unread),
        Workload("book", "Create booking", book, steady=False, writes=True),
        Workload("message", "Send message", messages, writes=True),
        Workload("login", "Login", logins, writes=True),
        Workload("mixed", "Mixed, 90 % reads", _mixed(kinds), steady=False, writes=True),
    ]


def _lists() -> list[Ask]:
    random = Random("lists")
    found = []
    for number in range(LIST_FILTERS):
        city = CITIES[number % len(CITIES)][0]
        query: dict[str, Any] = {"city": city.lower(), "limit": ROWS_A_PAGE}
        if random.random() < 0.5:
            query["status"] = random.choice(("construction", "construction", "planning"))
        if random.random() < 0.3:
            query["max_price"] = f"{random.randrange(8, 40) * 500_000}.00"
        if random.random() < 0.15:
            query["unit_type"] = random.choice(("1bhk", "2bhk", "3bhk", "4bhk"))
        if random.random() < 0.1:
            query["q"] = random.choice(FIRST_WORDS).lower()
        if random.random() < 0.3:
            query["sort"] = random.choice(("price_range_min", "-price_range_min", "project_name"))
        elif random.random() < 0.2:
            query["page"] = 2
        found.append(Ask("GET", f"/api/projects?{urlencode(query)}"))
    return found


def _units(rows: Rows) -> list[Ask]:
    queries = ("", "&status=available", "&sort=price", "&unit_type=3bhk", "&sort=unit_number")
    page = f"limit={ROWS_A_PAGE}"
    return [
        Ask("GET", f"/api/projects/{project_id}/units?{page}{queries[number % len(queries)]}")
        for number, (project_id, _) in enumerate(rows.projects)
    ]


def bookings_of(units: Sequence[int], customers: Sequence[Customer]) -> list[Ask]:
    """A booking of each of these units, by the customers in turn."""
    plans = ("construction_linked", "installments", "full_payment", "loan")
    return [
        Ask(
            "POST",
            "/api/bookings",
            customers[number % len(customers)].token,
            {"unit_id": unit_id, "payment_plan": plans[number % len(plans)]},
        )
        for number, unit_id in enumerate(units)
    ]


def _messages(rows: Rows) -> list[Ask]:
    random = Random("messages")
    found = []
    for number in range(4 * len(rows.projects)):
        project_id, builder_id = random.choice(rows.projects)
        body = {
            "builder_id": builder_id,
            "project_id": project_id,
            "message_content": f"When may I see the site? I could come on day {number}.",
            "message_type": "inquiry",
        }
        customer = rows.writers[number % len(rows.writers)]
        found.append(Ask("POST", "/api/messages", customer.token, body))
    return found


def _mixed(kinds: Mapping[str, Sequence[Ask]]) -> list[Ask]:
    """Shuffled by the two hundred, so that a short run has as many of each kind as a long one."""
    random = Random("mixed")
    hand = [name for name, percent in MIX.items() for _ in range(round(2 * percent))]
    taken = dict.fromkeys(MIX, 0)
    found = []
    for name in chain.from_iterable(
        random.sample(hand, len(hand)) for _ in range(MIXED // len(hand))
    ):
        requests = kinds[name]
        found.append(requests[taken[name] % len(requests)])
        taken[name] += 1
    return found
