"""Base class of operations, which defines what the class of each kind of stage provides.

An *operation* is a stage of a network with number formats, which computes with words.  Its class contains everything
that depends on the kind of the stage:

==================================================  ==================================================================
what is needed                                      method
==================================================  ==================================================================
float64 values, which training must reproduce       `value` (class method: it needs the stage and parameters alone)
the operation, from calibration values              `quantise` (class method)
its bit-exact computation with words                `apply` (words known to fit), `run` (words are checked)
its form in an artifact, and back                   `record`, `restore` (class method), `SCHEMA`
cycles, multipliers, memory, times of beats         `interval`, `multipliers`, `memory_bits`, `arrivals`
its description, weights and multiplications        `what`, `caption`, `weights`, `multiplications`
the operation with the bins that pruning left out   `unpruned`
==================================================  ==================================================================

The arithmetic and the costs of the block itself are in its plan (:mod:`hadamac.model`), which the circuit uses too.
Torch modules and circuits are registered for an operation in their own packages.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from .. import timing
from ..arrivals import transfers
from ..network.stage import Stage
from ..numeric import SQ
from .formats import Formats

__all__ = ["Calibration", "Operation", "Params", "Pipelined", "Stored", "no_overflow"]

Params = Mapping[str, np.ndarray]
"""Float parameter tensors, with the names of ``Network.parameters``."""
Words = tuple[np.ndarray, np.ndarray]
"""Pair of words (n, ...) and overflow flags (n,) of n images."""


@dataclass(frozen=True)
class Calibration:
    """Data from which an operation is quantised.

    Attributes
    ----------
    params : mapping of str to float64 array
        Parameters of the network.
    inputs : tuple of float64 or complex128 array (n, ...)
        Values of each input for the calibration images.
    output : array (n, ...)
        Values of the output, without the scale that moves the binary point.
    fractions : tuple of int
        Fraction bits of the words of each input.
    formats : Formats
        Word widths and headroom.
    """

    params: Params
    inputs: tuple[np.ndarray, ...]
    output: np.ndarray
    fractions: tuple[int, ...]
    formats: Formats


@dataclass(frozen=True)
class Stored:
    """Data of an operation in an artifact.

    Attributes
    ----------
    facts : dict
        Entry of the stage in the manifest, which includes ``name`` and ``fraction``.
    fractions : tuple of int
        Fraction bits of the words of each input.
    formats : Formats
        Word widths.
    take : function
        ``take(name, shape)`` returns an array of integers as float64, or raises ArtifactError if there is none.
    """

    facts: Mapping[str, Any]
    fractions: tuple[int, ...]
    formats: Formats
    take: Callable[[str, tuple[int, ...]], np.ndarray]


def no_overflow(x: np.ndarray) -> np.ndarray:
    """Return overflow flags (n,), none of which is set."""
    return np.zeros(len(x), dtype=bool)


@dataclass(frozen=True, kw_only=True, eq=False)
class Operation(ABC):
    """Operation of a stage, which computes with words.

    Attributes
    ----------
    SCHEMA : dict
        JSON schema of each fact that `record` returns, by the name of the fact.
    stage : Stage
    formats : Formats
    fraction : int
        Fraction bits of the output words.
    """

    SCHEMA: ClassVar[dict[str, Any]] = {}
    stage: Stage
    formats: Formats
    fraction: int

    # Floats

    @classmethod
    @abstractmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the output in float64 (n, ...) for given inputs, without the scale that moves the binary point."""

    @classmethod
    @abstractmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the operation for given calibration data; its ``fraction`` does not include the scale yet."""

    @classmethod  # noqa: B027  (most have nothing to check)
    def check_formats(cls, stage: Stage, formats: Formats) -> None:
        """Raise FitError if the stage has no circuit in these formats, whatever its parameters are."""

    # Words

    @abstractmethod
    def apply(self, *x: np.ndarray) -> Words:
        """Return the output words and overflow flags for input words that are known to fit their formats."""

    def run(self, *x: np.ndarray) -> Words:
        """Do the same as `apply`; raise DataError for words that the input ports of the circuit cannot carry."""
        return self.apply(*x)

    @property
    def width(self) -> int:
        """Bits of an output word, or of each part of a complex one."""
        return self.formats.width

    @property
    def format(self) -> SQ:
        """Format of the output words."""
        return SQ(self.width - self.fraction, self.fraction)

    # Artifacts

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return facts, in a form for JSON, and arrays of integers, from which `restore` rebuilds the operation."""
        return {}, {}

    @classmethod
    @abstractmethod
    def restore(cls, stage: Stage, stored: Stored) -> Self:
        """Return the operation that `record` has described.

        Raises
        ------
        ArtifactError
            If an array is missing or has other values than the circuit can hold.
        KeyError, TypeError
            If a fact is missing or has a wrong type.
        DescriptionError
            If a fact does not fit the network.
        """

    # Costs

    @property
    def framed(self) -> bool:
        """Whether no beat of a frame leaves before the last beat of that frame has arrived."""
        return False

    @property
    def lanes(self) -> Sequence[int]:
        """Numbers of lanes that the circuit can have, in increasing order."""
        return (1,)

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles of a frame: the number of its input beats or of its output beats, whichever is greater."""
        return self.stage.beats

    def multipliers(self, lanes: int = 1) -> int:
        """Return the number of real multipliers."""
        return 0

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of memory."""
        return 0

    @abstractmethod
    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which the beats of a first frame leave, given those in which its inputs arrive."""

    def taken(self, *times: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return, for each input, the cycles in which its beats are taken, given those in which they are offered."""
        return times

    # Descriptions

    @property
    @abstractmethod
    def what(self) -> list[str]:
        """Description of the stage: the lines of its cell in a table."""

    @property
    def caption(self) -> str:
        """Short description of the stage, for the arrow before a picture of its output."""
        return self.what[0]

    @property
    def weights(self) -> int:
        """Number of real weights that determine the operation."""
        return 0

    @property
    def multiplications(self) -> int:
        """Number of real multiplications for an image."""
        return 0

    @property
    def multiplications_in_space(self) -> int:
        """Number of real multiplications for an image if the same layer is computed in space."""
        return 0

    @property
    def bins(self) -> int:
        """Number of output bins of all channels; 0 if maps leave."""
        return self.stage.channels * self.stage.bins if self.stage.spectral else 0

    @property
    def outputs(self) -> tuple[int, ...]:
        """Shape of the output for one image."""
        return self.stage.shape

    # Pruning

    def unpruned(self, stage: Stage, params: Params) -> Operation:
        """Return the operation for a stage that computes every bin; the words of live bins are the same."""
        return replace(self, stage=stage, fraction=self.fraction + self.stage.places - stage.places)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pipelined(Operation):
    """Operation whose circuit is a pipeline that takes one beat a cycle, followed by the output FIFO."""

    @property
    @abstractmethod
    def pipeline(self) -> int:
        """Cycles from an input beat to the push of its result into the output FIFO.

        0 stands for a combinational circuit, which has no FIFO.
        """

    @property
    def tables(self) -> int:
        """Bits of memory, not counting the FIFO."""
        return 0

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of the tables and of the output FIFO."""
        return self.tables + (timing.fifo_bits(2 * self.width + 1, self.pipeline) if self.pipeline else 0)

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which beats leave, after the pipeline and the FIFO."""
        return transfers(times[0] + self.pipeline + timing.fifo(self.pipeline)) if self.pipeline else times[0]
