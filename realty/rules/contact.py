"""Phone numbers and e-mail addresses in the one form in which they are stored and compared."""

from __future__ import annotations

import unicodedata

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from realty.errors import ValidationFailed

_PHONE_CHARACTERS = frozenset("0123456789+(). -")


def normalise_phone(text: str, field: str = "phone", *, region: str = "IN") -> str:
    """The number in E.164 (`+919876543210`); without a country code it belongs to `region`.

    Raises `ValidationFailed` naming `field` for anything that no telephone can have.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        # The library reads letters as a keypad would, and drops extensions: neither is stored.
        if not _PHONE_CHARACTERS.issuperset(plain):
            raise ValidationFailed.at(field, "Use digits, spaces and + ( ) . - only.")
        number = phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException as unreadable:
        raise ValidationFailed.at(field, "This is not a phone number.") from unreadable
    if not phonenumbers.is_valid_number(number):
        raise ValidationFailed.at(field, "No phone has this number.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalise_email(text: str, field: str = "email") -> str:
    """The address trimmed, in lower case and in ASCII, so that two spellings are one account.

    Full-width letters fold to ASCII (NFKC). What is still not ASCII is refused before the `@`,
    and becomes punycode after it, so that a look-alike never passes for another address.
    Raises `ValidationFailed` naming `field`.
    """
    folded = unicodedata.normalize("NFKC", text).strip().lower()
    try:
        address = validate_email(
            folded, check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as invalid:
        raise ValidationFailed.at(field, "This is not an e-mail address.") from invalid
    return f"{address.ascii_local_part}@{address.ascii_domain}"
