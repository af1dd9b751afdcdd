"""Operations of the tag `documents`."""

from __future__ import annotations

import re
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.documents import document_json
from realty.resources import BookingResource, PaymentResource, ProjectReportResource
from realty.rules.documents import Document
from realty.security import require_identity
from realty.services import documents, progress_reports, receipts
from realty.views.negotiation import JSON, PDF, preferred

Json = dict[str, Any]


@operation("getBookingDocument", permission=P.BOOKING_DOCUMENT)
def get_booking_document(context: BookingResource, request: Request) -> Json | Response:
    """A letter about a booking."""
    parameters = request.openapi_validated.parameters
    document = documents.of_booking(
        context.booking_id,
        parameters.path["kind"],
        installment_id=parameters.query.get("installment_id"),
        viewer=context.identity,
        now=request.now,
    )
    return _answer(request, document)


@operation("getPaymentReceipt", permission=P.PAYMENT_READ)
def get_payment_receipt(context: PaymentResource, request: Request) -> Json | Response:
    """The receipt of a payment."""
    document = receipts.receipt(context.payment_id, viewer=context.identity, now=request.now)
    return _answer(request, document)


@operation("getProgressReport", permission=P.PROGRESS_REPORT)
def get_progress_report(context: ProjectReportResource, request: Request) -> Json | Response:
    """How the work on a project comes along."""
    document = progress_reports.progress_report(
        context.project_id, viewer=require_identity(request), now=request.now
    )
    return _answer(request, document)


def _answer(request: Request, document: Document) -> Json | Response:
    """The document as a PDF, or its content where the caller would rather have that."""
    content = document_json(document)
    if preferred(request, PDF, JSON) == JSON:
        return {"document": content}
    response = request.response
    response.content_type, response.charset = PDF, None
    response.body = documents.printed(content, now=request.now)
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{document.kind}-{document.reference}").strip("-")
    response.content_disposition = f'attachment; filename="{name.lower()}.pdf"'
    return response
