"""Calls of the command line in this process with hostile input, and the promises that each call must keep."""

from __future__ import annotations

import contextlib
import hashlib
import io
import resource
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from hadamac_cli import main as cli
from support import hostile

__all__ = ["LIMIT_S", "MEMORY", "command", "fuzz"]

LIMIT_S = 120
"""Seconds that a call may take."""
MEMORY = 1 << 30
"""Bytes of memory that the process may use in addition to those before the first call."""


def command(arguments: list[str]) -> tuple[object, str, str]:
    """Return exit code, standard output and standard error of ``hadamac``; other exceptions pass through."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True) for _ in range(2))
    saved = sys.argv
    sys.argv = ["hadamac", *arguments]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                cli.main()
                code = 0
            except SystemExit as stop:
                code = stop.code or 0
    finally:
        sys.argv = saved
    return code, *(stream.buffer.getvalue().decode("ascii") for stream in (out, err))


def _late(*_):
    raise TimeoutError(f"a call took more than {LIMIT_S} s")


def _state(folder: Path) -> dict:
    return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file() and not p.is_symlink()}


def fuzz(r, calls: int) -> dict[object, int]:
    """Call the command line with hostile inputs and return how often each exit code occurred.

    The first call that breaks a promise raises an AssertionError that names its arguments.
    """
    codes: dict[object, int] = {}
    before = signal.signal(signal.SIGALRM, _late)
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    try:
        for k in range(calls):
            with TemporaryDirectory() as folder:
                arguments = hostile.call(r, Path(folder))
                files = _state(Path(folder))
                where = f"call {k}: hadamac {arguments}"
                signal.alarm(LIMIT_S)
                try:
                    code, _, err = command(arguments)
                except BaseException as e:
                    if isinstance(e, KeyboardInterrupt):
                        raise
                    raise AssertionError(f"{where}: {type(e).__name__}: {e}") from e
                finally:
                    signal.alarm(0)
                assert code in (0, 2), f"{where}: exit code {code}\n{err}"
                if code == 2:
                    lines = err.splitlines()
                    assert len(lines) == 1 and lines[0].startswith("hadamac: error: "), f"{where}: {err}"
                    assert all(c.isprintable() for c in lines[0]) and len(lines[0]) < 1500, f"{where}: {err!r}"
                after = _state(Path(folder))
                assert all(after.get(p) == digest for p, digest in files.items()), f"{where}: a file was changed"
                codes[code] = codes.get(code, 0) + 1
    finally:
        signal.signal(signal.SIGALRM, before)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - start
    assert used < MEMORY, f"{used} bytes of memory"
    return codes
