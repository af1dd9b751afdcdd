"""By which name the public knows a reviewer, and when a builder may be reviewed."""

from __future__ import annotations

import pytest

from realty.db.enums import BOOKING_STATUSES
from realty.errors import Conflict
from realty.rules.deleted import NAMES
from realty.rules.reviews import public_name, require_reviewable


@pytest.mark.parametrize(
    ("first_name", "last_name", "shown"),
    [
        ("Asha", "Rao", "Asha R."),
        ("Asha", "rao", "Asha R."),
        ("Asha Rao", "Deshpande", "Asha D."),
        ("  Asha ", "  Rao", "Asha R."),
        ("Ananyā", "S\u0301arma", "Ananyā Ś."),
        ("आशा", "राव", "आशा र."),
        ("Asha", "(moved away)", "Asha"),
        ("Asha", "42", "Asha"),
        (*NAMES["customer"].split(), "Deleted customer"),
    ],
)
def test_a_name_is_cut_to_the_first_and_an_initial(
    first_name: str, last_name: str, shown: str
) -> None:
    assert public_name(first_name, last_name) == shown


def test_only_a_standing_booking_with_an_agreement_is_reviewed() -> None:
    refused = set()
    for status in BOOKING_STATUSES:
        try:
            require_reviewable(status)
        except Conflict:
            refused.add(status)
    assert set(BOOKING_STATUSES) - refused == {"agreement_registered", "handed_over"}
