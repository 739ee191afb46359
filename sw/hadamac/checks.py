"""Checks of parameters that a user or a file gives, and how error messages show their values."""

from __future__ import annotations

from .errors import DescriptionError

__all__ = ["choice", "integer", "shown"]


def shown(value: object) -> str:
    """Return a value as text for a message: one line of at most 120 characters."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python refuses to print an integer of thousands of digits.
        return "a number of thousands of digits"
    return text if len(text) <= 120 else text[:117] + "..."


def integer(what: str, value: object, low: int, high: int) -> int:
    """Return a parameter if it is a Python integer from ``low`` to ``high``; raise DescriptionError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise DescriptionError(f"{what} must be an integer from {low} to {high}, not {shown(value)}")
    return value


def choice(what: str, value: object, allowed: tuple[object, ...]) -> None:
    """Raise DescriptionError unless a parameter has one of the allowed values."""
    if type(value) not in {type(a) for a in allowed} or value not in allowed:  # 8.0 and True are not valid as sizes.
        names = ", ".join(str(a).lower() if isinstance(a, bool) else str(a) for a in allowed)
        raise DescriptionError(f"{what} must be one of {names}, not {shown(value)}")
