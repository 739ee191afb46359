"""Bases of operations whose words and costs are those of a plan of :mod:`hadamac.model`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .. import timing
from ..arrivals import transfers
from .base import Operation, Words

__all__ = ["Folded", "Pipelined", "Planned"]


class _WordsPlan(Protocol):
    """A plan that takes words of one input."""

    def apply(self, x: np.ndarray, /) -> Words: ...

    def run(self, x: np.ndarray, /) -> Words: ...


class _PipelinedPlan(_WordsPlan, Protocol):
    """A plan of a pipeline that takes a beat a cycle."""

    @property
    def pipeline(self) -> int: ...

    @property
    def multipliers(self) -> int: ...

    @property
    def memory_bits(self) -> int: ...


class _FoldedPlan(_WordsPlan, Protocol):
    """A plan whose multipliers one or more lanes share out."""

    def interval(self, lanes: int, /) -> int: ...

    def multipliers(self, lanes: int, /) -> int: ...

    def memory_bits(self, lanes: int, /) -> int: ...

    def arrivals(self, times: np.ndarray, lanes: int, /) -> np.ndarray: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Planned(Operation):
    """An operation whose words are what its plan gives for the words of its one input."""

    plan: _WordsPlan

    def apply(self, *x: np.ndarray) -> Words:
        """Return the words of the plan."""
        return self.plan.apply(*x)

    def run(self, *x: np.ndarray) -> Words:
        """Do the same as `apply`; raise DataError for words that do not fit the word width of the plan."""
        return self.plan.run(*x)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pipelined(Planned):
    """An operation that takes a beat a cycle through the pipeline of its plan into a FIFO."""

    plan: _PipelinedPlan

    def multipliers(self, lanes: int = 1) -> int:
        """Return the number of real multipliers."""
        return self.plan.multipliers

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of the plan's memory and of the output FIFO."""
        return self.plan.memory_bits + timing.fifo_bits(2 * self.width + 1, self.plan.pipeline)

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which output beats leave: each comes later by the pipeline and the FIFO."""
        return transfers(times[0] + self.plan.pipeline + timing.fifo(self.plan.pipeline))


@dataclass(frozen=True, kw_only=True, eq=False)
class Folded(Planned):
    """An operation with weights, whose multiplications the lanes of its circuit share."""

    scales = True
    plan: _FoldedPlan

    def interval(self, lanes: int = 1) -> int:
        """Return the cycles of a frame."""
        return self.plan.interval(lanes)

    def multipliers(self, lanes: int = 1) -> int:
        """Return the number of real multipliers of all lanes."""
        return self.plan.multipliers(lanes)

    def memory_bits(self, lanes: int = 1) -> int:
        """Return the bits of memory."""
        return self.plan.memory_bits(lanes)

    def arrivals(self, *times: np.ndarray, lanes: int = 1) -> np.ndarray:
        """Return the cycles in which output beats leave."""
        return self.plan.arrivals(times[0], lanes)
