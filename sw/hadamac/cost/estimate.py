"""Cycles, multipliers and memory of every stage, before anything is emitted.

The latency is exact: the times at which beats leave each part of the first frame are carried through the network, each
computed from the times at which they arrive.  The interval is that of the slowest stage; every stage is
double-buffered, so that none waits for another within a frame, and skip buffers hold what a shorter path of a join has
ready (:mod:`hadamac.cost.skips`).  Simulation of the emitted Verilog must agree to the cycle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import timing
from ..arrivals import transfers
from ..network.walk import walk
from ..quantised.network import QuantNetwork
from .folding import Plan, plan
from .skips import Skip, skip_buffers

__all__ = ["Estimate", "Plan", "StageCost", "estimate", "plan"]


@dataclass(frozen=True)
class StageCost:
    """One stage: cycles a frame, real multipliers, bits of memory, cycle of its first output.

    ``skips``: the skip buffer of each of a join's inputs, None where it needs none; empty for other stages.
    """

    name: str
    interval: int
    multipliers: int
    memory_bits: int
    first_output: int
    skips: tuple[Skip | None, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """Costs of the circuit: those of the input, then of every stage of the network."""

    stages: tuple[StageCost, ...]

    @property
    def latency(self) -> int:
        """Cycles from the first pixel accepted to the first logit offered."""
        return self.stages[-1].first_output

    @property
    def interval(self) -> int:
        """Cycles from frame to frame."""
        return max(s.interval for s in self.stages)

    @property
    def multipliers(self) -> int:
        """Real multipliers."""
        return sum(s.multipliers for s in self.stages)

    @property
    def memory_bits(self) -> int:
        """Bits of memory."""
        return sum(s.memory_bits for s in self.stages)


def estimate(qnet: QuantNetwork, folding: Plan | None = None) -> Estimate:
    """Return the costs of the circuit that ``folding`` asks for; the default is that of :func:`plan`."""
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
            taken, skips = skip_buffers(qnet.stages[:k], op, taken, slowest, 2 * width + 1)
        out = op.arrivals(*taken, lanes=lanes[k])
        memory = op.memory_bits(lanes[k]) + sum(skip.bits for skip in skips if skip)
        stages.append(StageCost(op.stage.name, int(intervals[k]), int(op.multipliers(lanes[k])), int(memory),
                                int(out[0]), skips))
        return out

    walk([op.stage for op in qnet.stages], times, visit)
    return Estimate(tuple(stages))
