"""Settings, accounts and audited facts as administrators see them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from realty.presenters.accounts import account_json
from realty.presenters.cards import builder_card, customer_card
from realty.rules.clock import rfc3339
from realty.rules.money import money_text
from realty.services.settings import Setting
from realty.services.users import Person

Json = dict[str, Any]


def user_card(user: Any) -> Json:
    """`UserCard`."""
    return {"id": user.id, "full_name": user.full_name, "user_type": user.user_type}


def setting_json(setting: Setting) -> Json:
    """`Setting`; whoever set it must be loaded."""
    spec, row = setting.spec, setting.row
    return {
        "setting_key": spec.key,
        "setting_type": spec.setting_type,
        "setting_value": setting.value,
        "default_value": spec.default_json,
        "minimum": _bound(spec.minimum),
        "maximum": _bound(spec.maximum),
        "is_default": row is None,
        "is_public": spec.is_public,
        "category": spec.category,
        "description": spec.description,
        "updated_by": user_card(row.updated_by) if row and row.updated_by else None,
        "updated_at": rfc3339(row.updated_at) if row else None,
    }


def _bound(bound: Decimal | int | None) -> str | int | None:
    """A bound in the form of the value: a text with two places, or a whole number."""
    return money_text(bound) if isinstance(bound, Decimal) else bound


def person_json(person: Person) -> Json:
    """`AdminUser`; the user of each card is the user itself."""
    user = person.user
    return {
        **account_json(user, person.builder, person.customer),
        "locked_until": rfc3339(user.locked_until),
        "deleted_at": rfc3339(user.deleted_at),
        "builder": builder_card(person.builder) if person.builder else None,
        "customer": customer_card(person.customer) if person.customer else None,
    }


def fact_json(fact: Any) -> Json:
    """`AuditFact`; its actor and builder must be loaded."""
    details = fact.details or {}
    return {
        "id": fact.id,
        "position": fact.position,
        "at": rfc3339(fact.at),
        "builder": builder_card(fact.builder) if fact.builder else None,
        "actor": user_card(fact.actor) if fact.actor else None,
        "action": fact.action,
        "entity": fact.entity,
        "entity_id": fact.entity_id,
        "details": [{"name": name, "value": details[name]} for name in sorted(details)],
        "previous_hash": fact.previous_hash,
        "hash": fact.hash,
    }
