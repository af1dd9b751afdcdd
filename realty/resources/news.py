"""News from the site, and what customers think of builders."""

from __future__ import annotations

from pony.orm import select
from pyramid.authorization import Allow, Everyone
from pyramid.request import Request

from realty.db import scopes
from realty.permissions import P
from realty.resources.base import Acl, first_or_404, path_id, viewer_or_required
from realty.resources.catalogue import ProjectResource
from realty.resources.people import BuilderResource
from realty.resources.sales import BookingResource
from realty.security import require_identity, viewer


class ProjectUpdates(ProjectResource):
    """The news of a project that the caller may see."""

    def __acl__(self) -> Acl:
        return [
            (Allow, Everyone, P.UPDATE_READ),
            (Allow, f"builder:{self.builder_id}", P.UPDATE_WRITE),
        ]


class UpdateResource:
    """One update that the caller may read, by the ids that never change."""

    def __init__(self, request: Request) -> None:
        self.identity = viewer_or_required(request)
        self.update_id = path_id(request, "update_id")
        update_id = self.update_id
        visible = scopes.visible_updates(self.identity).filter(lambda u: u.id == update_id)
        self.project_id, self.builder_id = first_or_404(
            select((u.project.id, u.project.builder.id) for u in visible)
        )

    def __acl__(self) -> Acl:
        return [
            (Allow, Everyone, P.UPDATE_READ),
            (Allow, f"builder:{self.builder_id}", P.UPDATE_WRITE),
        ]


class BuilderReviews(BuilderResource):
    """The reviews of a builder whose account is active."""

    __acl__: Acl = [(Allow, Everyone, P.REVIEW_READ)]

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.identity = viewer(request)


class BookingReview(BookingResource):
    """What the customer of a booking thinks of its builder."""

    def __acl__(self) -> Acl:
        return [(Allow, f"customer:{self.customer_id}", P.REVIEW_CREATE)]


class ReviewResource:
    """One review; only the builder whom it is about does anything with it."""

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)
        self.review_id = path_id(request, "review_id")
        review_id = self.review_id
        visible = scopes.visible_reviews().filter(lambda r: r.id == review_id)
        self.builder_id: int = first_or_404(select(r.builder.id for r in visible))

    def __acl__(self) -> Acl:
        return [(Allow, f"builder:{self.builder_id}", P.REVIEW_REPLY)]
