"""getMetrics: what Prometheus scrapes, and who may."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from webtest import TestApp

from tests.client import Api
from tests.deployment import deploy
from tests.factories import make_admin

TOKEN = "the-token-of-the-scraper-0123456789abcdef"


def count(text: str, **labels: str) -> float:
    """How many requests with exactly these labels were counted."""
    families = {each.name: each for each in text_string_to_metric_families(text)}
    samples = families["realty_http_requests"].samples
    return sum(
        each.value
        for each in samples
        if each.name == "realty_http_requests_total" and each.labels == labels
    )


def test_get_metrics_counts_by_route_and_never_by_path(api: Api) -> None:
    before = api.get("/metrics").body.decode()
    api.get("/api/projects/2147483647", status=404)
    api.get("/api/projects/2147483646", status=404)
    after = api.get("/metrics").body.decode()
    labels = {"method": "GET", "route": "project", "status": "404"}
    assert count(after, **labels) == count(before, **labels) + 2
    assert "214748364" not in after


def test_get_metrics_counts_what_reaches_no_operation(app: Any, api: Api) -> None:
    before = api.get("/metrics").body.decode()
    TestApp(app).get("/no/such/path", status=404)
    TestApp(app, lint=False).request("/api/projects", method="BREW", status="*")
    after = api.get("/metrics").body.decode()
    nowhere = {"method": "GET", "route": "none", "status": "404"}
    assert count(after, **nowhere) == count(before, **nowhere) + 1
    assert "BREW" not in after


def test_get_metrics_times_every_request_and_names_the_version(api: Api) -> None:
    text = api.get("/metrics").body.decode()
    families = {each.name for each in text_string_to_metric_families(text)}
    assert {"realty_http_request_seconds", "realty_build_info", "process_cpu_seconds"} <= families


def test_get_metrics_may_ask_for_a_token(database: str) -> None:
    closed = Api(deploy(database, metrics_token=TOKEN))
    assert closed.get("/metrics", status=401).code == "authentication_required"
    assert closed.as_(make_admin()).get("/metrics", status=401).headers["WWW-Authenticate"]
    assert closed.as_(TOKEN + "x").get("/metrics", status=401)
    assert b"realty_http_requests_total" in closed.as_(TOKEN).get("/metrics").body
