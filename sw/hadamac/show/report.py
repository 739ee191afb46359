"""Float beside fixed: the error of every edge, and pictures of one image's way through a network.

Error of an edge: ``fixed.value(words) - float``, against the float network with its unrounded weights and
no rounding on the way.  So it holds everything before the edge: weights rounded to ``weight_width`` bits,
and every rounding of the transforms and products.

*LSB*: one unit of the edge's words, ``2**-f``.  A complex word has two parts; its error in LSB is the
larger of the two, in the figures and in the pictures alike.

*SQNR*: ``10 log10(sum |float|**2 / sum |error|**2)`` in dB, over the words as they are stored (live bins,
not their mirror images).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, log10
from os import PathLike
from pathlib import Path

import numpy as np

from .. import __version__
from ..errors import DataError
from ..files.directories import digest
from ..files.writing import Marker, atomic_directory, check_directory, make_directory
from ..images import as_images
from ..numeric import SQ
from ..quantised.network import QuantNetwork
from ..quantised.reference import forward
from ..show import pictures
from .describe import ACTIVATIONS

__all__ = ["PICTURES", "EdgeError", "error_table", "save_pictures"]

CHUNK = 500
"""Images per pass: some 100 MB of float and fixed traces of the default network."""
OPERATIONS = {"transform": "FFT2", "multiply": "× weights", "inverse": "IFFT2", "tile": "max pooling", "crop": "crop",
              "normalise": "normalise", "linear": "dense"}

PICTURES = Marker("pictures.json", lambda listed: listed["files"] if "hadamac" in listed else None)
"""How a directory of pictures is known."""


@dataclass(frozen=True)
class EdgeError:
    """Error of one edge over a batch.

    Attributes
    ----------
    edge : str
        Its name in a trace: ``image``, ``spectrum0``, ... ``logits``.
    format : SQ
    max_lsb : float
        Largest error of a part, in LSB.
    sqnr : float
        In dB; ``inf`` where the edge is exact.
    fill : float
        Largest part of a word, as a fraction of full scale ``2**(width-1)``.
    """

    edge: str
    format: SQ
    max_lsb: float
    sqnr: float
    fill: float


def largest_part(z: np.ndarray) -> np.ndarray:
    """``max(|Re|, |Im|)`` of every element."""
    return np.maximum(np.abs(z.real), np.abs(z.imag))


class _Sum:
    """An edge's error, added up batch by batch."""

    def __init__(self, edge: str, fmt: SQ):
        self.edge, self.format = edge, fmt
        self.error = self.word = self.signal = self.noise = 0.0

    def add(self, value: np.ndarray, words: np.ndarray) -> None:
        d = self.format.value(words) - value
        self.error = max(self.error, float(largest_part(d).max()))
        self.word = max(self.word, float(largest_part(words).max()))
        self.signal += float(np.sum(np.abs(value) ** 2))
        self.noise += float(np.sum(np.abs(d) ** 2))

    def result(self) -> EdgeError:
        if self.noise == 0:
            sqnr = inf
        else:
            sqnr = 10 * log10(self.signal / self.noise) if self.signal else -inf
        lsb, full_scale = 2.0**-self.format.f, 2.0 ** (self.format.width - 1)
        return EdgeError(self.edge, self.format, self.error / lsb, sqnr, self.word / full_scale)


def _traces(qnet: QuantNetwork, params, images) -> tuple[dict, dict]:
    """Float values and fixed words of every edge."""
    _, values = forward(qnet.network, params, images, trace=True)
    return {"image": images[:, None] / 256} | values, qnet.predict(images, trace=True).trace


def error_table(qnet: QuantNetwork, params, images) -> list[EdgeError]:
    """Error of every edge over a batch, in the order of the path.

    Parameters
    ----------
    qnet : QuantNetwork
    params : mapping of str to real array
        The float parameters it was made from.
    images : uint8 array (n, size, size) or (n, size-4, size-4)

    Raises
    ------
    DataError
        If there is no image, or images or parameters do not fit the network.
    """
    images = as_images(images, qnet.network.size)
    if len(images) == 0:
        raise DataError("Error table needs at least one image, not 0")
    sums = {edge: _Sum(edge, fmt) for edge, fmt in qnet.edges.items()}
    for start in range(0, len(images), CHUNK):
        values, words = _traces(qnet, params, images[start : start + CHUNK])
        for edge, s in sums.items():
            s.add(values[edge], words[edge])
    return [s.result() for s in sums.values()]


