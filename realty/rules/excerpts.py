"""The beginning of a text, for where the whole does not fit."""

from __future__ import annotations

LONGEST_EXCERPT = 160


def excerpt(text: str, most: int = LONGEST_EXCERPT) -> str:
    """`text` on one line, of `most` characters at most; an ellipsis stands for what is left out."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
