"""Cycle counts of the circuit's parts: what the estimate adds up and what the blocks are built to.

The circuit package imports these; a simulation of every block asserts that they hold.
"""

from __future__ import annotations

import numpy as np

from .model.fft import Butterfly, FftPlan, Requantise, Twiddle, bit_reversed

__all__ = ["FIFO", "GATE", "GUARD", "MULTIPLIER", "RAM", "requantise", "butterfly", "twiddle", "fft_pipeline",
           "reorder_tokens", "fft_latency", "LINE_IN_REGISTERS"]

FIFO = 2
"""Push to valid of an output FIFO."""
GATE = 1
"""The register that turns an accepted beat into a token of the free-running pipeline."""
GUARD = 1
"""Beat in to beat out of a frame guard."""
MULTIPLIER = 3
"""Operand, pipeline and product register."""
RAM = 2
"""Address to data: array and output register."""
LINE_IN_REGISTERS = 4
"""Longest delay line made of registers; a longer one is a memory, whose loop of 5 cycles it hides."""


def requantise(rule: Requantise) -> int:
    """Two cycles to round (decide, add), one to saturate."""
    return (2 if rule.drop else 0) + (1 if rule.saturates else 0)


def butterfly(step: Butterfly) -> int:
    """Token in to the token of the same position out, not counting the ``delay`` tokens of the line."""
    return 3 if step.delay <= LINE_IN_REGISTERS else RAM + 2


def twiddle(step: Twiddle) -> int:
    """Operand narrowing beside the table's read, product, sum, rounding."""
    return max(requantise(step.operand), RAM) + MULTIPLIER + 1 + requantise(step.product)


def fft_pipeline(plan: FftPlan, order: str) -> int:
    """Cycles from a token at the first butterfly to its push into the output FIFO."""
    cost = {Butterfly: butterfly, Twiddle: twiddle, Requantise: requantise}
    return sum(cost[type(s)](s) for s in plan.steps) + (RAM if order == "natural" else 0)


def reorder_tokens(size: int) -> int:
    """Tokens from a frame's first write into the reorder memory to its first read: the least for
    which no bin is read before it was written, (sqrt N - 1)**2 + 1 for even log2 N."""
    return int(np.max(bit_reversed(size) - np.arange(size))) + 1


def fft_latency(plan: FftPlan, order: str) -> int:
    """First beat in to first beat out, frame without gaps: N - 1 tokens of delay lines, the reorder
    tokens, and the pipeline's cycles."""
    tokens = plan.size - 1 + (reorder_tokens(plan.size) if order == "natural" else 0)
    return GATE + tokens + fft_pipeline(plan, order) + FIFO
