"""Paragraphs and tables of the study's pages, in Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

__all__ = ["escaped", "table", "text"]


def text(*paragraphs: str) -> list[str]:
    """Return paragraphs and items of lists as lines of a page.

    Each is followed by an empty line, except an item before another one.  Code between backquotes is not broken.
    """
    lines: list[str] = []
    for paragraph in paragraphs:
        item = paragraph.startswith("* ")
        if item and lines and not lines[-1]:
            lines.pop()
        joined = re.sub("`[^`]*`", lambda code: code[0].replace(" ", "\0"), " ".join(paragraph.split()))
        if item and lines and not lines[-1].startswith(("* ", "  ")):
            lines.append("")
        wrapped = textwrap.wrap(joined, 115, subsequent_indent="  " if item else "", break_long_words=False,
                                break_on_hyphens=False)
        lines += [*(line.replace("\0", " ") for line in wrapped), ""]
    return lines


def table(head: str, rows: Iterable[Sequence[object]]) -> list[str]:
    """Return a Markdown table, followed by an empty line, from its head and the cells of its rows."""
    names = head.split(" | ")
    return [f"| {head} |", "|" + "---|" * len(names), *(f"| {' | '.join(map(str, row))} |" for row in rows), ""]


def escaped(text: str) -> str:
    """Return text for a cell of a Markdown table."""
    return text.replace("|", "\\|")
