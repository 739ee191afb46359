"""Warnings on the command line: one line each on standard error, after ``hadamac: warning:``."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from hadamac.console import plain
from hadamac.errors import HadamacWarning

__all__ = ["warnings_in_one_line"]


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Print every HadamacWarning of the body as one line, and all other warnings as Python does."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", HadamacWarning)
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], filename: str, lineno: int,
                 file: TextIO | None = None, line: str | None = None) -> None:
            if issubclass(category, HadamacWarning):
                print(f"hadamac: warning: {plain(message)}", file=sys.stderr, flush=True)
            else:
                others(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield
