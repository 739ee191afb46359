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
from ..network.walk import walk
from ..quantised.network import QuantNetwork
from .ends import input_plan, output_plan
from .folding import Plan, plan
from .skips import Skip, skip_buffers

__all__ = ["Estimate", "Plan", "StageCost", "estimate", "plan"]


@dataclass(frozen=True)
class StageCost:
    """One stage: cycles a frame, real multipliers, bits of memory, cycle of its first output.

    The memory includes that of the blocks before the stage which change the width of its words, and of skip buffers.
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
    """Costs of the circuit: those of the input, of every stage of the network, and of an output buffer of maps."""

    stages: tuple[StageCost, ...]

    @property
    def latency(self) -> int:
        """Cycles from the first pixel accepted to the first word of the answer offered, through a register slice."""
        return self.stages[-1].first_output + timing.SLICE

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
    given, entry = qnet.network.given, input_plan(qnet)
    times = entry.arrivals(np.arange(given[0] * given[1]) + timing.GUARD)
    stages = [StageCost("input", entry.interval, 0, entry.memory_bits, int(times[0]))]
    intervals = [op.interval(n) for op, n in zip(qnet.stages, lanes)]
    last = output_plan(qnet)
    slowest = max(entry.interval, last.interval if last else 0, *intervals)

    def visit(k: int, taken: tuple[np.ndarray, ...]) -> np.ndarray:
        op, resizes, skips = qnet.stages[k], qnet.resizes(k), ()
        taken = tuple(resize.arrivals(times) if resize else times for resize, times in zip(resizes, taken))
        if len(taken) > 1:
            taken, skips = skip_buffers(qnet.stages[:k], op, taken, slowest, 2 * op.formats.width + 1)
        out = op.arrivals(*taken, lanes=lanes[k])
        memory = op.memory_bits(lanes[k]) + sum(skip.bits for skip in skips if skip)
        memory += sum(resize.memory_bits for resize in resizes if resize)
        stages.append(StageCost(op.stage.name, int(intervals[k]), int(op.multipliers(lanes[k])), int(memory),
                                int(out[0]), skips))
        return out

    out = walk([op.stage for op in qnet.stages], times, visit)
    if last is not None:
        leaving = last.arrivals(out)
        stages.append(StageCost("output", last.interval, 0, last.memory_bits, int(leaving[0])))
    return Estimate(tuple(stages))
