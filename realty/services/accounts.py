"""Accounts: registration, the user's own data, passwords and e-mail addresses."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from typing import Any

from pony.orm import select

from realty.db import Builder, Customer, User
from realty.db.locks import lock
from realty.errors import (
    Detail,
    EmailTaken,
    InvalidLink,
    InvalidToken,
    LicenseTaken,
    ValidationFailed,
    WeakPassword,
)
from realty.passwords import PasswordHasher
from realty.rules import passwords
from realty.rules.clock import local_date, timezone_name
from realty.rules.contact import normalise_email, normalise_phone
from realty.rules.policy import Policy
from realty.security import Identity
from realty.services import audit, credentials, files, links, mail, sessions
from realty.services.versions import require_version

log = logging.getLogger("realty.identity")

PROFILES = {"builder": "builder_data", "customer": "customer_data"}


def register(body: dict[str, Any], *, hasher: PasswordHasher, policy: Policy, now: datetime) -> Any:
    """A new builder or customer, user and profile in one transaction.

    Raises `EmailTaken`, `LicenseTaken`, `WeakPassword`, `ValidationFailed`. The hash is made before
    the first write.
    """
    kind = body["user_type"]
    _require_one_profile(body, kind)
    email = normalise_email(body["email"])
    passwords.check(body["password"], email)
    profile = _profile_values(body[PROFILES[kind]], now)
    zone = timezone_name(body.get("timezone", "Asia/Kolkata"))
    known = select(u.id for u in User if u.email == email).first()
    if known is not None:
        log.info("registration with a known address: user %d", known)
        raise EmailTaken
    if kind == "builder" and Builder.exists(license_number=profile["license_number"]):
        raise LicenseTaken
    password_hash = hasher.hash(body["password"])
    user = User(
        email=email,
        phone=profile.get("phone"),
        full_name=body.get("full_name") or _name_of(profile),
        password_hash=password_hash,
        user_type=kind,
        locale=body.get("locale", "en-IN"),
        timezone=zone,
        last_login=now,
        created_at=now,
        updated_at=now,
    )
    entity = Builder if kind == "builder" else Customer
    entity(user=user, created_at=now, updated_at=now, **profile)
    user.flush()
    audit.note(
        "user.registered",
        "user",
        user.id,
        builder_id=None,
        actor=user.id,
        now=now,
        details={"user_type": kind},
    )
    send_verification(user, policy=policy, now=now)
    return user


def _require_one_profile(body: dict[str, Any], kind: str) -> None:
    for user_type, name in PROFILES.items():
        if (name in body) != (user_type == kind):
            verb = "is required for" if user_type == kind else "does not belong to"
            raise ValidationFailed.at(name, f"{verb} a {kind}")


def _profile_values(data: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A profile's fields from a body, with phone and date in the form in which they are kept."""
    values = dict(data)
    if values.get("phone"):
        values["phone"] = normalise_phone(values["phone"])
    if values.get("date_of_birth"):
        born = date.fromisoformat(str(values["date_of_birth"]))
        if born > local_date(now, "Asia/Kolkata"):
            raise ValidationFailed.at("date_of_birth", "must not be after today")
        values["date_of_birth"] = born
    return values


def _name_of(profile: dict[str, Any]) -> str:
    if "company_name" in profile:
        return str(profile["company_name"])
    return f"{profile['first_name']} {profile['last_name']}"


def send_verification(user: Any, *, policy: Policy, now: datetime) -> None:
    """Mail the link that proves that the user reads this address."""
    secret = links.issue(
        user.id,
        "verify_email",
        lifetime=timedelta(hours=policy.link_verification_hours),
        now=now,
        email=user.email,
    )
    mail.queue(
        user.email,
        subject="Verify your e-mail address",
        text="Welcome to Realty. Follow this link to verify your e-mail address:",
        link=f"/verify-email?token={secret}",
        now=now,
    )


def own_user(identity: Identity) -> Any:
    """The caller's user; the profile hangs on it."""
    return User[identity.user_id]


def update_user(
    identity: Identity, changes: dict[str, Any], *, expected: frozenset[int] | None
) -> Any:
    """Change the caller's name, phone, locale, time zone or avatar.

    Raises `StaleVersion`, `InvalidToken` when the account was closed meanwhile, and
    `ValidationFailed` as `files.attach` does.
    """
    values = dict(changes)
    if values.get("phone"):
        values["phone"] = normalise_phone(values["phone"])
    if "timezone" in values:
        values["timezone"] = timezone_name(values["timezone"])
    user = _locked_user(identity.user_id)
    if not user.is_active:
        raise InvalidToken
    require_version(user, expected)
    if "avatar_file_id" in values:
        values["avatar_file"] = files.exchange(
            user.avatar_file,
            values.pop("avatar_file_id"),
            owner=identity,
            purposes=("avatar",),
            entity="user",
            entity_id=user.id,
            field="avatar_file_id",
        )
    user.set(**values, version=user.version + 1)
    user.flush()
    return user


