"""When beats leave a part of the circuit, of when they come, and what memory the transforms have.

Times are cycles of transfers on a stream, as arrays, of a first frame; ``available`` is when a FIFO offers a beat.
"""

from __future__ import annotations

import numpy as np

from . import timing
from .model.crop import live_rows
from .model.fft.plan import FftPlan
from .model.fft.planar import Fft2dPlan
from .model.fft.steps import Butterfly, Twiddle

__all__ = ["double_buffer", "fft2d", "fft2d_bits", "lag", "power", "transfers"]


def transfers(available: np.ndarray) -> np.ndarray:
    """One beat a cycle, in order, none before it is available."""
    n = np.arange(len(available))
    return np.maximum.accumulate(available - n) + n


def lag(times: np.ndarray, block: int, lag: int) -> np.ndarray:
    """Samples leave ``lag`` behind those that enter; the last ``lag`` of a block by themselves, one a cycle."""
    entered = times.reshape(-1, block)
    return np.concatenate([entered[:, lag:], entered[:, -1:] + 1 + np.arange(lag)], axis=1).reshape(-1)


def _fft(plan: FftPlan, order: str, times: np.ndarray) -> np.ndarray:
    for step in plan.steps:
        if isinstance(step, Butterfly):
            times = lag(times, 2 * step.delay, step.delay)
    times = lag(times, plan.size, timing.reorder_lag(plan.size, order))
    return transfers(times + timing.GATE + timing.fft_pipeline(plan, order) + timing.fft_fifo(plan, order))


def double_buffer(times: np.ndarray, writes: int, reads: int) -> np.ndarray:
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


def fft2d(plan: Fft2dPlan, times: np.ndarray) -> np.ndarray:
    size, live = plan.size, plan.radius + 1
    live_u = np.isin(np.arange(size), live_rows(size, plan.radius))
    if plan.inverse:
        expanded, waiting = np.zeros(len(times) // live_u.sum() * size, dtype=np.int64), -1
        source = iter(times)
        for k in range(len(expanded)):
            waiting = max(waiting + 1, next(source)) if live_u[k % size] else waiting + 1
            expanded[k] = waiting
        columns = _fft(plan.column_plan, "bit-reversed", expanded)
        reads = double_buffer(columns, live * size, size * size // 2)
        return _fft(plan.row_plan, "natural", transfers(reads + timing.TRANSPOSE_INVERSE + timing.FIFO))
    rows = _fft(plan.row_plan, "bit-reversed", times)
    reads = double_buffer(rows, size * size // 2, live * size)
    columns = _fft(plan.column_plan, "natural", transfers(reads + timing.TRANSPOSE_FORWARD + timing.FIFO))
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


def fft2d_bits(plan: Fft2dPlan) -> int:
    first, second = (plan.column_plan, plan.row_plan) if plan.inverse else (plan.row_plan, plan.column_plan)
    banks = 2 * plan.size * power(plan.radius + 1) * 2 * plan.width
    pipeline = timing.TRANSPOSE_INVERSE if plan.inverse else timing.TRANSPOSE_FORWARD
    fifo = timing.fifo_bits(2 * (plan.width + plan.inverse) + 1, pipeline)
    return _fft_bits(first, "bit-reversed") + banks + fifo + _fft_bits(second, "natural")


def power(n: int) -> int:
    """The next power of two: address fields are whole bits."""
    return 1 << (n - 1).bit_length()
