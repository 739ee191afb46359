"""Arrays on disk: images in, logits and traces out, all as plain .npy."""

from __future__ import annotations

import io
import json
from pathlib import Path

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
_MAGIC = b"\x93NUMPY"


def _foreign(path: Path) -> str | None:
    """Return in words what a file is that does not begin as a .npy file does, or None for one that does."""
    with open_regular(path) as file:
        start = file.read(len(_MAGIC))
    if start == _MAGIC:
        return None
    known = (name for magic, name in _FOREIGN.items() if start.startswith(magic))
    return next(known, "a file that begins otherwise" if start else "an empty file")


def load_array(path: Path, what: str, kind: str = "numbers") -> np.ndarray:
    """Return the array of a .npy file that a user named; error messages call it the ``what`` file, of ``kind``."""
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
    """Return the array of a .npy file of images; only the network checks whether images are what it holds."""
    return load_array(path, "Image", "uint8 (n, rows, columns) or an IDX file, plain or .gz")


def save_array(path: Path, array: np.ndarray) -> None:
    """Write one .npy, whole or not at all."""
    atomic_write(path, _npy(array))


def _npy(array: np.ndarray) -> bytes:
    """Return the content of a .npy file.

    It is made in memory, because NumPy reports a full disk without the file's name and the error's number.
    """
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _listed(formats: dict) -> dict[str, str | None]:
    if not formats or not all(f["format"].startswith("SQ(") and f["shape"] for f in formats.values()):
        raise ValueError("no formats of edges")
    return {f"{edge}.npy": facts.get("sha256") for edge, facts in formats.items()}


TRACE = Marker("formats.json", _listed)
"""Marker by which the directory of a trace is known."""


def write_trace(directory: Path, qnet: QuantNetwork, prediction: Prediction) -> None:
    """Write one integer .npy file for every edge, and ``formats.json`` with format, shape and SHA-256 of each file.

    Complex words have a last axis (real, imaginary).
    """
    formats = {}
    for name, words in prediction.trace.items():
        if np.iscomplexobj(words):
            words = np.stack([np.real(words), np.imag(words)], -1)
        content = _npy(to_integers(words))
        (directory / f"{name}.npy").write_bytes(content)
        formats[name] = {"format": str(qnet.edges[name]), "shape": list(words.shape), "sha256": digest(content)}
    (directory / TRACE.name).write_text(json.dumps(formats, indent=2) + "\n")
