"""Bodies of registrations and logins."""

from __future__ import annotations

from typing import Any

from tests.client import Answer, Api

PASSWORD = "Kaveri-Krishna-7"


def customer_body(**over: Any) -> dict[str, Any]:
    """The body of a customer's registration."""
    return {
        "email": "asha.rao@example.com",
        "password": PASSWORD,
        "user_type": "customer",
        "customer_data": {"first_name": "Asha", "last_name": "Rao", "phone": "098450 12345"},
        **over,
    }


def builder_body(**over: Any) -> dict[str, Any]:
    """The body of a builder's registration."""
    return {
        "email": "sales@prakriti.example",
        "password": PASSWORD,
        "user_type": "builder",
        "builder_data": {"company_name": "Prakriti Homes", "license_number": "KA-BLD-2019-0042"},
        **over,
    }


def register(api: Api, **over: Any) -> Any:
    """A customer who registered; the answer's data."""
    return api.post("/api/auth/register", customer_body(**over), status=201).data


def log_in(
    api: Api, email: str, password: str = PASSWORD, status: int = 200, **more: Any
) -> Answer:
    """An attempt to log in."""
    body = {"email": email, "password": password, **more}
    return api.post("/api/auth/login", body, status=status)


def refresh(api: Api, token: str, status: int = 200) -> Answer:
    """An attempt to refresh."""
    return api.post("/api/auth/refresh", {"refresh_token": token}, status=status)
