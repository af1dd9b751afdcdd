"""Builders invite walk-in customers by e-mail; who may then be named is decided here.

`Invitation.customer` means *joined*. An unknown address makes an account, joined at once; the
owner of a known one is asked, and joined on accepting. The builder learns no more than which of
the two it was.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any, NamedTuple

from pony.orm import OptimisticCheckError, TransactionIntegrityError, select

from realty.db import Builder, Customer, Invitation, OutgoingMail, User, db, scopes
from realty.db.bulk import among
from realty.db.locks import lock
from realty.errors import Conflict, InvalidLink, InvalidToken, ValidationFailed
from realty.passwords import PasswordHasher
from realty.rules import passwords
from realty.rules.contact import normalise_email, normalise_phone
from realty.rules.policy import Policy
from realty.security import Identity
from realty.services import accounts, audit, mail
from realty.services.links import fingerprint

log = logging.getLogger("realty.identity")

_LINK = "/invitations/accept?token="


def invite(identity: Identity, body: dict[str, Any], *, policy: Policy, now: datetime) -> Any:
    """Invite one address. Raises `Conflict` for a customer that is joined and can log in.

    An open invitation of the same address is sent again, so that nobody's mailbox is flooded with
    links that all work.
    """
    email = normalise_email(body["email"])
    phone = normalise_phone(body["phone"]) if body.get("phone") else None
    builder = lock(Builder, int(identity.builder_id or 0))
    assert builder is not None, "a builder's identity names its row"
    if builder.user.deleted_at is not None:
        raise InvalidToken  # the account was deleted while this waited for it
    known = _account_of(identity, email)
    if known is not None:
        log.info("builder %d invited a known address: user %d", builder.id, known.user_id)
        if known.joined and known.can_log_in:
            raise Conflict("This customer is joined to you already.")
    invitation = _open_invitation(builder, email, known.user_id) if known else None
    if invitation is None:
        invitation = Invitation(
            builder=builder,
            email=email,
            customer=None if known else _new_customer(identity, body, email, phone, now),
            token_hash=fingerprint(token_urlsafe(32)),
            expires_at=now,
            created_at=now,
        )
    _send(invitation, builder, policy=policy, now=now)
    invitation.flush()
    return invitation


class _Known(NamedTuple):
    user_id: int
    can_log_in: bool
    joined: bool


def _account_of(identity: Identity, email: str) -> _Known | None:
    """Who has an address already, and what the inviting builder has to do with them."""
    rows = select((u.id, u.password_hash) for u in User if u.email == email).without_distinct()[:]
    if not rows:
        return None
    user_id, password_hash = rows[0]
    joined = scopes.visible_customers(identity).filter(lambda c: c.user.id == user_id).exists()
    return _Known(user_id, password_hash is not None, joined)


def _open_invitation(builder: Any, email: str, user_id: int) -> Any:
    """What the builder has sent to this address already, unless it was for its former owner."""
    builder_id = builder.id
    sent = Invitation.select(
        lambda i: i.builder.id == builder_id and i.email == email and i.accepted_at is None
    )
    return next((i for i in sent if i.customer is None or i.customer.user.id == user_id), None)


def _new_customer(
    identity: Identity, body: dict[str, Any], email: str, phone: str | None, now: datetime
) -> Any:
    user = User(
        email=email,
        phone=phone,
        full_name=f"{body['first_name']} {body['last_name']}",
        user_type="customer",
        created_at=now,
        updated_at=now,
    )
    try:
        user.flush()
    except TransactionIntegrityError as taken:
        # Somebody took the address at this moment: run again, it is a known one now.
        raise OptimisticCheckError("the address was taken meanwhile") from taken
    # Its maker is the builder; the owner of the address has not been heard of yet.
    audit.note(
        "user.registered",
        "user",
        user.id,
        builder_id=None,
        actor=identity,
        now=now,
        details={"user_type": "customer", "invited": True},
    )
    return Customer(
        user=user,
        first_name=body["first_name"],
        last_name=body["last_name"],
        phone=phone,
        created_at=now,
        updated_at=now,
    )


def _send(invitation: Any, builder: Any, *, policy: Policy, now: datetime) -> None:
    """Mail a fresh link; an earlier one of the same invitation dies with its hash."""
    secret = token_urlsafe(32)
    invitation.token_hash = fingerprint(secret)
    invitation.expires_at = now + timedelta(days=policy.invitation_days)
    mail.queue(
        invitation.email,
        subject=f"{builder.company_name} invites you to Realty",
        text=f"{builder.company_name} would like to share its projects with you. "
        "Follow this link to accept:",
        link=f"{_LINK}{secret}",
        now=now,
    )


def withdraw(builder_id: int) -> None:
    """Delete a builder's invitations, with the mail of them that still waits to be sent.

    A mail does not say whose it is. It goes when its link opens no invitation of anybody else, and
    so does one whose link died when the same invitation was sent again.
    """
    invited = select(i.email for i in Invitation if i.builder.id == builder_id)
    waiting = select(
        (m.id, m.link)
        for m in OutgoingMail
        if m.status == "queued"
        and m.user is None
        and m.to_address in invited
        and m.link.startswith(_LINK)
    )
    mails = {mail_id: fingerprint(link.removeprefix(_LINK)) for mail_id, link in waiting}
    db.execute("DELETE FROM invitations WHERE builder_id = $own", {"own": builder_id}, {})
    digests = list(mails.values())
    others = set(select(i.token_hash for i in Invitation if i.token_hash in digests))
    condition, ids = among(each for each, digest in mails.items() if digest not in others)
    db.execute(f"DELETE FROM outgoing_mail WHERE id {condition}", {"ids": ids}, {})  # noqa: S608 - a condition of our own


def accept(
    identity: Identity | None,
    *,
    token: str,
    password: str | None,
    hasher: PasswordHasher,
    now: datetime,
) -> Any:
    """Join the customer that a link was mailed to; a new account gets its password here.

    Raises `InvalidLink`, `WeakPassword`, `ValidationFailed` on `password`.
    """
    digest = fingerprint(token)
    open_ones = select(
        (i.id, i.email, i.customer.id)
        for i in Invitation
        if i.token_hash == digest and i.accepted_at is None and i.expires_at > now
    )
    rows = open_ones.without_distinct()[:]
    if not rows:
        raise InvalidLink
    invitation_id, email, joined_id = rows[0]
    known = select(
        (u.id, u.password_hash, u.customer.id) for u in User if u.email == email and u.is_active
    ).without_distinct()[:]
    if not known:
        raise InvalidLink
    user_id, stored, customer_id = known[0]
    # The address may have passed to a builder, or to another customer, since it was invited.
    if customer_id is None or joined_id not in {None, customer_id}:
        raise InvalidLink
    if identity is not None and identity.user_id != user_id:
        raise InvalidLink
    fresh = _first_password(password, stored, email, hasher)
    invitation = lock(Invitation, invitation_id)
    if invitation is None or invitation.token_hash != digest or invitation.accepted_at is not None:
        raise InvalidLink
    user = lock(User, user_id)
    assert user is not None, "users are never deleted"
    if user.email != email or user.password_hash != stored:
        # Another request changed the account meanwhile: this one is run again from its start.
        raise OptimisticCheckError("the account was changed while its invitation was accepted")
    if fresh is not None:
        accounts.set_password(user, fresh, now=now)
    user.is_verified = True
    invitation.set(customer=customer_id, accepted_at=now)
    invitation.flush()
    audit.note(
        "invitation.accepted",
        "invitation",
        invitation_id,
        builder_id=None,
        actor=user_id,
        now=now,
        details={
            "by_builder_id": invitation.builder.id,
            "customer_id": customer_id,
            "password_set": fresh is not None,
        },
    )
    return invitation


def _first_password(
    password: str | None, stored: str | None, email: str, hasher: PasswordHasher
) -> str | None:
    """The hash of the password that an invited account still lacks, None where it has one."""
    if stored is not None:
        if password is not None:
            raise ValidationFailed.at("password", "this account has one: log in with it")
        return None
    if password is None:
        raise ValidationFailed.at("password", "is required: this account has none yet")
    passwords.check(password, email)
    return hasher.hash(password)
