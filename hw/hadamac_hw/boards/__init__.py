"""Boards that hadamac builds bitstreams for."""

from __future__ import annotations

from hadamac.errors import DescriptionError

from . import ulx3s
from .board import Board

__all__ = ["BOARDS", "Board", "board"]

BOARDS: dict[str, Board] = {entry.name: entry for entry in ulx3s.BOARDS}
"""All boards by name."""


def board(name: str) -> Board:
    """The board of that name.

    Raises
    ------
    DescriptionError
        With the names that exist.
    """
    if name not in BOARDS:
        raise DescriptionError(f"Board must be one of {', '.join(BOARDS)}, not {name!r}")
    return BOARDS[name]
