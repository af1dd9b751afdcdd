"""Which representation the caller would rather have, where the contract offers several."""

from __future__ import annotations

from pyramid.request import Request

JSON = "application/json"
CSV = "text/csv"
PDF = "application/pdf"
ZIP = "application/zip"
CALENDAR = "text/calendar"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def preferred(request: Request, *offers: str) -> str:
    """The media type of `offers`, ours best first, that the caller's `Accept` prefers.

    A caller who accepts none of them gets the first: to answer with what one has is allowed (RFC
    9110, 12.5.1) and spares every client a case of its own. Caches learn from `Vary` that `Accept`
    decides.
    """
    request.response.vary = (*(request.response.vary or ()), "Accept")
    acceptable = request.accept.acceptable_offers(offers)
    return acceptable[0][0] if acceptable else offers[0]
