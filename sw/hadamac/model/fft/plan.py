"""The FFT's arithmetic: one plan that the NumPy model and the circuit both follow.

Formula
-------
``X[k] = 2**-S * sum_n x[n] exp(-2 pi j n k / N)``, S = sum of the schedule (inverse: +j, by
exchanging real and imaginary part at both ends, same scale).

Algorithm: radix-2^2 decimation in frequency (He and Torkelson, "A new approach to pipeline FFT
processor", IPPS 1996): pairs of butterflies, the second with a trivial -j, then one twiddle product;
for odd log2 N one radix-2 butterfly with its own twiddle product comes *first*, because rounding
noise of a late product is averaged by fewer stages.

Numbers
-------
A shift of the schedule moves the binary point and loses nothing; butterflies are exact and grow
by one bit each.  Rounding (half to even) happens in three places only: the operand of a twiddle
product, narrowed to ``operand_width`` bits (what one hardware multiplier takes); the product,
to ``guard`` fraction bits; and the output, once.  Between products a word has ``guard`` fraction
bits below the scheduled LSB and the integer bits that its proven bound asks for: a twiddle
rotates, so a component can reach the modulus, sqrt(2) times full scale.

Scaling
-------
``scaling`` says what S, the *exponent* of a frame, is:

``schedule``
    Sum of ``schedule``, fixed.  Widths follow the schedule.  At scale 1/N (all ones) the error is 0.43 LSB rms,
    whatever N and the input, up to 16 bits; where data are wider, an operand lacks fraction bits: 0.65 LSB rms at
    18 bits.
``full``
    0: full growth.  The output is ``width + log2 N + 1`` bits wide unless told, and then nothing saturates.
``run-time``
    Sum of the schedule that is loaded with each frame.  Inner words are those of full growth, so only the
    sum matters and no inner word overflows; the output saturates where the result does not fit.  At scale 1/N
    the error is 0.41 LSB rms, as good as rounding the output alone, up to 18 bits.
``block``
    Block floating point: the least S for which every part of the frame's result, rounded down, fits
    ``out_width``.  Nothing is flagged; a part that would round up to beyond the format is clipped.

In the last three, words grow by one bit a stage.  A word that one hardware multiplier does not take goes

* into the first product whole, up to ``2 operand_width - 1`` bits: a second multiplier takes its low bits (four
  multipliers more);
* into a later one as a mantissa of ``operand_width - 1`` bits with an exponent of its own for each sample, the
  least that will do (:class:`~hadamac.model.fft.steps.Twiddle`).

So what a word loses is relative to the sample and the same at any width, and the first product, which alone sees
words without noise, loses nothing: the SQNR never falls with the width of the data.  It rises by 6 dB a bit up to
98, 93 and 92 dB at 64, 1,024 and 4,096 points, where mantissas and twiddles of 18 bits limit it.

Overflow
--------
With ``schedule`` all ones (scale 1/N) no inner word can overflow, whatever the input.  The output saturates only
where the exact result is beyond ``out_width``, or within it by less than what was lost inside: a frame is never
flagged whose exact result, rounded, fits by :func:`~hadamac.model.fft.error.error_bound` (2.1 LSB at 64 points of
16 bits, 7.2 of 18).  Up to 16 bits, of the tests' adversarial frames none is flagged whose exact result fits; where
data are as wide as a multiplier, 18 bits, a constant at full scale is: its bin is the highest word, and an
operand that has lost its LSB makes it one more.

With fewer shifts a product's operand saturates one bit above the wider of ``width`` and ``out_width``.  Every
saturation sets the frame's overflow flag.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from ...errors import DescriptionError
from ...numeric import Requantise, Rescale, requantise, rescale, swap
from ..words import check_words
from .check import check_frames, check_inverse, check_parameters
from .steps import (
    Butterfly,
    Twiddle,
    bits_of,
    butterfly,
    exponents,
    least_shift,
    twiddle,
)

__all__ = ["FftPlan", "Transformed", "ORDERS", "SCALINGS", "bit_reversed", "output_bins"]


@lru_cache(None)
def bit_reversed(size: int) -> np.ndarray:
    """``bit_reversed(N)[p]`` is the bin at position p of a decimation-in-frequency output."""
    bits = size.bit_length() - 1
    out = np.zeros(size, dtype=np.int64)
    for b in range(bits):
        out |= ((np.arange(size) >> b) & 1) << (bits - 1 - b)
    return out


ORDERS = ("natural", "bit-reversed", "centred")
"""Orders of a frame's bins: 0 .. N-1; as decimation in frequency makes them; -N/2 .. N/2-1 (DC in the middle)."""


