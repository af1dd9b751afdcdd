"""Small cards of what a row points at, so that a list page needs one call."""

from __future__ import annotations

from typing import Any

from realty.presenters.files import file_ref, image_ref
from realty.rules.file_links import FileUrl, Reader
from realty.rules.money import money_text


def builder_card(builder: Any) -> dict[str, Any]:
    """`BuilderCard`."""
    return {
        "id": builder.id,
        "user_id": builder.user.id,
        "company_name": builder.company_name,
        "verified": builder.verified,
        "rating": money_text(builder.rating),
        "logo_file": file_ref(builder.logo_file, reader=Reader.ANYBODY),
    }


def customer_card(customer: Any) -> dict[str, Any]:
    """`CustomerCard`; the customer's user must be loaded for the e-mail address."""
    return {
        "id": customer.id,
        "user_id": customer.user.id,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "phone": customer.phone,
        "email": customer.user.email,
    }


def project_card(project: Any) -> dict[str, Any]:
    """`ProjectCard`."""
    return {
        "id": project.id,
        "project_name": project.project_name,
        "status": project.status,
        "location_city": project.location_city,
        "location_state": project.location_state,
        "builder_id": project.builder.id,
        "currency": project.currency,
        "image_url": first_image(project),
    }


def first_image(project: Any) -> str | FileUrl | None:
    """The address of a project's first picture."""
    return next((image_ref(image)["url"] for image in project.images), None)


def unit_card(unit: Any) -> dict[str, Any]:
    """`UnitCard`."""
    return {
        "id": unit.id,
        "project_id": unit.project.id,
        "tower": unit.tower,
        "unit_number": unit.unit_number,
        "unit_type": unit.unit_type,
        "floor_number": unit.floor_number,
        "carpet_area_sqft": money_text(unit.carpet_area_sqft),
        "status": unit.status,
    }


def booking_card(booking: Any) -> dict[str, Any]:
    """`BookingCard`; the booking's unit and project must be loaded."""
    return {
        "id": booking.id,
        "booking_number": booking.booking_number,
        "status": booking.status,
        "unit": unit_card(booking.unit),
        "project": project_card(booking.project),
    }
