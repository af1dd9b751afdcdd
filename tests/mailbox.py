"""What would be mailed: the outgoing table, emptied as `realty tick` empties it."""

from __future__ import annotations

import re

from realty.db.session import session
from realty.rules.policy import Policy
from realty.services import outbox
from realty.services.outbox import Claim, Letter
from tests.deployment import CLOCK, SETTINGS

EACH_ALONE = Policy(mail_digest_minutes=0)


def letters(recipient: str | None = None) -> list[Letter]:
    """Empty the outgoing table of what is due, one letter for each mail: the letters to one
    address, or to all."""
    found = []
    while (claimed := _claimed()) is not None:
        with session():
            letter = outbox.letter(
                claimed, portal_url=SETTINGS.portal_url, policy=EACH_ALONE, now=CLOCK.now()
            )
        if letter is not None:
            with session():
                outbox.mark_sent(letter, now=CLOCK.now())
            found.append(letter)
    return [each for each in found if recipient in {None, each.recipient}]


def _claimed() -> Claim | None:
    with session():
        return outbox.claim(policy=EACH_ALONE, now=CLOCK.now())


def token_in(letter: Letter) -> str:
    """The secret of the link in a letter."""
    found = re.search(r"\?token=([\w-]+)", letter.text)
    assert found, f"no link in {letter.subject!r}"
    return found[1]


def mailed_token(recipient: str) -> str:
    """The secret of the last link that is mailed to one address now."""
    return token_in(letters(recipient)[-1])
