"""Float beside fixed: the error of every edge.

Error of an edge: ``fixed.value(words) - float``, against the float network with its unrounded weights and no rounding
on the way.  So it holds everything upstream of the edge: weights rounded to ``weight_width`` bits, and every rounding
of the transforms and products.

*LSB*: one unit of the edge's words, ``2**-f``.  A complex word has two parts; its error in LSB is the larger of the
two, in the figures and in the pictures alike.

*SQNR*: ``10 log10(sum |float|**2 / sum |error|**2)`` in dB, over the words as they are stored (live bins, not their
mirror images).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log10

import numpy as np

from ..errors import DataError
from ..network.source import source_frames
from ..numeric import SQ
from ..ops.base import Params
from .network import QuantNetwork
from .reference import traced

__all__ = ["EdgeError", "EdgeSum", "error_table", "traces"]

CHUNK = 500
"""Images per pass: some 100 MB of float and fixed traces of the default network."""


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
    """Return ``max(|Re|, |Im|)`` of every element."""
    return np.maximum(np.abs(np.real(z)), np.abs(np.imag(z)))


class EdgeSum:
    """The error of an edge, added up batch by batch."""

    def __init__(self, edge: str, fmt: SQ):
        self.edge, self.format = edge, fmt
        self.error = self.word = self.signal = self.noise = 0.0

    def add(self, value: np.ndarray, words: np.ndarray) -> None:
        """Add a batch: float values, and the words that stand for them."""
        d = self.format.value(words) - value
        self.error = max(self.error, float(largest_part(d).max()))
        self.word = max(self.word, float(largest_part(words).max()))
        self.signal += float(np.sum(np.abs(value) ** 2))
        self.noise += float(np.sum(np.abs(d) ** 2))

    def result(self) -> EdgeError:
        """Return the error over all batches so far."""
        if self.noise == 0:
            sqnr = inf
        else:
            sqnr = 10 * log10(self.signal / self.noise) if self.signal else -inf
        lsb, full_scale = 2.0**-self.format.f, 2.0 ** (self.format.width - 1)
        return EdgeError(self.edge, self.format, self.error / lsb, sqnr, self.word / full_scale)


def traces(qnet: QuantNetwork, params: Params,
           images: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the float values and the words of every edge."""
    return traced(qnet.network, params, images), qnet.predict(images, trace=True).trace


def error_table(qnet: QuantNetwork, params: Params, images: np.ndarray) -> list[EdgeError]:
    """Return the error of every edge over a batch, in topological order.

    Parameters
    ----------
    qnet : QuantNetwork
    params : mapping of str to real array
        The float parameters it was made from.
    images : array (n, ...)
        Images or signals in a form that :meth:`QuantNetwork.predict` takes.

    Raises
    ------
    DataError
        If there is no image, or images or parameters do not fit the network.
    """
    images = source_frames(qnet.network, images).reshape(-1, *qnet.network.shape)
    if len(images) == 0:
        raise DataError("Error table needs at least one image, not 0")
    sums = {edge: EdgeSum(edge, fmt) for edge, fmt in qnet.edges.items()}
    for start in range(0, len(images), CHUNK):
        values, words = traces(qnet, params, images[start : start + CHUNK])
        for edge, s in sums.items():
            s.add(values[edge], words[edge])
    return [s.result() for s in sums.values()]
