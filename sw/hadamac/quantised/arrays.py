"""Arrays that a prediction leaves on disk, logits and traces, all as plain .npy."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

from ..files.directories import digest
from ..files.writing import Marker, atomic_write
from ..numeric import to_integers
from .network import Prediction, QuantNetwork

__all__ = ["TRACE", "save_array", "write_trace"]


def save_array(path: Path, array: np.ndarray) -> None:
    """Write one .npy, whole or not at all."""
    atomic_write(path, _npy(array))


def as_parts(words: np.ndarray) -> np.ndarray:
    """Return words as int64; complex ones have a last axis (real, imaginary)."""
    if np.iscomplexobj(words):
        words = np.stack([np.real(words), np.imag(words)], -1)
    return to_integers(words)


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
        words = as_parts(words)
        content = _npy(words)
        (directory / f"{name}.npy").write_bytes(content)
        formats[name] = {"format": str(qnet.edges[name]), "shape": list(words.shape), "sha256": digest(content)}
    (directory / TRACE.name).write_text(json.dumps(formats, indent=2) + "\n")
