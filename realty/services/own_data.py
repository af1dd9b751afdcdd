"""Everything that is kept about one account, table by table, for its owner.

What stands here is exported and nothing else: a new column is private until somebody lists it. The
rows are read in pieces, so that an account with many costs no more memory than one with few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any

from pony.orm import select

from realty import db as entities
from realty.db import File
from realty.errors import Conflict, Detail
from realty.rules.file_kinds import KINDS, download_name
from realty.rules.policy import Policy
from realty.security import Identity
from realty.services.files import MEBIBYTE

ROWS_A_QUERY = 500
MOST_ROWS_AT_ONCE = 20_000
"""What one answer in JSON holds; the archive, which is written row by row, has no such bound."""


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one entity that are somebody's.

    `whose` are conditions on the row `r`, the ids `me`, `customer` and `builder` and the address
    `email`; a row that fulfils any of them belongs. Each is asked in a statement of its own, which
    has an index, as all of them joined by "or" would not. `columns` are attributes of the entity,
    of others their id is given.
    """

    entity: str
    about: str
    whose: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def table(self) -> str:
        """The name of the table."""
        name: str = getattr(entities, self.entity)._table_
        return name


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of the caller: its row, and where it goes in the archive, null when it is left out."""

    file: Any
    path: str | None


def _section(entity: str, about: str, whose: str, columns: str) -> Section:
    return Section(entity, about, (whose,), tuple(columns.split()))


def _history(about: str, *whose: str) -> Section:
    columns = ("id", "entity", "entity_id", "from_status", "to_status", "actor", "reason", "at")
    return Section("StatusHistory", about, ("r.actor.id == me", *whose), columns)


_ACCOUNT = (
    _section(
        "User",
        "Your account.",
        "r.id == me",
        "id email phone full_name user_type is_active is_verified last_login failed_login_count"
        " locked_until avatar_file locale timezone version created_at updated_at",
    ),
    _section(
        "Session",
        "Your logins: from which device and address, and until when.",
        "r.user.id == me",
        "id user user_agent ip created_at last_used_at rotated_at expires_at revoked_at",
    ),
    _section(
        "OneTimeToken",
        "Links that were mailed to you, without the secrets in them.",
        "r.user.id == me",
        "id user purpose email expires_at used_at created_at",
    ),
    _section(
        "Notification",
        "What you were told.",
        "r.user.id == me",
        "id user notification_type title message related_entity_type related_entity_id priority"
        " is_read read_at action_url dedupe_key channels sent_at created_at",
    ),
    _section(
        "NotificationPreference",
        "What you want to be told, and on which channels; what is not here is on.",
        "r.user.id == me",
        "id user notification_type channel enabled",
    ),
    _section(
        "OutgoingMail",
        "Mail to your address, whose words are forgotten once it is sent.",
        "r.to_address == email",
        "id kind notification user to_address subject status attempts sent_at created_at",
    ),
    _section(
        "File",
        "The files that you uploaded.",
        "r.owner.id == me and r.removed_at is None",
        "id owner purpose filename content_type size sha256 attached_to_type attached_to_id"
        " created_at",
    ),
    _section(
        "AuditLog",
        "What you did that is audited.",
        "r.actor.id == me",
        "id builder position at actor action entity entity_id details previous_hash hash",
    ),
    _section(
        "Message",
        "Messages that you wrote or received.",
        "r.sender.id == me or r.recipient.id == me",
        "id conversation sender recipient project booking parent_message subject message_content"
        " message_type priority attachments is_read read_at created_at",
    ),
)
_CUSTOMER = (
    _history(
        "What you moved from one status to another, and what became of your bookings, payments,"
        " change requests and visits, whoever moved them.",
        *(
            f"r.entity == '{name}' and r.entity_id in (e.id for e in {entity} if {theirs})"
            for name, entity, theirs in (
                ("booking", "Booking", "e.customer.id == customer"),
                ("payment", "Payment", "e.booking.customer.id == customer"),
                ("change_request", "ChangeRequest", "e.booking.customer.id == customer"),
                ("appointment", "Appointment", "e.customer.id == customer"),
            )
        ),
    ),
    _section(
        "Customer",
        "Your profile.",
        "r.id == customer",
        "id user first_name last_name phone address date_of_birth occupation"
        " preferred_contact_method pan created_at updated_at",
    ),
    _section(
        "Booking",
        "Your bookings.",
        "r.customer.id == customer",
        "id booking_number customer unit project builder status booking_date expires_at"
        " payment_plan token_amount agreement_value gst_amount total_amount variation_amount"
        " charge_amount discount_amount discount_reason price_snapshot paid_amount loan_amount"
        " loan_bank special_requests expected_registration_date agreement_number"
        " actual_registration_date handover_date cancelled_at cancelled_by cancellation_reason"
        " cancellation_fault deduction_amount advance_cap_amount refund_amount refund_due_date"
        " compensation_amount created_by_customer version created_at updated_at",
    ),
    _section(
        "Installment",
        "What is payable on your bookings.",
        "r.booking.customer.id == customer",
        "id booking sequence kind label milestone_code change_request charge_code percent amount"
        " due_rule due_offset due_date status demand_number demanded_at paid_amount created_at"
        " updated_at",
    ),
    _section(
        "Payment",
        "What was paid on your bookings and given back, and what you reported.",
        "r.booking.customer.id == customer",
        "id booking builder installment payment_type amount tds_amount payment_method status"
        " transaction_id payment_date cleared_at receipt_number financial_year proof_file notes"
        " recorded_by reverses_payment reversed_in_full failure_reason created_at updated_at",
    ),
    _section(
        "ChangeRequest",
        "What you wanted to have built differently.",
        "r.booking.customer.id == customer",
        "id booking tracking_number request_type request_title request_description"
        " current_specification requested_specification model priority is_structural status"
        " estimated_cost estimated_timeline_days quote_valid_until builder_response"
        " rejection_reason final_cost approved_at completed_at attachments version created_at"
        " updated_at",
    ),
    _section(
        "Appointment",
        "Your visits.",
        "r.customer.id == customer",
        "id customer project unit booking appointment_type appointment_date duration_minutes"
        " status meeting_location meeting_details attendees agenda reschedule_reason"
        " reschedule_count created_by awaiting cancelled_by cancellation_reason version"
        " created_at updated_at",
    ),
    _section(
        "Conversation",
        "Your conversations with builders.",
        "r.customer.id == customer",
        "id customer builder project last_message_time archived_by_customer created_at updated_at",
    ),
    _section(
        "Review",
        "Your reviews of builders.",
        "r.customer.id == customer",
        "id builder customer booking rating title comment builder_reply replied_at created_at"
        " updated_at",
    ),
    _section(
        "SavedProject",
        "The projects that you keep an eye on.",
        "r.customer.id == customer",
        "id customer project created_at",
    ),
    _section(
        "Invitation",
        "Builders who invited you.",
        "r.customer.id == customer or r.email == email",
        "id builder email customer expires_at accepted_at created_at updated_at",
    ),
)
_MOVED = _history("What you moved from one status to another.")
_BUILDER = (
    _MOVED,
    _section(
        "Builder",
        "Your company.",
        "r.id == builder",
        "id user company_name license_number gstin pan rera_promoter_id phone address website"
        " description logo_file rating review_count total_projects verified verified_at"
        " created_at updated_at",
    ),
    _section(
        "Project",
        "Your projects.",
        "r.builder.id == builder",
        "id builder project_name description project_type status location_address location_city"
        " location_state location_zipcode latitude longitude total_units available_units"
        " price_range_min price_range_max project_area architect specifications amenities"
        " start_date expected_completion_date actual_completion_date images floor_plans"
        " brochure_file is_featured is_published rera_number rera_authority_url"
        " rera_valid_until rera_exempt_reason occupancy_certificate_date currency timezone"
        " visiting_hours slot_capacity version created_at updated_at",
    ),
    _section(
        "ConstructionUpdate",
        "The news that you wrote.",
        "r.posted_by.id == me",
        "id project phase update_title update_content update_type priority audience images"
        " videos estimated_delay_days weather_impact tags posted_by status published_at"
        " revised_at version created_at updated_at",
    ),
    _section(
        "Model3D",
        "The 3D models of your projects.",
        "r.project.builder.id == builder",
        "id project unit model_name model_description model_type file file_format thumbnail_file"
        " access_level version status viewer_config is_interactive view_count download_count"
        " created_at updated_at",
    ),
    _section(
        "UpdateRevision",
        "What your news said before you changed them.",
        "r.update.posted_by.id == me",
        "id update update_title update_content estimated_delay_days created_at",
    ),
    _section(
        "Conversation",
        "Your conversations with customers.",
        "r.builder.id == builder",
        "id customer builder project last_message_time archived_by_builder created_at updated_at",
    ),
    _section(
        "Review",
        "What customers wrote about you, and your replies.",
        "r.builder.id == builder",
        "id builder customer booking rating title comment builder_reply replied_at created_at"
        " updated_at",
    ),
    _section(
        "Invitation",
        "Whom you invited.",
        "r.builder.id == builder",
        "id builder email customer expires_at accepted_at created_at updated_at",
    ),
)
_ADMIN = (
    _MOVED,
    _section(
        "SystemSetting",
        "The settings that you changed last.",
        "r.updated_by.id == me",
        "id setting_key setting_value setting_type category description is_public updated_by"
        " created_at updated_at",
    ),
)
SECTIONS: Mapping[str, tuple[Section, ...]] = {
    "customer": (*_ACCOUNT, *_CUSTOMER),
    "builder": (*_ACCOUNT, *_BUILDER),
    "admin": (*_ACCOUNT, *_ADMIN),
}
"""By the kind of the account."""


def rows_of(section: Section, identity: Identity) -> Iterator[dict[str, Any]]:
    """The caller's rows by their ids, as columns with the values that Python has of them."""
    named: dict[str, Any] = {
        **entities.db.entities,
        "me": identity.user_id,
        "customer": identity.customer_id,
        "builder": identity.builder_id,
        "email": _address_of(identity),
    }
    last = 0
    found = (_rows_by_id(section, whose, named) for whose in section.whose)
    for row in merge(*found, key=lambda row: int(row["id"])):
        if row["id"] != last:
            yield row
            last = row["id"]


