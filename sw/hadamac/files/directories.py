"""Writing directories so that nobody ever sees half of one, and nothing in one is lost.

A directory is built under a temporary name beside its place.  One that stands there already is replaced only if
hadamac wrote *every* file in it and none was changed since: its marker, a JSON file that each kind of directory has,
lists the files with their SHA-256.  Else the one line of the refusal names a file that would be lost.  New and old
directory change places in one step, so a reader finds the one or the other at any time; afterwards the old one's
files are removed, by name.
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
"""Most bytes of a marker: nextpnr's report of a board is one."""

_CURRENT_DIRECTORY, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux
_NO_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)  # EPERM: a container's filter of calls


def digest(content: bytes) -> str:
    """SHA-256, as markers hold it."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Marker:
    """The JSON file by which a kind of directory is known as hadamac's.

    Attributes
    ----------
    name
        Of the file.
    listed
        Gives, from the JSON, the SHA-256 of each file that was written beside the marker, or None for one whose
        digest was not recorded.  Raises KeyError, TypeError, AttributeError or ValueError for the JSON of others.
    """

    name: str
    listed: Callable[[Any], Mapping[str, str | None]]

    def read(self, directory: int) -> dict[str, str | None] | None:
        """Digests of all files that hadamac wrote into an open directory, the marker too; None if it wrote none."""
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
        The directory to make.  Its parent must exist.  A symbolic link stays: where it leads is written.
    marker
        Marker of the kind of directory; the body writes its file.  What stands at `path` already is replaced if it
        is empty, or holds nothing but unchanged files that its marker lists; without a marker only if it is empty.

    Yields
    ------
    pathlib.Path
        The temporary directory, in which the caller creates the content.

    Raises
    ------
    DataError
        The parent is missing or not writable, the disk is full, or `path` holds something that is not ours to
        replace.  Any other exception in the body passes through; the temporary directory is removed.
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
    """Refuse now what `atomic_directory` would refuse later: ask before a long job."""
    final = target(path)
    check_parent(final)
    try:
        if os.path.lexists(final):
            _written(final, Path(path), marker)
    except OSError as error:
        raise failed(Path(path), error) from error


def _written(final: Path, path: Path, marker: Marker | None) -> Iterable[str]:
    """Names of all files in a directory; refused if there is anything in it that hadamac did not write just so."""
    if not final.is_dir():
        raise DataError(f"Cannot write {path}: it exists and is not a directory")
    try:
        return one_version(final, lambda here: _written_in(here, path, marker), (FileNotFoundError, DataError))
    except FileNotFoundError:  # gone meanwhile
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


def one_version(directory: Path, read: Callable[[int], T], errors: tuple = (FileNotFoundError,)) -> T:
    """Read from one version of a directory, though it be replaced meanwhile.

    Parameters
    ----------
    directory
        A directory that `atomic_directory` writes.
    read
        Is given the open directory; again, if it raises one of `errors` and another version stands there now: one
        that was replaced loses its files.
    errors
        Types of errors.
    """
    while True:
        here = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return read(here)
        except errors:
            # While it is open, no other directory has its number.
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
    """Move the new directory in; the old one goes only after the new one stands."""
    with directory_lock(final.parent):
        for attempt in range(3):
            try:
                os.rename(new, final)  # nothing is there, or an empty directory
                return
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            try:
                written = _written(final, path, marker)  # what stands there may have changed while the body ran
                old = _change_places(new, final)
            except FileNotFoundError:  # gone again: somebody writes here without asking for the lock
                if attempt == 2:
                    raise
                continue
            _discard(old, final, written)
            return


def _change_places(new: Path, final: Path) -> Path:
    """Exchange two directories in one step, where the system can; returns where the old one is then."""
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
    """Exchange two names with ``renameat2``; False where system or file system has no such call."""
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
    """Remove the files that hadamac wrote; what came in at the last instant moves to the new directory."""
    for name in written:
        with suppress(OSError):
            (old / name).unlink()
    for name in os.listdir(old):
        if os.path.lexists(final / name):  # of a file that could not be removed, or of the same name: stays visible
            kept = final.with_name(f"{final.name}.kept-{secrets.token_hex(4)}")
            os.rename(old, kept)
            raise DataError(f"{final} was written, and what else was put there meanwhile is in {kept}")
        os.rename(old / name, final / name)
    old.rmdir()
