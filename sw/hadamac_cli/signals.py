"""Orderly exit of the command line on SIGTERM and SIGHUP: temporary files are removed and children are ended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

__all__ = ["orderly_exit"]

_PATIENCE_S = 5.0
"""Time in seconds after a signal during which another one does not interrupt the exit."""


@contextmanager
def orderly_exit() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit with status 128 + n; at the end, kill all children that are left.

    A signal that is ignored when the program starts, for example under ``nohup``, stays ignored.  Use this in the main
    thread of a program only.  Children that exist at the beginning are not killed: a shell that has replaced itself by
    this program may have started them.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    spared = _descendants(os.getpid())
    first: float | None = None

    def leave(number: int, frame: FrameType | None) -> None:
        nonlocal first
        now = time.monotonic()
        if first is None or now > first + _PATIENCE_S:
            first = now
            raise SystemExit(128 + number)

    for number, handler in before.items():
        if handler == signal.SIG_DFL:
            signal.signal(number, leave)
    try:
        yield
    finally:
        for child in _descendants(os.getpid()) - spared:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
        for number, handler in before.items():
            signal.signal(number, handler)


def _descendants(process: int) -> set[int]:
    """Return the process numbers of all descendants of a process; systems other than Linux have none to tell."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # The process has ended in the meantime.
            parent = int(entry.read_bytes().rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))
    found: set[int] = set()
    todo = [process]
    while todo:
        new = children.get(todo.pop(), [])
        found.update(new)
        todo += new
    return found
