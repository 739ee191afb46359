"""Cycle counts of the common parts of circuits.

The circuits take their delays from here, the estimate adds them up, and a simulation of every block checks them.
"""

from __future__ import annotations

from .numeric import Requantise, Rescale

__all__ = ["FAR", "FIFO", "GATE", "GUARD", "MULTIPLIER", "RAM", "SLICE", "SUM", "fifo", "fifo_bits", "fifo_depth",
           "multiply_add", "requantise", "rescale", "shifter", "tree"]

FIFO = 2
"""Cycles from a push into a short output FIFO to ``valid``."""
FIFO_IN_LUTS = 32
"""Words of the longest FIFO that is LUT RAM; a longer one is a memory followed by a short FIFO."""
GATE = 1
"""Cycles of the register that turns an accepted beat into a token of the free-running pipeline."""
SUM = 2
"""Cycles of a rounded sum: two partial sums, their rounded sum."""
SLICE = 1
"""Cycles through a register slice."""
GUARD = SLICE
"""Cycles from a beat into a frame guard, which ends in a register slice, to the same beat out of it."""
MULTIPLIER = 4
"""Cycles of a multiplier: operand, pipeline and product register, and one on the way to where the product is used."""
RAM = 2
"""Cycles from a memory's address to its data: array and output register."""
FAR = 1 + RAM + 1
"""The same of a memory with registers on either side, because it may be far from what feeds it and from its reader."""


def requantise(rule: Requantise) -> int:
    """Return the cycles of a requantisation: one to round, one to compare and one to clip, where the rule does so."""
    return (1 if rule.drop else 0) + (2 if rule.saturates else 0)


def shifter(most: int) -> int:
    """Return the cycles of a shift by 0 to ``most``: each cycle settles two bits of the shift."""
    return -(-most.bit_length() // 2)


def rescale(rule: Rescale) -> int:
    """Return the cycles of a rescaling: the shift, one cycle to round and two to saturate."""
    return shifter(rule.most) + 3


def tree(lanes: int) -> int:
    """Return the levels of an adder tree, each of which takes a cycle."""
    return (lanes - 1).bit_length()


def fifo_depth(inflight: int) -> int:
    """Return the words of an output FIFO that follows ``inflight`` cycles of pipeline.

    A push is counted one cycle later, ``stop`` is registered another cycle later, the gate sees it one cycle after
    that, and one word is kept in reserve: so at most ``inflight + 4`` words arrive after the FIFO decides to stop.
    The FIFO holds twice as many, so that a sink that stops and goes never finds it empty while the pipeline refills.
    """
    return max(16, 1 << (2 * (inflight + 4) - 1).bit_length())


def fifo(inflight: int) -> int:
    """Return the cycles from a push to ``valid``: one until the push is counted and one until the word leaves.

    In a FIFO too long for LUT RAM a word passes through a memory and then through a short FIFO.
    """
    return FIFO if fifo_depth(inflight) <= FIFO_IN_LUTS else 1 + RAM + FIFO


def fifo_bits(width: int, inflight: int) -> int:
    """Return the memory bits of a FIFO, including the short FIFO that follows a long one."""
    depth = fifo_depth(inflight)
    return width * (depth if depth <= FIFO_IN_LUTS else depth + fifo_depth(RAM))


def multiply_add(rule: Requantise) -> int:
    """Return the cycles of a multiplication, an addition and a requantisation."""
    return MULTIPLIER + 1 + requantise(rule)
