"""Small 3D models of boxes, written as binary glTF 2.0: a site with its towers, and a show flat."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from struct import pack
from typing import Any

_FLOAT, _SHORT = 5126, 5123
_VERTICES, _ELEMENTS = 34962, 34963
_CORNERS = tuple((x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1))
# Outward normal, and the corners of the face seen from outside, against the clock.
_FACES = (
    ((-1, 0, 0), (0, 1, 3, 2)),
    ((1, 0, 0), (4, 6, 7, 5)),
    ((0, -1, 0), (0, 4, 5, 1)),
    ((0, 1, 0), (2, 3, 7, 6)),
    ((0, 0, -1), (0, 2, 6, 4)),
    ((0, 0, 1), (1, 5, 7, 3)),
)
_STOREY = 3.1
"""Metres from floor to floor."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box by its lowest corner and its size in metres, y upwards; `color` is RGB from 0 to 1."""

    name: str
    corner: tuple[float, float, float]
    size: tuple[float, float, float]
    color: tuple[float, float, float]


def site_glb(storeys: Sequence[int]) -> bytes:
    """The ground with a tower for each number of storeys, floor by floor."""
    boxes = [Box("Ground", (-40, -0.5, -25), (40 + 34 * len(storeys), 0.5, 50), (0.55, 0.66, 0.45))]
    for tower, floors in enumerate(storeys):
        left = -28 + 34 * tower
        for floor in range(floors):
            base = floor * _STOREY
            wall = (0.86, 0.8 - 0.02 * tower, 0.7)
            boxes += [
                Box(
                    f"Tower {tower + 1}, slab {floor}",
                    (left - 1, base, -9),
                    (20, 0.3, 18),
                    (0.5,) * 3,
                ),
                Box(
                    f"Tower {tower + 1}, floor {floor}", (left, base + 0.3, -8), (18, 2.8, 16), wall
                ),
            ]
    return _glb(boxes)


def flat_glb(*, open_kitchen: bool) -> bytes:
    """A flat of three rooms and a balcony without its ceiling; the kitchen has a wall or none."""
    wall, wood, stone = (0.95, 0.94, 0.9), (0.6, 0.42, 0.28), (0.35, 0.38, 0.42)
    boxes = [
        Box("Floor", (0, -0.1, 0), (11, 0.1, 8), (0.82, 0.74, 0.62)),
        Box("Balcony", (0, -0.1, 8), (5, 0.1, 1.6), (0.7, 0.66, 0.6)),
        Box("Railing", (0, 0, 9.5), (5, 1.1, 0.05), (0.7, 0.85, 0.9)),
        Box("North wall", (0, 0, -0.2), (11, 2.9, 0.2), wall),
        Box("West wall", (-0.2, 0, 0), (0.2, 2.9, 8), wall),
        Box("East wall", (11, 0, 0), (0.2, 2.9, 8), wall),
        Box("Bedroom wall", (7, 0, 0), (0.12, 2.9, 6.9), wall),
        Box("Worktop", (0.3, 0, 0.1), (2.6, 0.9, 0.6), stone),
        Box("Bed", (8, 0, 1), (2, 0.5, 2.1), wood),
        Box("Table", (3.4, 0, 4), (1.8, 0.75, 1), wood),
    ]
    if not open_kitchen:
        boxes.append(Box("Kitchen wall", (0, 0, 2.6), (3.2, 2.9, 0.12), wall))
    return _glb(boxes)


def _glb(boxes: Sequence[Box]) -> bytes:
    """glTF 2.0, chapter 4: a header, the scene as JSON, the geometry as one buffer."""
    positions, normals, elements = _unit_box()
    buffer = positions + normals + elements
    vertices = len(positions) // 12
    scene: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [*range(len(boxes))]}],
        "nodes": [
            {"name": box.name, "mesh": n, "translation": box.corner, "scale": box.size}
            for n, box in enumerate(boxes)
        ],
        "meshes": [
            {
                "primitives": [
                    {"attributes": {"POSITION": 0, "NORMAL": 1}, "indices": 2, "material": n}
                ]
            }
            for n in range(len(boxes))
        ],
        "materials": [
            {
                "pbrMetallicRoughness": {
                    "baseColorFactor": [*box.color, 1],
                    "metallicFactor": 0,
                    "roughnessFactor": 0.9,
                }
            }
            for box in boxes
        ],
        "accessors": [
            _accessor(0, _FLOAT, vertices, "VEC3") | {"min": [0, 0, 0], "max": [1, 1, 1]},
            _accessor(1, _FLOAT, vertices, "VEC3"),
            _accessor(2, _SHORT, len(elements) // 2, "SCALAR"),
        ],
        "bufferViews": [
            _view(0, positions, _VERTICES),
            _view(len(positions), normals, _VERTICES),
            _view(len(positions) + len(normals), elements, _ELEMENTS),
        ],
        "buffers": [{"byteLength": len(buffer)}],
    }
    text = json.dumps(scene, separators=(",", ":")).encode()
    chunks = _chunk(b"JSON", text, b" ") + _chunk(b"BIN\0", buffer, b"\0")
    return b"glTF" + pack("<II", 2, 12 + len(chunks)) + chunks


def _unit_box() -> tuple[bytes, bytes, bytes]:
    """Positions, normals and triangles of a box of one metre, each face with corners of its own."""
    points = [_CORNERS[corner] for _, corners in _FACES for corner in corners]
    normals = [normal for normal, corners in _FACES for _ in corners]
    triangles = [4 * face + corner for face in range(len(_FACES)) for corner in (0, 1, 2, 0, 2, 3)]
    return _floats(points), _floats(normals), pack(f"<{len(triangles)}H", *triangles)


def _floats(vectors: Iterable[Sequence[float]]) -> bytes:
    return b"".join(pack("<3f", *vector) for vector in vectors)


def _accessor(view: int, component: int, count: int, kind: str) -> dict[str, Any]:
    return {"bufferView": view, "componentType": component, "count": count, "type": kind}


def _view(offset: int, content: bytes, target: int) -> dict[str, Any]:
    return {"buffer": 0, "byteOffset": offset, "byteLength": len(content), "target": target}


def _chunk(kind: bytes, content: bytes, filler: bytes) -> bytes:
    padded = content + filler * (-len(content) % 4)
    return pack("<I", len(padded)) + kind + padded
