"""Cycle counts of the circuit's parts, which the estimate adds up and to which the blocks are built.

The circuits take their delays from here, and a simulation of every block asserts that they hold.
"""

from __future__ import annotations

import numpy as np

from .model.fft.iterative import IterativePlan
from .model.fft.plan import FftPlan, bit_reversed, output_bins
from .model.fft.planar import Fft2dPlan
from .model.fft.real import RealFftPlan
from .model.fft.steps import Butterfly, Twiddle
from .model.modrelu import ModRelu
from .model.nyquist import PadPlan, PoolPlan
from .model.pwl.table import PwlTable
from .model.quadratic import INNER, QuadraticPlan
from .model.rsqrt import FRACTION
from .model.rsqrt import GUARD as GUARD_BITS
from .numeric import Requantise, Rescale

__all__ = ["FIFO", "GATE", "GUARD", "FFT_GUARD", "STOP", "MULTIPLIER", "SUM", "RAM", "OCTANT", "FULL_TABLE", "LEAD",
           "BUTTERFLY", "REORDER", "LINE_IN_REGISTERS", "BIAS", "SHIFTS", "TRANSPOSE_FORWARD", "TRANSPOSE_INVERSE",
           "requantise", "twiddle", "meet", "narrow", "output_lag", "reorder_lag", "rescale", "shifter", "fft_pipeline",
           "fft_latency", "fft_inflight", "fft_fifo", "fifo", "fifo_bits", "fifo_depth", "fft2d_interval",
           "hadamard_pipeline", "dense_pipeline", "pwl_pipeline", "iterative_butterfly", "iterative_interval",
           "iterative_latency", "multiply_add", "quadratic_pipeline", "real_latency", "real_pipeline", "tree",
           "rsqrt", "hypotenuse", "modrelu_line", "modrelu_pipeline", "rsqrt_bits", "SPECTRAL_AVERAGE",
           "SPECTRAL_HALVE", "TILE", "spectral_pool_latency", "spectral_pad_latency", "tile_latency",
           "scattering_interval"]

FIFO = 2
"""Cycles from a push into a short output FIFO to ``valid``."""
FIFO_IN_LUTS = 32
"""Words of the longest FIFO that is LUT RAM; a longer one is a memory followed by a short FIFO."""
GATE = 1
"""Cycles of the register that turns an accepted beat into a token of the free-running pipeline."""
FFT_GUARD = 2
"""The same at the gate of a stand-alone FFT."""
STOP = 1
"""The register of an FFT's gate through which its FIFO's stop comes."""
SUM = 3
"""Cycles of a rounded sum of products: registers after the multipliers, two partial sums, their rounded sum."""
GUARD = 1
"""Cycles from a beat into a frame guard to the same beat out of it."""
MULTIPLIER = 3
"""Cycles of a multiplier: operand, pipeline and product register."""
RAM = 2
"""Cycles from a memory's address to its data: array and output register."""
OCTANT = 1 + RAM + 1
"""Exponent to twiddle of a table of one octant: fold, read, turn."""
FULL_TABLE = 1024
"""Longest table of twiddles that is stored whole: one that a block RAM's full width holds; of longer ones an octant."""
LEAD = 2
"""Cycles by which an FFT token's control runs ahead of its data, so that memories are read in time."""
BUTTERFLY = 2
"""Late operand, sum."""
REORDER = 1 + RAM + 1
"""Into and out of the reorder memory, with a register on either side to come from and go afar."""
LINE_IN_REGISTERS = 2
"""Longest delay line made of registers; a longer one is a memory, whose loop of 4 cycles it hides."""
BIAS = 48
"""Largest width of a bias in bits: with it every sum stays below 2**53, where the models are exact."""
SHIFTS = (-8, 31)
"""Smallest and largest number of bits by which an accumulator may be shifted down."""


def requantise(rule: Requantise) -> int:
    """Return the cycles of a requantisation: one to round and one to saturate, where the rule does so."""
    return (1 if rule.drop else 0) + (1 if rule.saturates else 0)


