"""Comparison of float and fixed point: the error of every edge of a network.

The error of an edge is ``fixed.value(words) - float``, where ``float`` is the value in the float network, which rounds
neither weights nor results.  The error therefore includes everything upstream of the edge: the rounding of weights to
``weight_width`` bits, and every rounding in transforms and products.

An *LSB* is one unit of the words of the edge, ``2**-f``.  A complex word has two parts; its error in LSB is the larger
error of the two, in figures and in pictures.

The *SQNR* is ``10 log10(sum |float|**2 / sum |error|**2)`` in dB.  The sums are over the words that are stored, which
are the live bins without their mirror images.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log10

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from ..images import as_images
from ..numeric import SQ
from ..ops.base import Params
from .network import QuantNetwork
from .reference import traced

__all__ = ["EdgeError", "EdgeSum", "error_table", "traces"]

CHUNK = 500
"""Images per pass, whose float and fixed traces take about 100 MB for the default network."""


@dataclass(frozen=True)
class EdgeError:
    """Error of one edge over a batch of images.

    Attributes
    ----------
    edge : str
        Name of the edge in a trace: ``image``, ``spectrum0``, ... ``logits``.
    format : SQ
        Number format of its words.
    max_lsb : float
        Largest error of any part of a word, in LSB.
    sqnr : float
        SQNR in dB; ``inf`` if the edge is exact.
    fill : float
        Largest part of any word, as a fraction of full scale ``2**(width-1)``.
    """

    edge: str
    format: SQ
    max_lsb: float
    sqnr: float
    fill: float


def largest_part(z: np.ndarray) -> np.ndarray:
    """Return ``max(|Re|, |Im|)`` of every element."""
    return np.maximum(np.abs(np.real(z)), np.abs(np.imag(z)))


class EdgeSum:
    """Error of one edge, accumulated over several batches."""

    def __init__(self, edge: str, fmt: SQ):
        self.edge, self.format = edge, fmt
        self.error = self.word = self.signal = self.noise = 0.0

    def add(self, value: np.ndarray, words: np.ndarray) -> None:
        """Add the float values and the fixed words of a batch."""
        d = self.format.value(words) - value
        self.error = max(self.error, float(largest_part(d).max()))
        self.word = max(self.word, float(largest_part(words).max()))
        self.signal += float(np.sum(np.abs(value) ** 2))
        self.noise += float(np.sum(np.abs(d) ** 2))

    def result(self) -> EdgeError:
        """Return the error over all batches."""
        if self.noise == 0:
            sqnr = inf
        else:
            sqnr = 10 * log10(self.signal / self.noise) if self.signal else -inf
        lsb, full_scale = 2.0**-self.format.f, 2.0 ** (self.format.width - 1)
        return EdgeError(self.edge, self.format, self.error / lsb, sqnr, self.word / full_scale)


def traces(qnet: QuantNetwork, params: Params,
           images: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the float values and the fixed words of every edge, by its name.

    Parameters
    ----------
    qnet : QuantNetwork
    params : mapping of str to real array
        The float parameters from which the network was quantised.
    images : uint8 array (n, size, size)
    """
    values = traced(qnet.network, params, images)
    return {"image": images[:, None] / 256} | values, qnet.predict(images, trace=True).trace


def error_table(qnet: QuantNetwork, params: Params, images: ArrayLike) -> list[EdgeError]:
    """Return the error of every edge over a batch of images, in the order of the stages.

    Parameters
    ----------
    qnet : QuantNetwork
    params : mapping of str to real array
        The float parameters from which the network was quantised.
    images : uint8 array (n, size, size) or (n, size-4, size-4)

    Raises
    ------
    DataError
        If there is no image, or if images or parameters do not fit the network.
    """
    pixels = as_images(images, qnet.network.size)
    if len(pixels) == 0:
        raise DataError("Error table needs at least one image, not 0")
    sums = {edge: EdgeSum(edge, fmt) for edge, fmt in qnet.edges.items()}
    for start in range(0, len(pixels), CHUNK):
        values, words = traces(qnet, params, pixels[start : start + CHUNK])
        for edge, s in sums.items():
            s.add(values[edge], words[edge])
    return [s.result() for s in sums.values()]
