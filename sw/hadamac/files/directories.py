"""Atomic writing of directories: nobody ever sees a half-written one, and nothing in an existing one is lost.

A new directory is built under a temporary name beside its final place.  If a directory is already at that place, it
is replaced only if hadamac wrote *every* file in it and none was changed since.  This is known from its marker, a
JSON file that lists all files with their SHA-256; each kind of directory has its own.  Otherwise the write is refused
with one line that names a file that would be lost.  The new and the old directory are exchanged in one step, so a
reader finds one or the other at any time.  After that, the files of the old directory are removed by name.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..errors import DataError
from .paths import check_parent, failed, target
from .reading import open_regular, parse_json, read_whole
from .scratch import directory_lock, held

__all__ = ["Marker", "atomic_directory", "check_directory", "digest", "one_version"]

T = TypeVar("T")

MARKER_BYTES = 64 << 20
"""Largest size of a marker in bytes.  It is this large because nextpnr's report on a board is also a marker."""

_CURRENT_DIRECTORY, _EXCHANGE = -100, 2  # Linux calls these AT_FDCWD and RENAME_EXCHANGE.
# A system or file system without the call answers with one of these; EPERM comes from the call filter of a container.
_NO_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)


def digest(content: bytes) -> str:
    """Return the SHA-256 of some content in the form that markers store: hexadecimal, in lower case."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Marker:
    """JSON file that identifies one kind of directory as written by hadamac.

    Attributes
    ----------
    name
        Name of the file.
    listed
        Function that returns, from the parsed JSON, the SHA-256 of each file that was written beside the marker, or
        None for a file whose digest was not recorded.  It raises KeyError, TypeError, AttributeError or ValueError
        if something other than hadamac wrote the JSON.
    """

    name: str
    listed: Callable[[Any], Mapping[str, str | None]]

    def read(self, directory: int) -> dict[str, str | None] | None:
        """Return the digests of all files, including the marker, that hadamac wrote into an open directory.

        The result is None if the marker's content shows that hadamac did not write the directory.
        """
        try:
            listed = dict(self.listed(parse_json(read_whole(self.name, MARKER_BYTES, directory))))
        except (KeyError, TypeError, AttributeError, ValueError):
            return None
        except OSError as error:
            if error.errno != errno.EFBIG:
                raise
            return None
        return listed | {self.name: None}


@contextmanager
def atomic_directory(path: str | os.PathLike[str], *, marker: Marker | None = None) -> Iterator[Path]:
    """Build a directory under a temporary name and put it in its place when the body succeeds.

    Parameters
    ----------
    path
        The directory to make.  Its parent must exist.  A symbolic link is kept, and the directory that it points to
        is written.
    marker
        Marker of this kind of directory; the body of the ``with`` statement writes its file.  An existing directory
        is replaced if it is empty or if it contains only files that its marker lists and that have not changed.
        Without a marker, an existing directory is replaced only if it is empty.

    Yields
    ------
    pathlib.Path
        The temporary directory in which the body creates the content.

    Raises
    ------
    DataError
        The parent is missing or not writable, the disk is full, or `path` contains something that hadamac must not
        replace.  Any other exception of the body passes through.  The temporary directory is removed in all cases.
    """
    check_directory(path, marker=marker)
    final = target(path)
    with ExitStack() as stack:
        try:
            temporary = stack.enter_context(held(final.parent))
        except OSError as error:
            raise failed(Path(path), error) from error
        try:
            yield temporary
        except OSError as error:
            names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, (str, bytes))]
            if not names or any(name.startswith(str(temporary)) for name in names):
                raise failed(Path(path), error) from error
            raise
        try:
            _put(temporary, final, Path(path), marker)
        except OSError as error:
            raise failed(Path(path), error) from error


def check_directory(path: str | os.PathLike[str], *, marker: Marker | None = None) -> None:
    """Raise the DataError that `atomic_directory` would raise later, so that a long job fails before it begins."""
    final = target(path)
    check_parent(final)
    try:
        if os.path.lexists(final):
            _written(final, Path(path), marker)
    except OSError as error:
        raise failed(Path(path), error) from error


def _written(final: Path, path: Path, marker: Marker | None) -> Iterable[str]:
    """Return the names of all files in a directory; raise DataError if hadamac did not write each of them as it is."""
    if not final.is_dir():
        raise DataError(f"Cannot write {path}: it exists and is not a directory")
    try:
        return one_version(final, lambda here: _written_in(here, path, marker), (FileNotFoundError, DataError))
    except FileNotFoundError:  # Another process has removed it in the meantime.
        return ()


def _written_in(here: int, path: Path, marker: Marker | None) -> list[str]:
    names = sorted(os.listdir(here))
    if not names:
        return names
    if marker is None:
        raise DataError(f"Cannot write {path}: the directory is not empty, so it is not replaced; name another")
    if marker.name not in names:
        raise DataError(f"Cannot write {path}: the directory is not empty and holds no {marker.name}, so it is not "
                        "replaced; name another")
    listed = marker.read(here) if _is_file(here, marker.name) else None
    if listed is None:
        raise DataError(f"Cannot write {path}: its {marker.name} is not one that hadamac wrote, so it is not replaced; "
                        "name another")
    for name in names:
        if name not in listed or not _is_file(here, name):
            raise DataError(f"Cannot write {path}: it holds {name!r}, which hadamac did not write, so it is not "
                            "replaced; move that away or name another")
        if listed[name] is not None and _file_digest(here, name) != listed[name]:
            raise DataError(f"Cannot write {path}: {name!r} in it was changed since hadamac wrote it, so it is not "
                            "replaced; move that away or name another")
    return names


def one_version(directory: Path, read: Callable[[int], T],
                errors: tuple[type[Exception], ...] = (FileNotFoundError,)) -> T:
    """Read from one version of a directory, even if another process replaces it at the same time.

    Parameters
    ----------
    directory
        A directory that `atomic_directory` writes.
    read
        Function that reads from the open directory.  If it raises one of `errors` and the directory has been
        replaced, which removes the files of the old version, it is called again with the new version.
    errors
        Types of errors that can be the result of a replacement.
    """
    while True:
        here = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return read(here)
        except errors:
            # As long as the directory is open, no other directory can get the same inode number.
            if os.path.samestat(os.fstat(here), os.stat(directory)):
                raise
        finally:
            os.close(here)


def _is_file(directory: int, name: str) -> bool:
    return stat.S_ISREG(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)


def _file_digest(directory: int, name: str) -> str:
    with open_regular(name, directory) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _put(new: Path, final: Path, path: Path, marker: Marker | None) -> None:
    """Move the new directory to its final place; remove the old one only after that."""
    with directory_lock(final.parent):
        for attempt in range(3):
            try:
                os.rename(new, final)  # This succeeds if nothing or an empty directory is there.
                return
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            try:
                written = _written(final, path, marker)  # It may have changed while the body ran.
                old = _change_places(new, final)
            except FileNotFoundError:  # A process that does not take the lock has removed it again.
                if attempt == 2:
                    raise
                continue
            _discard(old, final, written)
            return


def _change_places(new: Path, final: Path) -> Path:
    """Exchange two directories, in one step if the system can; return the path of the old one after that."""
    if _exchanged(new, final):
        return new
    old = new.with_name(f"{new.name.removesuffix('.tmp')[:-8]}{secrets.token_hex(4)}.tmp")
    os.rename(final, old)
    try:
        os.rename(new, final)
    except BaseException:
        os.rename(old, final)
        raise
    return old


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two names with ``renameat2``; return False if the system or the file system has no such call."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(_CURRENT_DIRECTORY, os.fsencode(one), _CURRENT_DIRECTORY, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(one))


def _discard(old: Path, final: Path, written: Iterable[str]) -> None:
    """Remove the files that hadamac wrote; move files that were added at the last moment to the new directory."""
    for name in written:
        with suppress(OSError):
            (old / name).unlink()
    for name in os.listdir(old):
        # A file that could not be removed, or one whose name the new directory has too, is kept where it can be seen.
        if os.path.lexists(final / name):
            kept = final.with_name(f"{final.name}.kept-{secrets.token_hex(4)}")
            os.rename(old, kept)
            raise DataError(f"{final} was written, and what else was put there meanwhile is in {kept}")
        os.rename(old / name, final / name)
    old.rmdir()
