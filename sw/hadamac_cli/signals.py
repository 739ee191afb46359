"""SIGTERM and SIGHUP as an orderly exit of the command line: what it began is cleared away, children included."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["orderly_exit"]

_PATIENCE_S = 5.0
"""Seconds for which a repeated signal does not disturb the clearing away."""


@contextmanager
def orderly_exit() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit with status 128 + n, and end every child that is left at the end.

    A signal that is ignored when the program starts, as under ``nohup``, stays ignored.  Only for a program of its
    own, in its main thread: children that there were before, those of a shell that became this program, are spared.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    spared, first = _descendants(os.getpid()), None

    def leave(number, frame):
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
    """Numbers of a process's children and theirs, as Linux tells them; elsewhere none."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            parent = int(entry.read_bytes().rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))
    found, todo = set(), [process]
    while todo:
        new = children.get(todo.pop(), [])
        found.update(new)
        todo += new
    return found
