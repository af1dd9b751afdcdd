"""How the building comes along: phases, updates, 3D models, files."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from pony.orm import Json, Optional, PrimaryKey, Required, Set

from realty.db import enums, stamps
from realty.db.accounts import User
from realty.db.catalogue import Project, Unit
from realty.db.database import Entity, Touched, json_list, one_of, text, utcnow


class ProjectPhase(Touched, Entity):
    """One phase of a project; weights of a project's phases sum to 100."""

    _table_ = "project_progress"
    id = PrimaryKey(int, auto=True)
    project = Required(Project, column="project_id")
    sequence = Required(int)
    phase_name = Required(str)
    milestone_code = text()
    phase_description = text(autostrip=False)
    weight_percent = Required(Decimal, 5, 2, default=Decimal("0.00"))
    start_date = Optional(date)
    expected_end_date = Optional(date)
    actual_end_date = Optional(date)
    progress_percentage = Required(Decimal, 5, 2, default=Decimal("0.00"))
    status = Required(str, default="not_started", py_check=one_of(enums.PHASE_STATUSES))
    milestone_images = json_list()
    contractor_notes = text(autostrip=False)
    customer_visible = Required(bool, default=True)
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)

    updates = Set("ConstructionUpdate", cascade_delete=False)

    def after_insert(self) -> None:
        """The pages of its project show how far the work is."""
        stamps.move_project(self.project.id)

    def after_update(self) -> None:
        """The same after an UPDATE."""
        stamps.move_project(self.project.id)

    def before_delete(self) -> None:
        """The same before a DELETE."""
        stamps.move_project(self.project.id)


class ConstructionUpdate(Touched, Entity):
    """News from the site; `revised_at` is when what was published was last worded otherwise."""

    _table_ = "construction_updates"
    id = PrimaryKey(int, auto=True)
    project = Required(Project, column="project_id")
    phase = Optional(ProjectPhase, column="phase_id")
    update_title = Required(str)
    update_content = Required(str, autostrip=False)
    update_type = Required(str, default="general", py_check=one_of(enums.UPDATE_TYPES))
    priority = Required(str, default="medium", py_check=one_of(enums.UPDATE_PRIORITIES))
    audience = Required(str, default="public", py_check=one_of(enums.UPDATE_AUDIENCES))
    images = json_list()
    videos = json_list()
    estimated_delay_days = Optional(int)
    weather_impact = Required(bool, default=False)
    tags = json_list()
    posted_by = Required(User, column="posted_by", reverse="updates_posted")
    status = Required(str, default="draft", py_check=one_of(enums.UPDATE_STATUSES))
    published_at = Optional(datetime)
    revised_at = Optional(datetime)
    version = Required(int, default=1)
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)

    revisions = Set("UpdateRevision", cascade_delete=False)


class UpdateRevision(Entity):
    """What an update said until it was changed after publishing, at `created_at`."""

    _table_ = "update_revisions"
    id = PrimaryKey(int, auto=True)
    update = Required(ConstructionUpdate, column="update_id")
    update_title = Required(str)
    update_content = Required(str, autostrip=False)
    estimated_delay_days = Optional(int)
    created_at = Required(datetime, default=utcnow)


class File(Entity):
    """A stored file; what it is attached to decides who may see it. One that is attached to nothing
    is removed in the end, and `removed_at` tells that its removal has begun."""

    _table_ = "files"
    id = PrimaryKey(int, auto=True)
    owner = Required(User, column="owner_id", reverse="files")
    purpose = Required(str)
    filename = Required(str)
    content_type = Required(str)
    size = Required(int, size=64)
    sha256 = Required(str)
    storage_key = Required(str, unique=True)
    attached_to_type = text()
    attached_to_id = Optional(int)
    removed_at = Optional(datetime)
    created_at = Required(datetime, default=utcnow)

    avatar_of = Set("User", reverse="avatar_file", cascade_delete=False)
    logo_of = Set("Builder", reverse="logo_file", cascade_delete=False)
    brochure_of = Set("Project", reverse="brochure_file", cascade_delete=False)
    floor_plan_of = Set("Unit", reverse="floor_plan_file", cascade_delete=False)
    proof_of = Set("Payment", reverse="proof_file", cascade_delete=False)
    model_of = Set("Model3D", reverse="file", cascade_delete=False)
    thumbnail_of = Set("Model3D", reverse="thumbnail_file", cascade_delete=False)


class Model3D(Touched, Entity):
    """A 3D model of a project or a unit, in versions of which one is current."""

    _table_ = "models_3d"
    id = PrimaryKey(int, auto=True)
    project = Required(Project, column="project_id")
    unit = Optional(Unit, column="unit_id")
    model_name = Required(str)
    model_description = text(autostrip=False)
    model_type = Required(str, py_check=one_of(enums.MODEL_TYPES))
    file = Required(File, column="file_id", reverse="model_of")
    file_format = Required(str, py_check=one_of(enums.MODEL_FORMATS))
    thumbnail_file = Optional(File, column="thumbnail_file_id", reverse="thumbnail_of")
    access_level = Required(str, default="public", py_check=one_of(enums.MODEL_ACCESS_LEVELS))
    version = Required(int, default=1)
    status = Required(str, default="draft", py_check=one_of(enums.MODEL_STATUSES))
    viewer_config = Optional(Json, nullable=True, optimistic=False)
    is_interactive = Required(bool, default=True)
    view_count = Required(int, default=0)
    download_count = Required(int, default=0)
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)

    change_requests = Set("ChangeRequest", cascade_delete=False)
