"""The contract of an operation: one class for each kind of stage, which knows all of that kind.

An *operation* is a stage of a network in words.  Its class holds, in one file, what the parts of hadamac ask:

==================================================  ==================================================================
asked for                                           method
==================================================  ==================================================================
float64 values, which training must reproduce       `value` (class method: it needs the stage and parameters alone)
the operation in words, from calibration values     `quantise` (class method)
the same with the words of other parameters         `renewed`
words, bit-exact                                    `apply` (words known to fit), `run` (checked)
an artifact's facts and arrays, and back            `record`, `fields` (class method), `SCHEMA`
cycles, multipliers, memory, times of beats         `interval`, `multipliers`, `memory_bits`, `arrivals`
its words in a table, weights, multiplications      `what`, `caption`, `weights`, `multiplications`
the same with bins that pruning left out            `unpruned`
==================================================  ==================================================================

The block's own arithmetic and costs are its plan's (:mod:`hadamac.model`), which the circuit uses too; the bases in
:mod:`hadamac.ops.planned` pass them on.  Torch modules and circuits register themselves for a kind in their own
packages.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from ..network.stage import Stage
from ..numeric import SQ
from .formats import Formats

__all__ = ["Calibration", "Operation", "Params", "Stored", "no_overflow"]

Params = Mapping[str, np.ndarray]
"""Float parameter tensors by name, as ``Network.parameters`` names them."""
Words = tuple[np.ndarray, np.ndarray]
"""Words (n, ...), and overflow flags (n,)."""


@dataclass(frozen=True)
class Calibration:
    """Everything from which an operation is quantised: parameters, calibration values, formats.

    Attributes
    ----------
    params : mapping of str to float64 array
    inputs : tuple of float64 or complex128 array (n, ...)
        Values of calibration images that come in.
    output : array (n, ...)
        Values that leave, without the scale that moves the binary point.
    fractions : tuple of int
        Fraction bits of the words that come in.
    formats : Formats
    """

    params: Params
    inputs: tuple[np.ndarray, ...]
    output: np.ndarray
    fractions: tuple[int, ...]
    formats: Formats


@dataclass(frozen=True)
class Stored:
    """The part of an artifact that belongs to one operation.

    Attributes
    ----------
    facts : dict
        The stage's entry in the manifest, ``name`` and ``fraction`` among it.
    fractions : tuple of int
        Fraction bits of the words that come in.
    formats : Formats
    take : function
        ``take(name, shape)`` returns an array of integers as float64, or raises ArtifactError.
    """

    facts: Mapping[str, Any]
    fractions: tuple[int, ...]
    formats: Formats
    take: Callable[[str, tuple[int, ...]], np.ndarray]


def no_overflow(x: np.ndarray) -> np.ndarray:
    """Return overflow flags (n,) of which none is set."""
    return np.zeros(len(x), dtype=bool)


@dataclass(frozen=True, kw_only=True, eq=False)
class Operation(ABC):
    """A stage in words.

    Attributes
    ----------
    stage : Stage
    formats : Formats
    fraction : int
        Fraction bits of the words that leave.
    scales : bool
        Its weights contain the stage's scale, as those of a step of the kind ``multiply`` or ``linear`` must.
    SCHEMA : dict
        JSON schema of the facts that `record` gives, by name.
    """

    SCHEMA: ClassVar[dict[str, Any]] = {}
    scales: ClassVar[bool] = False
    stage: Stage
    formats: Formats
    fraction: int

    # Floats

    @classmethod
    @abstractmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return what leaves the stage in float64 (n, ...), for what comes in, without its scale."""

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the operation in words; its ``fraction`` is that before the scale moves the binary point.

        By default there is nothing to choose, and words keep their format.
        """
        return cls(stage=stage, formats=given.formats, fraction=given.fractions[0])

    @classmethod  # noqa: B027  (most have nothing to check)
    def check_formats(cls, stage: Stage, formats: Formats) -> None:
        """Raise FitError for formats in which the stage has no circuit, whatever its parameters."""

    # Words

    @abstractmethod
    def apply(self, *x: np.ndarray) -> Words:
        """Return words and overflow flags for words that are known to fit."""

    def run(self, *x: np.ndarray) -> Words:
        """Return words and overflow flags; raise DataError for words that the circuit's ports cannot carry.

        By default words of any width are taken; an operation whose plan has a checked ``run`` overrides this.
        """
        return self.apply(*x)

    @property
    def width(self) -> int:
        """Bits of a word, or of a part of one, that leaves."""
        return self.formats.width

    @property
    def format(self) -> SQ:
        """Format of the words that leave."""
        return SQ(self.width - self.fraction, self.fraction)

    def renewed(self, params: Params, fractions: tuple[int, ...]) -> Operation:
        """Return the operation with the words of other parameters, in the same formats.

        ``fractions`` are the fraction bits of the words that come in.  By default, no parameter affects the operation.
        """
        return self

    # Artifacts

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return facts, as JSON takes them, and arrays of integers."""
        return {}, {}

    @classmethod
    def restore(cls, stage: Stage, stored: Stored) -> Self:
        """Return the operation that `record` described.

        Raises ArtifactError for a fact that is missing, DescriptionError for one that does not fit its network.
        """
        return cls(stage=stage, formats=stored.formats, fraction=stored.facts["fraction"],
                   **cls.fields(stage, stored))

    @classmethod
    def fields(cls, stage: Stage, stored: Stored) -> dict[str, Any]:
        """Return what `restore` needs besides the attributes that every operation has; by default nothing.

        ``stored.facts["fraction"]`` counts the fraction bits of what leaves, the scale included; a plan that needs the
        number before the scale moves the binary point adds ``stage.places``.
        """
        return {}

    # Costs

    @property
    def framed(self) -> bool:
        """True if a whole frame comes in before the first beat of it leaves."""
        return False

    @property
    def lanes(self) -> Sequence[int]:
        """Numbers of lanes that the circuit may have, in rising order."""
        return (1,)

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles a frame: one for each beat that comes in or leaves, whichever are more."""
        return self.stage.beats

    def multipliers(self, lanes: int = 1) -> int:
        """Return the number of real multipliers."""
        return 0

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of memory."""
        return 0

    @abstractmethod
    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which beats of a first frame leave, for those in which its beats come in."""

    def taken(self, *times: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return for each input the cycles in which its beats are taken, for those in which they are offered."""
        return times

    # Descriptions

    @property
    @abstractmethod
    def what(self) -> list[str]:
        """Lines of a table that say what the stage does."""

    @property
    def caption(self) -> str:
        """A few words for the arrow before a picture."""
        return self.what[0]

    @property
    def weights(self) -> int:
        """Number of reals that determine it."""
        return 0

    @property
    def multiplications(self) -> int:
        """Real multiplications an image."""
        return 0

    @property
    def multiplications_in_space(self) -> int:
        """Real multiplications an image of the same layer in space."""
        return 0

    @property
    def bins(self) -> int:
        """Bins that leave, all channels; 0 where maps leave."""
        return self.stage.channels * self.stage.bins if self.stage.spectral else 0

    @property
    def outputs(self) -> tuple[int, ...]:
        """Shape of what leaves for one image."""
        return self.stage.shape

    # Pruning

    def unpruned(self, stage: Stage, params: Params) -> Operation:
        """Return the operation for the stage that computes every bin, with the words of live bins unchanged."""
        return replace(self, stage=stage, fraction=self.fraction + self.stage.places - stage.places)
