"""Arrays on disk: images in, logits and traces out, all as plain .npy."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

from .errors import DataError
from .files import atomic_write
from .numeric import to_integers
from .quantised import Prediction, QuantNetwork

__all__ = ["load_array", "load_images", "save_array", "write_trace"]


_FOREIGN = {b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"GIF8": "a GIF picture",
            b"BM": "a BMP picture", b"PK\x03\x04": "an archive", b"%PDF": "a PDF document"}
_MAGIC = b"\x93NUMPY"


def _foreign(path: Path) -> str | None:
    """What a file is that does not begin as a .npy file does."""
    with open(path, "rb") as file:
        start = file.read(len(_MAGIC))
    if start == _MAGIC:
        return None
    known = (name for magic, name in _FOREIGN.items() if start.startswith(magic))
    return next(known, "a file that begins otherwise" if start else "an empty file")


def load_array(path: Path, what: str, kind: str = "numbers") -> np.ndarray:
    """The array of a .npy file that a person named; ``what`` it is of, in messages."""
    try:
        if foreign := _foreign(path):
            raise DataError(f"{what} file {path} must be a .npy array of {kind}, not {foreign}")
        array = np.load(path, allow_pickle=False)
        if not isinstance(array, np.ndarray):
            raise ValueError("it is an archive of arrays")
        return array
    except FileNotFoundError:
        raise DataError(f"{what} file {path} does not exist") from None
    except DataError:
        raise
    except (OSError, ValueError, EOFError) as e:
        raise DataError(f"{what} file {path} must be a .npy array of {kind}: {e}") from None


def load_images(path: Path) -> np.ndarray:
    """The array of a .npy file; whether it holds images is for the network to say."""
    return load_array(path, "Image", "uint8 (n, rows, columns) or an IDX file, plain or .gz")


def save_array(path: Path, array: np.ndarray) -> None:
    """Write one .npy, whole or not at all."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    atomic_write(path, buffer.getvalue())


def write_trace(directory: Path, qnet: QuantNetwork, prediction: Prediction) -> None:
    """One integer .npy per edge, complex ones with a last axis (real, imaginary), and ``formats.json``."""
    formats = {}
    for name, words in prediction.trace.items():
        if np.iscomplexobj(words):
            words = np.stack([words.real, words.imag], -1)
        np.save(directory / f"{name}.npy", to_integers(words), allow_pickle=False)
        formats[name] = {"format": str(qnet.edges[name]), "shape": list(words.shape)}
    (directory / "formats.json").write_text(json.dumps(formats, indent=2) + "\n")
