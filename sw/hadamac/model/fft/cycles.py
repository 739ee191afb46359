"""Cycle counts and limits of the parts of the FFT circuits that are the same for every plan.

The cycle counts that depend on a plan are asked of the plan (:class:`~hadamac.model.fft.plan.FftPlan` and the
others), which adds these up; those of multipliers, memories and FIFOs are in :mod:`hadamac.timing`.
"""

from __future__ import annotations

from ... import timing
from ...numeric import Requantise

__all__ = ["BUTTERFLY", "FOLDED_SUM", "FULL_TABLE", "LEAD", "LINE_IN_REGISTERS", "MEND", "OCTANT", "REORDER",
           "SERIAL_PRODUCT", "STOP", "TRANSPOSE_FORWARD", "TRANSPOSE_INVERSE"]

LEAD = 2
"""Cycles by which a token's control runs ahead of its data, so that memories are read in time."""
STOP = 1
"""Cycles of the register through which the output FIFO's ``stop`` reaches the gate."""
MEND = 2
"""Cycles that the gate of a stand-alone FFT adds, in order to mend frames of a wrong length."""
BUTTERFLY = 2
"""Cycles of a delay-feedback butterfly: register of the late operand, register of the sum."""
FOLDED_SUM = timing.RAM + 3
"""Cycles from the read of a pair's first word to the sum in a folded FFT: read, registers of both words, sum."""
SERIAL_PRODUCT = timing.MULTIPLIER + 1
"""Cycles from the imaginary part of an operand to the product that two multipliers make in two cycles; the real part is
a cycle earlier."""
OCTANT = 1 + timing.RAM + 1
"""Cycles from exponent to twiddle of a table of one octant: fold the exponent, read, turn the word."""
FULL_TABLE = 1024
"""Words of the longest table of twiddles that is stored whole, which a block RAM at its full width holds.

Of a longer table one octant is stored.
"""
REORDER = 1 + timing.RAM + 1
"""Cycles through the reorder memory: its own, and a register on either side, because it may be far away."""
LINE_IN_REGISTERS = 2
"""Words of the longest delay line made of registers; a longer one is a memory.

From the read of a word in a memory to the read of the word written in its place there are 4 cycles, which a line of 4
words or more hides.
"""
TRANSPOSE_FORWARD = timing.FAR + 2 + timing.requantise(Requantise(1, 1, True))
"""Cycles from a read of the forward transpose buffer to its FIFO: read, select, add, halve with saturation."""
TRANSPOSE_INVERSE = timing.FAR + 2
"""Cycles from a read of the inverse transpose buffer to its FIFO: read, select, add."""
