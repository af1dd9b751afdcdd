"""3D models."""

from __future__ import annotations

from typing import Any

from realty.db import File, Model3D, Project
from realty.db.session import session
from tests.deployment import CLOCK
from tests.factories.catalogue import ProjectRow
from tests.factories.files import make_file
from tests.factories.people import Account


def make_model(
    project: ProjectRow,
    owner: Account,
    status: str = "current",
    content: bytes | None = None,
    **over: Any,
) -> int:
    """A version of a 3D model with its file, which is stored if its content is given; its id."""
    file_id = make_file(owner, "model", content, content_type="model/gltf-binary")
    with session():
        model = Model3D(
            **{
                "project": Project[project.id],
                "model_name": f"Model {file_id}",
                "model_type": "design_option",
                "file": file_id,
                "file_format": "glb",
                "status": status,
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        model.flush()
        File[file_id].set(attached_to_type="model", attached_to_id=model.id)
        model_id: int = model.id
        return model_id
