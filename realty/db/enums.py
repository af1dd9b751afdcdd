"""Every enum of the domain, once; the contract lists the same and a test holds both equal."""

from __future__ import annotations

USER_TYPES = ("builder", "customer", "admin")
CONTACT_METHODS = ("email", "phone", "sms", "whatsapp")
PROJECT_TYPES = ("residential", "commercial", "mixed", "industrial")
PROJECT_STATUSES = ("planning", "construction", "completed", "delivered", "on_hold", "cancelled")
UNIT_TYPES = (
    "studio", "1bhk", "2bhk", "3bhk", "4bhk", "5bhk",
    "penthouse", "duplex", "villa", "plot", "shop", "office",
)  # fmt: skip
UNIT_STATUSES = ("available", "reserved", "blocked", "booked", "sold")
FACINGS = (
    "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest",
)  # fmt: skip
PAYMENT_PLANS = ("full_payment", "installments", "construction_linked", "loan")
BOOKING_STATUSES = (
    "pending", "token_paid", "confirmed", "agreement_registered", "handed_over",
    "expired", "rejected", "cancelled",
)  # fmt: skip
OCCUPYING_STATUSES = BOOKING_STATUSES[:5]
CANCELLATION_FAULTS = ("customer", "builder")
DUE_RULES = (
    "on_booking", "on_agreement", "days_after_agreement", "months_after_agreement", "on_milestone",
)  # fmt: skip
INSTALLMENT_KINDS = ("plan", "variation", "charge")
CHARGE_CODES = ("interest", "maintenance", "penalty", "parking", "registration", "other")
INSTALLMENT_STATUSES = ("scheduled", "demanded", "partially_paid", "paid", "overdue", "void")
PAYMENT_TYPES = (
    "token", "installment", "final", "charge", "refund", "reversal", "compensation",
)  # fmt: skip
RECEIPT_TYPES = PAYMENT_TYPES[:4]
PAYMENT_METHODS = ("bank_transfer", "upi", "cheque", "demand_draft", "card", "cash", "loan")
PAYMENT_STATUSES = ("reported", "pending", "completed", "failed", "bounced")
APPOINTMENT_TYPES = (
    "site_visit", "consultation", "documentation", "design_review", "progress_update", "handover",
)  # fmt: skip
APPOINTMENT_STATUSES = ("scheduled", "confirmed", "completed", "no_show", "cancelled")
MEETING_LOCATIONS = ("site", "office", "online")
PARTIES = ("customer", "builder")
ENDING_PARTIES = ("customer", "builder", "system")
PHASE_STATUSES = ("not_started", "in_progress", "completed", "delayed", "on_hold")
UPDATE_TYPES = ("milestone", "delay", "general", "safety", "quality")
UPDATE_PRIORITIES = ("low", "medium", "high", "critical")
UPDATE_AUDIENCES = ("public", "customers")
UPDATE_STATUSES = ("draft", "published", "archived")
MESSAGE_TYPES = ("inquiry", "complaint", "update", "general")
PRIORITIES = ("low", "medium", "high")
CHANGE_REQUEST_TYPES = ("layout", "fixtures", "finishes", "electrical", "plumbing", "other")
CHANGE_REQUEST_STATUSES = (
    "submitted", "under_review", "quoted", "approved", "in_progress",
    "completed", "rejected", "withdrawn", "declined", "expired", "void",
)  # fmt: skip
MODEL_TYPES = ("project_overview", "unit_interior", "floor_plan", "amenities", "design_option")
MODEL_FORMATS = ("glb", "gltf", "obj", "fbx")
MODEL_ACCESS_LEVELS = ("public", "customers_only", "booked_customers")
MODEL_STATUSES = ("draft", "current", "archived")
NOTIFICATION_TYPES = (
    "booking", "payment", "appointment", "progress", "message", "change_request", "system",
)  # fmt: skip
NOTIFICATION_CHANNELS = ("in_app", "email")
FILE_PURPOSES = (
    "avatar", "logo", "brochure", "floor_plan", "project_image", "phase_image", "update_image",
    "payment_proof", "change_request", "message", "model", "thumbnail",
)  # fmt: skip
SETTING_TYPES = ("string", "number", "boolean", "json")
TOKEN_PURPOSES = ("reset_password", "verify_email", "calendar")
MAIL_KINDS = ("message", "reset_password")
MAIL_STATUSES = ("queued", "sent", "failed", "dropped")
