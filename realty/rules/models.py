"""The life of a version of a 3D model, and who may open it (domain, section 13)."""

from __future__ import annotations

from collections.abc import Mapping

from realty.errors import InvalidTransition

CURRENT = "current"
ARCHIVED = "archived"
MODEL_MOVES: Mapping[str, tuple[str, ...]] = {
    "draft": (CURRENT, ARCHIVED),
    CURRENT: (ARCHIVED,),
    ARCHIVED: (CURRENT,),
}
"""What others have seen is never a draft again; what was replaced may come back."""


def check_model_move(status: str, target: str) -> None:
    """Raises `InvalidTransition` when a version in `status` cannot be brought to `target`."""
    if target not in MODEL_MOVES[status]:
        raise InvalidTransition.between("3D model", status, target, MODEL_MOVES[status])


def opens(access_level: str, *, role: str | None, has_booked: bool) -> bool:
    """Whether somebody who sees the card of a model may open it.

    `role` is None for a stranger; `has_booked` tells of an occupying booking in the project. The
    project's own builder opens everything and needs not to be asked about.
    """
    if access_level == "public":
        return True
    if access_level == "customers_only":
        return role == "customer"
    return has_booked
