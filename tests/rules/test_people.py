"""Phones, e-mails, passwords and the numbers people read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realty.errors import ValidationFailed, WeakPassword
from realty.rules import passwords
from realty.rules.contact import normalise_email, normalise_phone
from realty.rules.identifiers import booking_number, masked_pan


@pytest.mark.parametrize(
    "text",
    [
        "9876543210",
        "+91 98765 43210",
        "09876543210",
        "098765-43210",
        " 98765 43210 ",
        "\uff19\uff18\uff17\uff16\uff15\uff14\uff13\uff12\uff11\uff10",
    ],
)
def test_one_phone_many_spellings(text: str) -> None:
    assert normalise_phone(text) == "+919876543210"


def test_a_phone_abroad_keeps_its_country() -> None:
    assert normalise_phone("+1 202 555 0100") == "+12025550100"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "98765",
        "1800FLOWERS",
        "9876543210 ext. 5",
        "9876543210;ext=5",
        "+91",
        "0000000000",
        "tel:9876543210",
        "9" * 40,
        "+999123456789",
        "98765\x0043210",
        "\n",
    ],
)
def test_what_no_phone_has_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        normalise_phone(text, "builder_data.phone")
    assert refusal.value.details[0].field == "builder_data.phone"


@pytest.mark.parametrize(
    "text", ["a@x.com", "A@X.com", " a@x.com ", "\uff41@\uff58.com", "a\uff20x.com"]
)
def test_one_email_many_spellings(text: str) -> None:
    assert normalise_email(text) == "a@x.com"


def test_a_foreign_domain_becomes_ascii() -> None:
    assert normalise_email("asha@bücher.de") == "asha@xn--bcher-kva.de"
    assert normalise_email("asha@\u0440\u0430\u0443\u0440\u0430l.com").startswith("asha@xn--")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a@",
        "@x.com",
        "a@x",
        "a b@x.com",
        "\u0430@x.com",
        "straße@x.com",
        "a@x.com\r\nBcc: b@x.com",
        "a@[127.0.0.1]",
        '"a"@x.com',
        "a@x..com",
        "a@localhost",
        f"{'a' * 65}@x.com",
        "a\x00@x.com",
        f"a@{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 60}.com",
        "Asha <a@x.com>",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        normalise_email(text, "customer.email")
    assert refusal.value.details[0].field == "customer.email"


@given(st.one_of(st.emails(), st.text(max_size=30)))
def test_normalising_twice_changes_nothing(text: str) -> None:
    try:
        once = normalise_email(text)
    except ValidationFailed:
        return
    assert once.isascii()
    assert once == once.lower() == normalise_email(once)


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("short12", "8 characters"),
        ("", "blank"),
        (" " * 12, "blank"),
        ("\u3000" * 12, "blank"),
        ("x" * 73, "72 bytes"),
        ("x" * 71 + "😀", "72 bytes"),
        ("\ud800" * 25, "72 bytes"),
        ("correct\0horse", "U+0000"),
        ("Asha@Example.com", "e-mail"),
        (" asha@example.com ", "e-mail"),
    ],
)
def test_a_refused_password_names_the_rule(password: str, rule: str) -> None:
    with pytest.raises(WeakPassword) as refusal:
        passwords.check(password, "asha@example.com", "new_password")
    assert refusal.value.code == "weak_password"
    assert refusal.value.details[0].field == "new_password"
    assert rule in refusal.value.details[0].message


@pytest.mark.parametrize("password", ["eight888", "x" * 72, "contraseña", "😀" * 18])
def test_an_accepted_password(password: str) -> None:
    passwords.check(password, "asha@example.com")
    passwords.check(password)


def test_numbers_people_read() -> None:
    assert booking_number(2026, 123) == "BK-2026-000123"
    assert booking_number(2026, 1234567) == "BK-2026-1234567"
    assert masked_pan("ABCDE1234F") == "ABCDE****F"
    assert masked_pan(None) is None
