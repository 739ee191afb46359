"""Cycle counts of the circuit's parts: what the estimate adds up and what the blocks are built to.

The circuit package imports these; a simulation of every block asserts that they hold.
"""

from __future__ import annotations

import numpy as np

from .model.modrelu import ModRelu
from .model.nyquist import PadPlan, PoolPlan
from .model.pwl.table import PwlTable
from .model.quadratic import INNER, QuadraticPlan
from .model.rsqrt import FRACTION
from .model.rsqrt import GUARD as GUARD_BITS
from .numeric import Requantise, Rescale

__all__ = ["FIFO", "GATE", "GUARD", "MULTIPLIER", "SUM", "RAM", "BIAS", "SHIFTS", "requantise", "rescale", "shifter",
           "fifo", "fifo_bits", "fifo_depth", "hadamard_pipeline", "dense_pipeline", "pwl_pipeline", "multiply_add",
           "quadratic_pipeline", "tree", "rsqrt", "hypotenuse", "modrelu_line", "modrelu_pipeline", "rsqrt_bits",
           "SPECTRAL_AVERAGE", "SPECTRAL_HALVE", "TILE", "spectral_pool_latency", "spectral_pad_latency",
           "tile_latency", "scattering_interval"]

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
BIAS = 48
"""Most bits of a bias: with it every sum stays below 2**53, where the models are exact."""
SHIFTS = (-8, 31)
"""By how much an accumulator may be shifted down."""


def requantise(rule: Requantise) -> int:
    """One cycle to round, one to saturate."""
    return (1 if rule.drop else 0) + (1 if rule.saturates else 0)


def shifter(most: int) -> int:
    """A shift by 0 to ``most``: two bits of it a cycle."""
    return -(-most.bit_length() // 2)


def rescale(rule: Rescale) -> int:
    """Shift, one cycle to round, one to saturate."""
    return shifter(rule.most) + 2


def hadamard_pipeline(lanes: int, drop: int) -> int:
    """Read, multiply, join the complex product, adder tree, accumulate, align, requantise."""
    return RAM + MULTIPLIER + 1 + tree(lanes) + 2 + requantise(Requantise(drop, 1, True))


def dense_pipeline(lanes: int, drop: int) -> int:
    """Read, select, multiply, accumulate, capture, align, requantise; then one result a cycle."""
    return RAM + 1 + MULTIPLIER + 3 + requantise(Requantise(drop, 1, True))


def pwl_pipeline(table: PwlTable) -> int:
    """Compare, count, look up, mirror, multiply, add, requantise."""
    return 2 + RAM + (table.mirror is not None) + MULTIPLIER + 1 + requantise(Requantise(table.shift, 1, True))


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


def bias_width(width: int, weight_width: int, inputs: int, bias=0) -> int:
    """Bits of a Hadamard bias: those of the sum of products, or more if one of those built in has more."""
    return max(width + weight_width + 1 + tree(inputs), int(np.abs(bias).max(initial=0)).bit_length() + 1)


def left_width(shift) -> int:
    """Bits that tell how far an accumulator moves up before the common drop; at least two, so that
    loaded weights may differ from those built in."""
    return max(2, int(max(int(np.max(shift)), 0) - np.min(shift)).bit_length())


def hadamard_table_bits(width: int, weight_width: int, inputs: int, bias, shift) -> int:
    """Bits of the table of outputs: bias and left shift."""
    rows = 1 << max(1, (len(bias) - 1).bit_length())
    return rows * (bias_width(width, weight_width, inputs, bias) + left_width(shift))


def rsqrt(width: int) -> int:
    """Normalise, a level of the shift a cycle; read, multiply, subtract."""
    return tree(-(-width // 2)) + RAM + MULTIPLIER + 1


def hypotenuse(width: int) -> int:
    """Square, add, a cycle for each digit of twice the root, requantise."""
    return MULTIPLIER + 1 + width + 1 + requantise(Requantise(2, width, True))


def modrelu_pipeline(plan: ModRelu) -> int:
    """Square, add, reciprocal root; times bias, rescale, gain; times gain, round."""
    root = MULTIPLIER + 1 + rsqrt(plan.rsqrt.width)
    return root + MULTIPLIER + rescale(plan.threshold) + 1 + MULTIPLIER + requantise(plan.result)


SPECTRAL_AVERAGE = 1 + RAM + 2 + requantise(Requantise(1, 1, True))
"""Spectral pooling's average: address, read, select, add, halve with saturation."""
SPECTRAL_HALVE = 2 + requantise(Requantise(2, 1, False))
"""Spectral padding's average: hold, align, round."""
TILE = 4
"""Pooling of row pairs: compare and choose in a column, then between two columns."""


def spectral_pool_latency(plan: PoolPlan) -> int:
    """First beat in to first beat out: a column is buffered where two dimensions are averaged, else none is."""
    if not (plan.averages and plan.dimensions == 2):
        return 0
    return plan.size + SPECTRAL_AVERAGE + fifo(SPECTRAL_AVERAGE)


def spectral_pad_latency(plan: PadPlan) -> int:
    """First beat in to first beat out: a pipeline where words are halved, else none."""
    return SPECTRAL_HALVE + fifo(SPECTRAL_HALVE) if plan.averages else 0


def tile_latency(size: int) -> int:
    """First beat in to first beat out of a pooling of row pairs: one row of results and the first of the next."""
    return size + 1 + TILE + fifo(TILE)


def multiply_add(rule: Requantise) -> int:
    """Multiply, add, requantise."""
    return MULTIPLIER + 1 + requantise(rule)


def quadratic_pipeline(plan: QuadraticPlan) -> int:
    """Horner's rule: twice multiply, add, requantise."""
    inner, outer = Requantise(plan.shifts[0], INNER, True), Requantise(plan.shifts[1], plan.width, True)
    return multiply_add(inner) + multiply_add(outer)


def modrelu_line(plan: ModRelu) -> int:
    """Words of the memory in which z waits for its gain."""
    return 1 << (modrelu_pipeline(plan) - MULTIPLIER - requantise(plan.result) - 2).bit_length()


def rsqrt_bits() -> int:
    """Bits of the table of roots: values and slopes."""
    return 512 * (FRACTION + 2 * GUARD_BITS)


def scattering_interval(size: int, angles: int) -> int:
    """Cycles an image of a wavelet's scale: the half-spectra of 2 L maps, one bin a cycle."""
    return 2 * angles * size * (size // 2 + 1)
