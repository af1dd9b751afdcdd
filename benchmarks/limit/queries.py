"""One hand-written statement for each endpoint; amounts come as the text that is answered."""

# ruff: noqa: S608 - put together from constants of this module; values travel as parameters

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BUILDER = """
    b.user_id AS builder_user_id, b.company_name, b.verified, b.rating::text AS rating
"""
_PROJECT = f"""
    p.id, p.builder_id, {_BUILDER}, p.project_name, p.project_type, p.status, p.location_address,
    p.location_city, p.location_state, p.latitude, p.longitude, p.total_units, p.available_units,
    p.price_range_min::text AS price_range_min, p.price_range_max::text AS price_range_max,
    p.currency, u.*, p.expected_completion_date, p.rera_number, p.is_featured, p.is_published,
    f.overall_progress, f.schedule_state,
    p.version, p.created_at, p.updated_at
"""
_FIGURES = """
    CROSS JOIN LATERAL (
        SELECT min(bedrooms) AS bedrooms_min, max(bedrooms) AS bedrooms_max,
            min(area_sqft)::text AS area_sqft_min, max(area_sqft)::text AS area_sqft_max,
            min(carpet_area_sqft)::text AS carpet_area_sqft_min,
            max(carpet_area_sqft)::text AS carpet_area_sqft_max
        FROM units WHERE project_id = p.id
    ) u
    CROSS JOIN LATERAL (
        SELECT least(coalesce(round(sum(weight_percent * progress_percentage) / 100, 2), 0.00),
                100.00)::text AS overall_progress,
            CASE
                WHEN bool_or(status <> 'completed' AND (status = 'delayed'
                    OR expected_end_date < (now() AT TIME ZONE p.timezone)::date)) THEN 'delayed'
                WHEN bool_or(status = 'completed'
                    AND expected_end_date > (now() AT TIME ZONE p.timezone)::date) THEN 'ahead'
                ELSE 'on_track'
            END AS schedule_state
        FROM project_progress WHERE project_id = p.id
    ) f
"""
_MILESTONE = """
    LEFT JOIN LATERAL (
        SELECT id AS phase_id, phase_name, milestone_code,
            progress_percentage::text AS progress_percentage, expected_end_date
        FROM project_progress
        WHERE project_id = p.id AND status <> 'completed' AND customer_visible
        ORDER BY sequence LIMIT 1
    ) m ON true
"""
_VISIBLE = """
    JOIN builders b ON b.id = p.builder_id
    JOIN users owner ON owner.id = b.user_id
    WHERE p.is_published AND owner.is_active
"""
_CONDITIONS: Mapping[str, str] = {
    "city": "lower(p.location_city) LIKE %(city)s",
    "state": "lower(p.location_state) LIKE %(state)s",
    "status": "p.status = %(status)s",
    "project_type": "p.project_type = %(project_type)s",
    "unit_type": "p.id IN (SELECT project_id FROM units WHERE unit_type = %(unit_type)s)",
    "min_price": "p.price_range_max >= %(min_price)s",
    "max_price": "p.price_range_min <= %(max_price)s",
    "q": "(lower(p.project_name) LIKE %(q)s OR lower(p.location_city) LIKE %(q)s)",
}
PATTERNS = frozenset({"city", "state", "q"})
"""Parameters that are looked for within a text, in lower case and between per cent signs."""

_ORDERS: Mapping[str, str] = {
    "-created_at": "p.created_at DESC, p.id DESC",
    "price_range_min": "p.price_range_min NULLS LAST, p.id",
    "-price_range_min": "p.price_range_min DESC NULLS LAST, p.id DESC",
    "project_name": "p.project_name, p.id",
}
_UNIT_CONDITIONS: Mapping[str, str] = {
    "status": "AND status = %(status)s",
    "unit_type": "AND unit_type = %(unit_type)s",
    "bedrooms": "AND bedrooms = %(bedrooms)s",
}
_UNIT_ORDERS: Mapping[str, str] = {
    "-created_at": "created_at DESC, id DESC",
    "price": "price, id",
    "unit_number": "unit_number, id",
}
_CARD = """
    p.project_name, p.status AS project_status, p.location_city, p.location_state,
    p.builder_id, p.currency
"""


