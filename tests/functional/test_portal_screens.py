"""Every screen of both portals, on the demo data: few calls, and few statements for each."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.portal_screens import PORTALS, places
from realty import demo
from realty.db import utcnow
from realty.demo.people import DOMAIN, PASSWORD
from tests.client import Api
from tests.deployment import SETTINGS
from tests.functional.queries import queries

MOST_CALLS = 4
MOST_STATEMENTS = 12


@pytest.mark.slow
def test_no_screen_needs_many_calls_and_no_call_many_statements(api: Api) -> None:
    demo.load(SETTINGS, now=utcnow())
    costly: dict[str, int] = {}
    for portal, screens in PORTALS.items():
        login = {"email": f"{portal}@{DOMAIN}", "password": PASSWORD}
        caller = api.as_(api.post("/api/auth/login", login).data["access_token"])
        found = places(lambda path: caller.get(path).data, portal)  # noqa: B023 - called at once
        for screen in screens:
            assert len(screen.calls) <= MOST_CALLS, screen.name
            for call in screen.calls:
                method, _, path = call.rpartition(" ")
                body: Any = login if method == "POST" else None
                with queries() as sent:
                    caller.request(method or "GET", path.format_map(found), body=body, status=200)
                if len(sent) > MOST_STATEMENTS:
                    costly[f"{portal}: {path}"] = len(sent)
    assert costly == {}
