"""The arithmetic of the iterative FFT: one radix-2 butterfly, one memory, log2 N passes over it.

Formula
-------
``X[k] = 2**-S * sum_n x[n] exp(-2 pi j n k / N)``, S = sum of the schedule (inverse: +j, by exchanging real
and imaginary part at both ends, same scale).

Algorithm: radix-2 decimation in frequency, in place (Oppenheim and Schafer, "Discrete-Time Signal
Processing", section 9.4): pass p takes pairs (a, b) of words N / 2**(p + 1) apart to ``(a + b) / 2**s`` and
``(a - b) / 2**s * w``, s the pass's shift.

Numbers
-------
Words in the memory have ``guard`` fraction bits and one integer bit more than the wider of ``width`` and
``out_width``, because a component can reach the modulus, sqrt(2) times full scale.  Every pass rounds (half
to even) both results to such a word, the difference besides to ``operand_width`` bits before its product;
the output is rounded once more.

With the schedule all ones no word inside can overflow, whatever the input.  The error of 16-bit data is then
0.69 LSB rms with the 16 bits that an iCE40's multiplier takes, 0.49 with 18; the output saturates only where the
exact result is beyond ``out_width``, or within it by less than what was lost inside
(:func:`~hadamac.model.fft.error.error_bound`).  With fewer shifts words saturate, and each saturation sets the
frame's overflow flag.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import DescriptionError
from ...numeric import Requantise, clip_frames, requantise, round_half_even, swap
from ..words import check_words
from .check import check_frames, check_inverse, check_parameters
from .plan import Transformed, bit_reversed
from .steps import twiddles

__all__ = ["SCALINGS", "IterativePlan"]

SCALINGS = ("schedule", "run-time")


@dataclass(frozen=True, kw_only=True)
class IterativePlan:
    """Parameters of one iterative FFT and what follows from them.

    Parameters
    ----------
    size, width, out_width, twiddle_width : int
        As of :class:`~hadamac.model.fft.plan.FftPlan`.
    schedule : tuple of 0 or 1, optional
        Shift of each pass, log2 N of them; all ones unless told.  Only where ``scaling`` is "schedule".
    guard, operand_width : int
        See *Numbers* above.
    scaling : "schedule" or "run-time"
        Whether the schedule is fixed or loaded with each frame.
    """

    size: int
    width: int
    out_width: int | None = None
    twiddle_width: int = 16
    schedule: tuple[int, ...] | None = None
    guard: int = 2
    operand_width: int = 16
    scaling: str = "schedule"

    def __post_init__(self):
        if self.out_width is None:
            object.__setattr__(self, "out_width", self.width)
        check_parameters(self, SCALINGS, {"width": (4, 24), "out_width": (4, 32), "twiddle_width": (6, 18),
                                          "guard": (0, 8), "operand_width": (8, 18)})
        # Every word's parts stay below the modulus, with what roundings and twiddles add in each pass.
        modulus = 2.0**0.5 * 2.0 ** (self.width - 1 + self.guard)
        for _ in range(self.stages):
            modulus = (modulus + 2.0**self.operand.drop) * (1 + 2.0 ** (2 - self.twiddle_width)) + 1
        if self.product.drop < 1 or not self.saturates and modulus >= 2.0 ** (self.word - 1):
            least = max(self.word - self.operand_width, 0) + 3
            raise DescriptionError(
                f"FFT twiddle_width must be at least {least} for words of {self.word} bits and operands of "
                f"{self.operand_width}, and leave {self.stages} passes room for their roundings, "
                f"not {self.twiddle_width}")

    @property
    def stages(self) -> int:
        """log2 N: passes."""
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
        """Whether a word inside can leave its width."""
        return self.scaling == "run-time" or not all(self.schedule)

    @property
    def result(self) -> Requantise:
        """Of a sum or difference that is twice its word."""
        return Requantise(1, self.word, self.saturates)

    @property
    def operand(self) -> Requantise:
        """Of a difference that is twice its word, to a product's operand."""
        width = min(self.word, self.operand_width)
        return Requantise(1 + self.word - width, width, self.saturates)

    @property
    def product(self) -> Requantise:
        """Of a product, to a word."""
        return Requantise(self.twiddle_width - 2 - (self.operand.drop - 1), self.word, self.saturates)

    @property
    def output(self) -> Requantise:
        return Requantise(self.guard, self.out_width, True)

    def run(self, x, inverse=False, schedule=None) -> Transformed:
        """Transform frames ``x`` (..., N) of integral complex words; natural order in and out.

        ``inverse``: bool, or bool (...) of each frame.  ``schedule``: with run-time scaling, 0 or 1
        (..., log2 N).  DataError for words that ``width`` bits cannot hold.
        """
        check_words("FFT", x, self.width)
        x = np.asarray(x, dtype=np.complex128)
        if x.shape[-1] != self.size:
            raise DescriptionError(f"FFT frame must have {self.size} samples, not {x.shape[-1]}")
        lead = x.shape[:-1]
        loaded = check_frames("schedule", schedule, self, lead, axis=(self.stages,), most=1)
        shifts = np.broadcast_to(self.schedule, (*lead, self.stages)) if loaded is None else loaded
        shifts = shifts.reshape(-1, self.stages)
        turned = check_inverse(inverse, lead)
        z = np.where(turned, swap(x), x).reshape(-1, self.size) * 2.0**self.guard
        overflow = np.zeros(len(z), dtype=bool)
        for k in range(self.stages):
            pairs = z.reshape(len(z), 1 << k, 2, self.size >> (k + 1))
            up = 2.0 ** (1 - shifts[:, k, None, None])
            sums, differences = (pairs[:, :, 0] + pairs[:, :, 1]) * up, (pairs[:, :, 0] - pairs[:, :, 1]) * up
            out = np.empty_like(pairs)
            out[:, :, 0], over = requantise(sums, self.result)
            overflow |= over
            if k == self.stages - 1:
                out[:, :, 1], over = requantise(differences, self.result)
            else:
                half = self.size >> (k + 1)
                operands, over = requantise(differences, self.operand)
                overflow |= over
                factors = twiddles(tuple(np.arange(half).tolist()), 2 * half, self.twiddle_width)
                out[:, :, 1], over = requantise(operands * factors, self.product)
            overflow |= over
            z = out.reshape(len(z), self.size)
        z, over = clip_frames(round_half_even(z, self.output.drop), self.output.width)
        z = z[:, bit_reversed(self.size)].reshape(*lead, self.size)
        exponent = shifts.sum(1).reshape(lead)
        return Transformed(np.where(turned, swap(z), z), (overflow | over).reshape(lead), exponent)
