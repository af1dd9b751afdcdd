"""What every root factory needs: ids out of paths, and who calls."""

from __future__ import annotations

import re
from typing import Any

from pyramid.request import Request

from realty.errors import NotFound
from realty.security import Identity, require_identity, viewer

LARGEST_ID = 2_147_483_647
SAFE_METHODS = frozenset({"GET", "HEAD"})
_ID = re.compile(r"[1-9][0-9]{0,9}")

Acl = list[tuple[str, str, Any]]


def path_id(request: Request, name: str) -> int:
    """The id in the path; whatever is not a positive int4 names nothing and is 404."""
    raw: str = request.matchdict[name]
    if not _ID.fullmatch(raw) or int(raw) > LARGEST_ID:
        raise NotFound
    return int(raw)


def viewer_or_required(request: Request) -> Identity | None:
    """A stranger may read what is public, and is asked to sign in before any other method."""
    return viewer(request) if request.method in SAFE_METHODS else require_identity(request)


def is_admin(identity: Identity | None) -> bool:
    """Whether the caller is an administrator."""
    return identity is not None and identity.role == "admin"


def first_or_404(query: Any) -> Any:
    """The first row of a query; 404 without one."""
    rows = query.without_distinct()[:1]
    if not rows:
        raise NotFound
    return rows[0]
