"""Bounded reading of files that come from outside.

Only regular files are opened: a FIFO or a device could block for ever or never end.  A file is read no further than
its header states, and its header is checked before memory is taken for what follows.

Problems of a file are raised as OSError (with a text in ``strerror``) or ValueError, one line each; callers put the
name of the file before it and raise their own DataError or ArtifactError.
"""

from __future__ import annotations

import errno
import gzip
import json
import math
import os
import stat
import warnings
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

__all__ = ["ARRAY_BYTES", "TEXT_BYTES", "open_regular", "parse_json", "read_npy",
           "read_text", "read_whole", "unpacked"]

ARRAY_BYTES = 256 << 20
"""Most bytes of an array that is read from a file: 340,000 images of 28 x 28 pixels."""
TEXT_BYTES = 4 << 20
"""Most bytes of a description or a manifest."""
DEPTH = 64
"""Most levels of arrays and objects in JSON."""
_NPY, _GZIP = b"\x93NUMPY", b"\x1f\x8b"


def _regular(mode: int, path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a directory", str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))


def open_regular(path: str | os.PathLike[str], directory: int | None = None) -> BinaryIO:
    """Open a regular file for reading; ``directory``: an open one that ``path`` is in.

    Raises OSError for what does not exist, cannot be read, or is a directory, FIFO, socket or device; none of them
    is waited for.
    """
    _regular(os.stat(path, dir_fd=directory).st_mode, path)  # opening a device may already act on it
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0), dir_fd=directory)
    try:
        _regular(os.fstat(number).st_mode, path)
        return os.fdopen(number, "rb")
    except BaseException:
        os.close(number)
        raise


def read_whole(path: str | os.PathLike[str], most: int = TEXT_BYTES, directory: int | None = None) -> bytes:
    """Read a regular file of at most ``most`` bytes, as `open_regular` opens it; OSError for a larger one."""
    with open_regular(path, directory) as file:
        content = file.read(most + 1) if os.fstat(file.fileno()).st_size <= most else b"\0" * (most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it must have at most {most} bytes", str(path))
    return content


def unpacked(file: BinaryIO) -> tuple[BinaryIO, int | None]:
    """The content of an open file: ``(stream, size)``; of a gzip file its unpacked stream and None."""
    start = file.read(len(_GZIP))
    file.seek(0)
    if start == _GZIP:
        return gzip.GzipFile(fileobj=file, mode="rb"), None
    return file, os.fstat(file.fileno()).st_size


def read_npy(path: str | os.PathLike[str]) -> np.ndarray:
    """Read the array of a .npy file.

    Raises OSError, or ValueError for another kind of file, Python objects, a damaged header, and a header that
    states more than the file holds or more than `ARRAY_BYTES`.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(len(_NPY))
        file.seek(0)
        if start != _NPY:
            raise ValueError("it does not begin as a .npy file does")
        shape, fortran, dtype = _npy_header(file)
        if dtype.hasobject:
            raise ValueError("it holds Python objects, not numbers")
        if any(isinstance(n, bool) or n < 0 for n in shape):
            raise ValueError("its header states a negative size")
        if not dtype.itemsize:
            raise ValueError(f"its header states values without bits, {dtype}")
        # Python integers: a foreign header may state sizes whose product overflows 64 bits.
        count, here = prod(shape), file.tell()
        if count * dtype.itemsize > size - here:
            stated = _counted(count * dtype.itemsize)
            raise ValueError(f"its header states {stated} of values, and it holds {size - here}")
        if count * dtype.itemsize > ARRAY_BYTES:
            raise ValueError(f"it must hold at most {ARRAY_BYTES} bytes of values, not {count * dtype.itemsize}")
        values = np.fromfile(file, dtype, count)
    if len(values) != count:
        raise ValueError("it was cut while it was read")
    return values.reshape(shape, order="F" if fortran else "C")


def _counted(count: int) -> str:
    return f"{count} bytes" if count < 1 << 64 else "more than 2**64 bytes"


def _npy_header(file: BinaryIO) -> tuple:
    try:
        with warnings.catch_warnings():  # of headers that Python 2 wrote
            warnings.simplefilter("ignore")
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            if version not in read:
                raise ValueError(f"its version must be 1.0 or 2.0, not {version[0]}.{version[1]}")
            return read[version](file)
    except Exception as e:  # whatever Python's tokeniser and parser raise
        raise ValueError(f"its header is damaged: {(str(e).splitlines() or [type(e).__name__])[0][:120]}") from None


def parse_json(text: str | bytes):
    """Parse JSON from outside.

    ValueError also for what Python takes and JSON has not (NaN, Infinity), for numbers that a float cannot hold, and
    for more than `DEPTH` levels.
    """
    try:
        value = json.loads(text, parse_constant=_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level = [value]
    for _ in range(DEPTH):
        level = [child for one in level if isinstance(one, (dict, list))
                 for child in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return value
    raise ValueError("it is nested too deeply")


def _constant(name: str):
    raise ValueError(f"{name} is not a number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is too large a number")
    return value


def read_text(path: str | os.PathLike[str]) -> str:
    """Read a regular file of UTF-8 text, of at most `TEXT_BYTES`."""
    return read_whole(Path(path)).decode("utf-8")
