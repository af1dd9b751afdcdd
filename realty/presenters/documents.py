"""A document as the contract shows it, from which the PDF is drawn as well."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from realty.rules.clock import date_text, rfc3339
from realty.rules.documents import Document

# Controls, and the marks that turn the direction of what follows them: on paper they could make
# one figure or name look like another. The joiners of Indian scripts are not among them.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


def document_json(document: Document) -> dict[str, Any]:
    """`Document`; every text is one line, without anything that does not print."""
    content = asdict(document) | {
        "issued_on": date_text(document.issued_on),
        "prepared_at": rfc3339(document.prepared_at),
    }
    printable: dict[str, Any] = _printable(content)
    return printable


def _printable(content: Any) -> Any:
    if isinstance(content, str):
        return " ".join(_UNPRINTABLE.sub(" ", content).split())
    if isinstance(content, dict):
        return {key: _printable(value) for key, value in content.items()}
    return [_printable(each) for each in content] if isinstance(content, list | tuple) else content
