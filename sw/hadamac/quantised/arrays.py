"""Files of arrays in NumPy's .npy format: images to read, and logits and traces to write."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np

from ..errors import DataError
from ..files.directories import digest
from ..files.paths import why
from ..files.reading import open_regular, read_npy
from ..files.writing import Marker, atomic_write
from ..numeric import to_integers
from .network import Prediction, QuantNetwork

__all__ = ["TRACE", "load_array", "load_images", "save_array", "write_trace"]


_FOREIGN = {b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"GIF8": "a GIF picture",
            b"BM": "a BMP picture", b"PK\x03\x04": "an archive", b"%PDF": "a PDF document"}
"""First bytes of other kinds of files, and what such a file is called in messages."""
_MAGIC = b"\x93NUMPY"
"""First bytes of a .npy file."""


def _foreign(path: Path) -> str | None:
    """Return the name of the kind of a file, or None if it begins like a .npy file."""
    with open_regular(path) as file:
        start = file.read(len(_MAGIC))
    if start == _MAGIC:
        return None
    known = (name for magic, name in _FOREIGN.items() if start.startswith(magic))
    return next(known, "a file that begins otherwise" if start else "an empty file")


def load_array(path: Path, what: str, kind: str = "numbers") -> np.ndarray:
    """Return the array of a .npy file.

    Parameters
    ----------
    path : Path
    what, kind : str
        Purpose of the file and kind of its elements, for messages.

    Raises
    ------
    DataError
        If the file does not exist, cannot be read, or is no .npy file.
    """
    try:
        if foreign := _foreign(path):
            raise DataError(f"{what} file {path} must be a .npy array of {kind}, not {foreign}")
        return read_npy(path)
    except FileNotFoundError:
        raise DataError(f"{what} file {path} does not exist") from None
    except DataError:
        raise
    except (OSError, ValueError) as e:
        raise DataError(f"{what} file {path} must be a .npy array of {kind}: {why(e)}") from None


def load_images(path: Path) -> np.ndarray:
    """Return the array of a .npy file of images; the network checks later whether they are images."""
    return load_array(path, "Image", "uint8 (n, rows, columns) or an IDX file, plain or .gz")


def save_array(path: Path, array: np.ndarray) -> None:
    """Write an array as a .npy file, completely or not at all."""
    atomic_write(path, _npy(array))


def _npy(array: np.ndarray) -> bytes:
    """Return the content of a .npy file.

    NumPy does not write the file itself, because its message for a full disk has neither a name nor an error number.
    """
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


class _EdgeFormat(TypedDict):
    """Entry of an edge in ``formats.json``; traces by older versions have no ``sha256``."""

    format: str
    shape: list[int]
    sha256: NotRequired[str]


def _listed(formats: Mapping[str, _EdgeFormat]) -> dict[str, str | None]:
    """Return the files that a trace's ``formats.json`` lists, with their digests; ValueError for other content."""
    if not formats or not all(f["format"].startswith("SQ(") and f["shape"] for f in formats.values()):
        raise ValueError("no formats of edges")
    return {f"{edge}.npy": facts.get("sha256") for edge, facts in formats.items()}


TRACE = Marker("formats.json", _listed)
"""Marker by which the directory of a trace is recognised."""


def write_trace(directory: Path, qnet: QuantNetwork, prediction: Prediction) -> None:
    """Write the words of every edge of a traced prediction into an existing directory.

    Each edge has one .npy file of integers; complex words have a last axis with the real and the imaginary part.
    ``formats.json`` lists the number format, the shape and the SHA-256 of each file.
    """
    formats: dict[str, _EdgeFormat] = {}
    for name, words in prediction.trace.items():
        if np.iscomplexobj(words):
            words = np.stack([np.real(words), np.imag(words)], -1)
        content = _npy(to_integers(words))
        (directory / f"{name}.npy").write_bytes(content)
        formats[name] = {"format": str(qnet.edges[name]), "shape": list(words.shape), "sha256": digest(content)}
    (directory / TRACE.name).write_text(json.dumps(formats, indent=2) + "\n")
