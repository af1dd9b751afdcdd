"""Documents on paper: typst sets them with the typefaces beside it and fetches nothing.

The content is data to the template and never markup, whatever it holds. The PDF is tagged, so that
it can be read aloud, and carries of each typeface only the glyphs that it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import typst

FOLDER = Path(__file__).parent
TEMPLATE = FOLDER / "document.typ"


def draw(content: Mapping[str, Any], *, now: datetime) -> bytes:
    """The PDF of a document as the contract's `Document` has it.

    `now` (naive UTC) is its day of creation; the same content then gives the same bytes.
    """
    import typst

    # One for each document: a compiler is not to be shared by threads, and costs nothing to make.
    compiler = typst.Compiler(TEMPLATE, root=FOLDER, font_paths=_typefaces())
    drawn = compiler.compile(
        format="pdf",
        sys_inputs={"content": orjson.dumps(content).decode()},
        timestamp=int(now.replace(tzinfo=UTC).timestamp()),
    )
    assert isinstance(drawn, bytes), "a PDF is one file"
    return drawn


@cache
def _typefaces() -> typst.Fonts:
    """Ours and no other, so that every machine draws alike."""
    import typst

    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[FOLDER / "fonts"],
    )
