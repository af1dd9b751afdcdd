"""The life of a construction update, and who reads it in which status (domain, section 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from realty.errors import InvalidTransition, ValidationFailed

PUBLISHED = "published"
UPDATE_MOVES: Mapping[str, tuple[str, ...]] = {
    "draft": (PUBLISHED,),
    PUBLISHED: ("archived",),
    "archived": (PUBLISHED,),
}
"""What was once published is never a draft again: it was read, and stays on record."""


def check_update_move(status: str, target: str) -> None:
    """Raises `InvalidTransition` when an update in `status` cannot be brought to `target`."""
    if target not in UPDATE_MOVES[status]:
        raise InvalidTransition.between("construction update", status, target, UPDATE_MOVES[status])


def check_tags(tags: Sequence[str]) -> None:
    """Raises `ValidationFailed` for a tag that stands there twice, whatever the case."""
    seen: set[str] = set()
    for position, tag in enumerate(tags):
        if tag.casefold() in seen:
            raise ValidationFailed.at(f"tags[{position}]", "stands there twice", tag)
        seen.add(tag.casefold())
