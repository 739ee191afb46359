"""Bounded reading of files that a user names.

Only regular files are opened, because a FIFO or a device could block for ever or never end.  A file is read no further
than its header states, and the header is checked before memory is allocated for the values.

Problems with a file are raised as OSError (with a text in ``strerror``) or ValueError, each with one line of text.
Callers put the name of the file before this text and raise their own DataError or ArtifactError.
"""

from __future__ import annotations

import errno
import gzip
import io
import json
import math
import os
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

import numpy as np

__all__ = ["ARRAY_BYTES", "TEXT_BYTES", "first_line", "open_regular", "parse_json", "read_npy",
           "read_npz", "read_text", "read_whole", "unpacked"]

ARRAY_BYTES = 256 << 20
"""Largest size in bytes of an array that is read from a file: 340,000 images of 28 x 28 pixels."""
TEXT_BYTES = 4 << 20
"""Largest size in bytes of a description or a manifest."""
DEPTH = 64
"""Largest number of nested levels of arrays and objects in JSON."""
_NPY, _GZIP = b"\x93NUMPY", b"\x1f\x8b"


def _regular(mode: int, path: str | os.PathLike[str]) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a directory", str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))


def open_regular(path: str | os.PathLike[str], directory: int | None = None) -> io.BufferedReader:
    """Open a regular file for reading.

    Parameters
    ----------
    path
        Path of the file; relative to ``directory`` if that is given.
    directory
        File descriptor of an open directory.

    Raises
    ------
    OSError
        The file does not exist, cannot be read, or is a directory, FIFO, socket or device.  The error is raised at
        once: a FIFO without a writer does not block.
    """
    _regular(os.stat(path, dir_fd=directory).st_mode, path)  # Opening a device may already have an effect.
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0), dir_fd=directory)
    try:
        _regular(os.fstat(number).st_mode, path)
        return os.fdopen(number, "rb")
    except BaseException:
        os.close(number)
        raise


def read_whole(path: str | os.PathLike[str], most: int = TEXT_BYTES, directory: int | None = None) -> bytes:
    """Read a regular file of at most ``most`` bytes with `open_regular`; raise OSError for a larger one."""
    with open_regular(path, directory) as file:
        content = file.read(most + 1) if os.fstat(file.fileno()).st_size <= most else b"\0" * (most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it must have at most {most} bytes", str(path))
    return content


def unpacked(file: io.BufferedReader) -> tuple[io.BufferedIOBase, int | None]:
    """Return the content of an open file as ``(stream, size)``.

    For a gzip file, the stream is the unpacked one and the size is None, because only unpacking it would tell.
    """
    start = file.read(len(_GZIP))
    file.seek(0)
    if start == _GZIP:
        return gzip.GzipFile(fileobj=file, mode="rb"), None
    return file, os.fstat(file.fileno()).st_size


def read_npy(path: str | os.PathLike[str]) -> np.ndarray:
    """Read the array of a .npy file.

    Raises
    ------
    OSError
        The file cannot be read, or is not a regular file.
    ValueError
        The file is of another kind, contains Python objects, has a damaged header, or has a header that states more
        bytes than the file contains or more than `ARRAY_BYTES`.
    """
    with open_regular(path) as file:
        return _npy(file, os.fstat(file.fileno()).st_size)


def read_npz(path: str | os.PathLike[str], chosen: Callable[[tuple[str, ...]], Iterable[str]]) -> dict[str, np.ndarray]:
    """Read some arrays of a .npz file, which is a ZIP archive of .npy files.

    Parameters
    ----------
    path
        The file.
    chosen
        Function that returns the names of the arrays to read from the names of all arrays.  Its errors are passed on.

    Returns
    -------
    dict of ndarray
        Arrays by name.  Each has at most `ARRAY_BYTES` bytes, whatever the archive unpacks to.

    Raises
    ------
    OSError
        The file cannot be read, or is not a regular file.
    ValueError
        The file is not an archive, is damaged or encrypted, or one of its arrays is as `read_npy` refuses it.
    """
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            members = {one.filename.removesuffix(".npy"): one for one in archive.infolist()
                       if one.filename.endswith(".npy")}
            return {name: _member(archive, name, members[name]) for name in chosen(tuple(members))}
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, OverflowError) as e:
        raise ValueError(f"it is a damaged archive ({first_line(e)})") from None


