"""Figures as Indians write and say them: lakh and crore, rupees and paise, days by month's name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from realty.rules.money import money_text

RUPEE = "INR"
CRORE = 10_000_000

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_PLACES = ((100_000, "lakh"), (1000, "thousand"), (100, "hundred"))
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def grouped(number: Decimal) -> str:
    """Two places, with commas after the last three digits and then every two: `55,00,000.05`."""
    sign, digits = ("-", -number) if number < 0 else ("", number)
    whole, _, places = money_text(digits).partition(".")
    head, tail = whole[:-3], whole[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    return f"{sign}{','.join([*reversed(pairs), tail])}.{places}"


def amount_text(amount: Decimal, currency: str = RUPEE) -> str:
    """`₹55,00,000.05`; another currency goes by its code, `AED 55,00,000.05`."""
    if currency == RUPEE:
        return f"-₹{grouped(-amount)}" if amount < 0 else f"₹{grouped(amount)}"
    return f"{currency} {grouped(amount)}"


def number_in_words(number: int) -> str:
    """A whole number from zero on: `fifty-five lakh one`, `one lakh crore`."""
    if number >= CRORE:
        crores, rest = divmod(number, CRORE)
        return _joined(f"{number_in_words(crores)} crore", rest)
    for place, name in _PLACES:
        if number >= place:
            count, rest = divmod(number, place)
            return _joined(f"{number_in_words(count)} {name}", rest)
    if number < len(_ONES):
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")


def _joined(head: str, rest: int) -> str:
    return f"{head} {number_in_words(rest)}" if rest else head


def amount_in_words(amount: Decimal, currency: str = RUPEE) -> str:
    """An amount from 0.00 on, as cheques and receipts say it.

    `Rupees fifty-five lakh and five paise only`; the hundredths of another currency, whose name
    for them is not known here, are a fraction: `AED one hundred and 05/100 only`.
    """
    whole, hundredths = divmod(int(amount.scaleb(2)), 100)
    name = "Rupees" if currency == RUPEE else currency
    parts = [f"{name} {number_in_words(whole)}"]
    if hundredths:
        paise = f"{number_in_words(hundredths)} {'paisa' if hundredths == 1 else 'paise'}"
        parts.append(paise if currency == RUPEE else f"{hundredths:02d}/100")
    return f"{' and '.join(parts)} only"


def date_in_words(day: date) -> str:
    """`23 November 2026`, which nobody reads the wrong way round."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
