"""Printing to any terminal: text is never taken for markup, and every encoding can print it."""

from __future__ import annotations

import codecs
import io
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

__all__ = ["any_encoding", "make_console", "plain"]

_INSTEAD = str.maketrans({
    "×": "x", "→": ">", "≤": "<=", "≥": ">=", "−": "-", "–": "-", "—": "-", "…": "...", "·": ".", "•": "*", "±": "+-",
    "‘": "'", "’": "'", "“": '"', "”": '"', "µ": "u", "²": "2", "√": "sqrt", "\u2800": " ", "─": "-", "━": "-",
    "│": "|", "┃": "|", "╸": "-", "╺": "-", "█": "#",
})  # fmt: skip


class _Console(Console):
    """Console that prints brackets and colons as they are, and control characters in names as escapes."""

    def render_str(self, text: str, **options: Any) -> Text:  # the options are rich's own, passed on as they are
        return super().render_str("\n".join(map(plain, text.split("\n"))), **options)


def make_console() -> Console:
    """Return a console for the commands of the command line."""
    return _Console(markup=False, emoji=False, highlight=False)


def plain(text: object) -> str:
    """Return text in one line, in which every character that cannot be printed is written as an escape.

    A terminal can therefore not take any part of it for a command.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in str(text))


def _replacement(character: str) -> str:
    instead = character.translate(_INSTEAD)
    if instead.isascii():
        return instead
    if "\u2801" <= character <= "\u28ff":  # braille dots, which plots consist of
        return "*"
    if "\u2500" <= character <= "\u257f":  # lines and corners of boxes
        return "+"
    if "\udc80" <= character <= "\udcff":  # a byte of a path that is not text
        return f"\\x{ord(character) - 0xdc00:02x}"
    return "?"


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_replacement, error.object[error.start : error.end])), error.end


def any_encoding() -> None:
    """Make standard output and standard error replace characters that their encoding does not have."""
    codecs.register_error("hadamac.instead", _replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="hadamac.instead")
