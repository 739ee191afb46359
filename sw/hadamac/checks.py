"""Checks of parameters that people and files give, and how a message shows what they gave."""

from __future__ import annotations

from typing import Any

from .errors import DescriptionError

__all__ = ["choice", "integer", "shown"]


def shown(value: Any) -> str:
    """Return a value as a message shows it: one line, not endless."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= 120 else text[:117] + "..."


def integer(what: str, value: Any, low: int, high: int) -> int:
    """Return a parameter that is a Python integer from ``low`` to ``high``; raise DescriptionError for another."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise DescriptionError(f"{what} must be an integer from {low} to {high}, not {shown(value)}")
    return value


def choice(what: str, value: Any, allowed: tuple) -> None:
    """Raise DescriptionError unless a parameter is one of those allowed."""
    if type(value) not in {type(a) for a in allowed} or value not in allowed:  # 8.0 and True are no sizes
        names = ", ".join(str(a) for a in allowed)
        raise DescriptionError(f"{what} must be one of {names}, not {shown(value)}")