def shifter(most: int) -> int:
    """Return the cycles of a shift by 0 to ``most``: each cycle settles two bits of the shift."""
    return -(-most.bit_length() // 2)


def rescale(rule: Rescale) -> int:
    """Return the cycles of a rescaling: the shift, one cycle to round and one to saturate."""
    return shifter(rule.most) + 2


def narrow(step: Twiddle) -> int:
    """From a word to its product's operand; a mantissa: compare, choose, shift, round."""
    return 2 + shifter(step.most) + 1 if step.most else requantise(step.operand)


def meet(step: Twiddle) -> int:
    """From a word to its product: its operand is narrowed, the table read, and its word brought near."""
    return max(narrow(step), (OCTANT if step.block > FULL_TABLE else RAM + 1) - LEAD)


def twiddle(step: Twiddle) -> int:
    """Operand and twiddle, product, a wide operand's two joined, sum, and a mantissa's shift back."""
    return meet(step) + MULTIPLIER + bool(step.low) + SUM + shifter(step.most)


def fft_pipeline(plan: FftPlan, order: str) -> int:
    """Cycles from a token's control at the first butterfly to its push into the output FIFO."""
    cost = {Butterfly: lambda _: BUTTERFLY, Twiddle: twiddle, Requantise: requantise, Rescale: rescale}
    return LEAD + sum(cost[type(s)](s) for s in plan.steps) + (REORDER if output_lag(plan, order) else 0)


def reorder_lag(size: int, order: str) -> int:
    """Samples between a frame's first write into the reorder memory and its first read: the least for which no
    bin is read before it was written; (sqrt N - 1)**2 + 1 for natural order and even log2 N."""
    if order == "bit-reversed":
        return 0
    return int(np.max(bit_reversed(size)[output_bins(size, order)] - np.arange(size))) + 1


def output_lag(plan: FftPlan, order: str) -> int:
    """Samples that wait in the memory behind the last stage: with a block exponent a whole frame, else to reorder."""
    return plan.size if plan.scaling == "block" else reorder_lag(plan.size, order)


def fft_latency(plan: FftPlan, order: str) -> int:
    """First beat in to first beat out, frame without gaps: N - 1 samples of delay lines, the reorder's
    lag, and the pipeline's cycles."""
    return GATE + plan.size - 1 + output_lag(plan, order) + fft_pipeline(plan, order) + fft_fifo(plan, order)


def fft_inflight(plan: FftPlan, order: str) -> int:
    """Cycles from the FIFO's stop to the last push after it."""
    return STOP + GATE + fft_pipeline(plan, order)


def fft_fifo(plan: FftPlan, order: str) -> int:
    """Push to valid of an FFT's output FIFO."""
    return fifo(fft_inflight(plan, order))


def iterative_butterfly(plan: IterativePlan) -> tuple[int, int, int]:
    """Cycles of an iterative FFT from a pair's first read to its sum, to its product's operand, to its product.

    The last two words come one after the other and are added, subtracted, rounded; a complex product takes two
    steps; sum and product are an odd number of cycles apart, so that they are never written at once.
    """
    added = RAM + 2 + requantise(plan.result)
    operand = RAM + 3 + requantise(plan.operand)
    product = operand + MULTIPLIER + 2 + requantise(plan.product)
    return added, operand, product + (product - added + 1) % 2


def iterative_latency(plan: IterativePlan) -> int:
    """First beat in to first beat out, frame without gaps: load, passes that each end with their last product."""
    passes = plan.stages * (plan.size + iterative_butterfly(plan)[2] - 1)
    return plan.size + 1 + passes + RAM + requantise(plan.output)


def iterative_interval(plan: IterativePlan) -> int:
    """Cycles a frame: the next one is taken from the cycle on in which the last word is read."""
    return iterative_latency(plan) - RAM - requantise(plan.output) + plan.size


def real_pipeline(plan: RealFftPlan) -> int:
    """Read, select, add, and with one frame multiply and add twice; requantise."""
    return RAM + 2 + (MULTIPLIER + 2 if plan.frames == 1 else 0) + requantise(plan.result)


def real_latency(plan: RealFftPlan) -> int:
    """First beat in to first beat out: the complex transform, its frame whole in the memory, read and combined."""
    return fft_latency(plan.inner, "bit-reversed") + plan.points + fifo(real_pipeline(plan)) + real_pipeline(plan)


TRANSPOSE_FORWARD = RAM + 2 + requantise(Requantise(1, 1, True))
"""Read, select, add, halve with saturation."""
TRANSPOSE_INVERSE = RAM + 2
"""Read, select, add."""


def fft2d_interval(plan: Fft2dPlan) -> int:
    """Cycles per map of the slower of the two one-dimensional transforms."""
    return max(plan.size * plan.size // 2, (plan.radius + 1) * plan.size)


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
    """Return the cycles of a multiplication, an addition and a requantisation."""
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
