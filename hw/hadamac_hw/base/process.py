"""Child processes that end with their parent, however the parent ends, and the last lines of their logs."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, AnyStr

__all__ = ["Overrun", "call", "end_group", "pipe", "processor_time", "search_path", "started", "tail", "wait"]

# The shell reads the groups that are alive, one line at each change.  Its input ends when the parent ends.
_KEEPER = 'trap "" HUP INT TERM; while read -r line; do all=$line; done; for g in $all; do kill -KILL "-$g"; done'


def pipe(end: IO[AnyStr] | None) -> IO[AnyStr]:
    """Return this process's end of a child's pipe; raise ValueError if the child was started without the pipe."""
    if end is None:
        raise ValueError("The child was started without a pipe")
    return end


class _Keeper:
    """A shell that ends the process groups which a killed parent leaves, for instance a compiler that make started.

    The kernel can send a signal to a child when its parent dies (``PR_SET_PDEATHSIG``), but not to the child's
    children.
    """

    def __init__(self) -> None:
        self.groups: set[int] = set()
        self.lock = threading.Lock()
        self.shell: subprocess.Popen[bytes] | None = None

    def add(self, group: int) -> None:
        """Watch a process group."""
        with self.lock:
            self.groups.add(group)
            self._tell()

    def remove(self, group: int) -> None:
        """Stop watching a process group."""
        with self.lock:
            self.groups.discard(group)
            self._tell()

    def _tell(self) -> None:
        with suppress(OSError):  # no process could be started: then only the parent itself ends its children
            if self.shell is None or self.shell.poll() is not None:
                if not self.groups:
                    return
                null = subprocess.DEVNULL
                self.shell = subprocess.Popen(["/bin/sh", "-c", _KEEPER], stdin=subprocess.PIPE, stdout=null,
                                              stderr=null, start_new_session=True, cwd="/")
            os.write(pipe(self.shell.stdin).fileno(), (" ".join(map(str, sorted(self.groups))) + "\n").encode())

    def forget(self) -> None:
        """Start again in a forked child, because the parent's shell must see the end of the parent alone."""
        if self.shell is not None:
            pipe(self.shell.stdin).close()  # nothing is left to be written: every line was written at once
            self.shell.returncode = 0  # so that Popen does not wait for it: it is no child of this process
        self.groups, self.lock, self.shell = set(), threading.Lock(), None


_keeper = _Keeper()
os.register_at_fork(after_in_child=lambda: _keeper.forget())


def end_group(child: subprocess.Popen) -> None:
    """End a child that `started` yielded, and all that it started; do nothing if it has ended already."""
    if child.returncode is None:  # until it is waited for, no other process can have its number
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen]:  # Popen's own, of many types
    """Start a child in a process group of its own, and end that group if the block is left early or the parent dies.

    Parameters
    ----------
    command
        Program and arguments.
    options
        Further arguments of ``subprocess.Popen``.
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
    """The error that a child used more processor time than it was given, or used none for too long."""


IDLE_S = 300
"""Wall-clock seconds without any processor time after which a child counts as hanging.

A busy machine makes a child slower, but does not keep it from running for so long.
"""
_TICK = os.sysconf("SC_CLK_TCK")
"""Ticks per second of the times in ``/proc``."""


def processor_time(group: int) -> float | None:
    """Return the seconds of processor time that a process group and its ended children used, or None if unknown."""
    total, found = 0, False
    proc = Path("/proc")
    # A pattern for glob would not do: it raises an error if a process ends while its directory is looked at.
    for name in os.listdir(proc) if proc.is_dir() else []:
        if not name.isdigit():
            continue
        try:
            fields = (proc / name / "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:  # the process has ended meanwhile
            continue
        if int(fields[2]) == group:
            found = True
            total += sum(map(int, fields[11:15]))
    return total / _TICK if found else None


def wait(child: subprocess.Popen, limit_s: float) -> int:
    """Wait for a child that `started` yielded and return its exit status; raise `Overrun` as `call` does."""
    began, used, pause = time.monotonic(), 0.0, 0.01
    since = began
    while True:
        try:
            return child.wait(pause)
        except subprocess.TimeoutExpired:
            pause = min(2 * pause, 1.0)
        now, at = processor_time(child.pid), time.monotonic()
        if now is None:  # a system without /proc, where wall-clock time is used instead
            now = used = at - began
            since = at
        elif now > used:
            used, since = now, at
        if now > limit_s:
            raise Overrun(f"no end after {limit_s:g} s of processor time")
        if at - since > IDLE_S:
            raise Overrun(f"no end, and no processor time used for {IDLE_S} s")


def call(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: IO[Any], limit_s: float) -> int:
    """Run a child and return its exit status; end it and all that it started if it overruns or is interrupted.

    Parameters
    ----------
    command
        Program and arguments.
    cwd, env
        Working directory and environment variables.
    log
        The open file that gets what the child prints.
    limit_s
        Seconds of processor time that the child and its children may use together.  It limits the work and not the
        time on the clock, so it is the same on a busy machine.

    Raises
    ------
    Overrun
        The child used more than that, or nothing at all for `IDLE_S` seconds.
    """
    with started(command, cwd=cwd, env=env, stdout=log, stderr=subprocess.STDOUT,
                 stdin=subprocess.DEVNULL) as child:
        return wait(child, limit_s)


def search_path(directories: Iterable[str], links: Path) -> str:
    """Return the value of a variable such as PYTHONPATH.

    A directory whose name holds a colon is reached through a symbolic link, which is made in the directory `links`.
    """
    found = []
    for directory in filter(None, directories):
        if os.pathsep in directory:
            link = links / f"path{len(found)}"
            link.symlink_to(os.path.abspath(directory))
            directory = str(link)
        found.append(directory)
    return os.pathsep.join(found)


def tail(path: Path, lines: int = 12) -> str:
    """Return the last lines of a text file."""
    return "\n".join(path.read_text(errors="replace").rstrip().splitlines()[-lines:])
