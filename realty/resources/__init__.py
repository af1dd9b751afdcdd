"""Root factories: what each family of paths acts on, already scoped, with its `__acl__`.

A factory runs before validation, so the raw text of the path is its to judge: an id that is no
id is 404. Private resources ask for the identity before they touch a row, so that a stranger
learns nothing. They read ids that never change and never the row itself: a writing service locks
first and reads second.
"""

from __future__ import annotations

from realty.resources.administration import (
    AuditCollection,
    SettingCollection,
    UserCollection,
    UserResource,
)
from realty.resources.catalogue import (
    PhaseResource,
    ProjectCollection,
    ProjectPage,
    ProjectReportResource,
    ProjectResource,
    UnitCollection,
    UnitResource,
)
from realty.resources.files import FileCollection, FileContentResource, FileResource
from realty.resources.messages import ConversationResource, MessageCollection
from realty.resources.models import ModelCollection, ModelResource, ProjectModels
from realty.resources.news import (
    BookingReview,
    BuilderReviews,
    ProjectUpdates,
    ReviewResource,
    UpdateResource,
)
from realty.resources.people import (
    AccountResource,
    BuilderCollection,
    BuilderResource,
    CustomerCollection,
    CustomerResource,
    InvitationCollection,
    NotificationCollection,
    NotificationResource,
    OwnBuilderResource,
    OwnCustomerResource,
    PublicResource,
    SessionResource,
)
from realty.resources.sales import (
    BookingCollection,
    BookingResource,
    ChangeRequestCollection,
    ChangeRequestResource,
    ChargeResource,
    PaymentCollection,
    PaymentResource,
)
from realty.resources.visits import (
    AppointmentCollection,
    AppointmentResource,
    CalendarFeedResource,
    CalendarLinkResource,
    SlotCollection,
)

__all__ = [
    "AccountResource",
    "AppointmentCollection",
    "AppointmentResource",
    "AuditCollection",
    "BookingCollection",
    "BookingResource",
    "BookingReview",
    "BuilderCollection",
    "BuilderResource",
    "BuilderReviews",
    "CalendarFeedResource",
    "CalendarLinkResource",
    "ChangeRequestCollection",
    "ChangeRequestResource",
    "ChargeResource",
    "ConversationResource",
    "CustomerCollection",
    "CustomerResource",
    "FileCollection",
    "FileContentResource",
    "FileResource",
    "InvitationCollection",
    "MessageCollection",
    "ModelCollection",
    "ModelResource",
    "NotificationCollection",
    "NotificationResource",
    "OwnBuilderResource",
    "OwnCustomerResource",
    "PaymentCollection",
    "PaymentResource",
    "PhaseResource",
    "ProjectCollection",
    "ProjectModels",
    "ProjectPage",
    "ProjectReportResource",
    "ProjectResource",
    "ProjectUpdates",
    "PublicResource",
    "ReviewResource",
    "SessionResource",
    "SettingCollection",
    "SlotCollection",
    "UnitCollection",
    "UnitResource",
    "UpdateResource",
    "UserCollection",
    "UserResource",
]
