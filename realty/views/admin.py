"""Operations of the tag `admin`."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request

from realty.contract import operation
from realty.permissions import P
from realty.presenters.administration import person_json
from realty.resources import UserCollection, UserResource
from realty.services import users

Json = dict[str, Any]


@operation("listUsers", permission=P.USER_LIST)
def list_users(context: UserCollection, request: Request) -> Json:
    """The accounts."""
    query = request.openapi_validated.parameters.query
    page, people = users.search(
        q=query.get("q"),
        user_type=query.get("user_type"),
        is_active=query.get("is_active"),
        is_verified=query.get("is_verified"),
        sort=query["sort"],
        page=query["page"],
        limit=query["limit"],
    )
    return {"users": [person_json(person) for person in people], "pagination": page.as_json()}


@operation("setUserActivity", permission=P.USER_EDIT)
def set_user_activity(context: UserResource, request: Request) -> Json:
    """End the access of an account, or restore it."""
    body = request.openapi_validated.body
    person = users.set_activity(
        context.identity,
        context.user_id,
        is_active=body["is_active"],
        reason=body.get("reason"),
        now=request.now,
    )
    return {"user": person_json(person)}
