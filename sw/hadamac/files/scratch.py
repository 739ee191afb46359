"""Temporary files and directories that are removed even if the process that made them is killed.

Each has a name that only hadamac uses, and the process that made it holds a lock on it (``flock``), which the system
releases when the process ends in any way.  A process that makes another one in the same directory first removes those
that are no longer locked.  Process numbers are not compared, because other containers use the same numbers and the
system uses numbers again.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ..errors import DataError
from .paths import why

__all__ = ["directory_lock", "held", "plain_name", "scratch_directory", "sweep"]

_OURS = re.compile(r"(\.hadamac|hadamac-[a-z]+)-[0-9]+-[0-9a-f]{8}\.tmp")
_PLAIN = re.compile(r"[\w./+@,=-]+", re.ASCII)
_LOCK_S = 5.0
"""Longest time in seconds to wait for another writer in the same directory, who holds the lock for milliseconds."""


def plain_name(path: str | os.PathLike[str]) -> bool:
    """Return whether ``make`` and compilers accept `path`: letters, digits and ``. _ / + @ , = -`` only."""
    return _PLAIN.fullmatch(os.fspath(path)) is not None


def _locked(descriptor: int) -> bool | None:
    """Take the lock; return False if another process has it, and None on a file system without locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except OSError:
        return False


@contextmanager
def directory_lock(directory: Path, patience_s: float = _LOCK_S) -> Iterator[bool]:
    """Lock a directory during the body of a ``with`` statement.

    Parameters
    ----------
    directory
        The directory.  The lock is on the directory itself, so no lock file is made.
    patience_s
        Longest time in seconds to wait for another process that has the lock.

    Yields
    ------
    bool
        Whether the lock is held.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError:  # The directory may be written to, but not read.
        yield False
        return
    try:
        until = time.monotonic() + patience_s
        while (got := _locked(descriptor)) is False and time.monotonic() < until:
            time.sleep(0.002)
        yield bool(got)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def sweep(directory: Path) -> None:
    """Remove the temporary files and directories in `directory` that ended processes of this user have left."""
    with directory_lock(directory, 0) as alone, suppress(OSError):
        # The lock excludes a writer that is exchanging directories: the directory that it takes out is not locked.
        left = [entry for entry in os.scandir(directory) if _OURS.fullmatch(entry.name)] if alone else []
        for entry in left:
            if entry.is_symlink() or entry.stat(follow_symlinks=False).st_uid != os.geteuid():
                continue
            with suppress(OSError):
                descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    if _locked(descriptor) and _same(descriptor, Path(entry.path)):
                        _remove(Path(entry.path))
                finally:
                    os.close(descriptor)


@contextmanager
def held(directory: Path, prefix: str = ".hadamac", *, file: bool = False, mode: int = 0o777) -> Iterator[Path]:
    """Make a temporary file or directory, lock it, and remove it at the end if it is still there.

    Parameters
    ----------
    directory
        Directory to make it in.  Temporary files of ended processes in this directory are removed first.
    prefix
        First part of the name.
    file
        Whether to make an empty file instead of a directory.
    mode
        Permissions, from which the umask is taken off.

    Yields
    ------
    pathlib.Path
        The temporary file or directory.

    Raises
    ------
    OSError
        The temporary file or directory cannot be made.
    """
    sweep(directory)
    path, descriptor = _make(directory, prefix, file, mode)
    try:
        yield path
    finally:
        _remove(path)
        os.close(descriptor)


def _make(directory: Path, prefix: str, file: bool, mode: int) -> tuple[Path, int]:
    """Make and lock one; repeat this if another process removes it before it is locked."""
    while True:
        path = directory / f"{prefix}-{os.getpid()}-{secrets.token_hex(4)}.tmp"
        try:
            if file:
                descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, mode)
            else:
                path.mkdir(mode)
                descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            if not directory.is_dir():
                raise
            continue
        if _locked(descriptor) is not False and _same(descriptor, path):
            return path, descriptor
        os.close(descriptor)


def _base() -> Path:
    """Return a directory for temporary files whose name ``make`` and compilers accept."""
    try:
        given = tempfile.gettempdir()
    except OSError as error:
        raise DataError(f"No directory for temporary files can be written to: {why(error)}; set TMPDIR") from None
    for base in (given, "/tmp", "/var/tmp"):
        if plain_name(base) and os.access(base, os.W_OK | os.X_OK):
            return Path(base)
    raise DataError(f"Directory for temporary files must have a name of letters, digits and . _ / + @ , = - alone, not "
                    f"{given!r}; set TMPDIR")


@contextmanager
def scratch_directory(kind: str) -> Iterator[Path]:
    """Make a directory ``hadamac-KIND-…`` among the system's temporary files.

    It is removed at the end of the ``with`` statement or, if the process is killed, by the next run.  Its whole path
    is a `plain_name`, so that ``make`` works in it.
    """
    base = _base()
    with ExitStack() as stack:
        try:
            path = stack.enter_context(held(base, f"hadamac-{kind}", mode=0o700))
        except OSError as error:
            raise DataError(f"Cannot make a temporary directory in {base}: {why(error)}; set TMPDIR") from None
        yield path