def projects(wanted: Mapping[str, Any]) -> str:
    """The page, each row with the number of all; one row without a project stands for an empty
    page."""
    conditions = "".join(
        f" AND {condition}" for name, condition in _CONDITIONS.items() if name in wanted
    )
    order = _ORDERS[wanted["sort"]]
    return f"""
        WITH found AS MATERIALIZED (
            SELECT p.id, {_order_columns(order)} FROM projects p {_VISIBLE} {conditions}
        )
        SELECT counted.total, {_PROJECT} FROM (SELECT count(*) AS total FROM found) counted
        LEFT JOIN (
            SELECT p.id FROM found p ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s
        ) page ON true
        LEFT JOIN projects p ON p.id = page.id
        LEFT JOIN builders b ON b.id = p.builder_id {_FIGURES}
        ORDER BY {order}
    """


def _order_columns(order: str) -> str:
    return order.partition(",")[0].split()[0]


PROJECT = f"""
    SELECT {_PROJECT}, p.description, p.location_zipcode, p.project_area::text AS project_area,
        p.architect, p.specifications, p.amenities, p.start_date, p.actual_completion_date,
        p.occupancy_certificate_date, p.rera_authority_url, p.rera_valid_until,
        p.rera_exempt_reason, p.timezone, p.visiting_hours, p.slot_capacity,
        m.phase_id, m.phase_name, m.milestone_code, m.progress_percentage, m.expected_end_date
    FROM projects p {_FIGURES} {_MILESTONE} {_VISIBLE} AND p.id = %(project_id)s
"""


def units(wanted: Mapping[str, Any]) -> str:
    """The page, each row with the number of all and the card of the project."""
    conditions = " ".join(
        condition for name, condition in _UNIT_CONDITIONS.items() if name in wanted
    )
    order = _UNIT_ORDERS[wanted["sort"]]
    return f"""
        SELECT u.id, u.project_id, {_CARD}, u.tower, u.unit_number, u.unit_type, u.floor_number,
            u.area_sqft::text AS area_sqft, u.carpet_area_sqft::text AS carpet_area_sqft,
            u.price::text AS price, u.floor_rise_per_sqft::text AS floor_rise_per_sqft,
            u.preferential_charges, u.other_charges,
            (u.price + round(u.floor_rise_per_sqft * u.area_sqft, 2)
                + (SELECT coalesce(sum((c->>'amount')::numeric), 0.00)
                    FROM jsonb_array_elements(u.preferential_charges || u.other_charges) c)
            )::text AS agreement_value,
            u.status, u.facing, coalesce(u.bedrooms, 0) AS bedrooms,
            coalesce(u.bathrooms, 0) AS bathrooms, coalesce(u.balconies, 0) AS balconies,
            coalesce(u.parking_spaces, 0) AS parking_spaces, u.features, u.reserved_until,
            u.version, u.created_at, u.updated_at, u.total
        FROM projects p {_FOUND_UNITS.format(conditions=conditions, order=order)}
        {_VISIBLE} AND p.id = %(project_id)s
        ORDER BY u.place
    """


