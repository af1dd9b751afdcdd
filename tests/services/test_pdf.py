"""The typesetter by itself: accessible, the same on every machine, safe for threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, get_args

import orjson
import pytest
import typst

from realty.adapters import pdf
from realty.rules.documents import Kind
from tests.contract.document import DOCUMENT, SCHEMAS

NOW = datetime(2026, 11, 23, 9, 30)  # noqa: DTZ001 - naive UTC inside
EXAMPLES: dict[str, dict[str, Any]] = {
    name: each["value"]["data"]["document"]
    for name, each in DOCUMENT["components"]["examples"].items()
    if name.endswith("Document")
}


def test_the_contract_knows_the_kinds() -> None:
    assert tuple(SCHEMAS["DocumentKind"]["enum"]) == get_args(Kind)


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("is_draft", [False, True])
def test_the_template_makes_accessible_documents(name: str, is_draft: bool) -> None:
    """Under PDF/UA-1 typst refuses what a reader aloud could not follow."""
    typefaces = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[pdf.FOLDER / "fonts"],
    )
    compiler = typst.Compiler(pdf.TEMPLATE, root=pdf.FOLDER, font_paths=typefaces)
    content = orjson.dumps({**EXAMPLES[name], "is_draft": is_draft}).decode()
    drawn, warnings = compiler.compile_with_warnings(
        format="pdf", sys_inputs={"content": content}, pdf_standards=["ua-1"]
    )
    assert isinstance(drawn, bytes)
    assert warnings == []


def test_every_typeface_of_the_template_is_there() -> None:
    named = {line for line in pdf.TEMPLATE.read_text().split('"') if line.startswith("Noto ")}
    found = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[pdf.FOLDER / "fonts"],
    ).families()
    assert named == set(found)
    assert (pdf.FOLDER / "fonts" / "OFL.txt").is_file()


def test_threads_draw_alike() -> None:
    content = EXAMPLES["ReceiptDocument"]
    with ThreadPoolExecutor(8) as pool:
        drawn = set(pool.map(lambda _: pdf.draw(content, now=NOW), range(32)))
    assert len(drawn) == 1


def test_the_day_of_creation_is_that_of_the_request() -> None:
    content = EXAMPLES["ReceiptDocument"]
    assert b"D:20261123093000" in pdf.draw(content, now=NOW)
    assert pdf.draw(content, now=NOW) != pdf.draw(content, now=NOW.replace(hour=10))
