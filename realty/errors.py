"""The domain's errors: each states one fact and owns its HTTP status and its code.

No Pyramid here: services and rules raise these, `realty.views.errors` alone turns them into
the error envelope of the contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detail:
    """One reason of an error: the field, a sentence, the figure or the choices that go with it."""

    field: str
    message: str
    value: str | None = None
    allowed: Sequence[str] | None = None

    def as_json(self) -> dict[str, object]:
        """The contract's `ErrorDetail`; `value` and `allowed` only when they say something."""
        body: dict[str, object] = {"field": self.field, "message": self.message}
        if self.value is not None:
            body["value"] = self.value
        if self.allowed is not None:
            body["allowed"] = list(self.allowed)
        return body


class RealtyError(Exception):
    """Base of everything a caller may be told; `status` and `code` belong to the class."""

    status = 500
    code = "internal_error"
    default_message = "Something went wrong."
    retry_after: int | None = None

    def __init__(self, message: str | None = None, *, details: Iterable[Detail] = ()) -> None:
        super().__init__(message or self.default_message)
        self.message = message or self.default_message
        self.details = tuple(details)


class MalformedRequest(RealtyError):
    status = 400
    code = "malformed_request"
    default_message = "The request could not be read."


class AuthenticationRequired(RealtyError):
    status = 401
    code = "authentication_required"
    default_message = "Sign in to do this."


class InvalidToken(RealtyError):
    status = 401
    code = "invalid_token"
    default_message = "The token is not valid. Sign in again."


class InvalidCredentials(RealtyError):
    status = 401
    code = "invalid_credentials"
    default_message = "The e-mail address or the password is wrong."


class Forbidden(RealtyError):
    status = 403
    code = "forbidden"
    default_message = "Your role may not do this."


class NotFound(RealtyError):
    status = 404
    code = "not_found"
    default_message = "There is nothing here."


class MethodNotAllowed(RealtyError):
    status = 405
    code = "method_not_allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"Use one of: {', '.join(allowed)}.")
        self.allowed = tuple(allowed)


class Conflict(RealtyError):
    status = 409
    code = "conflict"
    default_message = "The present state does not allow this."


class InvalidTransition(Conflict):
    code = "invalid_transition"

    @classmethod
    def between(
        cls, thing: str, state: str, action: str, allowed: Sequence[str]
    ) -> InvalidTransition:
        """`action` is not possible on a `thing` in `state`; `allowed` names what is."""
        choices = ", ".join(allowed) or "nothing"
        return cls(
            f"A {thing} that is {state} does not allow {action}.",
            details=[Detail("status", f"From {state} you may: {choices}.", state, allowed)],
        )


class UnitUnavailable(Conflict):
    code = "unit_unavailable"
    default_message = "This unit is no longer available."


class NotBookable(Conflict):
    code = "not_bookable"
    default_message = "This project takes no new bookings."


class PriceChanged(Conflict):
    code = "price_changed"
    default_message = "The price has changed since you were quoted."


class QuoteChanged(Conflict):
    code = "quote_changed"
    default_message = "The cancellation quote has changed."


class QuoteExpired(Conflict):
    code = "quote_expired"
    default_message = "This quote is no longer valid."


class EmailTaken(Conflict):
    code = "email_taken"
    default_message = "An account with this e-mail address exists."


class LicenseTaken(Conflict):
    code = "license_taken"
    default_message = "A builder with this licence number exists."


class HasBookings(Conflict):
    code = "has_bookings"
    default_message = "It was booked before and must stay on record."


class PendingLimit(Conflict):
    code = "pending_limit"
    default_message = "You hold as many pending bookings as one customer may."


class PayableRemains(Conflict):
    code = "payable_remains"
    default_message = "Something is still payable on this booking."


class Overpayment(Conflict):
    code = "overpayment"
    default_message = "This is more than is payable."


class BookingClosed(Conflict):
    code = "booking_closed"
    default_message = "This booking has ended and takes no money any more."


class DuplicateTransaction(Conflict):
    code = "duplicate_transaction"
    default_message = "A payment with this method and transaction was received already."


class ReportLimit(Conflict):
    code = "report_limit"
    default_message = "So many reported payments wait for the builder's answer that no more fit."


class RefundExceedsDue(Conflict):
    code = "refund_exceeds_due"
    default_message = "This is more than may be refunded."


class ReversalExceedsPayment(Conflict):
    code = "reversal_exceeds_payment"
    default_message = "This is more than is left of the payment."


class CompensationExceedsDue(Conflict):
    code = "compensation_exceeds_due"
    default_message = "This is more than is owed as compensation."


class AccountInUse(Conflict):
    code = "account_in_use"
    default_message = "This account cannot be deleted yet."


class SlotUnavailable(Conflict):
    code = "slot_unavailable"
    default_message = "There is no place left at this time."


class AppointmentOverlap(Conflict):
    code = "appointment_overlap"
    default_message = "There is another visit at this time."


class RescheduleLimit(Conflict):
    code = "reschedule_limit"
    default_message = "This visit was moved as often as a visit may be."


class UploadLimit(Conflict):
    code = "upload_limit"
    default_message = "You have uploaded as much as you may before it is used."


class IdempotencyInProgress(Conflict):
    code = "idempotency_in_progress"
    default_message = "A request with this Idempotency-Key is still running."
    retry_after = 1


class StaleVersion(RealtyError):
    status = 412
    code = "stale_version"
    default_message = "It was changed since you read it."


class PayloadTooLarge(RealtyError):
    status = 413
    code = "payload_too_large"
    default_message = "The body is larger than this operation takes."


class UnsupportedMediaType(RealtyError):
    status = 415
    code = "unsupported_media_type"
    default_message = "Send application/json in UTF-8, not compressed."


class RangeNotSatisfiable(RealtyError):
    status = 416
    code = "range_not_satisfiable"
    default_message = "The file has nothing in this range."

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


class ValidationFailed(RealtyError):
    status = 422
    code = "validation_error"
    default_message = "Some fields are not valid."

    @classmethod
    def at(cls, field: str, message: str, value: str | None = None) -> ValidationFailed:
        """One invalid field."""
        return cls(details=[Detail(field, message, value)])


class IdempotencyKeyReused(RealtyError):
    status = 422
    code = "idempotency_key_reused"
    default_message = "This Idempotency-Key was used with another body."


class ReraRegistrationRequired(RealtyError):
    status = 422
    code = "rera_registration_required"
    default_message = "A valid RERA registration, or the reason for an exemption, is required."


class AdvanceCap(RealtyError):
    status = 422
    code = "rera_advance_cap"
    default_message = "Before the agreement the law lets no more than the advance cap be taken."


class CashLimit(RealtyError):
    status = 422
    code = "cash_limit"
    default_message = "One customer's cash for one builder stays below the limit of the law."


class WeakPassword(RealtyError):
    status = 422
    code = "weak_password"
    default_message = "This password cannot be used."


class InvalidLink(RealtyError):
    status = 422
    code = "invalid_link"
    default_message = "This link was used, has expired or never existed."


class RateLimited(RealtyError):
    status = 429
    code = "rate_limited"
    default_message = "Too many requests. Try again later."

    def __init__(self, retry_after: int, message: str | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServiceUnavailable(RealtyError):
    status = 503
    code = "service_unavailable"
    default_message = "The service cannot answer just now. Try again."
    retry_after = 2
