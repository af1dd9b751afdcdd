"""Operations of the tag `auth`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from realty.contract import operation
from realty.errors import InvalidToken
from realty.permissions import P
from realty.presenters.accounts import me_json, session_json, tokens_json
from realty.resources import AccountResource, PublicResource, SessionResource
from realty.rules.contact import normalise_email
from realty.services import accounts, counts, deletion, sessions
from realty.services.credentials import FailedLogin
from realty.services.policy import current_policy
from realty.services.sessions import Client
from realty.views.conditional import if_match, tagged

Json = dict[str, Any]
LONGEST_USER_AGENT = 500


def _client(request: Request) -> Client:
    agent = request.user_agent
    return Client(agent[:LONGEST_USER_AGENT] if agent else None, request.remote_addr)


@contextmanager
def _kept(request: Request, refusal: type[Exception]) -> Iterator[None]:
    """Commit what was written before this refusal: it counts a failure, or ends a session."""
    try:
        yield
    except refusal:
        request.keep_writes = True
        raise


@operation("registerAccount", permission=NO_PERMISSION_REQUIRED)
def register_account(context: PublicResource, request: Request) -> Json:
    """Make an account and log it in."""
    user = accounts.register(
        request.openapi_validated.body,
        hasher=request.registry.hasher,
        policy=current_policy(),
        now=request.now,
    )
    tokens = sessions.open_session(
        user,
        client=_client(request),
        settings=request.registry.settings["realty"],
        now=request.now,
    )
    request.response.location = request.route_path("auth_me")
    return me_json(user) | tokens_json(tokens)


@operation("login", permission=NO_PERMISSION_REQUIRED)
def login(context: PublicResource, request: Request) -> Json:
    """Open a session."""
    body = request.openapi_validated.body
    with _kept(request, FailedLogin):
        user, tokens = sessions.log_in(
            email=normalise_email(body["email"]),
            password=body["password"],
            user_type=body.get("user_type"),
            client=_client(request),
            hasher=request.registry.hasher,
            settings=request.registry.settings["realty"],
            policy=current_policy(),
            now=request.now,
        )
    return me_json(user) | tokens_json(tokens)


@operation("refreshTokens", permission=NO_PERMISSION_REQUIRED)
def refresh_tokens(context: PublicResource, request: Request) -> Json:
    """Rotate a refresh token."""
    with _kept(request, InvalidToken):
        tokens = sessions.refresh(
            refresh_token=request.openapi_validated.body["refresh_token"],
            settings=request.registry.settings["realty"],
            now=request.now,
        )
    return tokens_json(tokens)


@operation("logout", permission=P.ACCOUNT_WRITE)
def logout(context: AccountResource, request: Request) -> None:
    """End the session of this token."""
    sessions.end(context.identity, context.identity.session_id, now=request.now)


@operation("getMe", permission=P.ACCOUNT_READ)
def get_me(context: AccountResource, request: Request) -> Response:
    """The caller's user and profile."""
    user = accounts.own_user(context.identity)
    return tagged(request, me_json(user), user)


@operation("updateMe", permission=P.ACCOUNT_WRITE)
def update_me(context: AccountResource, request: Request) -> Response:
    """Change what belongs to the user."""
    user = accounts.update_user(
        context.identity,
        request.openapi_validated.body,
        expected=if_match(request),
    )
    return tagged(request, me_json(user), user)


@operation("deleteMyAccount", permission=P.ACCOUNT_DELETE)
def delete_my_account(context: AccountResource, request: Request) -> None:
    """Leave nothing of the caller but what the law keeps."""
    with _kept(request, FailedLogin):
        deletion.delete_own(
            context.identity,
            password=request.openapi_validated.body["password"],
            hasher=request.registry.hasher,
            policy=current_policy(),
            now=request.now,
        )


@operation("getMyCounts", permission=P.ACCOUNT_READ)
def get_my_counts(context: AccountResource, request: Request) -> Json:
    """Every number that a badge shows."""
    return {"counts": counts.counts(context.identity, now=request.now)}


@operation("changePassword", permission=P.ACCOUNT_WRITE)
def change_password(context: AccountResource, request: Request) -> Json:
    """Replace the password; this device gets a fresh session."""
    body = request.openapi_validated.body
    with _kept(request, FailedLogin):
        user = accounts.change_password(
            context.identity,
            current=body["current_password"],
            new=body["new_password"],
            hasher=request.registry.hasher,
            policy=current_policy(),
            now=request.now,
        )
    tokens = sessions.open_session(
        user,
        client=_client(request),
        settings=request.registry.settings["realty"],
        now=request.now,
    )
    return tokens_json(tokens)


@operation("changeEmail", permission=P.ACCOUNT_WRITE)
def change_email(context: AccountResource, request: Request) -> Json:
    """Ask for another e-mail address."""
    body = request.openapi_validated.body
    with _kept(request, FailedLogin):
        accounts.change_email(
            context.identity,
            new_email=body["new_email"],
            password=body["password"],
            hasher=request.registry.hasher,
            policy=current_policy(),
            now=request.now,
        )
    return {"message": "Follow the link that was mailed to the new address."}


@operation("forgotPassword", permission=NO_PERMISSION_REQUIRED)
def forgot_password(context: PublicResource, request: Request) -> Json:
    """Have a reset link mailed."""
    accounts.forgot_password(email=request.openapi_validated.body["email"], now=request.now)
    return {"message": "If the address is known, a link is on its way to it."}


@operation("resetPassword", permission=NO_PERMISSION_REQUIRED)
def reset_password(context: PublicResource, request: Request) -> Json:
    """Set a password by a mailed link."""
    body = request.openapi_validated.body
    accounts.reset_password(
        token=body["token"],
        new_password=body["new_password"],
        hasher=request.registry.hasher,
        now=request.now,
    )
    return {"message": "The password is set. Log in with it."}


@operation("verifyEmail", permission=NO_PERMISSION_REQUIRED)
def verify_email(context: PublicResource, request: Request) -> Json:
    """Follow a verification link."""
    accounts.verify_email(token=request.openapi_validated.body["token"], now=request.now)
    return {"message": "The e-mail address is verified."}


@operation("listSessions", permission=P.ACCOUNT_READ)
def list_sessions(context: AccountResource, request: Request) -> Json:
    """The caller's living sessions."""
    query = request.openapi_validated.parameters.query
    page = sessions.living(
        context.identity,
        page=query["page"],
        limit=query["limit"],
        now=request.now,
    )
    rows = [session_json(session, context.identity) for session in page.rows]
    return {"sessions": rows, "pagination": page.as_json()}


@operation("revokeSession", permission=P.ACCOUNT_WRITE)
def revoke_session(context: SessionResource, request: Request) -> None:
    """End one of the caller's sessions."""
    sessions.end(context.identity, context.session_id, now=request.now)
