"""Arrays of numbers in files that a user names: .npy and .npz."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

import numpy as np

from ..checks import shown
from ..errors import DataError
from ..files.paths import why
from ..files.reading import open_regular, read_npy, read_npz

__all__ = ["NPY", "kind_of", "load_array", "load_npz", "readable", "starts_with"]

NPY = b"\x93NUMPY"
"""First bytes of a .npy file."""
_FOREIGN = {b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"GIF8": "a GIF picture",
            b"BM": "a BMP picture", b"II*\0": "a TIFF picture", b"MM\0*": "a TIFF picture", b"PK\x03\x04": "an archive",
            b"%PDF": "a PDF document"}
_SAMPLES, _LABELS = ("images", "samples", "x"), ("labels", "y", "label")


@contextmanager
def readable(what: str, path: str | PathLike[str], rule: str) -> Iterator[None]:
    """Raise DataError for every error of reading in the body of a ``with`` statement.

    Parameters
    ----------
    what
        Noun that begins messages, for example "Image file".
    path
        The file.
    rule
        Words between the file's name and the reason, for example "cannot be read".
    """
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{what} {path} does not exist") from None
    except DataError:
        raise
    except (OSError, ValueError) as e:
        raise DataError(f"{what} {path} {rule}: {why(e)}") from None


def starts_with(path: str | PathLike[str], count: int = 16) -> bytes:
    """Return the first bytes of a regular file, fewer if it is shorter; raise OSError or ValueError otherwise."""
    with open_regular(path) as file:
        return file.read(count)


def kind_of(start: bytes) -> str:
    """Return in words what a file is that begins with other bytes than it should."""
    known = (name for magic, name in _FOREIGN.items() if start.startswith(magic))
    return next(known, "a file of another form" if start else "an empty file")


def load_array(path: Path, what: str, kind: str = "numbers") -> np.ndarray:
    """Return the array of a .npy file that a user named; error messages call it the ``what`` file, of ``kind``."""
    with readable(f"{what} file", path, f"must be a .npy array of {kind}"):
        start = starts_with(path)
        if not start.startswith(NPY):
            raise DataError(f"{what} file {path} must be a .npy array of {kind}, not {kind_of(start)}")
        return read_npy(path)


def load_npz(path: Path, what: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the samples of a .npz file that a user named, and their labels if there are any.

    The samples are the array called ``images``, ``samples`` or ``x``, or the only one besides the labels.  The labels
    are the array called ``labels``, ``y`` or ``label``.  Upper case is the same.

    Raises
    ------
    DataError
        If the file is damaged, or if samples or labels are missing or could be several arrays.
    """
    found: list[str] = []

    def chosen(names: tuple[str, ...]) -> list[str]:
        labels = [name for name in names if name.lower() in _LABELS]
        named = [name for name in names if name.lower() in _SAMPLES] or [
            name for name in names if name.lower() not in _LABELS]
        if len(named) != 1 or len(labels) > 1:
            raise DataError(f"{what} file {path} must hold one array called images, samples or x, and at most one "
                            f"called labels, y or label, not {shown(list(names)) if names else 'none'}")
        found.extend(named + labels)
        return found

    with readable(f"{what} file", path, "cannot be read"):
        arrays = read_npz(path, chosen)
    return arrays[found[0]], arrays[found[1]] if len(found) > 1 else None
