"""The figures of the service around the sale: what may be uploaded, when a site may be visited."""

from __future__ import annotations

from dataclasses import dataclass

from realty.rules import setting_tables as tables
from realty.rules.setting_tables import VisitingHours
from realty.rules.settings_spec import structure, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePolicy:
    """The part of `Policy` that no money depends on."""

    files_max_image_mb: int = whole(
        "files.max_image_mb",
        15,
        "Largest picture that may be uploaded, in MiB.",
        least=1,
        most=64,
        public=True,
    )
    files_max_document_mb: int = whole(
        "files.max_document_mb",
        20,
        "Largest document, proof or attachment that may be uploaded, in MiB.",
        least=1,
        most=256,
        public=True,
    )
    files_max_model_mb: int = whole(
        "files.max_model_mb",
        256,
        "Largest 3D model that may be uploaded, in MiB.",
        least=1,
        most=256,
        public=True,
    )
    files_max_image_megapixels: int = whole(
        "files.max_image_megapixels",
        40,
        "Most pixels of a picture, in millions.",
        least=1,
        most=200,
        public=True,
    )
    files_max_unattached_mb: int = whole(
        "files.max_unattached_mb",
        1024,
        "What one account may have uploaded and not yet used, in MiB.",
        least=256,
        most=1_048_576,
    )
    files_unattached_hours: int = whole(
        "files.unattached_hours",
        24,
        "Hours after which a file that is attached to nothing is removed.",
        least=4,
        most=8760,
        public=True,
    )
    units_import_max_rows: int = whole(
        "units.import_max_rows",
        10_000,
        "Most units in one sheet, imported or exported.",
        least=1,
        most=20_000,
        public=True,
    )
    units_import_max_mb: int = whole(
        "units.import_max_mb",
        8,
        "Largest sheet of units that may be imported, in MiB.",
        least=1,
        most=16,
        public=True,
    )
    export_max_files_mb: int = whole(
        "export.max_files_mb",
        256,
        "Most that the files in an export of one's own data have together, in MiB.",
        least=1,
        most=4096,
    )
    appointment_visiting_hours: tuple[VisitingHours, ...] = structure(
        "appointment.visiting_hours",
        tuple(VisitingHours(day, "09:00", "18:00") for day in tables.DAYS),
        "Hours for visits of a project that states none.",
        parse=tables.visiting_hours,
        dump=tables.dump_visiting_hours,
        public=True,
    )
    appointment_slot_minutes: int = whole(
        "appointment.slot_minutes", 30, "Minutes between slots.", least=5, most=240, public=True
    )
    appointment_slot_capacity: int = whole(
        "appointment.slot_capacity",
        3,
        "Visits at once in a project that stated no capacity when it was made.",
        least=1,
        most=100,
        public=True,
    )
    appointment_default_minutes: int = whole(
        "appointment.default_minutes", 60, "Length of a visit.", least=15, most=240, public=True
    )
    appointment_notice_hours: int = whole(
        "appointment.notice_hours",
        2,
        "Least notice of a visit, in hours.",
        least=0,
        most=720,
        public=True,
    )
    appointment_days_ahead: int = whole(
        "appointment.days_ahead",
        60,
        "Days ahead that a visit may be asked for.",
        least=1,
        most=730,
        public=True,
    )
    appointment_max_reschedules: int = whole(
        "appointment.max_reschedules", 3, "Moves of one visit.", least=0, most=100, public=True
    )
    appointment_reminder_hours: tuple[int, ...] = structure(
        "appointment.reminder_hours",
        (24, 2),
        "Hours before a visit at which its two sides are reminded of it.",
        parse=lambda value: tables.items(value, tables.hours_before),
        dump=list,
    )
    message_max_per_minute: int = whole(
        "message.max_per_minute",
        20,
        "Messages that one account may send within a minute.",
        least=1,
        most=1000,
        public=True,
    )
    mail_digest_minutes: int = whole(
        "mail.digest_minutes",
        15,
        "Minutes between two mails of news to one user: what happens meanwhile goes together. "
        "0 sends each alone.",
        least=0,
        most=1440,
    )
