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
from .reading import read_npy

__all__ = ["load_array", "load_images", "save_array", "write_trace"]


def load_array(path: Path, what: str, kind: str = "numbers") -> np.ndarray:
    """The array of a .npy file that a person named; ``what`` it is of, in messages."""
    try:
        return read_npy(path)
    except FileNotFoundError:
        raise DataError(f"{what} file {path} does not exist") from None
    except (OSError, ValueError) as e:
        reason = getattr(e, "strerror", None) or e
        raise DataError(f"{what} file {path} must be a .npy array of {kind}: {reason}") from None


def load_images(path: Path) -> np.ndarray:
    """The array of a .npy file; whether it holds images is for the network to say."""
    return load_array(path, "Image", "uint8")


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
