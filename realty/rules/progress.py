"""How the work on a project comes along: values derived from its phases, never stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from realty.rules.money import HUNDRED, ZERO, paisa

ScheduleState = Literal["on_track", "delayed", "ahead"]


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of the work, as far as progress looks at it."""

    phase_id: int
    sequence: int
    phase_name: str
    milestone_code: str | None
    weight_percent: Decimal
    progress_percentage: Decimal
    status: str
    expected_end_date: date | None
    customer_visible: bool

    @property
    def is_completed(self) -> bool:
        """Whether nothing is left to do in it."""
        return self.status == "completed"


def overall_progress(phases: Sequence[Phase]) -> Decimal:
    """The sum of weight times percent, 0.00 to 100.00; 0.00 without phases."""
    done = sum((phase.weight_percent * phase.progress_percentage for phase in phases), ZERO)
    return min(paisa(done / 100), HUNDRED)


def next_milestone(phases: Sequence[Phase], *, hidden_too: bool) -> Phase | None:
    """The first phase that is not completed; those not meant for customers if `hidden_too`."""
    upcoming = [
        phase
        for phase in phases
        if not phase.is_completed and (hidden_too or phase.customer_visible)
    ]
    return min(upcoming, key=lambda phase: phase.sequence, default=None)


def schedule_state(phases: Sequence[Phase], today: date) -> ScheduleState:
    """`delayed` while an unfinished phase is past its expected end, or was marked so; else `ahead`
    once a phase is completed whose expected end is still to come; else `on_track`."""
    ends = [(phase, phase.expected_end_date or today) for phase in phases]
    if any(
        not phase.is_completed and (end < today or phase.status == "delayed") for phase, end in ends
    ):
        return "delayed"
    if any(phase.is_completed and end > today for phase, end in ends):
        return "ahead"
    return "on_track"
