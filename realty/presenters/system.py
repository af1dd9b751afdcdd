"""Settings and enums as the contract shows them."""

from __future__ import annotations

from typing import Any, get_args

from realty.db import enums
from realty.rules.cost_sheet import GstReason
from realty.rules.policy import SETTINGS, Policy
from realty.rules.slots import SlotState

# Values that no column holds are made by presenters; the contract names them as well.
ENUMS: dict[str, tuple[str, ...]] = {
    "user_type": enums.USER_TYPES,
    "preferred_contact_method": enums.CONTACT_METHODS,
    "invitation_status": ("joined", "requested", "accepted"),
    "project_type": enums.PROJECT_TYPES,
    "project_status": enums.PROJECT_STATUSES,
    "schedule_state": ("on_track", "delayed", "ahead"),
    "unit_type": enums.UNIT_TYPES,
    "unit_status": enums.UNIT_STATUSES,
    "facing": enums.FACINGS,
    "gst_reason": get_args(GstReason),
    "booking_status": enums.BOOKING_STATUSES,
    "booking_state": ("active", "completed", "cancelled"),
    "payment_plan": enums.PAYMENT_PLANS,
    "cancellation_fault": enums.CANCELLATION_FAULTS,
    "booking_payment_status": ("pending", "partial", "completed"),
    "installment_kind": enums.INSTALLMENT_KINDS,
    "installment_status": enums.INSTALLMENT_STATUSES,
    "charge_code": enums.CHARGE_CODES,
    "payment_type": enums.PAYMENT_TYPES,
    "payment_method": enums.PAYMENT_METHODS,
    # A receipt that was given back whole is shown as refunded.
    "payment_status": (*enums.PAYMENT_STATUSES, "refunded"),
    "due_state": ("upcoming", "overdue"),
    "slot_state": get_args(SlotState),
    "appointment_type": enums.APPOINTMENT_TYPES,
    "appointment_status": enums.APPOINTMENT_STATUSES,
    "meeting_location": enums.MEETING_LOCATIONS,
    "phase_status": enums.PHASE_STATUSES,
    "update_type": enums.UPDATE_TYPES,
    "update_priority": enums.UPDATE_PRIORITIES,
    "update_audience": enums.UPDATE_AUDIENCES,
    "update_status": enums.UPDATE_STATUSES,
    "message_type": enums.MESSAGE_TYPES,
    "message_priority": enums.PRIORITIES,
    "change_request_type": enums.CHANGE_REQUEST_TYPES,
    "change_request_priority": enums.PRIORITIES,
    "change_request_status": enums.CHANGE_REQUEST_STATUSES,
    "model_type": enums.MODEL_TYPES,
    "model_file_format": enums.MODEL_FORMATS,
    "model_access_level": enums.MODEL_ACCESS_LEVELS,
    "model_status": enums.MODEL_STATUSES,
    "file_purpose": enums.FILE_PURPOSES,
    "notification_type": enums.NOTIFICATION_TYPES,
    "notification_priority": enums.PRIORITIES,
    "notification_channel": enums.NOTIFICATION_CHANNELS,
    "setting_type": enums.SETTING_TYPES,
}


def public_settings_json(policy: Policy) -> dict[str, Any]:
    """`PublicSettingsData`: the settings that anybody may read, as they are in force, by key."""
    shown = sorted((spec for spec in SETTINGS if spec.is_public), key=lambda spec: spec.key)
    return {
        "settings": [
            {
                "setting_key": spec.key,
                "setting_type": spec.setting_type,
                "setting_value": policy.json_of(spec),
                "category": spec.category,
                "description": spec.description,
            }
            for spec in shown
        ]
    }


def enums_json() -> dict[str, Any]:
    """`EnumsData`."""
    return {"enums": ENUMS}