_FOUND_UNITS = """
    LEFT JOIN LATERAL (
        SELECT *, count(*) OVER () AS total, row_number() OVER (ORDER BY {order}) AS place
        FROM units WHERE project_id = p.id {conditions}
        ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s
    ) u ON true
"""
_CALLER = """
    WITH caller AS (
        SELECT me.id AS user_id, c.id AS customer_id, c.first_name, c.last_name, c.phone, me.email
        FROM sessions s JOIN users me ON me.id = s.user_id JOIN customers c ON c.user_id = me.id
        WHERE s.id = %(sid)s AND s.revoked_at IS NULL AND me.id = %(sub)s
            AND me.token_version = %(tv)s AND me.is_active
    )
"""
_PAYABLE = "total_amount + variation_amount + charge_amount"
_AMOUNTS = (
    *("token_amount", "agreement_value", "gst_amount", "total_amount", "variation_amount"),
    *("charge_amount", "discount_amount", "advance_cap_amount", "paid_amount", "loan_amount"),
    *("deduction_amount", "refund_amount", "compensation_amount"),
)
BOOKINGS = f"""
    {_CALLER}
    SELECT caller.user_id, caller.customer_id, caller.first_name, caller.last_name, caller.phone,
        caller.email, stats.by_status, k.id, k.booking_number, k.unit_id, k.project_id,
        k.builder_id, k.status, k.booking_date, k.expires_at, k.payment_plan, k.discount_reason,
        {", ".join(f"k.{name}::text AS {name}" for name in _AMOUNTS)},
        ({_PAYABLE})::text AS payable_amount,
        CASE WHEN k.dead THEN '0.00' ELSE greatest(0.00, {_PAYABLE} - k.paid_amount)::text END
            AS pending_amount,
        (k.paid_amount - coalesce(i.paid, 0.00))::text AS unallocated_amount,
        CASE WHEN k.paid_amount >= {_PAYABLE} THEN 'completed'
            WHEN k.paid_amount > 0 THEN 'partial' ELSE 'pending' END AS payment_status,
        CASE WHEN k.paid_amount >= {_PAYABLE} THEN '100.00'
            ELSE trunc(greatest(0, k.paid_amount) * 100 / ({_PAYABLE}), 2)::text END
            AS payment_progress,
        CASE WHEN NOT k.dead THEN n.due_date END AS next_payment_due,
        CASE WHEN NOT k.dead THEN n.amount::text END AS next_payment_amount,
        k.loan_bank, k.special_requests, k.expected_registration_date, k.agreement_number,
        k.actual_registration_date, k.handover_date, k.cancelled_at, k.cancelled_by,
        k.cancellation_reason, k.cancellation_fault, k.refund_due_date,
        CASE WHEN k.dead THEN greatest(0.00, k.paid_amount - k.deduction_amount)::text
            ELSE '0.00' END AS refund_owed,
        k.version, k.created_at, k.updated_at, u.tower, u.unit_number, u.unit_type, u.floor_number,
        u.carpet_area_sqft::text AS carpet_area_sqft, u.status AS unit_status, p.project_name,
        p.status AS project_status, p.location_city, p.location_state, p.currency, {_BUILDER}
    FROM caller
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(status, number, payable::text, unpaid::text))
            AS by_status
        FROM (
            SELECT status, count(*) AS number, sum({_PAYABLE}) AS payable,
                sum(greatest({_PAYABLE} - paid_amount, 0)) AS unpaid
            FROM bookings WHERE customer_id = caller.customer_id GROUP BY status
        ) groups
    ) stats
    LEFT JOIN LATERAL (
        SELECT *, status IN ('expired', 'rejected', 'cancelled') AS dead
        FROM bookings WHERE customer_id = caller.customer_id
        ORDER BY created_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s
    ) k ON true
    LEFT JOIN units u ON u.id = k.unit_id
    LEFT JOIN projects p ON p.id = k.project_id
    LEFT JOIN builders b ON b.id = k.builder_id
    LEFT JOIN LATERAL (
        SELECT sum(paid_amount) AS paid FROM installments WHERE booking_id = k.id
    ) i ON true
    LEFT JOIN LATERAL (
        SELECT due_date, amount - paid_amount AS amount FROM installments
        WHERE booking_id = k.id AND status <> 'void' AND paid_amount < amount
        ORDER BY due_date NULLS LAST, sequence LIMIT 1
    ) n ON true
    ORDER BY k.created_at DESC, k.id DESC
"""
NOTIFICATIONS = f"""
    {_CALLER}
    SELECT caller.user_id, counted.unread, n.id, n.notification_type, n.title, n.message,
        n.related_entity_type, n.related_entity_id, n.priority, n.is_read, n.read_at, n.action_url,
        n.channels, n.sent_at, n.created_at, k.project_id, {_CARD}, {_BUILDER}
    FROM caller
    CROSS JOIN LATERAL (
        SELECT count(*) AS unread FROM notifications
        WHERE user_id = caller.user_id AND NOT is_read AND channels ? 'in_app'
    ) counted
    LEFT JOIN LATERAL (
        SELECT * FROM notifications
        WHERE user_id = caller.user_id AND NOT is_read AND channels ? 'in_app'
        ORDER BY created_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s
    ) n ON true
    LEFT JOIN bookings k ON k.id = n.related_entity_id AND n.related_entity_type = 'booking'
        AND k.customer_id = caller.customer_id
    LEFT JOIN projects p ON p.id = k.project_id
    LEFT JOIN builders b ON b.id = k.builder_id
    ORDER BY n.created_at DESC, n.id DESC
"""
