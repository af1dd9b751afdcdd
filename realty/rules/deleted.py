"""What stands in the place of a person or a company whose account was deleted."""

from __future__ import annotations

from typing import Any

DOMAIN = "deleted.invalid"
"""Reserved by RFC 2606, so that nobody can have an address there and no mail leaves for it."""

NAMES = {
    "customer": "Deleted customer",
    "builder": "Deleted builder",
    "admin": "Deleted administrator",
}
"""By the kind of the account."""


def address_of(user_id: int) -> str:
    """The e-mail address of a deleted account: unique, and nobody's."""
    return f"deleted-{user_id}@{DOMAIN}"


def is_nobody(address: str) -> bool:
    """Whether an e-mail address is that of a deleted account."""
    return address.endswith(f"@{DOMAIN}")


def user_columns(user_id: int, user_type: str) -> dict[str, Any]:
    """Every column of `users` that tells of a person, as it is of nobody."""
    return {
        "email": address_of(user_id),
        "phone": None,
        "full_name": NAMES[user_type],
        "password_hash": None,
        "is_active": False,
        "is_verified": False,
        "last_login": None,
        "failed_login_count": 0,
        "locked_until": None,
        "avatar_file": None,
        "locale": "en-IN",
        "timezone": "Asia/Kolkata",
    }


def customer_columns() -> dict[str, Any]:
    """The same of `customers`."""
    first_name, last_name = NAMES["customer"].split()
    return {
        "first_name": first_name,
        "last_name": last_name,
        "phone": None,
        "address": None,
        "date_of_birth": None,
        "occupation": None,
        "preferred_contact_method": "email",
        "pan": None,
    }


def builder_columns(builder_id: int) -> dict[str, Any]:
    """The same of `builders`; its licence number may be registered again."""
    return {
        "company_name": NAMES["builder"],
        "license_number": f"DELETED-{builder_id}",
        "gstin": None,
        "pan": None,
        "rera_promoter_id": None,
        "phone": None,
        "address": None,
        "website": None,
        "description": None,
        "logo_file": None,
        "verified": False,
        "verified_at": None,
    }
