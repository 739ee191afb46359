"""Atomic writing of files: nobody ever sees a half-written one.

Every file that hadamac leaves on disk (Verilog, artifacts, bitstreams, reports) is first written under a temporary
name *in the same directory* and then renamed.  A rename inside one file system is atomic, so a reader finds either the
old or the new content, and an error or an interrupt leaves the old content as it was.  `hadamac.files.directories`
does the same for whole directories.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from ..errors import DataError
from ..files import reading
from .directories import Marker, atomic_directory, check_directory, one_version
from .paths import check_parent, failed, named, target, why
from .reading import TEXT_BYTES, parse_json, read_whole
from .scratch import held

__all__ = ["Marker", "atomic_directory", "atomic_files", "atomic_write", "check_directory", "check_file",
           "make_directory", "parse_json", "read_text", "read_together"]

_READER_S = 10.0
"""Longest time in seconds to wait until another process reads from a named pipe."""


def atomic_write(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Write one file completely or not at all.

    Parameters
    ----------
    path
        The file.  Its directory must exist.  An existing file is replaced by one with the same permissions.  A
        symbolic link is kept, and the file that it points to is replaced.  A character device or a named pipe is
        not replaced but written to.
    content
        Content of the file.  Text is encoded as UTF-8; its newlines are not changed.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    DataError
        The directory is missing or not writable, or the disk is full.
    """
    atomic_files({Path(path): content})
    return Path(path)


def atomic_files(contents: Mapping[Path, bytes | str]) -> None:
    """Write several files like `atomic_write`; write none of them if one of them cannot be written."""
    for path in contents:
        check_file(path)
    with ExitStack() as stack:
        renames: list[tuple[Path, Path, Path]] = []
        for path, content in contents.items():
            content = content.encode("utf-8") if isinstance(content, str) else content
            try:
                if _is_stream(path):
                    _send(path, content)
                    continue
                final = target(path)
                temporary = stack.enter_context(held(final.parent, file=True, mode=0o666))
                if final.exists():
                    temporary.chmod(stat.S_IMODE(final.stat().st_mode))
                temporary.write_bytes(content)
                renames.append((path, temporary, final))
            except OSError as error:
                raise failed(path, error) from error
        for path, temporary, final in renames:
            try:
                os.replace(temporary, final)
            except OSError as error:
                raise failed(path, error) from error


def check_file(path: str | os.PathLike[str]) -> Path:
    """Raise, before any work, the DataError that `atomic_write` would raise; return the path otherwise."""
    path = named(path)
    try:
        if path.is_dir():
            raise DataError(f"Cannot write {path}: it is a directory")
        kind = stat.S_IFMT(path.stat().st_mode) if path.exists() else stat.S_IFREG
    except (OSError, RuntimeError) as error:
        raise failed(path, error) from error
    if kind in (stat.S_IFBLK, stat.S_IFSOCK):
        raise DataError(f"Cannot write {path}: it is a {'disk' if kind == stat.S_IFBLK else 'socket'}")
    if not _is_stream(path):
        check_parent(target(path))
    return path


def _is_stream(path: Path) -> bool:
    """Return whether `path` must be written to and not replaced.

    This is true for a character device, a pipe, and this process's own output.
    """
    if not path.exists():
        return False
    return not stat.S_ISREG(path.stat().st_mode) or _own_output(path) is not None


def _own_output(path: Path) -> int | None:
    """Return 1 or 2 if `path` is a link to this process's standard output or error, like ``/dev/stdout``."""
    if not path.is_symlink():
        return None
    for descriptor in (1, 2):
        try:
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except OSError:
            continue
    return None


def _send(path: Path, content: bytes) -> None:
    """Write to a device or a pipe; raise OSError if nobody reads from it within `_READER_S` seconds."""
    own = _own_output(path)
    if own is not None:
        sys.stdout.flush()
        descriptor = os.dup(own)
    else:
        descriptor = _open_stream(path)
    with open(descriptor, "wb") as stream:
        stream.write(content)


def _open_stream(path: Path) -> int:
    until = time.monotonic() + _READER_S
    while True:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
            break
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() > until:
                raise OSError(error.errno, "nobody reads from this pipe") from None
        time.sleep(0.02)
    os.set_blocking(descriptor, True)
    return descriptor


def make_directory(path: str | os.PathLike[str]) -> Path:
    """Make a directory and its parents where they are missing; raise DataError if that is not possible."""
    path = named(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"Cannot make the directory {path}: {why(error)}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise DataError(f"Cannot write in the directory {path}: it may not be written to")
    return path


def read_together(directory: Path, first: str, others: Callable[[bytes], Iterable[str]],
                  most: Mapping[str, int] | None = None) -> dict[str, bytes]:
    """Read several files of one version of a directory, even if another process replaces it at the same time.

    Parameters
    ----------
    directory
        A directory that `atomic_directory` writes.
    first
        Name of the file to read first.
    others
        Function that returns the names of the other files from the content of the first.
    most
        Largest size in bytes of each file, by name.  A file that is not named may have
        `hadamac.files.reading.TEXT_BYTES` bytes.

    Returns
    -------
    dict of bytes
        Content of each file, by name.

    Raises
    ------
    OSError
        The directory or a file is missing or cannot be read, or a file is too large or not a regular file.
    """
    sizes = most or {}

    def read(here: int) -> dict[str, bytes]:
        contents = {first: read_in(here, first)}
        return contents | {name: read_in(here, name) for name in others(contents[first])}

    def read_in(here: int, name: str) -> bytes:
        return read_whole(name, sizes.get(name, TEXT_BYTES), here)

    return one_version(directory, read)


def read_text(path: str | os.PathLike[str]) -> str:
    """Read a text file that a user named; raise DataError if it is missing or cannot be read."""
    try:
        return reading.read_text(path)
    except FileNotFoundError:
        raise DataError(f"File {path} does not exist") from None
    except (OSError, ValueError) as e:  # ValueError: the content is not text, or the name has a NUL.
        raise DataError(f"File {path} cannot be read: {why(e)}") from None
