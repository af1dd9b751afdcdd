"""Users, profiles, sessions, invitations as the contract shows them."""

from __future__ import annotations

from typing import Any

from realty.presenters.cards import customer_card
from realty.presenters.files import file_ref
from realty.rules.clock import date_text, rfc3339
from realty.rules.file_links import Reader
from realty.rules.identifiers import masked_pan
from realty.rules.money import money_text
from realty.security import Identity
from realty.services.sessions import Tokens


def user_json(user: Any) -> dict[str, Any]:
    """`User`: for its owner only."""
    # Whoever signs in is a stranger to the request that answers with this.
    picture = file_ref(user.avatar_file, reader=user.id)
    return account_json(user, user.builder, user.customer) | {"avatar_file": picture}


def account_json(user: Any, builder: Any, customer: Any) -> dict[str, Any]:
    """What `User` and `AdminUser` have in common, for the owner and for admins; of the profiles
    only the ids are asked."""
    return {
        "id": user.id,
        "email": user.email,
        "phone": user.phone,
        "full_name": user.full_name,
        "user_type": user.user_type,
        "builder_id": builder.id if builder else None,
        "customer_id": customer.id if customer else None,
        "is_active": user.is_active,
        "is_verified": user.is_verified,
        "last_login": rfc3339(user.last_login),
        "avatar_file": file_ref(user.avatar_file),
        "locale": user.locale,
        "timezone": user.timezone,
        "created_at": rfc3339(user.created_at),
        "updated_at": rfc3339(user.updated_at),
    }


def profile_json(user: Any) -> dict[str, Any] | None:
    """The caller's own `BuilderProfile` or `CustomerProfile`; an admin has none."""
    if user.builder:
        return builder_profile_json(user.builder)
    return customer_profile_json(user.customer) if user.customer else None


def me_json(user: Any) -> dict[str, Any]:
    """`MeData`."""
    return {"user": user_json(user), "profile": profile_json(user)}


def tokens_json(tokens: Tokens) -> dict[str, Any]:
    """`TokenData`."""
    return {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
    }


def session_json(session: Any, viewer: Identity) -> dict[str, Any]:
    """`Session`."""
    return {
        "id": session.id,
        "user_agent": session.user_agent,
        "ip": session.ip,
        "created_at": rfc3339(session.created_at),
        "last_used_at": rfc3339(session.last_used_at),
        "current": session.id == viewer.session_id,
    }


def builder_json(builder: Any) -> dict[str, Any]:
    """`Builder`: what everybody may see."""
    return {
        "id": builder.id,
        "user_id": builder.user.id,
        "company_name": builder.company_name,
        "license_number": builder.license_number,
        "rera_promoter_id": builder.rera_promoter_id,
        "phone": builder.phone,
        "address": builder.address,
        "website": builder.website,
        "description": builder.description,
        "logo_file": file_ref(builder.logo_file, reader=Reader.ANYBODY),
        "rating": money_text(builder.rating),
        "review_count": builder.review_count,
        "total_projects": builder.total_projects,
        "verified": builder.verified,
        "verified_at": rfc3339(builder.verified_at),
        "created_at": rfc3339(builder.created_at),
        "updated_at": rfc3339(builder.updated_at),
    }


def builder_profile_json(builder: Any) -> dict[str, Any]:
    """`BuilderProfile`: what the builder itself may see."""
    private = {"email": builder.user.email, "gstin": builder.gstin, "pan": builder.pan}
    return builder_json(builder) | private


def customer_json(customer: Any) -> dict[str, Any]:
    """`Customer`: for a builder it is joined to and for admins, the PAN masked."""
    return customer_profile_json(customer) | {"pan": masked_pan(customer.pan)}


def customer_profile_json(customer: Any) -> dict[str, Any]:
    """`CustomerProfile`: what the customer itself may see."""
    return {
        "id": customer.id,
        "user_id": customer.user.id,
        "email": customer.user.email,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "phone": customer.phone,
        "address": customer.address,
        "date_of_birth": date_text(customer.date_of_birth),
        "occupation": customer.occupation,
        "preferred_contact_method": customer.preferred_contact_method,
        "pan": customer.pan,
        "created_at": rfc3339(customer.created_at),
        "updated_at": rfc3339(customer.updated_at),
    }


def invitation_json(invitation: Any) -> dict[str, Any]:
    """`Invitation`, for the builder that made it and the customer that accepts it."""
    status = "accepted" if invitation.accepted_at else "joined"
    if invitation.customer is None:
        status = "requested"
    return {
        "id": invitation.id,
        "email": invitation.email,
        "status": status,
        "customer": customer_card(invitation.customer) if invitation.customer else None,
        "expires_at": rfc3339(invitation.expires_at),
        "accepted_at": rfc3339(invitation.accepted_at),
        "created_at": rfc3339(invitation.created_at),
    }
