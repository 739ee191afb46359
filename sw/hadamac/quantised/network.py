"""Quantised network: an operation with number formats for every stage, and its bit-exact prediction.

The words stand for the values of :mod:`hadamac.quantised.reference`.  The file of an operation (:mod:`hadamac.ops`)
defines what it does to words and to their number of fraction bits.  If a stage applies the scale of a pool, a power of
two, then this moves the binary point of its output.  Words that enter a stage of another width change to that width
(:mod:`hadamac.model.resize`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..model.dense import argmax
from ..model.resize import ResizePlan
from ..network.network import Network
from ..network.source import source_format, source_frames, source_shift, source_words
from ..network.walk import walk
from ..numeric import SQ, to_integers
from ..ops.base import Operation, Params, Words, no_overflow
from ..ops.dense import Dense
from ..ops.formats import Formats

__all__ = ["Prediction", "QuantNetwork", "fractions_in"]

CHUNK = 50
"""Images per pass, so few that the working set of a pass stays in the processor's cache."""


def fractions_in(given: Sequence[SQ], width: int) -> tuple[int, ...]:
    """Return the fraction bits of words of given formats after they have changed to ``width`` bits."""
    return tuple(form.f + width - form.width for form in given)


@dataclass(frozen=True)
class Prediction:
    """Prediction for n frames.

    Attributes
    ----------
    words : int64 or complex128 array (n, ...)
        Words of the answer: logits or values (n, K), maps (n, channels, rows, columns), or bins (n, channels, rows,
        columns), which are complex with integral parts.
    values : float64 or complex128 array (n, ...)
        The values for which these words stand.
    classes : int64 array (n,)
        Index of the largest logit; empty (0,) for a network that answers no classes.
    overflow : bool array (n,)
        Whether a word of any stage has saturated.
    trace : dict of str to array
        Words of every edge, by its name; empty if they were not asked for.
    """

    words: np.ndarray
    values: np.ndarray
    classes: np.ndarray
    overflow: np.ndarray
    trace: dict[str, np.ndarray]

    @property
    def logits(self) -> np.ndarray:
        """The words of the answer, under the name that they have where they are logits."""
        return self.words


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

    def of_kind(self, *kinds: str) -> list[Operation]:
        """Return the operations of all stages of some kinds, in order."""
        return [op for op in self.stages if op.stage.kind in kinds]

    @property
    def dense(self) -> Dense:
        """The last operation of a network that answers classes or values, which is a dense layer."""
        last = self.stages[-1]
        if not isinstance(last, Dense):
            raise TypeError(f"The last stage of a network that answers {self.network.output} is not dense")
        return last

    def resizes(self, k: int) -> tuple[ResizePlan | None, ...]:
        """Return how the words of each source of stage ``k`` change their width; None where they keep it."""
        width = self.stages[k].formats.width
        return tuple(ResizePlan(in_width=form.width, width=width) if form.width != width else None
                     for form in self._given(k))

    def fractions(self, k: int) -> tuple[int, ...]:
        """Return the fraction bits of the words with which stage ``k`` computes, one number for each of its sources."""
        return fractions_in(self._given(k), self.stages[k].formats.width)

    def _given(self, k: int) -> list[SQ]:
        """Return the formats of the words of each source of stage ``k``."""
        return [source_format(self.network, self.formats.width) if source < 0 else self.stages[source].format
                for source in self.stages[k].stage.sources]

    def renewed(self, params: Params) -> QuantNetwork:
        """Return the network with the words of other float parameters, and with the formats that it has.

        Parameters
        ----------
        params : mapping of str to float64 array
            Named and shaped as ``network.parameters``; they are not checked.
        """
        stages = tuple(op.renewed(params, self.fractions(k)) for k, op in enumerate(self.stages))
        return replace(self, stages=stages)

    def apply(self, k: int, *x: np.ndarray) -> Words:
        """Return the words and overflow flags that leave stage ``k``, for the words of its sources."""
        given, overflow = [], no_overflow(x[0])
        for plan, words in zip(self.resizes(k), x):
            words, over = plan.apply(words) if plan else (words, overflow)
            given.append(words)
            overflow = overflow | over
        words, over = self.stages[k].apply(*given)
        return words, overflow | over

    @property
    def pixel_shift(self) -> int:
        """Number of places by which an input word is shifted up to become a word of the circuit."""
        return source_shift(self.network, self.formats.width)

    @property
    def output_format(self) -> SQ:
        """Format of the words of the answer."""
        return self.stages[-1].format

    @cached_property
    def edges(self) -> dict[str, SQ]:
        """Format of every named edge."""
        image = {self.network.source: source_format(self.network, self.formats.width)}
        return image | {op.stage.edge: op.format for op in self.stages if op.stage.edge}

    def predict(self, images: np.ndarray, *, trace: bool = False) -> Prediction:
        """Return the prediction for images or signals, which is bit for bit what the circuit computes.

        Parameters
        ----------
        images : array (n, ...)
            Frames of the network's shape, in one of the layouts and types of
            :func:`hadamac.samples.frames.as_frames`.  For the default network they are uint8 (n, 32, 32) or
            (n, 28, 28), which get a border of zeros.
        trace : bool
            Whether the words of every edge are kept; they are int64, or complex128 with integral parts.
        """
        frames = source_frames(self.network, images)
        parts = [self._chunk(frames[k : k + CHUNK], trace) for k in range(0, max(len(frames), 1), CHUNK)]
        words, overflow = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        edges = {name: np.concatenate([p[2][name] for p in parts]) for name in parts[0][2]}
        classes = argmax(words) if self.network.output == "classes" else np.zeros(0, dtype=np.int64)
        return Prediction(words, self.output_format.value(words), classes, overflow, edges)

    def _chunk(self, frames: np.ndarray, trace: bool) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Return the words of the answer, the overflow flags and the trace of a few frames."""
        source = source_words(self.network, frames, self.formats.width)
        edges = {self.network.source: to_integers(source)} if trace else {}
        overflow = no_overflow(frames)

        def visit(k: int, taken: tuple[np.ndarray, ...]) -> np.ndarray:
            op = self.stages[k]
            words, over = self.apply(k, *taken)
            np.logical_or(overflow, over, out=overflow)
            if trace and op.stage.edge:
                edges[op.stage.edge] = words if np.iscomplexobj(words) else to_integers(words)
            return words

        words = walk([op.stage for op in self.stages], source, visit)
        return words if np.iscomplexobj(words) else to_integers(words), overflow, edges
