"""The quantised network: an operation in words for every stage, and its bit-exact prediction.

Values are those of :mod:`hadamac.quantised.reference`.  What an operation does to words and to their number of fraction
bits is in its own file (:mod:`hadamac.ops`).  A pool's scale, a power of two, that a stage takes over moves the binary
point of what leaves it.
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
"""Images per pass: the working set of one pass stays in the cache."""


@dataclass(frozen=True)
class Prediction:
    """Integer logits (n, K), classes (n,), overflow flags (n,), words of every edge if traced."""

    logits: np.ndarray
    classes: np.ndarray
    overflow: np.ndarray
    trace: dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class QuantNetwork:
    """A network in integers: what is predicted, emitted and simulated.

    Attributes
    ----------
    network : Network
    formats : Formats
    stages : tuple of Operation
        One for each stage, in the same order; an operation knows its ``stage``.
    """

    network: Network
    formats: Formats
    stages: tuple[Operation, ...]

    def __getitem__(self, name: str) -> Operation:
        """Return the operation of a stage by its name; KeyError if there is none."""
        for op in self.stages:
            if op.stage.name == name:
                return op
        raise KeyError(name)

    def of_kind(self, kind: str) -> list[Operation]:
        """Return the operations of the stages of a kind, in order."""
        return [op for op in self.stages if op.stage.kind == kind]

    @property
    def dense(self) -> Dense:
        """The last operation."""
        last = self.stages[-1]
        if not isinstance(last, Dense):
            raise TypeError("The last stage of a network must be dense")
        return last

    @property
    def pixel_shift(self) -> int:
        """The places by which a pixel moves up to its word: pixel / 256 in SQ(1, width - 1)."""
        return self.formats.width - 9

    @cached_property
    def edges(self) -> dict[str, SQ]:
        """Format of every named edge."""
        image = {"image": SQ(1, self.formats.width - 1)}
        return image | {op.stage.edge: op.format for op in self.stages if op.stage.edge}

    def predict(self, images: np.ndarray, *, trace: bool = False) -> Prediction:
        """Return the bit-exact prediction of what the circuit answers.

        Parameters
        ----------
        images : uint8 (n, 28, 28) or (n, 32, 32)
            For a network of input size 32; in general (n, size, size) or four pixels less.
        trace : bool
            Keep the words of every edge (int64; spectra complex128 with integral parts).
        """
        images = as_images(images, self.network.size)
        parts = [self._chunk(images[k : k + CHUNK], trace) for k in range(0, max(len(images), 1), CHUNK)]
        logits, overflow = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        edges = {name: np.concatenate([p[2][name] for p in parts]) for name in parts[0][2]}
        return Prediction(logits, argmax(logits), overflow, edges)

    def _chunk(self, images: np.ndarray, trace: bool) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
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
