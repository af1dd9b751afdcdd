"""Workbooks as programs write them, and as nobody should: what is read, and what it may cost."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from random import Random

import pytest

from realty.adapters import sheets, xlsx
from realty.adapters.xlsx import SheetRefused

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = "http://purl.oclc.org/ooxml/officeDocument/relationships"
PARTS = {
    "_rels/.rels": (
        f'<R><Relationship Id="a" Type="{OFFICE}/officeDocument" Target="xl/book.xml"/></R>'
    ),
    "xl/book.xml": (
        f'<w:workbook xmlns:w="main" xmlns:r="{OFFICE}"><w:sheets>'
        '<w:sheet name="Old" sheetId="1" state="hidden" r:id="h"/>'
        '<w:sheet name="Chart" sheetId="2" r:id="c"/><w:sheet name="Units" sheetId="3" r:id="u"/>'
        "</w:sheets></w:workbook>"
    ),
    "xl/_rels/book.xml.rels": (
        f'<R><Relationship Id="h" Type="{OFFICE}/worksheet" Target="sheets/none.xml"/>'
        f'<Relationship Id="c" Type="{OFFICE}/chartsheet" Target="charts/1.xml"/>'
        f'<Relationship Id="u" Type="{OFFICE}/worksheet" Target="../xl/sheets/3.xml"/>'
        f'<Relationship Id="s" Type="{STRICT}/styles" Target="/xl/styles.xml"/>'
        f'<Relationship Id="t" Type="{STRICT}/sharedStrings" Target="texts.xml"/></R>'
    ),
    "xl/styles.xml": (
        '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yy"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="4"/><xf numFmtId="14"/>'
        "</cellXfs></styleSheet>"
    ),
    "xl/texts.xml": (
        "<sst><si><t>unit_number</t></si><si><r><t>A-</t></r><r><t>101</t></r>"
        "<rPh><t>spoken</t></rPh></si><si><t> price </t></si>"
        "<si><t>_x005F_x0041_ _x0041_</t></si></sst>"
    ),
    "xl/sheets/3.xml": (
        '<worksheet><sheetData><row r="2"><c r="B2" t="s"><v>0</v></c><c t="s"><v>2</v></c></row>'
        '<row><c r="B3" t="s"><v>1</v></c><c r="C3" s="2"><v>5500000.0499999998</v></c></row>'
        '<row r="9"><c r="A9" s="1"><v>46054</v></c><c r="B9" t="b"><v>1</v></c>'
        '<c r="C9" t="e"><v>#REF!</v></c><c r="D9"><f>A1*2</f><v>12</v></c>'
        '<c r="E9" t="d"><v>2026-02-01</v></c><c r="F9" s="3"><v>1</v></c></row>'
        '<row r="10" spans="1:2"/><row r="11"><c r="A11"/>'
        '<c r="B11" t="inlineStr"><is><t> </t></is></c></row><row r="12">'
        '<c r="A12"><v>101</v></c><c r="B12" t="inlineStr"><is><t>A</t><rPh><t>x'
        '</t></rPh></is></c><c r="C12" t="str"><v>text</v></c><c r="D12" t="s"><v>3</v></c>'
        '<c r="E12"><v>1E+15</v></c><c r="F12"><v>0.30000000000000004</v></c>'
        '<c r="G12"><v>-5.0</v></c>'
        "</row></sheetData></worksheet>"
    ),
}


def packed(parts: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def rows(content: bytes, most: int = 100) -> list[xlsx.Row]:
    """What is read of a file."""
    return sheets.read(io.BytesIO(content), most_rows=most)


def test_a_workbook_in_all_its_forms() -> None:
    head, flat, unusable, others = rows(packed(PARTS))
    assert (head.number, head.cells) == (2, ["", "unit_number", "price"])
    assert (flat.number, flat.cells) == (3, ["", "A-101", "5500000.05"])
    assert unusable.number == 9
    assert unusable.cells == ["46054", "1", "#REF!", "=A1*2", "2026-02-01", "1"]
    assert set(unusable.unusable) == set(range(6))
    assert "date" in unusable.unusable[0]
    assert "formula" in unusable.unusable[3]
    assert others.number == 12
    assert others.cells == ["101", "A", "text", "_x0041_ A", "1000000000000000", "0.3", "-5"]
    assert others.unusable == {}


def sheet(content: str) -> dict[str, str]:
    """The same workbook with another sheet."""
    return {**PARTS, "xl/sheets/3.xml": content}


MOST = 50_000
HOSTILE = {
    "a bomb": sheet("<worksheet>" + " " * (xlsx.MOST_UNPACKED + 1)),
    "a million rows": sheet("<w>" + "<row><c><v>1</v></c></row>" * 1_000_000 + "</w>"),
    "cells without end": sheet("<w><row>" + "<c/>" * MOST),
    "nested without end": sheet("<a>" * MOST),
    "a long tag": sheet("<w a='" + "x" * 30_000_000),
    "a tag of attributes": sheet(
        "<w><row " + " ".join(f'a{n}="1"' for n in range(100_000)) + "/></w>"
    ),
    "a long text": {**PARTS, "xl/texts.xml": "<si><t>" + "x" * 40_000 + "</t></si>"},
    "many texts": {**PARTS, "xl/texts.xml": "<s>" + "<si/>" * 10_001 + "</s>"},
    "a far row": sheet("<w><row r='1048577'><c><v>1</v></c></row></w>"),
    "a far cell": sheet("<w><row><c r='XFD1'><v>1</v></c></row></w>"),
    "no cell": sheet("<w><row><c r='1A'><v>1</v></c></row></w>"),
    "entities": sheet("<!DOCTYPE w [<!ENTITY a 'b'>]><w/>"),
    "a file of ours": sheet("<!DOCTYPE w SYSTEM 'file:///etc/passwd'><w/>"),
    "half of it": sheet("<w><row>"),
    "another page": sheet("<html><body>"),
    "an absent part": {k: v for k, v in PARTS.items() if k != "xl/sheets/3.xml"},
    "no workbook": {"word/document.xml": "<w/>", "_rels/.rels": "<R/>"},
    "only a chart": {**PARTS, "xl/_rels/book.xml.rels": "<R/>"},
    "many parts": {**PARTS, **{f"{n}": "" for n in range(1000)}},
}


@pytest.mark.parametrize("parts", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_workbook_is_refused(
    parts: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the bound that it breaks, before it has cost more than that."""
    monkeypatch.setattr(xlsx, "MOST_TAGS", MOST - 1)
    monkeypatch.setattr(xlsx, "_MOST_TEXTS", 10_000)
    with pytest.raises(SheetRefused) as refused:
        rows(packed(parts))
    assert str(refused.value).endswith(".")
    assert "Error" not in str(refused.value)


