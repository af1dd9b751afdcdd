"""Projects as the contract shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realty.db.enums import UNIT_STATUSES
from realty.presenters.cards import builder_card, first_image
from realty.presenters.files import file_ref, image_ref
from realty.rules.clock import date_text, rfc3339
from realty.rules.money import money_text
from realty.rules.policy import Policy
from realty.rules.progress import Phase
from realty.rules.setting_tables import dump_visiting_hours
from realty.services.project_queries import ProjectFacts


def project_summary_json(facts: ProjectFacts) -> dict[str, Any]:
    """`ProjectSummary`."""
    return {**_shared(facts), "image_url": first_image(facts.project)}


def project_json(facts: ProjectFacts, policy: Policy) -> dict[str, Any]:
    """`Project`; `policy` has the visiting hours of a project that states none."""
    project, milestone = facts.project, facts.next_milestone
    default_hours = dump_visiting_hours(policy.appointment_visiting_hours)
    hours = project.visiting_hours
    return {
        **_shared(facts),
        "description": project.description,
        "location_zipcode": project.location_zipcode,
        "project_area": money_text(project.project_area),
        "architect": project.architect,
        "specifications": project.specifications,
        "amenities": project.amenities,
        "start_date": date_text(project.start_date),
        "actual_completion_date": date_text(project.actual_completion_date),
        "occupancy_certificate_date": date_text(project.occupancy_certificate_date),
        "images": [image_ref(each) for each in project.images],
        "floor_plans": [image_ref(each) for each in project.floor_plans],
        "brochure_file": file_ref(project.brochure_file),
        "rera_authority_url": project.rera_authority_url,
        "rera_valid_until": date_text(project.rera_valid_until),
        "rera_exempt_reason": project.rera_exempt_reason,
        "timezone": project.timezone,
        "visiting_hours": default_hours if hours is None else hours,
        "slot_capacity": project.slot_capacity,
        "next_milestone": None if milestone is None else milestone_json(milestone),
    }


def status_counts(found: Mapping[str, int]) -> dict[str, int]:
    """`UnitStatusCounts`."""
    return {status: found.get(status, 0) for status in UNIT_STATUSES}


def _shared(facts: ProjectFacts) -> dict[str, Any]:
    """What `Project` and `ProjectSummary` have in common."""
    project, units = facts.project, facts.units
    by_status = facts.units_by_status
    return {
        "id": project.id,
        "builder_id": project.builder.id,
        "builder": builder_card(project.builder),
        "project_name": project.project_name,
        "project_type": project.project_type,
        "status": project.status,
        "location_address": project.location_address,
        "location_city": project.location_city,
        "location_state": project.location_state,
        "latitude": project.latitude,
        "longitude": project.longitude,
        "total_units": project.total_units,
        "available_units": project.available_units,
        "price_range_min": money_text(project.price_range_min),
        "price_range_max": money_text(project.price_range_max),
        "currency": project.currency,
        "bedrooms_min": units.bedrooms_min,
        "bedrooms_max": units.bedrooms_max,
        "area_sqft_min": money_text(units.area_sqft_min),
        "area_sqft_max": money_text(units.area_sqft_max),
        "carpet_area_sqft_min": money_text(units.carpet_area_sqft_min),
        "carpet_area_sqft_max": money_text(units.carpet_area_sqft_max),
        "expected_completion_date": date_text(project.expected_completion_date),
        "rera_number": project.rera_number,
        "is_featured": project.is_featured,
        "is_published": project.is_published,
        "overall_progress": money_text(facts.overall_progress),
        "schedule_state": facts.schedule_state,
        "is_saved": facts.is_saved,
        "bookings_count": facts.bookings_count,
        "units_by_status": None if by_status is None else status_counts(by_status),
        "version": project.version,
        "created_at": rfc3339(project.created_at),
        "updated_at": rfc3339(project.updated_at),
    }


def milestone_json(phase: Phase) -> dict[str, Any]:
    """`NextMilestone`."""
    return {
        "phase_id": phase.phase_id,
        "phase_name": phase.phase_name,
        "milestone_code": phase.milestone_code,
        "progress_percentage": money_text(phase.progress_percentage),
        "expected_end_date": date_text(phase.expected_end_date),
    }
