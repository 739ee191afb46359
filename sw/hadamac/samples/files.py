"""Samples of a user from files: arrays, IDX files, pictures and folders of pictures."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from ..data import read_idx
from ..errors import DataError
from .arrays import NPY, kind_of, load_array, load_npz, readable, starts_with
from .pictures import Pictures, picture_format, read_folder, read_picture

__all__ = ["Samples", "read_samples"]

_IDX, _GZIP, _ZIP = b"\0\0", b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
_FORMS = ".npy, .npz, IDX, IDX with gzip, a PNG, JPEG or BMP picture, or a folder of pictures"


@dataclass(frozen=True)
class Samples:
    """Samples as a file has them; :func:`hadamac.samples.as_frames` makes frames of them.

    Attributes
    ----------
    array : ndarray
        The samples, in the type and shape of the file.  Pictures are uint8: grey ones of the shape (n, rows, columns),
        and RGB ones with channels first, (n, 3, rows, columns).  One picture has n = 1.
    labels : array (n, ...) or None
        Labels, or values or maps to be answered, in the type of the file; None if it has none.
    names : tuple of str or None
        Names of the files of pictures, in the order of the samples; None for other files.
    source : str
        Name of the file or folder, without its directories.  If pictures have an EXIF orientation, the text also says
        that it is not applied.
    """

    array: np.ndarray
    labels: np.ndarray | None
    names: tuple[str, ...] | None
    source: str


def read_samples(path: str | PathLike[str]) -> Samples:
    """Read samples from a file or a folder; the first bytes of a file tell its form, not its name.

    ======================= =========================================================================================
    .npy                    the array
    .npz                    the array called images, samples or x, or the only one besides the labels, which are
                            called labels, y or label
    IDX, plain or gzip      the array
    PNG, JPEG, BMP          one picture, as :func:`hadamac.samples.pictures.read_picture` takes it
    a folder                all pictures in it, as :func:`hadamac.samples.pictures.read_folder` orders them
    ======================= =========================================================================================

    Parameters
    ----------
    path : str or path

    Raises
    ------
    DataError
        If the file cannot be read, is damaged, is of another form or too large, or if its labels are not as many as its
        samples.
    """
    path = Path(path)
    with readable("Sample file", path, "cannot be read"):
        if stat.S_ISDIR(os.stat(path).st_mode):
            return _of_pictures(path, read_folder(path))
        start = starts_with(path)
    if start.startswith(NPY):
        return Samples(load_array(path, "Sample"), None, None, _name(path))
    if start.startswith((_IDX, _GZIP)):
        return Samples(read_idx(path), None, None, _name(path))
    if start.startswith(_ZIP):
        array, labels = load_npz(path, "Sample")
        return Samples(array, _checked(path, array, labels), None, _name(path))
    if picture_format(start):
        return _of_pictures(path, read_picture(path))
    raise DataError(f"Sample file {path} must be {_FORMS}, not {kind_of(start)}")


def _of_pictures(path: Path, pictures: Pictures) -> Samples:
    return Samples(pictures.pixels, None, pictures.names, _name(path) + _orientation(pictures))


def _orientation(pictures: Pictures) -> str:
    """Return in words that the orientation of pictures is not applied, or nothing if they have none."""
    if not pictures.turned:
        return ""
    of = f" of {pictures.turned} of {len(pictures.names)}" if len(pictures.names) > 1 else ""
    return f" (EXIF orientation{of} not applied)"


def _name(path: Path) -> str:
    return os.path.basename(os.path.abspath(path)) or str(path)


def _checked(path: Path, array: np.ndarray, labels: np.ndarray | None) -> np.ndarray | None:
    """Return labels after checking that they are numbers for each sample; the network checks which."""
    if labels is not None and (labels.dtype.kind not in "iuf" or labels.shape[:1] != array.shape[:1]):
        count = len(array) if array.ndim else 1
        raise DataError(f"Labels of {path} must be numbers for {count} samples, not {labels.dtype} of the shape "
                        f"{labels.shape}")
    return labels
