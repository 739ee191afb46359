"""Child processes that end with their parent's patience, and the ends of their logs."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["call", "tail"]


def call(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log, timeout_s: float) -> int:
    """Run a child in a process group of its own; on time-out or interrupt end that group, and no other process."""
    streams = {"stdout": log, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=cwd, env=env, start_new_session=True, **streams) as child:
        try:
            return child.wait(timeout_s)
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise


def tail(path: Path, lines: int = 12) -> str:
    """The last lines of a text file."""
    return "\n".join(path.read_text(errors="replace").rstrip().splitlines()[-lines:])