def _rows_by_id(section: Section, whose: str, named: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows that fulfil one condition, read in pieces."""
    entity = getattr(entities, section.entity)
    attributes = [entity._adict_[name] for name in section.columns]
    columns = [attribute.column for attribute in attributes]
    values = ", ".join(
        f"r.{attribute.name}.id" if attribute.reverse else f"r.{attribute.name}"
        for attribute in attributes
    )
    source = f"({values}) for r in {section.entity} if r.id > after and ({whose})"
    after = 0
    while True:
        rows = select(source, {**named, "after": after}, {}).without_distinct()
        found = rows.order_by(1)[:ROWS_A_QUERY]
        for row in found:
            yield dict(zip(columns, row, strict=True))
        if len(found) < ROWS_A_QUERY:
            return
        after = found[-1][0]


def _address_of(identity: Identity) -> str:
    user_id = identity.user_id
    address: str = select(u.email for u in entities.User if u.id == user_id).first()
    return address


def in_one_answer(identity: Identity) -> Iterator[tuple[Section, list[dict[str, Any]]]]:
    """Every section with its rows; raises `Conflict` past `MOST_ROWS_AT_ONCE`."""
    left = MOST_ROWS_AT_ONCE
    for section in SECTIONS[identity.role]:
        rows = []
        for row in rows_of(section, identity):
            left -= 1
            if left < 0:
                most = Detail("body", "Rows in one answer.", str(MOST_ROWS_AT_ONCE))
                raise Conflict("This is too much for one answer: take the ZIP.", details=[most])
            rows.append(row)
        yield section, rows


def files_of(identity: Identity, *, most_bytes: int) -> list[Kept]:
    """The caller's files, the smallest first; of those that go into an archive the path there, as
    long as all of them together have no more than `most_bytes`."""
    user_id = identity.user_id
    found = File.select(lambda f: f.owner.id == user_id and f.removed_at is None)
    kept = []
    for file in found.order_by(File.size, File.id):
        most_bytes -= file.size
        name = download_name(file.filename, KINDS[file.content_type])
        kept.append(Kept(file, f"files/{file.id}-{name}" if most_bytes >= 0 else None))
    return kept


def most_file_bytes(policy: Policy) -> int:
    """How large all files of one archive may be together."""
    return policy.export_max_files_mb * MEBIBYTE


def archive_name(now: datetime) -> str:
    """What to save an archive as that was made now."""
    return f"realty-export-{now:%Y-%m-%d}"
