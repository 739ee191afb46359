"""The FFT's arithmetic: one plan that the NumPy model, the circuit and the estimate of its cost all follow.

Formula
-------
``X[k] = 2**-S * sum_n x[n] exp(-2 pi j n k / N)``, where S is the sum of the schedule (inverse: +j, by exchanging
real and imaginary part at both ends, with the same scale).

Algorithm: radix-2^2 decimation in frequency (He and Torkelson, "A new approach to pipeline FFT processor", IPPS
1996): pairs of butterflies, the second with a trivial -j, then one twiddle product; for odd log2 N one radix-2
butterfly with its own twiddle product comes *first*, because fewer stages average the rounding noise of a late product.

Numbers
-------
A shift of the schedule moves the binary point and loses nothing; butterflies are exact and grow by one bit each.
Words are rounded (half to even) in three places only: the operand of a twiddle product, which is narrowed to
``operand_width`` bits (what one hardware multiplier takes); the product, to ``guard`` fraction bits; and the output,
once.  Between products a word has ``guard`` fraction bits below the scheduled LSB and the integer bits that its
proven bound needs: a twiddle rotates, so a component can reach the modulus, sqrt(2) times full scale
(:mod:`hadamac.model.fft.derive`).

Scaling
-------
``scaling`` says what S, the *exponent* of a frame, is:

``schedule``
    Sum of ``schedule``, fixed.  Widths follow the schedule.  At scale 1/N (all ones) the error is 0.43 LSB rms,
    whatever N and the input, up to 16 bits; if data are wider, an operand lacks fraction bits: 0.65 LSB rms at
    18 bits.
``full``
    0: full growth.  The output is ``width + log2 N + 1`` bits wide by default, and then nothing saturates.
``run-time``
    Sum of the schedule that is loaded with each frame.  Inner words are those of full growth, so only the
    sum matters and no inner word overflows; the output saturates where the result does not fit.  At scale 1/N
    the error is 0.41 LSB rms, as good as rounding the output alone, up to 18 bits.
``block``
    Block floating point: the smallest S for which every part of the frame's result, rounded down, fits
    ``out_width``.  Nothing is flagged; a part that would round up to beyond the format is clipped.

In the last three, words grow by one bit a stage.  A word that one hardware multiplier does not take goes

* into the first product whole, up to ``2 operand_width - 1`` bits: a second multiplier takes its low bits (four
  multipliers more);
* into a later one as a mantissa of ``operand_width - 1`` bits with an exponent of its own for each sample, the
  smallest that is enough (:class:`~hadamac.model.fft.steps.Twiddle`).

So what a word loses is relative to the sample and the same at any width, and the first product, which alone sees
words without noise, loses nothing: the SQNR never falls with the width of the data.  It rises by 6 dB a bit up to
98, 93 and 92 dB at 64, 1,024 and 4,096 points, where mantissas and twiddles of 18 bits limit it.

Overflow
--------
With ``schedule`` all ones (scale 1/N) no inner word can overflow, whatever the input.  The output saturates only
where the exact result is beyond ``out_width``, or within it by less than what was lost inside: a frame is never
flagged if its exact result, rounded, fits by :func:`~hadamac.model.fft.error.error_bound` (2.1 LSB at 64 points of
16 bits, 7.2 of 18).  Up to 16 bits, no adversarial frame of the tests is flagged if its exact result fits.  With data
as wide as a multiplier, 18 bits, a constant at full scale is flagged: its bin is the highest word, and an
operand that has lost its LSB makes it one more.

With fewer shifts a product's operand saturates one bit above the wider of ``width`` and ``out_width``.  Every
saturation sets the frame's overflow flag.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ... import timing
from ...arrivals import lag, transfers
from ...checks import integer
from ...errors import DescriptionError
from ...numeric import Requantise, Rescale, requantise, rescale, swap
from ..words import check_words
from . import cycles
from .check import check_frames, check_inverse, check_scaling, check_schedule, check_size, check_widths
from .derive import derive
from .orders import bit_reversed, reorder_lag
from .steps import Butterfly, Twiddle, butterfly, least_shift, twiddle

__all__ = ["FftPlan", "SCALINGS", "Transformed"]

SCALINGS = ("schedule", "full", "run-time", "block")
"""Scalings of a plan; see *Scaling* above."""


class Transformed(NamedTuple):
    """Frames transformed: ``y`` (..., N) is the DFT times ``2**-exponent``; bool and int (...) of each frame."""

    y: np.ndarray
    overflow: np.ndarray
    exponent: np.ndarray


@dataclass(frozen=True, init=False)
class FftPlan:
    """Parameters of one FFT and everything that follows from them: words, cycles, memory.

    Parameters
    ----------
    size : int
        N, a power of two from 4 to 4096.
    width : int
        Bits of each input part, 4 to 24.
    out_width : int, optional
        Bits of each output part; the default is ``width``, and ``width + log2 N + 1`` with full growth.
    twiddle_width : int
        Bits of a twiddle part, SQ(2, twiddle_width - 2), 6 to 18.
    schedule : iterable of 0 or 1, optional
        Halvings per radix-2 stage, log2 N of them, first stage first; the default is all ones.  Only where
        ``scaling`` is "schedule".
    scaling : "schedule", "full", "run-time" or "block"
        See *Scaling* above.
    guard, operand_width : int
        See *Numbers* above; the default of ``guard`` is 2, and 3 where ``scaling`` is not "schedule".

    Timing
    ------
    The methods that take an ``order`` (:data:`hadamac.model.fft.orders.ORDERS`) describe the circuit
    :class:`hadamac_hw.fft.streaming.Fft` that gives its bins in that order; of a stand-alone one they leave out the
    ``cycles.MEND`` cycles of its gate and the memory for the bits of its ``user``.
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
                 schedule: Iterable[int] | None = None, guard: int | None = None, operand_width: int = 18,
                 scaling: str = "schedule") -> None:
        check_size(size)
        check_scaling(scaling, SCALINGS)
        integer("FFT width", width, 4, 24)
        if out_width is None:
            out_width = width + (size.bit_length() if scaling == "full" else 0)
        if guard is None:
            guard = 2 if scaling == "schedule" else 3
        check_widths(out_width, twiddle_width, guard, operand_width, widest=40)
        vars(self).update(  # the class is frozen
            size=size, width=width, out_width=out_width, twiddle_width=twiddle_width,
            schedule=check_schedule(schedule, size, scaling), guard=guard, operand_width=operand_width, scaling=scaling)
        if scaling == "block" and self.exponent_bits == 0:
            grown = self.steps[-1].out_width - self.output.drop
            raise DescriptionError(f"FFT out_width with a block exponent must be below the result's {grown} bits, "
                                   f"which need none, not {out_width}")
        finest = guard + min((s.product.drop for s in self.steps if isinstance(s, Twiddle)), default=0)
        if finest < guard:
            raise DescriptionError(
                f"FFT operand_width {operand_width} and twiddle_width {twiddle_width} must leave a product "
                f"its {guard} guard bits, not {finest}"
            )

    @property
    def stages(self) -> int:
        """Radix-2 stages, log2 N."""
        return self.size.bit_length() - 1

    @property
    def scale(self) -> int:
        """S where it is fixed: the output is the DFT times ``2**-S``."""
        return sum(self.schedule)

    @property
    def exponent_bits(self) -> int:
        """Bits of the block exponent, 0 where there is none."""
        return self.block_rule.most.bit_length() if self.block_rule else 0

    @cached_property
    def _derived(self) -> tuple[tuple[Butterfly | Twiddle, ...], Requantise | Rescale]:
        return derive(self)

    @property
    def steps(self) -> tuple[Butterfly | Twiddle, ...]:
        """Steps of the pipeline in order; :attr:`output` follows the last one."""
        return self._derived[0]

    @property
    def output(self) -> Requantise | Rescale:
        """Rule by which the last step's words become the output."""
        return self._derived[1]

    @property
    def block_rule(self) -> Rescale | None:
        """Rule of the output if a block exponent is chosen for each frame, otherwise None."""
        return self.output if self.scaling == "block" and isinstance(self.output, Rescale) else None

    @property
    def multipliers(self) -> int:
        """Real multipliers: four to a complex product, eight where its operand takes two each."""
        return sum(s.multipliers for s in self.steps if isinstance(s, Twiddle))

    def run(self, x: ArrayLike, inverse: ArrayLike = False, exponent: ArrayLike | None = None) -> Transformed:
        """Transform frames ``x`` (..., N) of integral complex words; natural order in and out.

        ``inverse``: bool, or bool (...) of each frame.  ``exponent``: with run-time scaling, int (...): the
        number of ones in each frame's schedule.  DataError for words that ``width`` bits cannot hold.
        """
        return self.apply(check_words("FFT", x, self.width), inverse, exponent)

    def apply(self, x: ArrayLike, inverse: ArrayLike = False, exponent: ArrayLike | None = None) -> Transformed:
        """Transform frames as :meth:`run` does, but without a check of their words, which another block made."""
        x = np.asarray(x, dtype=np.complex128)
        if x.shape[-1] != self.size:
            raise DescriptionError(f"FFT frame must have {self.size} samples, not {x.shape[-1]}")
        lead = x.shape[:-1]
        loaded = check_frames("exponent", exponent, self.scaling, lead, most=self.stages)
        turned = check_inverse(inverse, lead)
        z = (np.where(turned, swap(x), x) if turned.any() else x).reshape(-1, self.size)
        overflow = np.zeros(len(z), dtype=bool)
        for step in self.steps:
            if isinstance(step, Butterfly):
                z = butterfly(z, step)
            else:
                z, over = twiddle(z, step, self.twiddle_width)
                overflow |= over
        z, over, s = self._rounded(z, None if loaded is None else loaded.reshape(-1))
        overflow |= over
        z = z[:, bit_reversed(self.size)].reshape(*lead, self.size)
        return Transformed(np.where(turned, swap(z), z) if turned.any() else z, overflow.reshape(lead), s.reshape(lead))

    def _rounded(self, z: np.ndarray, exponent: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return ``(words, overflow, exponent)`` of the output of frames (n, N), from the last step's words."""
        rule = self.output
        if isinstance(rule, Requantise):
            return *requantise(z, rule), np.full(len(z), self.scale)
        if exponent is not None:
            return *rescale(z, rule, exponent), exponent
        smallest = least_shift(z, rule.width + rule.drop).max(-1)
        # The largest part may round up to beyond the format; that is clipped without a flag.
        return rescale(z, rule, smallest)[0], np.zeros(len(z), dtype=bool), smallest

    @property
    def output_latency(self) -> int:
        """Cycles of the output's rounding."""
        rule = self.output
        return timing.requantise(rule) if isinstance(rule, Requantise) else timing.rescale(rule)

    def output_lag(self, order: str) -> int:
        """Return the samples that wait in the memory behind the last stage: with a block exponent a whole frame,
        which waits for its exponent, otherwise as many as reordering takes."""
        return self.size if self.scaling == "block" else reorder_lag(self.size, order)

    def pipeline(self, order: str) -> int:
        """Return the cycles from a token's control at the first butterfly to its push into the output FIFO."""
        steps = sum(step.latency for step in self.steps)
        return cycles.LEAD + steps + self.output_latency + (cycles.REORDER if self.output_lag(order) else 0)

    def inflight(self, order: str) -> int:
        """Return the cycles from the output FIFO's ``stop`` to the last push after it."""
        return cycles.STOP + timing.GATE + self.pipeline(order)

    def fifo(self, order: str) -> int:
        """Return the cycles from a push into the output FIFO to ``valid``."""
        return timing.fifo(self.inflight(order))

    def latency(self, order: str) -> int:
        """Return the cycles from the first beat in to the first beat out of a frame without gaps.

        These are N - 1 samples of delay lines, the samples that wait to be reordered, and the pipeline's cycles.
        """
        return timing.GATE + self.size - 1 + self.output_lag(order) + self.pipeline(order) + self.fifo(order)

    def interval(self, order: str) -> int:
        """Return the cycles a frame: N, whatever the order."""
        return self.size

    def memory_bits(self, order: str) -> int:
        """Return the bits of memory: delay lines, tables of twiddles, two frames to be reordered, the FIFO."""
        lines = sum(s.memory_bits for s in self.steps if isinstance(s, Butterfly))
        tables = sum(s.table * 2 * self.twiddle_width for s in self.steps if isinstance(s, Twiddle))
        # With a block exponent the words are rounded after the memory.
        word = self.steps[-1].out_width if self.scaling == "block" else self.out_width
        reorder = 2 * self.size * 2 * word if self.output_lag(order) else 0
        return timing.fifo_bits(2 * self.out_width + 1, self.inflight(order)) + lines + tables + reorder

    def arrivals(self, times: np.ndarray, order: str) -> np.ndarray:
        """Return the cycles in which beats leave the circuit, from those in which they enter it, of whole frames."""
        for step in self.steps:
            if isinstance(step, Butterfly):
                times = lag(times, 2 * step.delay, step.delay)
        times = lag(times, self.size, self.output_lag(order))
        return transfers(times + timing.GATE + self.pipeline(order) + self.fifo(order))
