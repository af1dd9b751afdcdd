"""Whether the books are true: chains, money and counters, each from the rows that they follow from.

Nothing here is asked by the application: it is a witness beside it.
"""

from __future__ import annotations

from realty.audit.chains import CHAINS
from realty.audit.counters import COUNTERS
from realty.audit.findings import Check
from realty.audit.money import MONEY

SECTIONS: dict[str, tuple[Check, ...]] = {
    "chains": CHAINS,
    "money": MONEY,
    "counters": COUNTERS,
}
