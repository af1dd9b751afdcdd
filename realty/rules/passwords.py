"""Which passwords are refused, and by which rule. Hashing is not done here."""

from __future__ import annotations

from realty.errors import Detail, WeakPassword

LEAST_CHARACTERS = 8
MOST_BYTES = 72
"""bcrypt reads no further: a longer password is refused, never cut."""


def _broken_rule(password: str, email: str | None) -> str | None:
    if "\0" in password:
        return "It must not contain the character U+0000."
    if not password.strip():
        return "It must not be blank."
    if len(password) < LEAST_CHARACTERS:
        return f"It needs at least {LEAST_CHARACTERS} characters."
    if len(password.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        return f"It must not exceed {MOST_BYTES} bytes in UTF-8."
    if email is not None and password.strip().casefold() == email.strip().casefold():
        return "It must not be your e-mail address."
    return None


def check(password: str, email: str | None = None, field: str = "password") -> None:
    """Raises `WeakPassword` (422 `weak_password`) whose one detail states the broken rule."""
    rule = _broken_rule(password, email)
    if rule is not None:
        raise WeakPassword(details=[Detail(field, rule)])
