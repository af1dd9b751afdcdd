"""Operations of the tag `audit`."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request

from realty.contract import operation
from realty.permissions import P
from realty.presenters.administration import fact_json
from realty.resources import AuditCollection
from realty.services import audit_queries


@operation("listAuditLog", permission=P.AUDIT_READ)
def list_audit_log(context: AuditCollection, request: Request) -> dict[str, Any]:
    """What was audited."""
    query = request.openapi_validated.parameters.query
    page = audit_queries.search(
        context.identity,
        entity=query.get("entity"),
        entity_id=query.get("entity_id"),
        action=query.get("action"),
        actor_id=query.get("actor_id"),
        since=query.get("from"),
        until=query.get("to"),
        sort=query["sort"],
        page=query["page"],
        limit=query["limit"],
    )
    return {"facts": [fact_json(fact) for fact in page.rows], "pagination": page.as_json()}
