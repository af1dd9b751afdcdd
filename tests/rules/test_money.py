"""Money: exact, two places, no lenient reading."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realty.errors import ValidationFailed
from realty.rules.money import MOST, money, money_text, paisa, paisa_down, percent_of, shares

amounts = st.decimals(0, MOST, places=2)


@pytest.mark.parametrize(
    ("exact", "rounded", "cut"),
    [("0.005", "0.01", "0.00"), ("1.005", "1.01", "1.00"), ("2.675", "2.68", "2.67")],
)
def test_rounding(exact: str, rounded: str, cut: str) -> None:
    assert paisa(Decimal(exact)) == Decimal(rounded)
    assert paisa_down(Decimal(exact)) == Decimal(cut)


def test_a_negative_zero_is_written_as_zero() -> None:
    assert money_text(Decimal("-0.001")) == "0.00"
    assert money_text(None) is None


@given(amounts)
def test_what_is_written_reads_back(amount: Decimal) -> None:
    assert money(money_text(amount)) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.0",
        "1.000",
        "1e2",
        "-1.00",
        "+1.00",
        " 1.00",
        "1.00 ",
        "1.00\n",
        "NaN",
        "Infinity",
        "0.001",
        "\u0661\u0660\u0660.\u0660\u0660",
        "\uff11.\uff10\uff10",
        "1,000.00",
        "1_0.00",
        "01.00",
        "9" * 30 + ".00",
        ".50",
    ],
)
def test_hostile_amounts_are_refused(text: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        money(text, "discount_amount")
    assert refusal.value.details[0].field == "discount_amount"


def test_percent_of_rounds_half_up_or_down() -> None:
    assert percent_of(Decimal("99.99"), Decimal("10.00")) == Decimal("10.00")
    assert percent_of(Decimal("99.99"), Decimal("10.00"), down=True) == Decimal("9.99")


@given(amounts, st.lists(st.integers(1, 20), min_size=1, max_size=40))
def test_shares_sum_exactly_and_are_never_negative(total: Decimal, weights: list[int]) -> None:
    percents = [paisa_down(Decimal(weight) * 100 / sum(weights)) for weight in weights]
    percents[-1] += 100 - sum(percents)
    parts = shares(total, percents)
    assert sum(parts) == total
    assert min(parts) >= 0
    assert parts[0] <= percent_of(total, percents[0])
