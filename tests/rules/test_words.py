"""Indian digits and words, read back by another way than they were written."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realty.rules.money import MOST
from realty.rules.words import (
    amount_in_words,
    amount_text,
    date_in_words,
    grouped,
    number_in_words,
)

AMOUNTS = st.integers(0, int(MOST.scaleb(2))).map(lambda paise: Decimal(paise).scaleb(-2))

ONES = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen
"""
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
UNITS = {word: value for value, word in enumerate(re.findall(r"\w+", ONES))} | {
    word: 20 + 10 * place for place, word in enumerate(re.findall(r"\w+", TENS))
}
PLACES = {"hundred": 10**2, "thousand": 10**3, "lakh": 10**5}


def understood(words: str) -> int:
    """The number that somebody hears who knows the words and nothing of how they were made."""
    before, found, after = words.rpartition(" crore")
    if found:
        return understood(before) * 10**7 + (understood(after.strip()) if after else 0)
    total = pending = 0
    for word in re.split(r"[ -]", words):
        if word == "hundred":
            pending *= 100
        elif word in PLACES:
            total, pending = total + pending * PLACES[word], 0
        else:
            pending += UNITS[word]
    return total + pending


@given(AMOUNTS)
def test_commas_stand_where_indians_put_them(amount: Decimal) -> None:
    text = grouped(amount)
    assert re.fullmatch(r"\d{1,3}\.\d\d|\d{1,2}(,\d\d)*,\d{3}\.\d\d", text)
    assert Decimal(text.replace(",", "")) == amount


@given(AMOUNTS)
def test_words_say_the_figure(amount: Decimal) -> None:
    words = amount_in_words(amount)
    match = re.fullmatch(r"Rupees (.+?)(?: and (.+) pais[ae])? only", words)
    assert match
    heard = Decimal(understood(match[1])) + Decimal(understood(match[2] or "zero")).scaleb(-2)
    assert heard == amount


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_two_numbers_are_never_said_alike(one: int, other: int) -> None:
    assert (number_in_words(one) == number_in_words(other)) is (one == other)


@pytest.mark.parametrize(
    ("amount", "figures", "words"),
    [
        ("0.00", "₹0.00", "Rupees zero only"),
        ("0.01", "₹0.01", "Rupees zero and one paisa only"),
        ("999.00", "₹999.00", "Rupees nine hundred ninety-nine only"),
        ("1000.00", "₹1,000.00", "Rupees one thousand only"),
        ("100000.00", "₹1,00,000.00", "Rupees one lakh only"),
        ("5500000.05", "₹55,00,000.05", "Rupees fifty-five lakh and five paise only"),
        (
            "12345678.90",
            "₹1,23,45,678.90",
            (
                "Rupees one crore twenty-three lakh forty-five thousand six hundred"
                " seventy-eight and ninety paise only"
            ),
        ),
        ("1000000000000.00", "₹10,00,00,00,00,000.00", "Rupees one lakh crore only"),
    ],
)
def test_an_amount_in_figures_and_words(amount: str, figures: str, words: str) -> None:
    assert amount_text(Decimal(amount)) == figures
    assert amount_in_words(Decimal(amount)) == words


def test_other_currencies_go_by_their_code() -> None:
    assert amount_text(Decimal("5500000.05"), "AED") == "AED 55,00,000.05"
    assert amount_in_words(Decimal("100.05"), "AED") == "AED one hundred and 05/100 only"
    assert amount_in_words(Decimal("100.00"), "AED") == "AED one hundred only"


def test_what_is_taken_off_keeps_its_sign() -> None:
    assert grouped(Decimal("-150000.00")) == "-1,50,000.00"
    assert amount_text(Decimal("-150000.00")) == "-₹1,50,000.00"
    assert amount_text(Decimal("-150000.00"), "AED") == "AED -1,50,000.00"


def test_a_day_is_said_with_its_month() -> None:
    assert date_in_words(date(2027, 3, 1)) == "1 March 2027"
