"""Images and labels from IDX files, the form in which MNIST is published, and the digits that the package contains.

Images are ``uint8``.  Everywhere else in hadamac, the pixel value 256, one more than the largest, stands for 1.0.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from importlib import resources
from math import prod
from os import PathLike
from pathlib import Path

import numpy as np

from .errors import DataError
from .files.paths import why
from .files.reading import ARRAY_BYTES, open_regular, unpacked

__all__ = ["read_idx", "load_mnist", "data_files", "shipped_digits"]

_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_SPLITS = {"train": "train", "test": "t10k"}


def read_idx(path: str | PathLike) -> np.ndarray:
    """Read one IDX file, plain or compressed with gzip, which its first two bytes tell and not its name.

    An IDX file consists of ``00 00 TYPE NDIM``, then NDIM big-endian 32-bit sizes, then the big-endian values in C
    order.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    ndarray
        Array with the shape and the type that the header states, in native byte order.

    Raises
    ------
    DataError
        If the file cannot be read, is not a regular file, is a damaged gzip stream, is not an IDX file, contains more
        or fewer bytes than its header states, or contains more than `hadamac.files.reading.ARRAY_BYTES`.
    """
    try:
        with open_regular(path) as file:
            stream, size = unpacked(file)
            return _values(path, stream, size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as e:
        raise DataError(f"IDX file {path} must be a whole gzip stream, not a damaged one ({e})") from None
    except DataError:
        raise
    except (OSError, ValueError) as e:
        raise DataError(f"IDX file must be a readable file, plain or gzip, not {path} ({why(e)})") from None


def _values(path: str | PathLike, stream: io.BufferedIOBase, size: int | None) -> np.ndarray:
    """Read the array of an IDX stream, and no further than its header states.

    Parameters
    ----------
    path
        Name of the file, for messages.
    stream
        The stream, at its beginning.
    size
        Number of bytes in the stream; None if it is not known.
    """
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _IDX_TYPES or start[3] == 0:
        types = ", ".join(f"{t:02x}" for t in _IDX_TYPES)
        raise DataError(
            f"IDX file {path} must start with 00 00 TYPE NDIM (TYPE one of {types}; NDIM at least 01), "
            f"not {start.hex(' ') or 'nothing'}"
        )
    header, sizes = 4 + 4 * start[3], stream.read(4 * start[3])
    if 4 + len(sizes) < header:
        raise DataError(f"IDX file {path} must hold {header} header bytes, not {4 + len(sizes)} bytes")
    shape, dtype = tuple(int(s) for s in np.frombuffer(sizes, ">u4")), np.dtype(_IDX_TYPES[start[2]])
    if len(shape) > 64 or (0 in shape and prod(n for n in shape if n) > ARRAY_BYTES):
        raise DataError(f"IDX file {path} must have up to 64 dimensions that an array can have, not {len(shape)}")
    # These are Python integers, because a header may state sizes whose product overflows 64 bits.
    expected = header + prod(shape) * dtype.itemsize
    stated = (f"IDX file {path} must hold {expected} bytes ({header} of header and "
              f"{'x'.join(map(str, shape))} values of {dtype.newbyteorder('=').name})")
    if size is not None and size != expected:
        raise DataError(f"{stated}, not {size}")
    if expected - header > ARRAY_BYTES:
        raise DataError(f"IDX file {path} must hold at most {ARRAY_BYTES} bytes of values, not {expected - header}")
    values = stream.read(expected - header)
    if header + len(values) < expected:
        raise DataError(f"{stated}, not {header + len(values)}")
    if stream.read(1):
        raise DataError(f"{stated}, not more")
    return np.frombuffer(values, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _find(directory: Path, stem: str, kind: str) -> Path:
    names = [f"{stem}{mark}{kind}-ubyte{gz}" for mark in "-." for gz in ("", ".gz")]
    for name in names:
        try:
            if (directory / name).is_file():
                return directory / name
        except OSError as e:
            raise DataError(f"Data file {directory / name} cannot be read: {e.strerror}") from None
    raise DataError(f"Data directory must hold one of {', '.join(names)}; {directory} holds none of them")


def load_mnist(directory: str | PathLike, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Load one split of MNIST, or of a data set published in the same form, from IDX files.

    The files must have their usual names, with or without ``.gz``: ``train-images-idx3-ubyte`` and
    ``train-labels-idx1-ubyte``, or ``t10k-...`` for the test split.  A dot may replace the hyphen before ``idx``,
    because some programs unpack them under such names.

    Parameters
    ----------
    directory : str or path
    split : {"train", "test"}

    Returns
    -------
    images : uint8 array (n, rows, columns)
        Images, which have 28 x 28 pixels in MNIST.
    labels : uint8 array (n,)

    Raises
    ------
    DataError
        If the directory or a file is missing or damaged, a file contains another shape or type, or the two files
        differ in length.
    """
    if split not in _SPLITS:
        raise DataError(f"Data split must be one of {', '.join(_SPLITS)}, not {split!r}")
    directory = Path(directory)
    try:
        exists = directory.is_dir()
    except OSError as e:
        raise DataError(f"Data directory {directory} cannot be read: {e.strerror}") from None
    if not exists:
        raise DataError(f"Data directory must be an existing directory, not {directory}")
    paths, arrays = [], []
    for what, ndim in (("images", 3), ("labels", 1)):
        path = _find(directory, f"{_SPLITS[split]}-{what}", f"idx{ndim}")
        array = read_idx(path)
        if array.dtype != np.uint8 or array.ndim != ndim:
            raise DataError(
                f"{path} must hold {ndim}-dimensional uint8 values, not {array.ndim}-dimensional {array.dtype}"
            )
        paths.append(path)
        arrays.append(array)
    images, labels = arrays
    if len(images) != len(labels):
        raise DataError(f"{paths[1]} must hold one label for each of {len(images)} images, not {len(labels)}")
    return images, labels


def data_files(directory: str | PathLike, split: str) -> tuple[Path, Path]:
    """Return the files of images and of labels that :func:`load_mnist` reads; raise DataError if one is missing."""
    stem = _SPLITS[split]
    return _find(Path(directory), f"{stem}-images", "idx3"), _find(Path(directory), f"{stem}-labels", "idx1")


def shipped_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the 500 digits that the package contains: the first 500 of MNIST's test split.

    Returns
    -------
    images : uint8 array (500, 28, 28)
    labels : uint8 array (500,)

    Raises
    ------
    DataError
        If the package's file is missing or damaged.
    """
    name = "assets/digits.npz"
    try:
        with (resources.files("hadamac") / name).open("rb") as f, np.load(f, allow_pickle=False) as npz:
            return npz["images"], npz["labels"]
    except (OSError, EOFError, KeyError, ValueError, zlib.error, zipfile.BadZipFile) as e:
        raise DataError(f"Package file {name} must hold images and labels, not be missing or damaged ({e})") from None
