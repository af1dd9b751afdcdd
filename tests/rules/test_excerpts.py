"""The beginning of a text, on one line."""

import pytest

from realty.rules.excerpts import LONGEST_EXCERPT, excerpt


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("Glass", 5, "Glass"),
        ("  Glass\r\n or\tsteel? ", 40, "Glass or steel?"),
        ("Glass or steel", 13, "Glass or ste…"),
        ("Glass or steel", 7, "Glass…"),
        ("नमस्ते दुनिया", 100, "नमस्ते दुनिया"),
    ],
)
def test_an_excerpt_is_one_line_of_a_length(text: str, most: int, shown: str) -> None:
    assert excerpt(text, most) == shown
    assert len(excerpt(text, most)) <= most


def test_it_is_short_unless_told() -> None:
    assert len(excerpt("x" * 5000)) == LONGEST_EXCERPT
