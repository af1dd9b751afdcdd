"""Money: rupees as `Decimal` with two places inside, as text with two places outside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import overload

from realty.errors import ValidationFailed

ZERO = Decimal("0.00")
HUNDRED = Decimal("100.00")
MOST = Decimal("9999999999999.99")
"""The most that a NUMERIC(15,2) column holds."""

_PAISA = Decimal("0.01")
_MONEY = re.compile(r"(?:0|[1-9][0-9]{0,12})\.[0-9]{2}")


def paisa(amount: Decimal) -> Decimal:
    """`amount` rounded half-up to two places; a negative zero becomes zero."""
    return amount.quantize(_PAISA, ROUND_HALF_UP) + ZERO


def paisa_down(amount: Decimal) -> Decimal:
    """`amount` cut to two places, towards zero."""
    return amount.quantize(_PAISA, ROUND_DOWN) + ZERO


def percent_of(amount: Decimal, percent: Decimal, *, down: bool = False) -> Decimal:
    """`percent` per hundred of `amount`, rounded half-up, or cut where the rule says *down*."""
    return (paisa_down if down else paisa)(amount * percent / 100)


def shares(total: Decimal, percents: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """`total` divided by `percents`, which sum to 100; the residue is on the last share.

    The first share is rounded down, as the token is, so that the token pays it; the others half-up.
    No share exceeds what is left, so that the sum is exact and none is negative, however small
    the total.
    """
    amounts: list[Decimal] = []
    left = total
    for position, percent in enumerate(percents[:-1]):
        amount = min(percent_of(total, percent, down=position == 0), left)
        amounts.append(amount)
        left -= amount
    return (*amounts, left)


@overload
def money_text(amount: Decimal) -> str: ...
@overload
def money_text(amount: None) -> None: ...
@overload
def money_text(amount: Decimal | None) -> str | None: ...


def money_text(amount: Decimal | None) -> str | None:
    """The contract's text of money, of a percent or of an area: `"5500000.00"`; null stays null."""
    return None if amount is None else format(paisa(amount), "f")


def money(text: str, field: str = "amount") -> Decimal:
    """The amount that `text` states, exactly as the contract's `Money` writes it.

    Raises `ValidationFailed` naming `field` for a sign, an exponent, white space, a digit that is
    not ASCII, or any number of places but two.
    """
    if not _MONEY.fullmatch(text):
        raise ValidationFailed.at(field, "Write an amount with two places, such as 5500000.00.")
    return Decimal(text)
