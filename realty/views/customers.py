"""Operations of the tag `customers`, invitations among them."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.accounts import customer_json, customer_profile_json, invitation_json
from realty.presenters.cards import builder_card
from realty.presenters.dashboards import customer_dashboard_json
from realty.resources import (
    CustomerCollection,
    CustomerResource,
    InvitationCollection,
    OwnCustomerResource,
    PublicResource,
)
from realty.security import viewer
from realty.services import customers, invitations
from realty.services.customer_dashboard import customer_dashboard
from realty.services.policy import current_policy
from realty.views.conditional import if_match, tagged, tagged_as_of

Json = dict[str, Any]


@operation("listCustomers", permission=P.CUSTOMER_LIST)
def list_customers(context: CustomerCollection, request: Request) -> Json:
    """The customers that the caller may see."""
    query = request.openapi_validated.parameters.query
    page = customers.search(
        context.identity,
        q=query.get("q"),
        project_id=query.get("project_id"),
        sort=query["sort"],
        page=query["page"],
        limit=query["limit"],
    )
    rows = [customer_json(customer) for customer in page.rows]
    return {"customers": rows, "pagination": page.as_json()}


@operation("getCustomer", permission=P.CUSTOMER_READ)
def get_customer(context: CustomerResource, request: Request) -> Response:
    """One customer, whole for itself, with a masked PAN for others."""
    customer = customers.read(context.customer_id)
    own = context.identity.customer_id == context.customer_id
    present = customer_profile_json if own else customer_json
    return tagged(request, {"customer": present(customer)}, customer)


@operation("updateMyCustomer", permission=P.CUSTOMER_EDIT)
def update_my_customer(context: OwnCustomerResource, request: Request) -> Response:
    """Change the caller's profile."""
    customer = customers.update_own(
        context.identity,
        request.openapi_validated.body,
        expected=if_match(request),
        now=request.now,
    )
    return tagged(request, {"customer": customer_profile_json(customer)}, customer)


@operation("getCustomerDashboard", permission=P.CUSTOMER_DASHBOARD)
def get_customer_dashboard(context: OwnCustomerResource, request: Request) -> Response:
    """What the caller sees first."""
    dashboard = customer_dashboard(context.identity, now=request.now)
    return tagged_as_of(request, {"dashboard": customer_dashboard_json(dashboard, now=request.now)})


@operation("inviteCustomer", permission=P.CUSTOMER_INVITE)
def invite_customer(context: InvitationCollection, request: Request) -> Json:
    """Invite a walk-in by e-mail."""
    invitation = invitations.invite(
        context.identity,
        request.openapi_validated.body,
        policy=current_policy(),
        now=request.now,
    )
    request.response.location = (
        request.route_path("customer", customer_id=invitation.customer.id)
        if invitation.customer
        else request.route_path("customers")
    )
    return {"invitation": invitation_json(invitation)}


@operation("acceptInvitation", permission=P.INVITATION_ACCEPT)
def accept_invitation(context: PublicResource, request: Request) -> Json:
    """Take a builder's invitation by its mailed link."""
    body = request.openapi_validated.body
    invitation = invitations.accept(
        viewer(request),
        token=body["token"],
        password=body.get("password"),
        hasher=request.registry.hasher,
        now=request.now,
    )
    return {
        "invitation": invitation_json(invitation),
        "builder": builder_card(invitation.builder),
    }
