"""Quantised network: an operation with number formats for every stage, and its bit-exact prediction.

The words stand for the values of :mod:`hadamac.quantised.reference`.  The file of an operation (:mod:`hadamac.ops`)
defines what it does to words and to their number of fraction bits.  If a stage applies the scale of a pool, a power of
two, then this moves the binary point of its output.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..images import as_images
from ..model.dense import argmax
from ..network.network import Network
from ..network.walk import walk
from ..numeric import SQ, to_integers
from ..ops.base import Operation, no_overflow
from ..ops.dense import Dense
from ..ops.formats import Formats

__all__ = ["Prediction", "QuantNetwork"]

CHUNK = 50
"""Images per pass, so few that the working set of a pass stays in the processor's cache."""


@dataclass(frozen=True)
class Prediction:
    """Prediction for n images.

    Attributes
    ----------
    logits : int64 array (n, K)
        Words of the logits.
    classes : int64 array (n,)
        Index of the largest logit.
    overflow : bool array (n,)
        Whether a word of any stage has saturated.
    trace : dict of str to array
        Words of every edge, by its name; empty if they were not asked for.
    """

    logits: np.ndarray
    classes: np.ndarray
    overflow: np.ndarray
    trace: dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class QuantNetwork:
    """Network with number formats and integer weights, which is predicted, emitted as Verilog and simulated.

    Attributes
    ----------
    network : Network
        The description of the network.
    formats : Formats
        Word widths and headroom.
    stages : tuple of Operation
        The operation of each stage of the network, in the same order.
    """

    network: Network
    formats: Formats
    stages: tuple[Operation, ...]

    def __getitem__(self, name: str) -> Operation:
        """Return the operation of the stage with a name; raise KeyError if there is none."""
        for op in self.stages:
            if op.stage.name == name:
                return op
        raise KeyError(name)

    def of_kind(self, kind: str) -> list[Operation]:
        """Return the operations of all stages of a kind, in order."""
        return [op for op in self.stages if op.stage.kind == kind]

    @property
    def dense(self) -> Dense:
        """The last operation, which is the dense layer."""
        last = self.stages[-1]
        if not isinstance(last, Dense):
            raise TypeError("The last stage of a network must be dense")
        return last

    @property
    def pixel_shift(self) -> int:
        """Number of places by which a pixel is shifted up to become the word of pixel / 256 in SQ(1, width - 1)."""
        return self.formats.width - 9

    @cached_property
    def edges(self) -> dict[str, SQ]:
        """Format of every named edge."""
        image = {"image": SQ(1, self.formats.width - 1)}
        return image | {op.stage.edge: op.format for op in self.stages if op.stage.edge}

    def predict(self, images: np.ndarray, *, trace: bool = False) -> Prediction:
        """Return the prediction for images, which is bit for bit what the circuit computes.

        Parameters
        ----------
        images : uint8 array (n, size, size) or (n, size - 4, size - 4)
            Images; smaller ones get a border of zeros.  For an input size of 32 they are (n, 32, 32) or (n, 28, 28).
        trace : bool
            Whether the words of every edge are kept; they are int64, or complex128 with integral parts.
        """
        images = as_images(images, self.network.size)
        parts = [self._chunk(images[k : k + CHUNK], trace) for k in range(0, max(len(images), 1), CHUNK)]
        logits, overflow = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        edges = {name: np.concatenate([p[2][name] for p in parts]) for name in parts[0][2]}
        return Prediction(logits, argmax(logits), overflow, edges)

    def _chunk(self, images: np.ndarray, trace: bool) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Return the logits, the overflow flags and the trace of a few images."""
        source = images[:, None].astype(np.float64) * 2.0**self.pixel_shift
        edges = {"image": to_integers(source)} if trace else {}
        overflow = no_overflow(images)

        def visit(k: int, taken: tuple[np.ndarray, ...]) -> np.ndarray:
            op = self.stages[k]
            words, over = op.apply(*taken)
            np.logical_or(overflow, over, out=overflow)
            if trace and op.stage.edge:
                edges[op.stage.edge] = words if np.iscomplexobj(words) else to_integers(words)
            return words

        logits = walk([op.stage for op in self.stages], source, visit)
        return to_integers(logits), overflow, edges