def _member(archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo) -> np.ndarray:
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"its array {name} is packed in another way than NumPy packs arrays")
    if info.flag_bits & 1:
        raise ValueError(f"its array {name} is encrypted")
    with archive.open(info) as member:
        try:
            return _npy(io.BufferedReader(cast(zipfile.ZipExtFile, member)), info.file_size)
        except ValueError as e:
            raise ValueError(f"its array {name} is refused: {e}") from None


def _npy(file: io.BufferedReader, size: int) -> np.ndarray:
    """Return the array of an open .npy file of ``size`` bytes, and read no further than its header states."""
    start = file.read(len(_NPY))
    file.seek(0)
    if start != _NPY:
        raise ValueError("it does not begin like a .npy file")
    shape, fortran, dtype = _npy_header(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, not numbers")
    if any(isinstance(n, bool) or n < 0 for n in shape):
        raise ValueError("its header states a negative size")
    if not dtype.itemsize:
        raise ValueError(f"its header states values of 0 bits, {dtype}")
    # These are Python integers, because a header may state sizes whose product overflows 64 bits.
    count, here = prod(shape), file.tell()
    if count * dtype.itemsize > size - here:
        stated = _counted(count * dtype.itemsize)
        raise ValueError(f"its header states {stated} of values, but it holds {size - here}")
    if count * dtype.itemsize > ARRAY_BYTES:
        raise ValueError(f"it must hold at most {ARRAY_BYTES} bytes of values, not {count * dtype.itemsize}")
    values = np.empty(count, dtype)
    if file.readinto(values.view(np.uint8).data) != values.nbytes:
        raise ValueError("it became shorter while it was read")
    return values.reshape(shape, order="F" if fortran else "C")


def _counted(count: int) -> str:
    return f"{count} bytes" if count < 1 << 64 else "more than 2**64 bytes"


def _npy_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, Fortran order and type of the values of a .npy file."""
    try:
        with warnings.catch_warnings():  # NumPy warns of headers that Python 2 wrote.
            warnings.simplefilter("ignore")
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            if version not in read:
                raise ValueError(f"its version must be 1.0 or 2.0, not {version[0]}.{version[1]}")
            return read[version](file)
    except Exception as e:  # Python's tokeniser and parser may raise anything.
        raise ValueError(f"its header is damaged: {first_line(e)}") from None


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, or its type if it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; raise ValueError if a name stands in it twice."""
    out = dict(pairs)
    if len(out) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(n for n in names if names.count(n) > 1)!r} stands twice in one object")
    return out


def parse_json(text: str | bytes) -> Any:
    """Parse JSON that a user or a file gives.

    The result is one of the types of `json.loads`; its callers check it against a schema or field by field.

    Raises
    ------
    ValueError
        The text is not JSON, contains NaN or Infinity, which Python accepts but JSON does not have, contains a number
        that is too large for a float, has a name twice in one object, or has more than `DEPTH` levels.
    """
    try:
        value = json.loads(text, parse_constant=_constant, parse_float=_finite,
                           object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level = [value]
    for _ in range(DEPTH):
        level = [child for one in level if isinstance(one, (dict, list))
                 for child in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return value
    raise ValueError("it is nested too deeply")


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is too large a number")
    return value


def read_text(path: str | os.PathLike[str]) -> str:
    """Read a regular file of UTF-8 text with at most `TEXT_BYTES` bytes."""
    return read_whole(Path(path)).decode("utf-8")