def test_only_what_workbooks_use_is_unpacked() -> None:
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with pytest.raises(SheetRefused, match="compressed"):
            rows(packed(PARTS, method))
    assert len(rows(packed(PARTS, zipfile.ZIP_STORED))) == 4


def test_the_longest_text_of_a_cell_is_read_however_it_is_written() -> None:
    text = "&#x0CA8;" * 32_767
    content = f"<w><row><c t='inlineStr'><is><t>{text}</t></is></c></row></w>"
    (row,) = rows(packed(sheet(content)))
    assert row.cells == ["ನ" * 32_767]


def test_a_shared_text_that_is_not_there_is_no_text() -> None:
    assert rows(packed(sheet("<w><row><c t='s'><v>9</v></c><c><v>1</v></c></row></w>"))) == [
        xlsx.Row(1, ["", "1"], {})
    ]


@pytest.mark.parametrize("seed", range(4))
def test_damage_is_refused_and_never_an_accident(seed: int) -> None:
    random = Random(seed)
    pieces = [b"<", b">", b"&", b"\0", b"\xff", b"9" * 30, b"-1", b"</row>", b"nan", b"1e999", b"Z"]
    for _ in range(150):
        parts = {name: bytearray(text.encode()) for name, text in PARTS.items()}
        damaged = random.choice(list(parts.values()))
        place = random.randrange(len(damaged))
        damaged[place : place + random.randrange(6)] = random.choice(pieces)
        content = bytearray(packed({name: bytes(part) for name, part in parts.items()}))
        if random.random() < 0.3:
            content[random.randrange(4, len(content))] = random.randrange(256)
        with suppress(SheetRefused):
            read = rows(bytes(content))
            assert all(isinstance(cell, str) for row in read for cell in row.cells)
