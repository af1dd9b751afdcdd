"""Kinds of files, their names, ranges and links."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from realty.db import enums
from realty.errors import RangeNotSatisfiable
from realty.rules import file_kinds
from realty.rules.file_links import LinkSigner, expiry, seconds
from realty.rules.ranges import span

NOW = datetime(2026, 11, 23, 9, 30)  # noqa: DTZ001 - naive UTC inside


def test_purposes_of_the_rules_and_the_contract_are_the_same() -> None:
    assert tuple(file_kinds.PURPOSES) == enums.FILE_PURPOSES


def test_nothing_that_a_browser_runs_is_a_kind() -> None:
    assert {"image/svg+xml", "text/html"}.isdisjoint(file_kinds.KINDS)
    assert {kind.name for kind in file_kinds.KINDS.values() if kind.inline} == {
        *("png", "jpeg", "webp")
    }


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=2-", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=9-99", (9, 10)),
        ("bytes=5-4", None),
        ("bytes=0-1,3-4", None),
        ("bytes=-", None),
        ("bytes=\u0661-\u0662", None),
        ("Bytes 0-1", None),
        ("", None),
    ],
)
def test_span(header: str, expected: tuple[int, int] | None) -> None:
    assert span(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-11", "bytes=-0"])
def test_a_span_of_nothing(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        span(header, 10)


@pytest.mark.parametrize("minutes", [1, 10, 60, 1440])
def test_a_link_lives_between_half_its_life_and_all_of_it(minutes: int) -> None:
    life = timedelta(minutes=minutes).total_seconds()
    for second in range(0, 7200, 37):
        now = NOW + timedelta(seconds=second)
        assert life / 2 < expiry(now, minutes) - seconds(now) <= life


def test_a_signature_fits_what_it_was_made_for() -> None:
    signer = LinkSigner(["one secret", "a former secret"])
    url = LinkSigner(["a former secret"]).url(41, reader_id=7, expires=1_795_426_200)
    signature = url.rpartition("=")[2]
    assert signer.fits(signature, 41, reader_id=7, expires=1_795_426_200)
    assert not signer.fits(signature, 42, reader_id=7, expires=1_795_426_200)
    assert not signer.fits(signature, 41, reader_id=None, expires=1_795_426_200)
    assert not LinkSigner(["another"]).fits(signature, 41, reader_id=7, expires=1_795_426_200)
