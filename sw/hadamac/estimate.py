"""Cycles, multipliers and memory of every stage, before anything is emitted.

The latency is exact: the times at which beats leave each part of the first frame are carried through
the network, from the parts' cycle counts in :mod:`hadamac.timing`.  The interval is that of
the slowest stage; every stage is double-buffered, so that none waits for another within a frame.
Simulation of the emitted Verilog must agree to the cycle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import timing
from .errors import FitError
from .model.crop import live_rows
from .model.fft import FftPlan
from .model.fft2d import Fft2dPlan
from .model.fft_steps import Butterfly, Twiddle
from .quantised import QuantNetwork

__all__ = ["Plan", "plan", "Stage", "Estimate", "estimate"]


@dataclass(frozen=True)
class Plan:
    """Folding: lanes of each Hadamard product and of the dense layer."""

    hadamard: tuple[int, ...]
    dense: int


def plan(qnet: QuantNetwork, interval: int | None = None) -> Plan:
    """The fewest lanes with which no stage needs more than ``interval`` cycles a frame.

    ``interval`` is the least possible unless told: that of the input, of the transforms, and of the
    dense layer, which takes one value a cycle with all its lanes.  Fewer is refused.
    """
    network = qnet.network
    count, reals = len(qnet.dense.weights), qnet.dense.weights[0].size
    dense = range(1, min(count, reals) + 1)

    def dense_cycles(lanes):
        return -(-count // lanes) * reals

    fixed = max([network.size**2, dense_cycles(dense[-1])] + [
        max(g.shape.inputs * timing.fft2d_interval(g.forward), g.shape.outputs * timing.fft2d_interval(g.inverse))
        for g in qnet.groups
    ])
    interval = fixed if interval is None else interval
    if interval < fixed:
        raise FitError(f"Interval must be at least {fixed} cycles (input, transforms, dense layer), not {interval}")

    def fewest(candidates, cycles):
        # With all lanes a Hadamard product takes one cycle a bin, fewer than the transform behind it.
        return next(lanes for lanes in candidates if cycles(lanes) <= interval)

    hadamard = []
    for g in qnet.groups:
        shape, bins = g.shape, g.weights[0, 0].size
        divisors = [p for p in range(1, shape.inputs + 1) if shape.inputs % p == 0]
        hadamard.append(fewest(divisors, lambda p: shape.outputs * bins * shape.inputs // p))
    return Plan(tuple(hadamard), fewest(dense, dense_cycles))


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


# Times are cycles of transfers on a stream, as arrays; `available` is when a FIFO offers a beat.


def _transfers(available: np.ndarray) -> np.ndarray:
    """One beat a cycle, in order, none before it is available."""
    n = np.arange(len(available))
    return np.maximum.accumulate(available - n) + n


def _lag(times: np.ndarray, block: int, lag: int) -> np.ndarray:
    """Samples leave ``lag`` behind those that enter; the last ``lag`` of a block by themselves, one a cycle."""
    entered = times.reshape(-1, block)
    return np.concatenate([entered[:, lag:], entered[:, -1:] + 1 + np.arange(lag)], axis=1).reshape(-1)


def _fft(plan: FftPlan, order: str, times: np.ndarray) -> np.ndarray:
    for step in plan.steps:
        if isinstance(step, Butterfly):
            times = _lag(times, 2 * step.delay, step.delay)
    times = _lag(times, plan.size, timing.reorder_lag(plan.size, order))
    return _transfers(times + timing.GATE + timing.fft_pipeline(plan, order) + timing.fft_fifo(plan, order))


def _double_buffer(times: np.ndarray, writes: int, reads: int) -> np.ndarray:
    """Times of the reads of a double buffer whose halves take ``writes`` beats and ``reads`` reads."""
    out, free = [], [0, 0]
    last_write = last_read = -1
    for k, beats in enumerate(times.reshape(-1, writes)):
        n = np.arange(writes)
        entered = np.maximum.accumulate(np.maximum(beats, max(last_write + 1, free[k % 2])) - n) + n
        last_write = entered[-1]
        read = max(last_write + 1, last_read + 1) + np.arange(reads)
        last_read = read[-1]
        free[k % 2] = last_read + 1
        out.append(read)
    return np.concatenate(out)


def _fft2d(plan: Fft2dPlan, times: np.ndarray) -> np.ndarray:
    size, live = plan.size, plan.radius + 1
    live_u = np.isin(np.arange(size), live_rows(size, plan.radius))
    if plan.inverse:
        expanded, waiting = np.zeros(len(times) // live_u.sum() * size, dtype=np.int64), -1
        source = iter(times)
        for k in range(len(expanded)):
            waiting = max(waiting + 1, next(source)) if live_u[k % size] else waiting + 1
            expanded[k] = waiting
        columns = _fft(plan.column_plan, "bit-reversed", expanded)
        reads = _double_buffer(columns, live * size, size * size // 2)
        return _fft(plan.row_plan, "natural", _transfers(reads + timing.TRANSPOSE_INVERSE + timing.FIFO))
    rows = _fft(plan.row_plan, "bit-reversed", times)
    reads = _double_buffer(rows, size * size // 2, live * size)
    columns = _fft(plan.column_plan, "natural", _transfers(reads + timing.TRANSPOSE_FORWARD + timing.FIFO))
    return columns.reshape(-1, size)[:, live_u].reshape(-1)


def _fft_bits(plan: FftPlan, order: str) -> int:
    bits = timing.fifo_bits(2 * plan.out_width + 1, timing.fft_inflight(plan, order))
    for step in plan.steps:
        if isinstance(step, Butterfly) and step.delay > timing.LINE_IN_REGISTERS:
            bits += step.delay * 2 * step.out_width
        elif isinstance(step, Twiddle):
            words = step.block if step.block <= timing.FULL_TABLE else step.block // 8 + 1
            bits += words * 2 * plan.twiddle_width
    return bits + (2 * plan.size * 2 * plan.out_width if order != "bit-reversed" else 0)


def _fft2d_bits(plan: Fft2dPlan) -> int:
    first, second = (plan.column_plan, plan.row_plan) if plan.inverse else (plan.row_plan, plan.column_plan)
    banks = 2 * plan.size * _power(plan.radius + 1) * 2 * plan.width
    pipeline = timing.TRANSPOSE_INVERSE if plan.inverse else timing.TRANSPOSE_FORWARD
    fifo = timing.fifo_bits(2 * (plan.width + plan.inverse) + 1, pipeline)
    return _fft_bits(first, "bit-reversed") + banks + fifo + _fft_bits(second, "natural")


def _power(n: int) -> int:
    """The next power of two: address fields are whole bits."""
    return 1 << (n - 1).bit_length()


def estimate(qnet: QuantNetwork, folding: Plan | None = None) -> Estimate:
    """Stages of the circuit that ``folding`` (default: :func:`plan`) asks for."""
    folding = folding or plan(qnet)
    width, weight_width = qnet.formats.width, qnet.formats.weight_width
    size = qnet.network.size
    stages = []

    def add(name, interval, multipliers, bits, times):
        stages.append(Stage(name, int(interval), int(multipliers), int(bits), int(times[0])))
        return times

    pixels = np.arange(size * size) + timing.GUARD
    odd = pixels.reshape(size, size)[1::2].reshape(-1)
    times = add("input", size * size, 0, 8 * size + timing.fifo_bits(2 * width + 1, timing.RAM),
                _transfers(odd + timing.RAM + timing.FIFO))
    for g, lanes in zip(qnet.groups, folding.hadamard):
        k, shape = g.shape.index, g.shape
        bins = g.weights[0, 0].size
        for name, p, channels in (("fft", g.forward, shape.inputs), ("ifft", g.inverse, shape.outputs)):
            if p.inverse:
                folds = shape.inputs // lanes
                drop = max(int(g.shift.max()), 0)
                steps = _double_buffer(times, shape.inputs * bins, shape.outputs * bins * folds)
                pipeline = timing.hadamard_pipeline(lanes, drop)
                bits = (lanes * 2 * _power(bins) * _power(folds) * 2 * width
                        + lanes * _power(shape.outputs * bins * folds) * 2 * weight_width
                        + timing.hadamard_table_bits(width, weight_width, shape.inputs, g.bias, g.shift)
                        + timing.fifo_bits(2 * width + 1, pipeline))
                times = add(f"hadamard{k}", shape.outputs * bins * folds, 4 * lanes, bits,
                            _transfers(steps[folds - 1 :: folds] + pipeline + timing.fifo(pipeline)))
            multipliers = p.row_plan.multipliers + p.column_plan.multipliers
            interval = channels * timing.fft2d_interval(p)
            times = add(f"{name}{k}", interval, multipliers, _fft2d_bits(p), _fft2d(p, times))
    d = qnet.dense
    count, reals = len(d.weights), d.weights[0].size
    rounds, drop = -(-count // folding.dense), max(int(d.shift.max()), 0)
    steps = _double_buffer(times, reals // 2, rounds * reals)
    pipeline = timing.dense_pipeline(folding.dense, drop)
    first = steps.reshape(rounds, -1)[:, -1] + pipeline + timing.fifo(pipeline + folding.dense)
    bits = (2 * _power(reals // 2) * 2 * width + folding.dense * rounds * reals * weight_width
            + timing.fifo_bits(qnet.formats.logit_width + 1, pipeline + folding.dense))
    add("dense", rounds * reals, folding.dense, bits, first)
    return Estimate(tuple(stages))
