"""A calendar that other programs subscribe to: iCalendar (RFC 5545) of a list of events."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from icalendar import Event as Component

CONTENT_TYPE = "text/calendar"
PRODUCT = "-//Realty//Calendar//EN"
LOOK_AGAIN = timedelta(hours=1)

# The library escapes commas, semicolons, backslashes and line breaks. It lets the other control
# characters through, and separators that some programs take for the end of a line.
_CONTROL = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")


Status = Literal["TENTATIVE", "CONFIRMED", "CANCELLED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of a calendar. `start` and `end` are naive UTC, or a `date` for the whole day and
    None; `sequence` grows with each change of what people agreed on."""

    uid: str
    start: datetime | date
    end: datetime | None
    title: str
    status: Status
    changed_at: datetime
    text: str = ""
    place: str = ""
    link: str = ""
    sequence: int = 0


def calendar_bytes(name: str, events: Iterable[Event]) -> bytes:
    """The calendar in UTF-8. The same events make the same bytes, whenever they are asked for."""
    # Imported here: most workers never need its four mebibytes.
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _plain(name))
    calendar.add("refresh-interval", LOOK_AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for event in events:
        calendar.add_component(_component(event))
    return bytes(calendar.to_ical())


def _component(event: Event) -> Component:
    from icalendar import Event as Component

    component = Component()
    changed_at = event.changed_at.replace(microsecond=0, tzinfo=UTC)
    component.add("uid", event.uid)
    component.add("dtstamp", changed_at)
    component.add("last-modified", changed_at)
    component.add("sequence", event.sequence)
    if isinstance(event.start, datetime):
        component.add("dtstart", event.start.replace(tzinfo=UTC))
    else:
        component.add("dtstart", event.start)
        component.add("transp", "TRANSPARENT")
    if event.end is not None:
        component.add("dtend", event.end.replace(tzinfo=UTC))
    component.add("status", event.status)
    component.add("summary", _plain(event.title))
    if event.place:
        component.add("location", _plain(event.place))
    if event.text:
        component.add("description", _plain(event.text))
    if event.link:
        component.add("url", event.link)
    return component


def _plain(text: str) -> str:
    """Text without what a reader could take for the end of a line but a line break itself."""
    return _CONTROL.sub(" ", text)