@lru_cache(None)
def output_bins(size: int, order: str) -> np.ndarray:
    """The bin at each position of an output in ``order``."""
    if order == "bit-reversed":
        return bit_reversed(size)
    return np.arange(size) if order == "natural" else np.arange(size) ^ (size // 2)


SCALINGS = ("schedule", "full", "run-time", "block")
"""See *Scaling* above."""


class Transformed(NamedTuple):
    """Frames transformed: ``y`` (..., N) is the DFT times ``2**-exponent``; bool and int (...) of each frame."""

    y: np.ndarray
    overflow: np.ndarray
    exponent: np.ndarray


@dataclass(frozen=True, kw_only=True)
class FftPlan:
    """Parameters of one FFT and everything that follows from them.

    Parameters
    ----------
    size : int
        N, a power of two from 4 to 4096.
    width : int
        Bits of each input part, 4 to 24.
    out_width : int, optional
        Bits of each output part; ``width`` unless told, ``width + log2 N + 1`` with full growth.
    twiddle_width : int
        Bits of a twiddle part, SQ(2, twiddle_width - 2), 6 to 18.
    schedule : tuple of 0 or 1, optional
        Halvings per radix-2 stage, log2 N of them, first stage first; all ones unless told.  Only where ``scaling``
        is "schedule".
    scaling : "schedule", "full", "run-time" or "block"
        See *Scaling* above.
    guard, operand_width : int
        See *Numbers* above; ``guard`` is 2 unless told, 3 where ``scaling`` is not "schedule".
    """

    size: int
    width: int
    out_width: int | None = None
    twiddle_width: int = 16
    schedule: tuple[int, ...] | None = None
    guard: int | None = None
    operand_width: int = 18
    scaling: str = "schedule"

    def __post_init__(self):
        scheduled = self.scaling == "schedule"
        if self.out_width is None and isinstance(self.width, int) and isinstance(self.size, int):
            object.__setattr__(self, "out_width", self.width + self.size.bit_length() * (self.scaling == "full"))
        if self.guard is None:
            object.__setattr__(self, "guard", 2 if scheduled else 3)
        check_parameters(self, SCALINGS, {"width": (4, 24), "out_width": (4, 40), "twiddle_width": (6, 18),
                                          "guard": (0, 8), "operand_width": (8, 18)})
        if self.scaling == "block" and self.steps[-1].most == 0:
            grown = self.steps[-2].out_width - self.steps[-1].drop
            raise DescriptionError(f"FFT out_width with a block exponent must be below the result's {grown} bits, "
                                   f"which need none, not {self.out_width}")
        finest = self.guard + min((s.product.drop for s in self.steps if isinstance(s, Twiddle)), default=0)
        if finest < self.guard:
            raise DescriptionError(
                f"FFT operand_width {self.operand_width} and twiddle_width {self.twiddle_width} must leave a product "
                f"its {self.guard} guard bits, not {finest}"
            )

    @property
    def stages(self) -> int:
        """log2 N."""
        return self.size.bit_length() - 1

    @property
    def scale(self) -> int:
        """S where it is fixed: the output is the DFT times ``2**-S``."""
        return sum(self.schedule)

    @property
    def exponent_bits(self) -> int:
        """Bits of the block exponent, 0 where there is none."""
        return self.steps[-1].most.bit_length() if self.scaling == "block" else 0

    @cached_property
    def steps(self) -> tuple:
        """The pipeline: Butterfly and Twiddle steps in order, closed by the output's Requantise."""
        return tuple(_derive(self))

    @property
    def multipliers(self) -> int:
        """Real multipliers: four to a complex product, eight where its operand takes two each."""
        return sum(s.multipliers for s in self.steps if isinstance(s, Twiddle))

    def run(self, x, inverse=False, exponent=None) -> Transformed:
        """Transform frames ``x`` (..., N) of integral complex words; natural order in and out.

        ``inverse``: bool, or bool (...) of each frame.  ``exponent``: with run-time scaling, int (...): the
        number of ones in each frame's schedule.  DataError for words that ``width`` bits cannot hold.
        """
        return self.apply(check_words("FFT", x, self.width), inverse, exponent)

    def apply(self, x, inverse=False, exponent=None) -> Transformed:
        """As `run`, of words that a stage before made: unchecked."""
        x = np.asarray(x, dtype=np.complex128)
        if x.shape[-1] != self.size:
            raise DescriptionError(f"FFT frame must have {self.size} samples, not {x.shape[-1]}")
        lead = x.shape[:-1]
        exponent = check_frames("exponent", exponent, self, lead, most=self.stages)
        turned = check_inverse(inverse, lead)
        z = (np.where(turned, swap(x), x) if turned.any() else x).reshape(-1, self.size)
        overflow, s = np.zeros(len(z), dtype=bool), np.full(len(z), self.scale)
        for step in self.steps:
            if isinstance(step, Butterfly):
                z, over = butterfly(z, step), False
            elif isinstance(step, Twiddle):
                z, over = twiddle(z, step, self.twiddle_width)
            elif isinstance(step, Requantise):
                z, over = requantise(z, step)
            elif exponent is None:
                s = least_shift(z, step.width + step.drop).max(-1)
                z, over = rescale(z, step, s)[0], False
            else:
                s = exponent.reshape(-1)
                z, over = rescale(z, step, s)
            overflow |= over
        z = z[:, bit_reversed(self.size)].reshape(*lead, self.size)
        return Transformed(np.where(turned, swap(z), z) if turned.any() else z, overflow.reshape(lead), s.reshape(lead))


def _derive(plan: FftPlan):
    """Walk the stages with the word's width, its fraction bits below the scheduled LSB and the
    bound ``modulus`` (in scheduled LSBs) on the complex modulus that proves the widths."""
    width, fraction = plan.width, 0
    modulus = 2.0**0.5 * 2.0 ** (plan.width - 1)
    schedule = list(plan.schedule)
    block = plan.size
    while block > 1:
        radix = 1 if (block.bit_length() - 1) % 2 else 2
        for k in range(radix):
            yield Butterfly(block >> (k + 1), k == 1, width)
            shift = schedule.pop(0)
            width, fraction, modulus = width + 1, fraction + shift, modulus * 2.0 ** (1 - shift)
        if block >> radix == 1:
            break
        in_width, low, most = width, 0, 0
        if plan.scaling == "schedule":
            operand, modulus = _scheduled(plan, width, fraction, modulus)
        elif width <= plan.operand_width or block == plan.size and width < 2 * plan.operand_width:
            operand, low = Requantise(0, width, False), max(0, width - plan.operand_width)
        else:
            operand, most = Requantise(0, plan.operand_width, False), width - (plan.operand_width - 1)
            modulus += 2.0 ** (most - fraction)
        kept = fraction - operand.drop
        modulus = modulus * (1 + 2.0 ** (2 - plan.twiddle_width)) + 2.0 ** (most - plan.guard)
        drop = kept + plan.twiddle_width - 2 - plan.guard
        fraction, width = plan.guard, bits_of(modulus) + plan.guard
        # A mantissa's parts are at most 2**(operand.width - 2), those of its product sqrt(2) times that.
        product = Requantise(drop, operand.width + plan.guard - kept if most else width, False)
        yield Twiddle(block, exponents(block, radix), in_width, operand, product, most, low, width)
        block >>= radix
    # A word that just fits may still round up to one that does not: (1/4)(127 + 127 + 128 + 128).
    if plan.scaling == "schedule":
        yield Requantise(fraction, plan.out_width, width - fraction + (fraction > 1) > plan.out_width)
    elif plan.scaling == "full":
        yield Requantise(fraction, plan.out_width, bits_of(modulus + 0.5) > plan.out_width)
    else:
        most = plan.stages if plan.scaling == "run-time" else max(0, width - fraction - plan.out_width)
        yield Rescale(fraction, most, plan.out_width)


def _scheduled(plan: FftPlan, width: int, fraction: int, modulus: float):
    """``(operand, modulus)`` of a product: one rule, which may saturate unless every stage halves."""
    integer = bits_of(modulus)
    if not all(plan.schedule):
        integer = min(max(plan.width, plan.out_width) + 1, integer)
    keep = min(fraction, plan.operand_width - integer)
    operand = Requantise(fraction - keep, integer + keep, bits_of(modulus) > integer)
    if operand.saturates:
        modulus = 2.0**0.5 * 2.0 ** (integer - 1)
    return operand, modulus + 2.0**-keep
