"""Search for the word and weight widths of every stage that need the least memory within a stated loss.

The search is greedy.  From the starting formats, it tries to shorten the words or the weights of one stage, or the
words of all stages, by one bit.  It takes the step that saves the most memory for its loss, as long as the whole loss
stays within the limit, and goes on until no step is left.  A step that exceeds the limit, saves nothing or has no
circuit is not tried again.  Steps that were measured before another one was taken keep their old rank until they are
the best; then they are measured anew, and taken if they still are.  So every formats that are taken were measured.

The loss is that of fixed point compared with the starting formats: points of accuracy for classes, and percent of
relative error for values and maps.  The search is deterministic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..errors import DataError, FitError
from ..network.network import Network
from ..network.source import source_frames
from ..ops import operation
from ..ops.base import Params
from ..ops.formats import RANGES, Formats
from ..ops.weighted import Weighted
from ..quantised.network import QuantNetwork
from ..quantised.quantise import quantise
from .estimate import estimate

__all__ = ["Search", "Trial", "search"]

ALL = "all stages"
"""Name that stands for all stages, whose words become shorter together."""
_Step = tuple[str, str]
"""A stage or `ALL`, and the attribute of the formats of which a step takes one bit."""


@dataclass(frozen=True)
class Trial:
    """Formats that were measured.

    Attributes
    ----------
    qnet : QuantNetwork
        The network in these formats.
    memory_bits : int
        Memory of its circuit, from the estimate.
    loss : float
        Loss compared with the starting formats, in points or percent; negative if they are better.
    """

    qnet: QuantNetwork
    memory_bits: int
    loss: float


@dataclass(frozen=True)
class Search:
    """Result of a search.

    Attributes
    ----------
    start, best : Trial
        The starting formats, and those with the least memory that were found.
    trials : int
        Number of formats that were measured.
    """

    start: Trial
    best: Trial
    trials: int


def search(network: Network, params: Params, calibration: np.ndarray, images: np.ndarray, labels: np.ndarray, *,
           formats: Formats, loss: float, progress: Callable[[Search, str], None] = lambda found, text: None) -> Search:
    """Return the formats with the least memory that a greedy search finds within a loss.

    Parameters
    ----------
    network : Network
    params : mapping of str to real array
        Float parameters.
    calibration : array (n, ...)
        Images on which every set of formats is calibrated.
    images, labels : array (n, ...)
        Images on which the loss is measured, and their classes, values or maps.
    formats : Formats
        Starting formats.
    loss : float
        Largest loss, in points of accuracy or percent of relative error.
    progress : function
        Function that is called after every trial with what is found so far, and with the step that was taken or "".

    Raises
    ------
    DataError
        If there are no images, the network answers bins, or the loss is no number of at least 0.
    FitError
        If the starting formats have no circuit.
    """
    if network.output == "bins":
        raise DataError("A search needs the output classes, values or maps, not bins")
    if isinstance(loss, bool) or not isinstance(loss, (int, float)) or not 0 <= loss <= 100:
        raise DataError(f"Loss must be a number from 0 to 100, not {loss!r}")
    images, labels = source_frames(network, images).reshape(-1, *network.shape), np.asarray(labels)
    if not len(images):
        raise DataError("A search needs at least one image, not 0")
    return _Searcher(network, params, calibration, images, labels).run(formats, loss, progress)


@dataclass(frozen=True)
class _Searcher:
    """Network, parameters and images of a search, with which it measures formats."""

    network: Network
    params: Params
    calibration: np.ndarray
    images: np.ndarray
    labels: np.ndarray

    def run(self, formats: Formats, limit: float, progress: Callable[[Search, str], None]) -> Search:
        """Return the result of the search."""
        start_error = self._error(start := self._quantised(formats))
        best = first = Trial(start, estimate(start).memory_bits, 0.0)
        resolution = 100 / len(self.images) if self.network.output == "classes" else 0.01
        ranks, trials = dict.fromkeys(self._steps(), np.inf), 1
        while ranks:
            step = max(ranks, key=lambda s: ranks[s])
            trial, trials = self._trial(step, best, start_error, limit), trials + 1
            taken = ""
            if trial is None:
                del ranks[step]
            else:
                rise = max(trial.loss - max(best.loss, 0.0), 0.0) + resolution
                ranks[step] = (best.memory_bits - trial.memory_bits) / rise
                if ranks[step] == max(ranks.values()):
                    best, taken = trial, _said(step, trial)
            progress(Search(first, best, trials), taken)
        return Search(first, best, trials)

    def _steps(self) -> list[_Step]:
        """Return all steps, in the order in which those of equal rank are tried."""
        stages = self.network.stages
        weights = [(stage.name, "weight_width") for stage in stages if issubclass(operation(stage), Weighted)]
        return [*weights, (ALL, "width"), *((stage.name, "width") for stage in stages)]

    def _quantised(self, formats: Formats) -> QuantNetwork:
        return quantise(self.network, self.params, self.calibration, formats)

    def _error(self, qnet: QuantNetwork) -> float:
        """Return the share of wrong classes in percent, or the relative error in percent."""
        prediction = qnet.predict(self.images)
        if self.network.output == "classes":
            return 100 * float((prediction.classes != self.labels).mean())
        norm = float(np.linalg.norm(self.labels)) or 1.0
        return 100 * float(np.linalg.norm(prediction.values - self.labels)) / norm

    def _trial(self, step: _Step, best: Trial, start_error: float, limit: float) -> Trial | None:
        """Return the formats after a step, or None if it has no circuit, saves nothing or loses too much."""
        formats = _shorter(best.qnet.formats, step)
        if formats is None:
            return None
        try:
            qnet = self._quantised(formats)
        except FitError:
            return None
        memory = estimate(qnet).memory_bits
        if memory >= best.memory_bits:
            return None
        loss = self._error(qnet) - start_error
        return Trial(qnet, memory, loss) if loss <= limit else None


def _shorter(formats: Formats, step: _Step) -> Formats | None:
    """Return the formats with one bit less, or None if there is none to take."""
    stage, what = step
    bits = getattr(formats if stage == ALL else formats.of(stage), what) - 1
    if bits < RANGES[what][0]:
        return None
    return replace(formats, **{what: bits}) if stage == ALL else formats.changed(stage, **{what: bits})


def _said(step: _Step, trial: Trial) -> str:
    """Return a step that was taken in words."""
    (stage, what), formats = step, trial.qnet.formats
    bits = getattr(formats if stage == ALL else formats.of(stage), what)
    kind = "words" if what == "width" else "weights"
    return f"{stage}: {kind} of {bits} bits, {trial.memory_bits:,} bits of memory, loss {trial.loss:+.2f}"
