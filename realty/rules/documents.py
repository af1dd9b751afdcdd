"""What a document says, as values that know both how a program and how a person reads them.

A document is drawn on paper from exactly the JSON that the contract answers, so each value carries
its text: two ways of writing one amount can then not differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from realty.rules.clock import date_text
from realty.rules.cost_sheet import SQUARE_METRES_A_SQUARE_FOOT
from realty.rules.money import money_text, paisa
from realty.rules.words import amount_in_words, amount_text, date_in_words, grouped

Kind = Literal["allotment_letter", "agreement", "demand_letter", "receipt", "progress_report"]
ABSENT = "\N{EN DASH}"

_LABELS = {"upi": "UPI"}
_BEDROOMS = "bhk"


@dataclass(frozen=True, slots=True)
class Value:
    """`value` as the contract writes it anywhere, null where there is none; `text` as it reads."""

    value: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A value with its label; `name` stays the same whatever the label says. What the document is
    about stands out: it `is_total`."""

    name: str
    label: str
    value: str | None
    text: str
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `numeric` ones are set flush right."""

    name: str
    label: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A cell for each column; `is_total` rows sum up what stands above them."""

    cells: Sequence[Value]
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their columns; the heads are repeated on every page."""

    columns: Sequence[Column]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document, in the order in which it is read."""

    heading: str | None = None
    paragraphs: Sequence[str] = ()
    facts: Sequence[Fact] = ()
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """The builder, the project or the customer: a name and what belongs to it."""

    name: str
    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole document; `is_draft` is marked on each page, `notices` stand above everything."""

    kind: Kind
    title: str
    reference: str
    issued_on: date
    prepared_at: datetime
    is_draft: bool
    currency: str
    builder: Party
    project: Party
    customer: Party | None
    notices: Sequence[str]
    sections: Sequence[Section]
    signatures: Sequence[str]
    footer: str


def fact(name: str, label: str, value: Value, *, is_total: bool = False) -> Fact:
    """A value under a label."""
    return Fact(name, label, value.value, value.text, is_total)


def text_value(text: str | None) -> Value:
    """Words as somebody wrote them."""
    return Value(text, text or ABSENT)


def label_value(word: str) -> Value:
    """A word of an enum as a person reads it: `bank_transfer` is Bank transfer, `2bhk` 2 BHK."""
    if word.endswith(_BEDROOMS):
        return Value(word, f"{word.removesuffix(_BEDROOMS)} {_BEDROOMS.upper()}")
    return Value(word, _LABELS.get(word, word.replace("_", " ").capitalize()))


def date_value(day: date | None) -> Value:
    """A calendar day."""
    return Value(date_text(day), date_in_words(day) if day else ABSENT)


def money_value(amount: Decimal, currency: str) -> Value:
    """An amount in figures."""
    return Value(money_text(amount), amount_text(amount, currency))


def words_value(amount: Decimal, currency: str) -> Value:
    """The same amount in words."""
    return Value(money_text(amount), amount_in_words(amount, currency))


def percent_value(percent: Decimal) -> Value:
    """A percentage."""
    return Value(money_text(percent), f"{money_text(percent)} %")


def area_value(square_feet: Decimal) -> Value:
    """An area in both units: people say square feet, the law (RERA, section 2(k)) metres."""
    metres = paisa(square_feet * SQUARE_METRES_A_SQUARE_FOOT)
    return Value(money_text(square_feet), f"{grouped(square_feet)} sq ft ({grouped(metres)} sq m)")
