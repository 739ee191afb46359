"""Cycles, multipliers and memory of every stage, before anything is emitted.

The latency is exact: the times at which beats leave each part of the first frame are carried through
the network, from the parts' cycle counts in :mod:`hadamac.timing`.  The interval is that of
the slowest stage; every stage is double-buffered, so that none waits for another within a frame.
Simulation of the emitted Verilog must agree to the cycle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .. import timing
from ..arrivals import double_buffer, fft2d, fft2d_bits, power, transfers
from ..errors import FitError
from ..model.crop import live_rows
from ..model.fft.planar import Fft2dPlan
from ..model.modrelu import ModRelu
from ..model.modulus import ModulusPlan
from ..model.normalise import NormalisePlan
from ..model.quadratic import QuadraticPlan
from ..quantised.network import Modulus, QuantNetwork, QuantStage, Table

__all__ = ["Plan", "plan", "Stage", "Estimate", "estimate"]


@dataclass(frozen=True)
class Plan:
    """Folding: lanes of each Hadamard product and of the dense layer."""

    hadamard: tuple[int, ...]
    dense: int

    def lanes(self, qnet: QuantNetwork) -> list[int]:
        """Of every stage; 1 where there is no choice."""
        folded = iter((*self.hadamard, self.dense))
        return [next(folded) if s.stage.kind in ("multiply", "linear") else 1 for s in qnet.stages]


def plan(qnet: QuantNetwork, interval: int | None = None) -> Plan:
    """The fewest lanes with which no stage needs more than ``interval`` cycles a frame.

    ``interval`` is the least possible unless told: that of the slowest stage, products and the dense layer with all
    their lanes.  Fewer is refused.
    """
    slowest = [("input", qnet.network.size**2), *((s.stage.name, _interval(s, _lanes(s)[-1])) for s in qnet.stages)]
    name, least = max(slowest, key=lambda entry: entry[1])
    interval = least if interval is None else interval
    if interval < least:
        raise FitError(f"Interval must be at least {least} cycles (stage {name}), not {interval}")

    def fewest(kind: str) -> list[int]:
        return [next(n for n in _lanes(s) if _interval(s, n) <= interval) for s in qnet.of_kind(kind)]

    return Plan(tuple(fewest("multiply")), fewest("linear")[0])


def _lanes(s: QuantStage) -> Sequence[int]:
    """Lanes that a stage may have, in rising order."""
    if s.stage.kind == "multiply":
        return [p for p in range(1, s.stage.inputs + 1) if s.stage.inputs % p == 0]
    if s.stage.kind == "linear":
        return range(1, min(len(s.op.weights), s.op.weights[0].size) + 1)
    return [1]


def _interval(s: QuantStage, lanes: int) -> int:
    """Cycles a frame of a stage; ``lanes`` of a product or of the dense layer."""
    stage = s.stage
    match stage.kind:
        case "transform" | "inverse":
            return stage.channels * timing.fft2d_interval(s.op)
        case "multiply":
            return stage.channels * stage.bins * stage.inputs // lanes
        case "linear":
            return -(-len(s.op.weights) // lanes) * s.op.weights[0].size
        case "normalise":
            return stage.channels * s.op.plan.interval
        case "bin":
            return stage.channels * stage.bins
        case "crop":
            return stage.channels * math.prod(stage.shape_in)
    return stage.channels * stage.size**2 // 2  # maps, as row pairs


@dataclass(frozen=True)
class Stage:
    """One stage: cycles a frame, real multipliers, bits of memory, cycle of its first output."""

    name: str
    interval: int
    multipliers: int
    memory_bits: int
    first_output: int


@dataclass(frozen=True)
class Estimate:
    """``latency``: first pixel accepted to first logit offered; ``interval``: frame to frame."""

    stages: tuple[Stage, ...]

    @property
    def latency(self) -> int:
        return self.stages[-1].first_output

    @property
    def interval(self) -> int:
        return max(s.interval for s in self.stages)

    @property
    def multipliers(self) -> int:
        return sum(s.multipliers for s in self.stages)

    @property
    def memory_bits(self) -> int:
        return sum(s.memory_bits for s in self.stages)


# One function a kind: (stage, formats, lanes, times of what comes) to (multipliers, memory bits, times of what leaves).


def _transform_stage(s: QuantStage, formats, lanes, times):
    plan: Fft2dPlan = s.op
    return plan.row_plan.multipliers + plan.column_plan.multipliers, fft2d_bits(plan), fft2d(plan, times)


def _product_stage(s: QuantStage, formats, lanes, times):
    stage, op = s.stage, s.op
    width, weight_width = formats.width, formats.weight_width
    folds, bins, drop = stage.inputs // lanes, stage.bins, max(int(op.shift.max()), 0)
    steps = double_buffer(times, stage.inputs * bins, stage.channels * bins * folds)
    pipeline = timing.hadamard_pipeline(lanes, drop)
    bits = (lanes * 2 * power(bins) * power(folds) * 2 * width
            + lanes * power(stage.channels * bins * folds) * (1 if stage.layer.real else 2) * weight_width
            + timing.hadamard_table_bits(width, weight_width, stage.inputs, op.bias, op.shift)
            + timing.fifo_bits(2 * width + 1, pipeline))
    return ((2 if stage.layer.real else 4) * lanes, bits,
            transfers(steps[folds - 1 :: folds] + pipeline + timing.fifo(pipeline)))


def _dense_stage(s: QuantStage, formats, lanes, times):
    d = s.op
    count, reals = len(d.weights), d.weights[0].size
    rounds, drop = -(-count // lanes), max(int(d.shift.max()), 0)
    steps = double_buffer(times, reals // 2, rounds * reals)
    pipeline = timing.dense_pipeline(lanes, drop)
    first = steps.reshape(rounds, -1)[:, -1] + pipeline + timing.fifo(pipeline + lanes)
    bits = (2 * power(reals // 2) * 2 * formats.width + lanes * rounds * reals * formats.weight_width
            + timing.fifo_bits(formats.logit_width + 1, pipeline + lanes))
    return lanes, bits, first


def _pipeline_stage(s: QuantStage, formats, lanes, times):
    """One beat a cycle through a pipeline and its FIFO."""
    multipliers, pipeline, bits = _pipeline(s.op)
    if pipeline:
        times = transfers(times + pipeline + timing.fifo(pipeline))
        bits += timing.fifo_bits(2 * formats.width + 1, pipeline)
    return multipliers, bits, times


def _pipeline(op) -> tuple[int, int, int]:
    """Multipliers, cycles from beat to FIFO, bits of tables."""
    match op:
        case Table():
            plan = op.table
        case Modulus():
            plan = ModulusPlan(op.width)
        case QuadraticPlan() | ModRelu():
            plan = op
        case _:  # ReLU
            return 0, 0, 0
    return plan.multipliers, plan.pipeline, plan.memory_bits


def _crop_stage(s: QuantStage, formats, lanes, times):
    stage = s.stage
    mask = np.zeros(stage.shape_in, dtype=bool)
    mask[live_rows(len(mask), stage.radius), : stage.radius + 1] = True
    return 0, 0, times[np.tile(mask.T.reshape(-1), stage.channels)]


def _tile_stage(s: QuantStage, formats, lanes, times):
    """A line buffer; a result leaves with the last pixel of every tile."""
    n, width = s.stage.size, formats.width
    corners = times.reshape(-1, 2, n)[:, 1, 1::2].reshape(-1)
    bits = width * n // 2 + timing.fifo_bits(2 * width + 1, timing.TILE)
    return 0, bits, transfers(corners + timing.TILE + timing.fifo(timing.TILE))


def _normalise_stage(s: QuantStage, formats, lanes, times):
    """A channel is read back once its statistics are known; the next one's last beat waits for their use."""
    plan: NormalisePlan = s.op.plan
    bits = plan.memory_bits + timing.fifo_bits(2 * formats.width + 1, plan.pipeline)
    return plan.multipliers, bits, plan.arrivals(times)


_STAGES = {
    "transform": _transform_stage, "inverse": _transform_stage, "multiply": _product_stage, "linear": _dense_stage,
    "point": _pipeline_stage, "bin": _pipeline_stage, "crop": _crop_stage, "tile": _tile_stage,
    "normalise": _normalise_stage,
}  # fmt: skip


def estimate(qnet: QuantNetwork, folding: Plan | None = None) -> Estimate:
    """Stages of the circuit that ``folding`` (default: :func:`plan`) asks for."""
    folding = folding or plan(qnet)
    size, width = qnet.network.size, qnet.formats.width
    pixels = np.arange(size * size) + timing.GUARD
    odd = pixels.reshape(size, size)[1::2].reshape(-1)
    times = transfers(odd + timing.RAM + timing.FIFO)
    stages = [Stage("input", size * size, 0, 8 * size + timing.fifo_bits(2 * width + 1, timing.RAM), int(times[0]))]
    for s, lanes in zip(qnet.stages, folding.lanes(qnet)):
        multipliers, bits, times = _STAGES[s.stage.kind](s, qnet.formats, lanes, times)
        stages.append(Stage(s.stage.name, int(_interval(s, lanes)), int(multipliers), int(bits), int(times[0])))
    return Estimate(tuple(stages))
