"""The arithmetic of the iterative FFT: one radix-2 butterfly, one memory, log2 N passes over it.

Formula
-------
``X[k] = 2**-S * sum_n x[n] exp(-2 pi j n k / N)``, where S is the sum of the schedule (inverse: +j, by exchanging
real and imaginary part at both ends, with the same scale).

Algorithm: radix-2 decimation in frequency, in place (Oppenheim and Schafer, "Discrete-Time Signal Processing",
section 9.4): pass p takes pairs (a, b) of words N / 2**(p + 1) apart to ``(a + b) / 2**s`` and ``(a - b) / 2**s * w``,
where s is the pass's shift.

Numbers
-------
Words in the memory have ``guard`` fraction bits and one integer bit more than the wider of ``width`` and
``out_width``, because a component can reach the modulus, sqrt(2) times full scale.  Every pass rounds (half to even)
both results to such a word, and the difference to ``operand_width`` bits before its product; the output is rounded
once more.

With the schedule all ones no word inside can overflow, whatever the input.  The error of 16-bit data is then
0.69 LSB rms with the 16 bits that an iCE40's multiplier takes, 0.49 with 18; the output saturates only where the
exact result is beyond ``out_width``, or within it by less than what was lost inside
(:func:`~hadamac.model.fft.error.error_bound`).  With fewer shifts words saturate, and each saturation sets the
frame's overflow flag.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ... import timing
from ...checks import integer
from ...errors import DescriptionError
from ...numeric import Requantise, clip_frames, requantise, round_half_even, swap
from ..words import check_words
from .check import check_frames, check_inverse, check_scaling, check_schedule, check_size, check_widths
from .orders import bit_reversed
from .plan import Transformed
from .steps import twiddles

__all__ = ["SCALINGS", "ButterflyCycles", "IterativePlan"]

SCALINGS = ("schedule", "run-time")
"""Scalings of a plan: a fixed schedule, or one that is loaded with each frame."""


class ButterflyCycles(NamedTuple):
    """Cycles from a pair's first read to its sum, to its product's operand and to its product."""

    sum: int
    operand: int
    product: int


@dataclass(frozen=True, init=False)
class IterativePlan:
    """Parameters of one iterative FFT and everything that follows from them: words and cycles.

    Parameters
    ----------
    size, width, out_width, twiddle_width : int
        The same as of :class:`~hadamac.model.fft.plan.FftPlan`, but ``out_width`` is at most 32.
    schedule : iterable of 0 or 1, optional
        Shift of each pass, log2 N of them; the default is all ones.  Only where ``scaling`` is "schedule".
    guard, operand_width : int
        See *Numbers* above.
    scaling : "schedule" or "run-time"
        Whether the schedule is fixed or loaded with each frame.
    """

    size: int
    width: int
    out_width: int
    twiddle_width: int
    schedule: tuple[int, ...]
    guard: int
    operand_width: int
    scaling: str

    def __init__(self, *, size: int, width: int, out_width: int | None = None, twiddle_width: int = 16,
                 schedule: Iterable[int] | None = None, guard: int = 2, operand_width: int = 16,
                 scaling: str = "schedule") -> None:
        check_size(size)
        check_scaling(scaling, SCALINGS)
        integer("FFT width", width, 4, 24)
        out_width = width if out_width is None else out_width
        check_widths(out_width, twiddle_width, guard, operand_width, widest=32)
        vars(self).update(  # the class is frozen
            size=size, width=width, out_width=out_width, twiddle_width=twiddle_width,
            schedule=check_schedule(schedule, size, scaling), guard=guard, operand_width=operand_width, scaling=scaling)
        # Every word's parts stay below the modulus, with what roundings and twiddles add in each pass.
        modulus = 2.0**0.5 * 2.0 ** (width - 1 + guard)
        for _ in range(self.stages):
            modulus = (modulus + 2.0**self.operand.drop) * (1 + 2.0 ** (2 - twiddle_width)) + 1
        if self.product.drop < 1 or not self.saturates and modulus >= 2.0 ** (self.word - 1):
            least = max(self.word - operand_width, 0) + 3
            raise DescriptionError(
                f"FFT twiddle_width must be at least {least} for words of {self.word} bits and operands of "
                f"{operand_width}, and leave {self.stages} passes room for their roundings, not {twiddle_width}")

    @property
    def stages(self) -> int:
        """Passes, log2 N."""
        return self.size.bit_length() - 1

    @property
    def word(self) -> int:
        """Bits of a part in the memory."""
        return max(self.width, self.out_width) + 1 + self.guard

    @property
    def scale(self) -> int:
        """S where it is fixed."""
        return sum(self.schedule)

    @property
    def saturates(self) -> bool:
        """True if a word inside can leave its width."""
        return self.scaling == "run-time" or not all(self.schedule)

    @property
    def result(self) -> Requantise:
        """Rule from a sum or difference, which has one fraction bit more than a word, to a word."""
        return Requantise(1, self.word, self.saturates)

    @property
    def operand(self) -> Requantise:
        """Rule from a difference, which has one fraction bit more than a word, to a product's operand."""
        width = min(self.word, self.operand_width)
        return Requantise(1 + self.word - width, width, self.saturates)

    @property
    def product(self) -> Requantise:
        """Rule from a product to a word."""
        return Requantise(self.twiddle_width - 2 - (self.operand.drop - 1), self.word, self.saturates)

    @property
    def output(self) -> Requantise:
        """Rule from a word to a part of the output."""
        return Requantise(self.guard, self.out_width, True)

    @property
    def butterfly_cycles(self) -> ButterflyCycles:
        """Cycles from a pair's first read to its results.

        The pair's two words are read one after the other, then added, subtracted and rounded; a complex product takes
        two steps.  Sum and product are an odd number of cycles apart, so that they are never written at once.
        """
        added = timing.RAM + 2 + timing.requantise(self.result)
        operand = timing.RAM + 3 + timing.requantise(self.operand)
        product = operand + timing.MULTIPLIER + 2 + timing.requantise(self.product)
        return ButterflyCycles(added, operand, product + (product - added + 1) % 2)

    @property
    def latency(self) -> int:
        """Cycles from the first beat in to the first beat out of a frame without gaps: a frame is loaded, passes
        follow that each end with their last product, and the first word is read and rounded."""
        passes = self.stages * (self.size + self.butterfly_cycles.product - 1)
        return self.size + 1 + passes + timing.RAM + timing.requantise(self.output)

    @property
    def interval(self) -> int:
        """Cycles a frame: the next one is taken from the cycle on in which the last word is read."""
        return self.latency - timing.RAM - timing.requantise(self.output) + self.size

    def run(self, x: ArrayLike, inverse: ArrayLike = False, schedule: ArrayLike | None = None) -> Transformed:
        """Transform frames ``x`` (..., N) of integral complex words; natural order in and out.

        ``inverse``: bool, or bool (...) of each frame.  ``schedule``: with run-time scaling, 0 or 1
        (..., log2 N).  DataError for words that ``width`` bits cannot hold.
        """
        x = np.asarray(check_words("FFT", x, self.width), dtype=np.complex128)
        if x.shape[-1] != self.size:
            raise DescriptionError(f"FFT frame must have {self.size} samples, not {x.shape[-1]}")
        lead = x.shape[:-1]
        loaded = check_frames("schedule", schedule, self.scaling, lead, axis=(self.stages,), most=1)
        shifts = np.broadcast_to(self.schedule, (*lead, self.stages)) if loaded is None else loaded
        shifts = shifts.reshape(-1, self.stages)
        turned = check_inverse(inverse, lead)
        z = np.where(turned, swap(x), x).reshape(-1, self.size) * 2.0**self.guard
        overflow = np.zeros(len(z), dtype=bool)
        for k in range(self.stages):
            z, over = self._pass(z, k, shifts[:, k, None, None])
            overflow |= over
        z, over = clip_frames(round_half_even(z, self.output.drop), self.output.width)
        z = z[:, bit_reversed(self.size)].reshape(*lead, self.size)
        exponent = shifts.sum(1).reshape(lead)
        return Transformed(np.where(turned, swap(z), z), (overflow | over).reshape(lead), exponent)

    def _pass(self, z: np.ndarray, k: int, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(words, overflow)`` of frames (n, N) after pass ``k``, which shifts each by ``shift`` (n, 1, 1)."""
        half = self.size >> (k + 1)
        pairs = z.reshape(len(z), 1 << k, 2, half)
        up = 2.0 ** (1 - shift)
        sums, differences = (pairs[:, :, 0] + pairs[:, :, 1]) * up, (pairs[:, :, 0] - pairs[:, :, 1]) * up
        out = np.empty_like(pairs)
        out[:, :, 0], overflow = requantise(sums, self.result)
        if k == self.stages - 1:
            out[:, :, 1], over = requantise(differences, self.result)
        else:
            operands, lost = requantise(differences, self.operand)
            factors = twiddles(tuple(range(half)), 2 * half, self.twiddle_width)
            out[:, :, 1], over = requantise(operands * factors, self.product)
            over = over | lost
        return out.reshape(len(z), self.size), overflow | over
