"""Lines of a timeline as the contract shows them."""

from __future__ import annotations

from typing import Any

from realty.rules.clock import rfc3339
from realty.services.timelines import Entry


def change_json(entry: Entry) -> dict[str, Any]:
    """`ChangeRequestEvent`, and what `TimelineEntry` has of it."""
    return {
        "at": rfc3339(entry.at),
        "from_status": entry.from_status,
        "to_status": entry.to_status,
        "actor": {"role": entry.role, "name": entry.name} if entry.role else None,
        "reason": entry.reason,
    }
