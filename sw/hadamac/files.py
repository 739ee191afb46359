"""Writing files and directories so that nobody ever sees half of one.

Everything hadamac leaves on disk (Verilog, artifacts, bitstreams, reports) is first written under a
temporary name *in the same directory*, then renamed: a rename inside one file system is atomic, so a reader
finds the old content or the new, and an error or an interrupt leaves the old one untouched.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import reading
from .errors import DataError
from .reading import parse_json

__all__ = ["atomic_directory", "atomic_write", "check_directory", "check_file", "make_directory", "parse_json",
           "read_text"]


def _temporary(path: Path) -> Path:
    """A hidden name beside `path` that no other process uses."""
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")


def _check_parent(path: Path) -> None:
    parent = path.parent
    if not parent.exists():
        raise DataError(f"Cannot write {path}: the directory {parent} does not exist")
    if not parent.is_dir():
        raise DataError(f"Cannot write {path}: {parent} is not a directory")
    if not path.name:
        raise DataError(f"Cannot write {path}: it has no file name")


def _failed(path: Path, error: OSError) -> DataError:
    return DataError(f"Cannot write {path}: {error.strerror or error}")


def atomic_write(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Write one file whole, or not at all.

    Parameters
    ----------
    path
        The file.  Its directory must exist; a file already there is replaced.
    content
        Text is encoded as UTF-8 with its newlines as they are.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    DataError
        The directory is missing or not writable, or the disk is full.
    """
    path = check_file(path)
    temporary = _temporary(path)
    try:
        temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        os.replace(temporary, path)
    except OSError as error:
        raise _failed(path, error) from error
    finally:
        with suppress(OSError):  # such as a name that is too long
            temporary.unlink(missing_ok=True)
    return path


def check_file(path: str | os.PathLike[str]) -> Path:
    """Refuse, before any work, a file that could not be written: a directory is there, or none to hold it."""
    path = Path(path)
    try:
        if path.is_dir():
            raise DataError(f"Cannot write {path}: it is a directory")
        _check_parent(path)
    except OSError as error:
        raise _failed(path, error) from error
    return path


@contextmanager
def atomic_directory(path: str | os.PathLike[str], *, marker: str | None = None) -> Iterator[Path]:
    """Build a directory under a temporary name and rename it into place when the body succeeds.

    Parameters
    ----------
    path
        The directory to make.  Its parent must exist.
    marker
        Name of a file that every directory of this kind holds.  A non-empty directory already at `path` is
        replaced only if it holds `marker`, so that a mistyped ``--out`` can't delete somebody's work.

    Yields
    ------
    pathlib.Path
        The temporary directory, in which the caller creates the content.

    Raises
    ------
    DataError
        The parent is missing or not writable, or `path` holds something that is not ours to replace.
        An exception raised in the body passes through; the temporary directory is removed.
    """
    path = Path(path)
    check_directory(path, marker=marker)
    temporary = _temporary(path)
    try:
        temporary.mkdir()
    except OSError as error:
        raise _failed(path, error) from error
    try:
        yield temporary
        try:
            _swap(temporary, path, marker)
        except OSError as error:
            raise _failed(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_directory(path: str | os.PathLike[str], *, marker: str | None = None) -> None:
    """Refuse now what `atomic_directory` would refuse later: ask before a long job."""
    _check_parent(Path(path))
    _check_replaceable(Path(path), marker)


def make_directory(path: str | os.PathLike[str]) -> Path:
    """A directory and those above it, made where they are missing; refused in one line where they cannot be."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"Cannot make the directory {path}: {error.strerror or error}") from error
    return Path(path)


def _check_replaceable(path: Path, marker: str | None) -> None:
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_dir() or path.is_symlink():
        raise DataError(f"Cannot write {path}: it exists and is not a directory")
    if any(path.iterdir()) and (marker is None or not (path / marker).is_file()):
        holds = "is not empty" if marker is None else f"is not empty and holds no {marker}"
        raise DataError(f"Cannot write {path}: the directory {holds}, so it is not replaced; name another")


def _swap(temporary: Path, path: Path, marker: str | None) -> None:
    """Move the new directory in; the old one goes only after the new one stands."""
    if not path.exists():
        os.rename(temporary, path)
        return
    _check_replaceable(path, marker)  # what stands there may have changed while the body ran
    old = _temporary(path)
    os.rename(path, old)
    try:
        os.rename(temporary, path)
    except OSError:
        os.rename(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def read_text(path: str | os.PathLike[str]) -> str:
    """A text file that a person named."""
    try:
        return reading.read_text(path)
    except FileNotFoundError:
        raise DataError(f"File {path} does not exist") from None
    except (OSError, ValueError) as e:  # ValueError: no text, or a NUL in the name
        raise DataError(f"File {path} cannot be read: {getattr(e, 'strerror', None) or e}") from None
