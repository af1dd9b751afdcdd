"""The screens of the two portals, and of the administration, with the calls that each is made of.

A call is a path; what stands in braces is found by the walk in the lists of whoever walks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True)
class Screen:
    """What one page asks for when it is opened."""

    name: str
    calls: tuple[str, ...]


def _screen(name: str, *calls: str) -> Screen:
    return Screen(name, calls)


_ENTRY = (
    _screen("login", "POST /api/auth/login", "/api/auth/me", "/api/auth/me/counts"),
    _screen("enums", "/api/meta/enums", "/api/settings/public"),
)
_CATALOGUE = (
    _screen("browse projects", "/api/projects?limit=20"),
    _screen(
        "search projects",
        "/api/projects?city=bangalore&q=lotus&min_price=5000000.00&limit=20",
        "/api/projects?status=construction&unit_type=3bhk&sort=price_range_min&limit=20",
    ),
    _screen(
        "project detail",
        "/api/projects/{project}",
        "/api/projects/{project}/progress",
        "/api/projects/{project}/updates?limit=5",
        "/api/projects/{project}/models?limit=10",
    ),
    _screen(
        "units",
        "/api/projects/{project}/availability",
        "/api/projects/{project}/units?limit=20",
        "/api/projects/{project}/price-sheet",
    ),
    _screen("units anywhere", "/api/units?unit_type=3bhk&max_price=9000000.00&limit=20"),
    _screen("unit", "/api/units/{unit}", "/api/units/{unit}/cost-sheet"),
    _screen("builders", "/api/builders?q=lotus", "/api/builders?sort=-rating"),
    _screen("builder", "/api/builders/{builder}", "/api/builders/{builder}/reviews"),
)
_DEALS = (
    _screen("bookings", "/api/bookings?limit=20"),
    _screen(
        "bookings, filtered",
        "/api/bookings?state=active&payment_status=partial&limit=20",
        "/api/bookings?project_id={project}&sort=booking_date",
    ),
    _screen("bookings, searched", "/api/bookings?q={booking_words}"),
    _screen("bookings, deep", "/api/bookings?page={deep}&limit=20"),
    _screen(
        "booking",
        "/api/bookings/{booking}",
        "/api/bookings/{booking}/schedule",
        "/api/bookings/{booking}/payments",
        "/api/bookings/{booking}/timeline",
    ),
    _screen("booking ledger", "/api/bookings/{booking}/ledger"),
    _screen("payments", "/api/payments?limit=20"),
    _screen(
        "payments, filtered",
        "/api/payments?status=completed&payment_method=upi&project_id={project}&limit=20",
        "/api/payments?status=refunded&limit=20",
        "/api/payments?q={booking_words}&limit=20",
    ),
    _screen(
        "dues",
        "/api/payments/due?limit=20",
        "/api/payments/due?state=overdue&limit=20",
        "/api/payments/due?state=upcoming&within=30&limit=20",
    ),
    _screen("payment", "/api/payments/{payment}"),
    _screen(
        "changes",
        "/api/change-requests?limit=20",
        "/api/change-requests?status=quoted&limit=20",
        "/api/change-requests?q=kitchen",
    ),
    _screen("change", "/api/change-requests/{change}"),
    _screen(
        "visits",
        "/api/appointments?limit=20",
        "/api/appointments?status=scheduled&limit=20",
    ),
    _screen("visit", "/api/appointments/{visit}"),
)
_TALK = (
    _screen(
        "messages",
        "/api/messages/conversations?limit=20",
        "/api/messages/unread-count",
    ),
    _screen("conversation", "/api/messages/conversations/{conversation}"),
    _screen("messages, searched", "/api/messages?q=slab&limit=20"),
    _screen(
        "updates",
        "/api/projects/{project}/updates?limit=20",
        "/api/updates/{update}",
    ),
)
_OWN = (
    _screen("notifications", "/api/notifications?limit=20", "/api/notifications?is_read=false"),
    _screen(
        "settings",
        "/api/auth/me",
        "/api/auth/sessions",
        "/api/notifications/preferences",
        "/api/settings/public",
    ),
)
_MODELS = (_screen("models", "/api/models?limit=20", "/api/projects/{project}/models"),)

PORTALS: dict[str, tuple[Screen, ...]] = {
    "builder": (
        *_ENTRY,
        _screen("dashboard", "/api/builders/me/dashboard"),
        _screen("my projects", "/api/projects?mine=true&limit=20"),
        *_CATALOGUE,
        *_DEALS,
        _screen("booking, cancelling", "/api/bookings/{booking}/cancellation-quote"),
        _screen("calendar of slots", "/api/appointments/slots?project_id={project}"),
        *_TALK,
        *_MODELS,
        _screen("customers", "/api/customers?limit=20", "/api/customers?q=anan&limit=20"),
        _screen("customer", "/api/customers/{customer}"),
        *_OWN,
        _screen("audit", "/api/audit?limit=20"),
    ),
    "customer": (
        *_ENTRY,
        _screen("dashboard", "/api/customers/me/dashboard"),
        *_CATALOGUE,
        _screen("saved projects", "/api/projects?saved=true"),
        *_DEALS,
        _screen("booking, cancelling", "/api/bookings/{booking}/cancellation-quote"),
        _screen("calendar of slots", "/api/appointments/slots?project_id={project}"),
        *_TALK,
        *_MODELS,
        _screen("profile", "/api/customers/{customer}"),
        *_OWN,
    ),
    "admin": (
        *_ENTRY,
        *_CATALOGUE,
        *_DEALS,
        *_MODELS,
        _screen("customers", "/api/customers?limit=20", "/api/customers?q=anan&limit=20"),
        _screen("users", "/api/admin/users?limit=20", "/api/admin/users?q=volume&limit=20"),
        _screen("service settings", "/api/settings"),
        _screen("audit", "/api/audit?limit=20"),
        *_OWN,
    ),
}


def places(ask: Callable[[str], Any], portal: str) -> Mapping[str, object]:
    """What the braces stand for: things that a walker sees, out of the `data` of lists.

    `ask` gets a path.
    """

    def first(path: str, name: str) -> Any:
        return ask(f"{path}?limit=1")[name][0]

    payment = next(
        each
        for each in ask("/api/payments?limit=100")["payments"]
        if each["booking"]["status"] == "agreement_registered"
    )
    booking = ask(f"/api/bookings/{payment['booking_id']}")["booking"]
    updates = f"/api/projects/{booking['project_id']}/updates"
    total = ask("/api/bookings?limit=20")["pagination"]["totalPages"]
    return {
        "booking": booking["id"],
        "booking_words": quote(booking["booking_number"][3:]),
        "deep": max(1, min(400, total)),
        "project": booking["project_id"],
        "builder": booking["builder_id"],
        "customer": booking["customer_id"],
        "unit": booking["unit_id"],
        "payment": payment["id"],
        "change": first("/api/change-requests", "change_requests")["id"],
        "visit": first("/api/appointments", "appointments")["id"],
        "update": first(updates, "updates")["id"],
        # An administrator reads nobody's conversations.
        "conversation": portal != "admin"
        and first("/api/messages/conversations", "conversations")["id"],
    }
