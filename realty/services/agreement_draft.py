"""The draft of the agreement for sale: to be read, corrected and registered, never the agreement.

Every figure comes from the booking, the project or the policy in force.
"""

from __future__ import annotations

from decimal import Decimal

from realty.rules.agreement_words import clauses
from realty.rules.cost_sheet import estimate
from realty.rules.documents import Document, Section, area_value, date_value, label_value
from realty.rules.lifecycles import AFTER_AGREEMENT
from realty.rules.words import date_in_words
from realty.services.document_parts import Case, price_section, schedule_section, unit_section

AGREED = ("confirmed", "agreement_registered", "handed_over")


def agreement_draft(case: Case) -> Document:
    """The draft for a confirmed booking; raises `Conflict` before that and after its end."""
    case.require_status("an agreement draft", AGREED)
    return case.document(
        "agreement",
        "Agreement for sale",
        f"AD/{case.booking.booking_number}",
        is_draft=True,
        notices=_notices(case),
        with_builder_pan=True,
        with_customer_pan=True,
        signed_by_customer=True,
        sections=[
            unit_section(case),
            price_section(case),
            schedule_section(case),
            *(Section(heading, words) for heading, words in clauses(_facts(case))),
        ],
    )


def _notices(case: Case) -> list[str]:
    notices = [
        (
            "This draft binds nobody. Have it checked against the form that the rules of the state"
            " prescribe, complete it, sign it before witnesses and register it."
        )
    ]
    booking = case.booking
    if booking.status in AFTER_AGREEMENT:
        day = date_in_words(booking.actual_registration_date)
        notices.append(
            f"The agreement was registered as {booking.agreement_number} on {day}. That agreement"
            " counts, whatever stands here."
        )
    return notices


def _facts(case: Case) -> dict[str, str]:
    """What the clauses leave open."""
    booking, policy = case.booking, case.policy
    project, customer = booking.project, booking.customer
    completion = project.expected_completion_date
    costs = estimate(booking.agreement_value, project.location_state, policy)
    carpet_area = Decimal(booking.price_snapshot["carpet_area_sqft"])
    return {
        "builder": booking.builder.company_name,
        "customer": f"{customer.first_name} {customer.last_name}",
        "registration": _registration(case),
        "unit": booking.unit.unit_number,
        "project": project.project_name,
        "carpet_area": area_value(carpet_area).text,
        "total": case.money(booking.total_amount),
        "stamp_duty": case.money(costs.stamp_duty_amount),
        "registration_fee": case.money(costs.registration_amount),
        "plan": label_value(booking.payment_plan).text.lower(),
        "due_days": str(policy.demand_due_days),
        "tax_at_source": _tax_at_source(case),
        "completion": date_in_words(completion) if completion else "the day declared under the Act",
        "interest": str(policy.interest_annual_percent),
        "grace_days": str(policy.demand_grace_days),
        "deduction": str(policy.cancellation_after_agreement_percent),
        "refund_days": str(policy.refund_days),
        "default_days": str(policy.cancellation_default_days),
        "loan": _loan(case),
        "state": project.location_state,
    }


def _registration(case: Case) -> str:
    project = case.booking.project
    if not project.rera_number:
        reason = project.rera_exempt_reason or "none is stated."
        return f"The project is not registered under the Act, for this reason: {reason}"
    where = f" ({project.rera_authority_url})" if project.rera_authority_url else ""
    until = date_value(project.rera_valid_until).text
    return (
        f"The project is registered under the Act as {project.rera_number} with the authority of"
        f" {project.location_state}{where}. The registration is valid until {until}."
    )


def _tax_at_source(case: Case) -> str:
    sold = case.booking.price_snapshot
    if not sold["tds_applies"]:
        return "No tax is to be deducted at source from a price of this size."
    return (
        f"The allottee deducts {sold['tds_rate']} % from each payment, pays it to the income-tax"
        " department under the promoter's PAN (Income-tax Act, 1961, section 194-IA) and hands the"
        " certificate to the promoter. What is deducted counts as paid."
    )


def _loan(case: Case) -> str:
    booking = case.booking
    if not booking.loan_amount:
        return ""
    bank = f" from {booking.loan_bank}" if booking.loan_bank else ""
    return (
        f"The allottee intends to borrow {case.money(booking.loan_amount)}{bank}. The promoter"
        " gives the lender the papers that it needs; whether the loan is granted changes nothing"
        " about what is payable."
    )
