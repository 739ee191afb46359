"""Child processes that end with their parent, however that ends, and the ends of their logs."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["Overrun", "call", "end_group", "processor_time", "search_path", "started", "tail", "wait"]

# Reads the groups that are alive, one line for each change; the end of its input is the end of the parent.
_KEEPER = 'trap "" HUP INT TERM; while read -r line; do all=$line; done; for g in $all; do kill -KILL "-$g"; done'


class _Keeper:
    """A shell that ends the process groups that a killed parent leaves: a compiler that make started, for instance.

    The kernel can tell a child of its parent's death (``PR_SET_PDEATHSIG``), but not that child's children.
    """

    def __init__(self):
        self.groups: set[int] = set()
        self.lock = threading.Lock()
        self.shell: subprocess.Popen | None = None

    def add(self, group: int) -> None:
        """Watch a group."""
        with self.lock:
            self.groups.add(group)
            self._tell()

    def remove(self, group: int) -> None:
        """Leave a group alone from now on."""
        with self.lock:
            self.groups.discard(group)
            self._tell()

    def _tell(self) -> None:
        with suppress(OSError):  # no process can be had: the parent's own care must do
            if self.shell is None or self.shell.poll() is not None:
                if not self.groups:
                    return
                null = subprocess.DEVNULL
                self.shell = subprocess.Popen(["/bin/sh", "-c", _KEEPER], stdin=subprocess.PIPE, stdout=null,
                                              stderr=null, start_new_session=True, cwd="/")
            os.write(self.shell.stdin.fileno(), (" ".join(map(str, sorted(self.groups))) + "\n").encode())

    def forget(self) -> None:
        """Begin anew in a forked child, whose parent's keeper must see the end of its own parent alone."""
        if self.shell is not None:
            self.shell.stdin.close()  # empty: every line is written at once
            self.shell.returncode = 0  # no child of this process
        self.groups, self.lock, self.shell = set(), threading.Lock(), None


_keeper = _Keeper()
os.register_at_fork(after_in_child=lambda: _keeper.forget())


def end_group(child: subprocess.Popen) -> None:
    """End a child that `started` gave, and all that it started; no effect on one that has ended."""
    if child.returncode is None:  # until it is waited for, its number is nobody else's
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


@contextmanager
def started(command: Sequence[str], **options) -> Iterator[subprocess.Popen]:
    """Start a child in a process group of its own; leaving the block early, or dying in it, ends that group.

    Parameters
    ----------
    command
        Program and arguments.
    options
        As ``subprocess.Popen`` takes them.
    """
    with subprocess.Popen(command, start_new_session=True, **options) as child:
        try:
            _keeper.add(child.pid)
            yield child
            child.wait()
        finally:
            end_group(child)
            child.wait()
            _keeper.remove(child.pid)


class Overrun(Exception):
    """A child used more processor time than it was given, or used none for too long."""


IDLE_S = 300
"""Wall-clock seconds without any processor time after which a child hangs.  A busy machine slows it, but no more."""
_TICK = os.sysconf("SC_CLK_TCK")


def processor_time(group: int) -> float | None:
    """Return the seconds of processor time that a process group and its ended children used; None if unknown."""
    total = found = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_bytes().rpartition(b")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[2]) == group:
            found, total = 1, total + sum(map(int, fields[11:15]))
    return total / _TICK if found else None


def wait(child: subprocess.Popen, limit_s: float) -> int:
    """Wait for a child that `started` gave and return its status; raise `Overrun` as `call` does."""
    began, used, pause = time.monotonic(), 0.0, 0.01
    since = began
    while True:
        try:
            return child.wait(pause)
        except subprocess.TimeoutExpired:
            pause = min(2 * pause, 1.0)
        now, at = processor_time(child.pid), time.monotonic()
        if now is None:  # a system without /proc: the wall clock must do
            now = used = at - began
            since = at
        elif now > used:
            used, since = now, at
        if now > limit_s:
            raise Overrun(f"no end after {limit_s:g} s of processor time")
        if at - since > IDLE_S:
            raise Overrun(f"no end, and no processor time used for {IDLE_S} s")


def call(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log, limit_s: float) -> int:
    """Run a child and return its status; end it when it overruns or is interrupted, with what it started.

    Parameters
    ----------
    limit_s
        Seconds of processor time for the child and its children together: what it may do, however busy the
        machine is.

    Raises
    ------
    Overrun
        The child used more than that, or nothing at all for `IDLE_S` seconds.
    """
    streams = {"stdout": log, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    with started(command, cwd=cwd, env=env, **streams) as child:
        return wait(child, limit_s)


def search_path(directories: Iterable[str], links: Path) -> str:
    """A variable such as PYTHONPATH; a directory whose name holds a colon is reached through a link in `links`."""
    found = []
    for directory in filter(None, directories):
        if os.pathsep in directory:
            link = links / f"path{len(found)}"
            link.symlink_to(os.path.abspath(directory))
            directory = str(link)
        found.append(directory)
    return os.pathsep.join(found)


def tail(path: Path, lines: int = 12) -> str:
    """The last lines of a text file."""
    return "\n".join(path.read_text(errors="replace").rstrip().splitlines()[-lines:])
