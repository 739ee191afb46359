"""Warnings of hadamac's own on the command line: one line each on standard error, after ``hadamac: warning:``."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from hadamac.console import plain
from hadamac.errors import HadamacWarning

__all__ = ["warnings_in_one_line"]


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Within this, every HadamacWarning is one line; others are shown as Python shows them."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", HadamacWarning)
        others = warnings.showwarning

        def show(message, category, *where, **more):
            if issubclass(category, HadamacWarning):
                print(f"hadamac: warning: {plain(message)}", file=sys.stderr, flush=True)
            else:
                others(message, category, *where, **more)

        warnings.showwarning = show
        yield