def _operations(qnet: QuantNetwork) -> dict[str, str]:
    """What was done to come to an edge, in words."""
    out, waiting = {"image": ""}, ""
    for stage in (s.stage for s in qnet.stages):
        waiting += OPERATIONS.get(stage.kind) or ACTIVATIONS.get(stage.layer.function, stage.layer.function)
        if stage.edge:
            out[stage.edge], waiting = waiting, ""
        else:
            waiting += ", "
    return out


def _edges(qnet: QuantNetwork, values: dict, words: dict) -> list[pictures.Edge]:
    """What the pictures of one image are drawn from."""
    out, before, operations = [], "image", _operations(qnet)
    for edge, fmt in qnet.edges.items():
        s = _Sum(edge, fmt)
        s.add(values[edge], words[edge])
        # A spectrum is shown among the dead bins that the circuit never computes, those of its float maps.
        pruned = edge.startswith("spectrum") and 2 * values[edge].shape[-1] <= values[before].shape[-1]
        maps = values[before][0] if pruned else None
        out.append(pictures.Edge.of(s.result(), values[edge][0], words[edge][0], maps, operations[edge]))
        before = edge
    return out


def save_pictures(qnet: QuantNetwork, params, image, label: int | None, out_dir: str | PathLike,
                  classes: Sequence[str] = ()) -> list[Path]:
    """Draw every stage of one image's way, float beside fixed, as PNG files.

    Parameters
    ----------
    qnet : QuantNetwork
    params : mapping of str to real array
        The float parameters it was made from.
    image : uint8 array (size, size) or (size-4, size-4)
    label : int or None
        The right class, if known.
    out_dir : str or path
        Made if it does not exist.  Pictures that are there are replaced; see `hadamac.files.directories`.
    classes : sequence of str
        A name for each class, if they have any.

    Returns
    -------
    list of Path
        ``0_image.png``; of every named edge, as ``spectrum0.png``, ``product0.png``, ``map0.png``; ``logits.png``;
        ``overview.png``.  Beside them lies ``pictures.json``, the list of them.

    Raises
    ------
    DataError
        If image, label or parameters do not fit the network, or the directory can't be written.
    ToolError
        If matplotlib is not installed.
    """
    network, image = qnet.network, np.asarray(image)
    if image.ndim != 2:
        raise DataError(f"Image must be one image of two dimensions, not of the shape {image.shape}")
    outputs = network.dense.outputs
    if label is not None:
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)) or not 0 <= label < outputs:
            raise DataError(f"Label must be an integer from 0 to {outputs - 1} or None, not {label!r}")
    shown = None if label is None else classes[label] if classes else str(label)
    *path, logits = _edges(qnet, *_traces(qnet, params, as_images(image[None], network.size)))

    logits, out_dir = replace(logits, names=tuple(classes)), Path(out_dir)
    with pictures.style():
        make_directory(out_dir.parent)
        check_directory(out_dir, marker=PICTURES)
        contents = {"0_image.png": pictures.image(path[0], shown)}
        contents |= {f"{edge.error.edge}.png": pictures.stage(edge) for edge in path[1:]}
        contents |= {"logits.png": pictures.logits(logits, shown),
                     "overview.png": pictures.overview(path, logits, shown)}
    with atomic_directory(out_dir, marker=PICTURES) as directory:
        for name, content in contents.items():
            (directory / name).write_bytes(content)
        listed = {"hadamac": __version__, "files": {name: digest(content) for name, content in contents.items()}}
        (directory / PICTURES.name).write_text(json.dumps(listed, indent=2) + "\n")
    return [out_dir / name for name in contents]
