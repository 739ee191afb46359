"""What is printed: a console that takes text as text, whatever a terminal can show."""

from __future__ import annotations

import codecs
import sys

from rich.console import Console
from rich.text import Text

__all__ = ["any_encoding", "make_console", "plain"]

_INSTEAD = str.maketrans({
    "×": "x", "→": ">", "≤": "<=", "≥": ">=", "−": "-", "–": "-", "—": "-", "…": "...", "·": ".", "•": "*", "±": "+-",
    "‘": "'", "’": "'", "“": '"', "”": '"', "µ": "u", "²": "2", "√": "sqrt", "\u2800": " ", "─": "-", "━": "-",
    "│": "|", "┃": "|", "╸": "-", "╺": "-", "█": "#",
})  # fmt: skip


class _Console(Console):
    """Console to which brackets and colons are no markup, and control characters of names and paths no commands."""

    def render_str(self, text: str, **options) -> Text:
        return super().render_str("\n".join(map(plain, text.split("\n"))), **options)


def make_console() -> Console:
    """Make the commands' console."""
    return _Console(markup=False, emoji=False, highlight=False)


def plain(text: object) -> str:
    """Text in one line that no terminal takes for a command: what cannot be printed is written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in str(text))


def _replacement(character: str) -> str:
    instead = character.translate(_INSTEAD)
    if instead.isascii():
        return instead
    if "\u2801" <= character <= "\u28ff":  # braille dots, as in plots
        return "*"
    if "\u2500" <= character <= "\u257f":  # lines and corners of boxes
        return "+"
    if "\udc80" <= character <= "\udcff":  # a byte of a path that is no text
        return f"\\x{ord(character) - 0xdc00:02x}"
    return "?"


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_replacement, error.object[error.start : error.end])), error.end


def any_encoding() -> None:
    """Let standard output and error print what their encoding lacks by characters that it has."""
    codecs.register_error("hadamac.instead", _replace)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="hadamac.instead")
