"""Estimate of the cycles, multipliers and memory of every stage, before any Verilog is written.

The latency is exact.  For each stage, the times at which the beats of a first frame leave are computed from the times
at which they arrive.  The interval is that of the slowest stage: every stage is double-buffered, so that no stage waits
for another within a frame, and skip buffers hold the beats of the shorter paths of a join (:mod:`hadamac.cost.skips`).
Simulations of the emitted Verilog agree with the estimate to the cycle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import timing
from ..arrivals import transfers
from ..network.walk import walk
from ..quantised.network import QuantNetwork
from .folding import Plan, plan
from .skips import LATENCY, Skip, latest, skip_depth

__all__ = ["Estimate", "Plan", "StageCost", "estimate", "plan"]


@dataclass(frozen=True)
class StageCost:
    """Cost of one stage.

    Attributes
    ----------
    name : str
        Name of the stage.
    interval : int
        Cycles of a frame.
    multipliers : int
        Number of real multipliers.
    memory_bits : int
        Bits of memory, including those of its skip buffers.
    first_output : int
        Cycle of its first output, counted from the first pixel.
    skips : tuple of Skip or None
        For a join, the skip buffer of each input, or None if the input needs none; empty for other stages.
    """

    name: str
    interval: int
    multipliers: int
    memory_bits: int
    first_output: int
    skips: tuple[Skip | None, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """Cost of a circuit: the cost of its input, then of every stage of the network."""

    stages: tuple[StageCost, ...]

    @property
    def latency(self) -> int:
        """Cycles from the first pixel that is accepted to the first logit that is offered."""
        return self.stages[-1].first_output

    @property
    def interval(self) -> int:
        """Cycles from one frame to the next."""
        return max(s.interval for s in self.stages)

    @property
    def multipliers(self) -> int:
        """Number of real multipliers."""
        return sum(s.multipliers for s in self.stages)

    @property
    def memory_bits(self) -> int:
        """Bits of memory."""
        return sum(s.memory_bits for s in self.stages)


def estimate(qnet: QuantNetwork, folding: Plan | None = None) -> Estimate:
    """Return the cost of the circuit of a network with a folding; the default folding is that of :func:`plan`."""
    lanes = (folding or plan(qnet)).lanes(qnet)
    size, width = qnet.network.size, qnet.formats.width
    pixels = np.arange(size * size) + timing.GUARD
    odd = pixels.reshape(size, size)[1::2].reshape(-1)
    times = transfers(odd + timing.RAM + timing.FIFO)
    bits = 8 * size + timing.fifo_bits(2 * width + 1, timing.RAM)
    stages = [StageCost("input", size * size, 0, bits, int(times[0]))]
    intervals = [op.interval(n) for op, n in zip(qnet.stages, lanes)]
    slowest = max(size * size, *intervals)

    def visit(k: int, taken: tuple[np.ndarray, ...]) -> np.ndarray:
        op, skips = qnet.stages[k], ()
        if len(taken) > 1:
            taken, skips = _joined(qnet, k, taken, slowest)
        out = op.arrivals(*taken, lanes=lanes[k])
        memory = op.memory_bits(lanes[k]) + sum(skip.bits for skip in skips if skip)
        stages.append(StageCost(op.stage.name, int(intervals[k]), int(op.multipliers(lanes[k])), int(memory),
                                int(out[0]), skips))
        return out

    walk([op.stage for op in qnet.stages], times, visit)
    return Estimate(tuple(stages))


def _joined(qnet: QuantNetwork, k: int, taken: tuple[np.ndarray, ...],
            interval: int) -> tuple[tuple[np.ndarray, ...], tuple[Skip | None, ...]]:
    """Return the times at which beats are offered to a join, after its skip buffers, and these buffers."""
    join = qnet.stages[k]
    main = latest(qnet.stages[:k], join.stage.sources, taken)
    offered = tuple(times if n == main else transfers(times + LATENCY) for n, times in enumerate(taken))
    together = join.taken(*offered)
    width = 2 * qnet.formats.width + 1
    skips = tuple(None if n == main else skip_depth(times, left, interval, width)
                  for n, (times, left) in enumerate(zip(taken, together)))
    return offered, skips
