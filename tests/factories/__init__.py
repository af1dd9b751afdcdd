"""Rows for tests, written as the services would leave them: counters and statuses fit the rows.

Each function opens a session of its own and returns plain values. Every column may be given by
name; what is not given is believable and, where it must be, unique.
"""

from __future__ import annotations

from tests.factories.base import ZONE
from tests.factories.catalogue import (
    ProjectRow,
    UnitRow,
    make_phase,
    make_project,
    make_unit,
    make_units,
)
from tests.factories.files import make_file
from tests.factories.messages import make_conversation, make_message
from tests.factories.models import make_model
from tests.factories.news import make_review, make_update
from tests.factories.people import (
    PASSWORD,
    Account,
    BuilderAccount,
    CustomerAccount,
    make_admin,
    make_builder,
    make_customer,
)
from tests.factories.sales import (
    BookingRow,
    make_booking,
    make_change_request,
    make_charge,
    make_payment,
)
from tests.factories.visits import make_appointment, slot_at

__all__ = [
    "PASSWORD",
    "ZONE",
    "Account",
    "BookingRow",
    "BuilderAccount",
    "CustomerAccount",
    "ProjectRow",
    "UnitRow",
    "make_admin",
    "make_appointment",
    "make_booking",
    "make_builder",
    "make_change_request",
    "make_charge",
    "make_conversation",
    "make_customer",
    "make_file",
    "make_message",
    "make_model",
    "make_payment",
    "make_phase",
    "make_project",
    "make_review",
    "make_unit",
    "make_units",
    "make_update",
    "slot_at",
]
