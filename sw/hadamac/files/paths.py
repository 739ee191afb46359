"""Rules for the name of a file to write, and the one-line messages if it cannot be written."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from ..errors import DataError

__all__ = ["check_parent", "failed", "named", "target", "why"]


def why(error: Exception) -> str:
    """Return the reason why the system refused an operation, without the name of the file."""
    return getattr(error, "strerror", None) or str(error)


def failed(path: str | os.PathLike[str], error: Exception) -> DataError:
    """Return the error to raise if `path` could not be written."""
    return DataError(f"Cannot write {path}: {why(error)}")


def named(path: str | os.PathLike[str]) -> Path:
    """Return a path that can be printed and passed to the system; raise DataError for another.

    A path must contain no NUL and no bytes that are not UTF-8, which Python represents as surrogates.
    """
    if re.search("[\0\ud800-\udfff]", os.fsdecode(path)):
        raise DataError(f"File name must hold no NUL and be valid UTF-8, not {os.fsdecode(path)!r}")
    return Path(path)


def target(path: str | os.PathLike[str]) -> Path:
    """Return the path that writing to `path` has to replace.

    For a symbolic link this is the path at the end of the chain of links, which need not exist; otherwise it is
    `path` itself.
    """
    path = named(path)
    try:
        if not path.is_symlink():
            return path
        if path.exists():
            return path.resolve()
        links = 0
        while path.is_symlink():
            links += 1
            if links > 40:
                raise OSError(0, "it is a circle of symbolic links")
            path = path.parent / path.readlink()
        return path
    except (OSError, RuntimeError) as error:
        raise failed(path, error) from error


def check_parent(path: Path) -> None:
    """Raise DataError if the parent of a file or directory is missing or may not be written to."""
    parent = path.parent
    if not path.name:
        raise DataError(f"Cannot write {path}: it has no file name")
    try:
        mode = os.stat(parent).st_mode
        os.lstat(path)  # This raises, for example, if the name is too long.
    except FileNotFoundError:
        if not os.path.lexists(parent):
            raise DataError(f"Cannot write {path}: the directory {parent} does not exist") from None
    except NotADirectoryError:
        raise DataError(f"Cannot write {path}: {parent} is not a directory") from None
    except OSError as error:
        raise failed(path, error) from error
    else:
        if not stat.S_ISDIR(mode):
            raise DataError(f"Cannot write {path}: {parent} is not a directory")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise DataError(f"Cannot write {path}: the directory {parent} may not be written to")