def update_profile(
    entity: Any,
    profile_id: int | None,
    changes: dict[str, Any],
    *,
    expected: frozenset[int] | None,
    now: datetime,
) -> Any:
    """Change the caller's builder or customer profile. Raises `StaleVersion`, `LicenseTaken`, and
    `InvalidToken` when the account was closed meanwhile."""
    values = _profile_values(changes, now)
    profile = lock(entity, profile_id) if profile_id is not None else None
    if profile is None or not profile.user.is_active:
        raise InvalidToken
    require_version(profile, expected)
    profile.set(**values)
    profile.flush()
    return profile


def _locked_user(user_id: int) -> Any:
    user = lock(User, user_id)
    if user is None:
        raise InvalidToken
    return user


def _caller(identity: Identity) -> Any:
    user_id = identity.user_id
    return User.select(lambda u: u.id == user_id)


def change_password(
    identity: Identity,
    *,
    current: str,
    new: str,
    hasher: PasswordHasher,
    policy: Policy,
    now: datetime,
) -> Any:
    """Replace the caller's password and end every session. Raises `FailedLogin`, `WeakPassword`."""
    # Refused before the current password is compared, so that nobody learns whether it fits.
    if current == new:
        raise WeakPassword(details=[Detail("new_password", "must differ from the current one")])
    email = select(u.email for u in _caller(identity)).first()
    passwords.check(new, email, "new_password")
    compared = credentials.compare(_caller(identity), current, hasher=hasher, now=now)
    fresh = hasher.hash(new) if compared.fits else None
    user = credentials.confirm(compared, policy=policy, now=now)
    user.password_hash = fresh
    end_access(user, now=now)
    _note("user.password_changed", user.id, now=now)
    return user


def _note(action: str, user_id: int, *, now: datetime) -> None:
    """What somebody did to his own account, signed in or by a link that was mailed to him."""
    audit.note(action, "user", user_id, builder_id=None, actor=user_id, now=now)


def change_email(
    identity: Identity,
    *,
    new_email: str,
    password: str,
    hasher: PasswordHasher,
    policy: Policy,
    now: datetime,
) -> None:
    """Mail a link to the new address, which counts once it is followed, and a notice to the old.

    The caller learns nothing about whose address it is. Raises `FailedLogin`.
    """
    email = normalise_email(new_email, "new_email")
    compared = credentials.compare(_caller(identity), password, hasher=hasher, now=now)
    user = credentials.confirm(compared, policy=policy, now=now)
    links.revoke_address_changes(user.id, user.email, now=now)
    mail.queue(
        user.email,
        subject="Your e-mail address is about to change",
        text="Somebody who knows your password asked for another e-mail address on your account. "
        "If that was not you, set a new password now.",
        link="/forgot-password",
        now=now,
    )
    if User.exists(email=email):
        mail.queue(
            email,
            subject="This address has an account already",
            text="Somebody asked to use your address for another account. Nothing was changed.",
            now=now,
        )
        return
    secret = links.issue(
        user.id,
        "verify_email",
        lifetime=timedelta(hours=policy.link_verification_hours),
        now=now,
        email=email,
    )
    mail.queue(
        email,
        subject="Confirm your new e-mail address",
        text="Follow this link to use this address for your account:",
        link=f"/verify-email?token={secret}",
        now=now,
    )


def verify_email(*, token: str, now: datetime) -> None:
    """Follow a verification link: the address counts, and links mailed to a former one die.

    Raises `InvalidLink`, `EmailTaken`.
    """
    link = links.find(token, "verify_email", now=now)
    user = _locked_user(link.user_id)
    links.redeem(link, now=now)
    if not user.is_active:
        raise InvalidLink
    if user.email != link.email:
        other = select(u.id for u in User if u.email == link.email).first()
        if other is not None:
            raise EmailTaken
        links.revoke(user.id, "reset_password", now=now)
        links.revoke(user.id, "verify_email", now=now)
        user.set(email=link.email, version=user.version + 1)
        _note("user.email_changed", user.id, now=now)
    if not user.is_verified:
        user.is_verified = True
        _note("user.verified", user.id, now=now)
    user.flush()


def forgot_password(*, email: str, now: datetime) -> None:
    """Have a reset link mailed, if anybody has this address."""
    mail.queue_password_reset(normalise_email(email), now=now)


def reset_password(*, token: str, new_password: str, hasher: PasswordHasher, now: datetime) -> None:
    """Set a password by a mailed link: lifts a lock and ends every session.

    Raises `InvalidLink`, `WeakPassword` (the link then stays good).
    """
    link = links.find(token, "reset_password", now=now)
    passwords.check(new_password, link.email, "new_password")
    fresh = hasher.hash(new_password)
    user = _locked_user(link.user_id)
    links.redeem(link, now=now)
    if not user.is_active or link.email != user.email:
        raise InvalidLink
    set_password(user, fresh, now=now)
    _note("user.password_reset", user.id, now=now)


def set_password(user: Any, password_hash: str, *, now: datetime) -> None:
    """Give a locked user a password that the owner of the address chose."""
    user.set(password_hash=password_hash, failed_login_count=0, locked_until=None, is_verified=True)
    end_access(user, now=now)


def end_access(user: Any, *, now: datetime) -> None:
    """End what an intruder may hold: sessions, reset links, changes of address under way."""
    sessions.end_all(user, now=now)
    links.revoke(user.id, "reset_password", now=now)
    links.revoke_address_changes(user.id, user.email, now=now)
