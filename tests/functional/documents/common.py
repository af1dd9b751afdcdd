"""Documents as tests read them: the JSON, and what is really on the pages of the PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import pypdfium2

from realty.db import Booking
from realty.db.session import session
from realty.rules.clock import local_date
from tests.client import Answer, Api, Caller
from tests.deployment import CLOCK
from tests.factories import (
    ZONE,
    BookingRow,
    BuilderAccount,
    CustomerAccount,
    ProjectRow,
    make_booking,
    make_builder,
    make_customer,
    make_phase,
    make_project,
    make_unit,
)

PDF = {"Accept": "application/pdf"}
MARGIN = 40.0
"""In points: less than any margin of the template."""
SHORT = 3


@dataclass(frozen=True)
class Sale:
    """A builder, a customer and the booking between them."""

    builder: BuilderAccount
    customer: CustomerAccount
    project: ProjectRow
    booking: BookingRow

    def path(self, kind: str) -> str:
        """Where a letter about the booking is."""
        return f"/api/bookings/{self.booking.id}/documents/{kind}"

    @cached_property
    def rows(self) -> list[int]:
        """The ids of the installments, by sequence."""
        with session():
            rows = sorted(Booking[self.booking.id].installments, key=lambda row: row.sequence)
            return [row.id for row in rows]


def make_sale(
    *,
    status: str = "agreement_registered",
    builder: dict[str, Any] | None = None,
    customer: dict[str, Any] | None = None,
    project: dict[str, Any] | None = None,
    unit: dict[str, Any] | None = None,
    **booking: Any,
) -> Sale:
    """A booking and all that it needs; columns of each may be given."""
    seller, buyer = make_builder(**builder or {}), make_customer(**customer or {})
    site = make_project(seller, **project or {})
    sold = make_booking(make_unit(site, **unit or {}), buyer, status=status, **booking)
    return Sale(seller, buyer, site, sold)


def demand(sale: Sale, place: int = 1, *, due_in: int = 15, number: int = 7) -> int:
    """Demand an installment, by its place in the schedule; return its id."""
    with session():
        row = sorted(Booking[sale.booking.id].installments, key=lambda each: each.sequence)[place]
        row.set(
            demanded_at=CLOCK.now(),
            demand_number=f"DN/2026-27/{number:06d}",
            due_date=today() + timedelta(days=due_in),
            status="demanded",
        )
        return int(row.id)


def make_phases(project: ProjectRow, **second: Any) -> None:
    """A finished phase of 40 percent, and one of 60 that is half done."""
    make_phase(
        project,
        phase_name="Foundation",
        weight_percent=Decimal("40.00"),
        progress_percentage=Decimal("100.00"),
        status="completed",
        start_date=date(2026, 1, 5),
        expected_end_date=date(2026, 6, 30),
        actual_end_date=date(2026, 6, 20),
    )
    half = {"progress_percentage": Decimal("50.00"), "status": "in_progress"}
    make_phase(project, phase_name="Slabs", weight_percent=Decimal("60.00"), **{**half, **second})


def today() -> date:
    """The day of the projects of the factories."""
    return local_date(CLOCK.now(), ZONE)


def content(api: Api, who: Caller, path: str, **params: Any) -> dict[str, Any]:
    """The document as data."""
    found: dict[str, Any] = api.as_(who).get(path, params).data["document"]
    return found


def printed(api: Api, who: Caller, path: str, **params: Any) -> Answer:
    """The document as a PDF."""
    answer = api.as_(who).get(path, params, headers=PDF)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.body.startswith(b"%PDF-")
    return answer


def facts_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every fact of the sections, by its name."""
    return {each["name"]: each for part in document["sections"] for each in part["facts"]}


def tables_of(document: dict[str, Any]) -> dict[str, list[list[str]]]:
    """The texts of each table, by the heading of its section."""
    return {
        part["heading"]: [[cell["text"] for cell in row["cells"]] for row in part["table"]["rows"]]
        for part in document["sections"]
        if part["table"]
    }


def words_of(document: dict[str, Any]) -> str:
    """All paragraphs and notices, one a line."""
    parts = document["sections"]
    return "\n".join([*document["notices"], *(p for part in parts for p in part["paragraphs"])])


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page."""
    with closing(pypdfium2.PdfDocument(pdf)) as opened:
        return [page.get_textpage().get_text_range() for page in opened]


def outside(pdf: bytes) -> list[str]:
    """Every character that stands in a margin or beyond the page, but for the mark of a draft."""
    found = []
    with closing(pypdfium2.PdfDocument(pdf)) as opened:
        for page in opened:
            text = page.get_textpage()
            for place in range(text.count_chars()):
                left, _, right, _ = text.get_charbox(place)
                if left < MARGIN or right > page.get_width() - MARGIN:
                    found.append(text.get_text_range(place, 1))
    return found


def texts(document: dict[str, Any]) -> Iterator[str]:
    """Every text that a person is to read, but for the heads of tables, which are repeated."""
    yield from (document["title"], document["reference"])
    yield from (*document["notices"], *document["signatures"])
    for party in filter(None, (document["builder"], document["project"], document["customer"])):
        yield party["name"]
        yield from _pairs(party["facts"])
    for part in document["sections"]:
        yield part["heading"] or ""
        yield from part["paragraphs"]
        yield from _pairs(part["facts"])
        if part["table"]:
            yield from (cell["text"] for row in part["table"]["rows"] for cell in row["cells"])


def _pairs(facts: list[dict[str, Any]]) -> Iterator[str]:
    for each in facts:
        yield from (each["label"], each["text"])


def solid(text: str) -> str:
    """The text without blanks, which follow from the width of a line."""
    return re.sub(r"\s", "", text)


def assert_same(document: dict[str, Any], pdf: bytes) -> None:
    """Fail unless the pages say everything that the data says, and nothing else."""
    pages = pages_of(pdf)
    rest = "".join(solid(page) for page in pages)
    for number in range(1, len(pages) + 1):
        below = solid(f"{document['footer']}Page {number} of {len(pages)}")
        assert below in rest
        rest = rest.replace(below, "", 1)
    # The heads of a table stand on each page that it runs on to.
    for part in document["sections"]:
        if part["table"]:
            heads = "".join(solid(column["label"]) for column in part["table"]["columns"])
            assert heads in rest, f"{heads!r} is not on the pages"
            rest = rest.replace(heads, "")
    ours = ["BUILDER", "PROJECT", *(["CUSTOMER"] if document["customer"] else [])]
    ours += ["DRAFT", "DRAFT"] * len(pages) if document["is_draft"] else []
    wanted = sorted([*map(solid, texts(document)), *ours], key=len, reverse=True)
    for text in (each for each in wanted if len(each) > SHORT):
        assert text in rest, f"{text!r} is not on the pages"
        rest = rest.replace(text, "", 1)
    # What is as short as a number of a row could be found in the middle of anything.
    assert sorted(rest) == sorted("".join(each for each in wanted if len(each) <= SHORT))
