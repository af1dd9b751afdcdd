"""What every factory counts by."""

from __future__ import annotations

from itertools import count

ZONE = "Asia/Kolkata"

numbers = count(1)
"""For what must be unique."""
