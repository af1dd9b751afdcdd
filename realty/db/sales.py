"""Bookings and everything that is owed or paid on them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from pony.orm import Json, Optional, PrimaryKey, Required, Set, composite_key

from realty.db import enums
from realty.db.accounts import Builder, Customer, User
from realty.db.catalogue import Project, Unit
from realty.db.database import (
    Entity,
    Touched,
    json_list,
    money,
    one_of,
    optional_money,
    text,
    utcnow,
)


class Booking(Touched, Entity):
    """A customer's hold on a unit, from the first pending day to handover or its end."""

    _table_ = "bookings"
    id = PrimaryKey(int, auto=True)
    booking_number = Required(str, unique=True)
    customer = Required(Customer, column="customer_id")
    unit = Required(Unit, column="unit_id")
    project = Required(Project, column="project_id")
    builder = Required(Builder, column="builder_id")
    status = Required(str, default="pending", py_check=one_of(enums.BOOKING_STATUSES))
    booking_date = Required(date)
    expires_at = Optional(datetime)
    payment_plan = Required(str, py_check=one_of(enums.PAYMENT_PLANS))
    token_amount = money()
    agreement_value = money()
    gst_amount = money()
    total_amount = money()
    variation_amount = money()
    charge_amount = money()
    discount_amount = money()
    discount_reason = text()
    price_snapshot = Required(Json, optimistic=False)
    paid_amount = money()
    loan_amount = optional_money()
    loan_bank = text()
    special_requests = text(autostrip=False)
    expected_registration_date = Optional(date)
    agreement_number = text()
    actual_registration_date = Optional(date)
    handover_date = Optional(date)
    cancelled_at = Optional(datetime)
    cancelled_by = text(py_check=one_of(enums.ENDING_PARTIES))
    cancellation_reason = text()
    cancellation_fault = text(py_check=one_of(enums.CANCELLATION_FAULTS))
    deduction_amount = money()
    advance_cap_amount = money()
    refund_amount = money()
    refund_due_date = Optional(date)
    compensation_amount = money()
    created_by_customer = Required(bool, default=True)
    version = Required(int, default=1)
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)

    installments = Set("Installment", cascade_delete=False)
    payments = Set("Payment", cascade_delete=False)
    review = Optional("Review", cascade_delete=False)
    appointments = Set("Appointment", cascade_delete=False)
    messages = Set("Message", cascade_delete=False)
    change_requests = Set("ChangeRequest", cascade_delete=False)


class Installment(Touched, Entity):
    """One row of what is payable on a booking.

    `due_rule` and `due_offset` (days or months) keep what the plan promised, until the event that
    gives a `due_date` happens; a row with a date of its own has no rule.
    """

    _table_ = "installments"
    id = PrimaryKey(int, auto=True)
    booking = Required(Booking, column="booking_id")
    sequence = Required(int)
    kind = Required(str, default="plan", py_check=one_of(enums.INSTALLMENT_KINDS))
    label = Required(str)
    milestone_code = text()
    change_request = Optional("ChangeRequest", column="change_request_id")
    charge_code = text(py_check=one_of(enums.CHARGE_CODES))
    percent = Optional(Decimal, 5, 2, nullable=True)
    amount = money()
    due_rule = text(py_check=one_of(enums.DUE_RULES))
    due_offset = Required(int, default=0)
    due_date = Optional(date)
    status = Required(str, default="scheduled", py_check=one_of(enums.INSTALLMENT_STATUSES))
    demand_number = text()
    demanded_at = Optional(datetime)
    paid_amount = money()
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)

    payments = Set("Payment", cascade_delete=False)
    composite_key(booking, sequence)


class Payment(Touched, Entity):
    """Money that moved, or is said to have moved, on a booking. `amount` is gross of TDS."""

    _table_ = "payments"
    id = PrimaryKey(int, auto=True)
    booking = Required(Booking, column="booking_id")
    builder = Required(Builder, column="builder_id")
    installment = Optional(Installment, column="installment_id")
    payment_type = Required(str, py_check=one_of(enums.PAYMENT_TYPES))
    amount = money()
    tds_amount = money()
    payment_method = Required(str, py_check=one_of(enums.PAYMENT_METHODS))
    status = Required(str, py_check=one_of(enums.PAYMENT_STATUSES))
    transaction_id = text()
    payment_date = Required(date)
    cleared_at = Optional(datetime)
    receipt_number = text()
    financial_year = text()
    proof_file = Optional("File", column="proof_file_id", reverse="proof_of")
    notes = text(autostrip=False)
    recorded_by = Optional(User, column="recorded_by", reverse="payments_recorded")
    reverses_payment = Optional("Payment", column="reverses_payment_id", reverse="reversed_by")
    reversed_by = Set("Payment", reverse="reverses_payment", cascade_delete=False)
    reversed_in_full = Required(bool, default=False)
    failure_reason = text()
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)


class ChangeRequest(Touched, Entity):
    """A customer's wish to have the unit built differently, quoted and answered by the builder."""

    _table_ = "change_requests"
    id = PrimaryKey(int, auto=True)
    booking = Required(Booking, column="booking_id")
    tracking_number = Required(str, unique=True)
    request_type = Required(str, py_check=one_of(enums.CHANGE_REQUEST_TYPES))
    request_title = Required(str)
    request_description = text(autostrip=False)
    current_specification = text(autostrip=False)
    requested_specification = text(autostrip=False)
    model = Optional("Model3D", column="model_id")
    priority = Required(str, default="medium", py_check=one_of(enums.PRIORITIES))
    is_structural = Required(bool, default=False)
    status = Required(str, default="submitted", py_check=one_of(enums.CHANGE_REQUEST_STATUSES))
    estimated_cost = optional_money()
    estimated_timeline_days = Optional(int)
    quote_valid_until = Optional(datetime)
    builder_response = text(autostrip=False)
    rejection_reason = text()
    final_cost = optional_money()
    approved_at = Optional(datetime)
    completed_at = Optional(datetime)
    attachments = json_list()
    version = Required(int, default=1)
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)

    installments = Set(Installment, cascade_delete=False)
