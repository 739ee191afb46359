"""Cycle counts of the circuit's parts: what the estimate adds up and what the blocks are built to.

The circuit package imports these; a simulation of every block asserts that they hold.
"""

from __future__ import annotations

from .numeric import Requantise, Rescale

__all__ = ["FIFO", "GATE", "GUARD", "MULTIPLIER", "SUM", "RAM", "requantise", "rescale", "shifter", "fifo", "fifo_bits",
           "fifo_depth", "multiply_add", "tree"]

FIFO = 2
"""Push to valid of a short output FIFO."""
FIFO_IN_LUTS = 32
"""Longest FIFO that is LUT RAM; a longer one is a memory with a short FIFO behind."""
GATE = 1
"""The register that turns an accepted beat into a token of the free-running pipeline."""
SUM = 3
"""Registers behind multipliers, two partial sums, their sum rounded."""
GUARD = 1
"""Beat in to beat out of a frame guard."""
MULTIPLIER = 3
"""Operand, pipeline and product register."""
RAM = 2
"""Address to data: array and output register."""


def requantise(rule: Requantise) -> int:
    """One cycle to round, one to saturate."""
    return (1 if rule.drop else 0) + (1 if rule.saturates else 0)


def shifter(most: int) -> int:
    """A shift by 0 to ``most``: two bits of it a cycle."""
    return -(-most.bit_length() // 2)


def rescale(rule: Rescale) -> int:
    """Shift, one cycle to round, one to saturate."""
    return shifter(rule.most) + 2




def tree(lanes: int) -> int:
    """Levels of an adder tree."""
    return (lanes - 1).bit_length()


def fifo_depth(inflight: int) -> int:
    """Words of an output FIFO behind ``inflight`` cycles of pipeline.

    One cycle until a push is counted, one until stop is registered, one until the gate sees it and
    one in hand; twice that, so that a stuttering sink never finds it empty while the pipeline refills.
    """
    return max(16, 1 << (2 * (inflight + 4) - 1).bit_length())


def fifo(inflight: int) -> int:
    """Push to valid: one cycle to be counted, one to leave; a long one passes a memory and a short one."""
    return FIFO if fifo_depth(inflight) <= FIFO_IN_LUTS else 1 + RAM + FIFO


def fifo_bits(width: int, inflight: int) -> int:
    """Memory bits of a FIFO, the short one behind a long one included."""
    depth = fifo_depth(inflight)
    return width * (depth if depth <= FIFO_IN_LUTS else depth + fifo_depth(RAM))








def multiply_add(rule: Requantise) -> int:
    """Multiply, add, requantise."""
    return MULTIPLIER + 1 + requantise(rule)
