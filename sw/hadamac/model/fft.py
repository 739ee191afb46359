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

With the schedule all ones (scale 1/N) no inner word can overflow, whatever the input; the output
saturates only where the exact result does not fit ``out_width``.  With fewer shifts a product's
operand saturates one bit above the wider of ``width`` and ``out_width``.
Every saturation sets the frame's overflow flag.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ..errors import DescriptionError
from ..numeric import clip_frames, round_half_even, swap

__all__ = ["FftPlan", "Butterfly", "Twiddle", "Requantise", "ORDERS", "bit_reversed", "output_bins", "twiddles"]


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


@lru_cache(None)
def twiddles(exponents: tuple, size: int, width: int) -> np.ndarray:
    """``exp(-2 pi j e / size)`` in SQ(2, width-2): 1.0 is exact, both parts rounded half to even."""
    return np.rint(np.exp(-2j * np.pi * np.array(exponents) / size) * 2.0 ** (width - 2))


@dataclass(frozen=True)
class Requantise:
    """Drop ``drop`` fraction bits by round_half_even, then saturate to ``width`` if ``saturates``."""

    drop: int
    width: int
    saturates: bool


@dataclass(frozen=True)
class Butterfly:
    """Delay-feedback butterfly over ``delay`` samples; ``in_width`` grows by one bit.

    ``rotate``: second of a pair, multiplies its late operand by -j in every odd block.
    """

    delay: int
    rotate: bool
    in_width: int

    @property
    def out_width(self) -> int:
        return self.in_width + 1


@dataclass(frozen=True)
class Twiddle:
    """Products with ``exp(-2 pi j exponents / block)`` over blocks of ``block`` samples."""

    block: int
    exponents: tuple[int, ...]
    in_width: int
    operand: Requantise
    product: Requantise


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
        Bits of each output part; ``width`` unless told.
    twiddle_width : int
        Bits of a twiddle part, SQ(2, twiddle_width - 2), 6 to 18.
    schedule : tuple of 0 or 1, optional
        Halvings per radix-2 stage, log2 N of them, first stage first; all ones unless told.
    guard, operand_width : int
        See *Numbers* above.
    """

    size: int
    width: int
    out_width: int | None = None
    twiddle_width: int = 16
    schedule: tuple[int, ...] | None = None
    guard: int = 2
    operand_width: int = 18

    def __post_init__(self):
        n = self.size
        if isinstance(n, bool) or not isinstance(n, int) or not 4 <= n <= 4096 or n & (n - 1):
            raise DescriptionError(f"FFT size must be a power of two from 4 to 4096, not {n!r}")
        if self.out_width is None:
            object.__setattr__(self, "out_width", self.width)
        if self.schedule is None:
            object.__setattr__(self, "schedule", (1,) * self.stages)
        object.__setattr__(self, "schedule", tuple(self.schedule))
        ranges = {"width": (4, 24), "out_width": (4, 32), "twiddle_width": (6, 18), "guard": (0, 8),
                  "operand_width": (8, 18)}
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise DescriptionError(f"FFT {name} must be an integer from {low} to {high}, not {value!r}")
        if len(self.schedule) != self.stages or any(s not in (0, 1) for s in self.schedule):
            raise DescriptionError(
                f"FFT schedule must be {self.stages} shifts of 0 or 1 (log2 {n}), not {self.schedule!r}"
            )
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
        """S: the output is the DFT times ``2**-S``."""
        return sum(self.schedule)

    @cached_property
    def steps(self) -> tuple:
        """The pipeline: Butterfly and Twiddle steps in order, closed by the output's Requantise."""
        return tuple(_derive(self))

    @property
    def multipliers(self) -> int:
        """Real multipliers: four to a complex product."""
        return 4 * sum(isinstance(s, Twiddle) for s in self.steps)

    def run(self, x, inverse=False) -> tuple[np.ndarray, np.ndarray]:
        """Transform frames ``x`` (..., N) of integral complex words; natural order in and out.

        ``inverse``: bool, or bool (...) of each frame.

        Returns
        -------
        (y, overflow)
            y complex128 (..., N) integral; overflow bool (...): something saturated in the frame.
        """
        x = np.asarray(x, dtype=np.complex128)
        if x.shape[-1] != self.size:
            raise DescriptionError(f"FFT frame must have {self.size} samples, not {x.shape[-1]}")
        lead = x.shape[:-1]
        turned = np.broadcast_to(np.asarray(inverse, dtype=bool), lead)[..., None]
        z = (np.where(turned, swap(x), x) if turned.any() else x).reshape(-1, self.size)
        overflow = np.zeros(len(z), dtype=bool)

        def requantise(z, r: Requantise):
            nonlocal overflow
            z = round_half_even(z, r.drop)
            if r.saturates:
                z, over = clip_frames(z, r.width)
                overflow |= over
            return z

        for step in self.steps:
            if isinstance(step, Butterfly):
                z = _butterfly(z, step)
            elif isinstance(step, Twiddle):
                z = requantise(z, step.operand).reshape(len(z), self.size // step.block, step.block)
                z = z * twiddles(step.exponents, step.block, self.twiddle_width)
                z = requantise(z.reshape(len(z), self.size), step.product)
            else:
                z = requantise(z, step)
        z = z[:, bit_reversed(self.size)].reshape(*lead, self.size)
        return np.where(turned, swap(z), z) if turned.any() else z, overflow.reshape(lead)


def _butterfly(z: np.ndarray, step: Butterfly) -> np.ndarray:
    size = z.shape[-1]
    pairs = z.reshape(len(z), size // (2 * step.delay), 2, step.delay)
    a, b = pairs[:, :, 0], pairs[:, :, 1]
    out = np.empty_like(pairs)
    if step.rotate:
        out[:, 0::2, 0] = a[:, 0::2] + b[:, 0::2]
        out[:, 0::2, 1] = a[:, 0::2] - b[:, 0::2]
        turned = -1j * b[:, 1::2]
        out[:, 1::2, 0] = a[:, 1::2] + turned
        out[:, 1::2, 1] = a[:, 1::2] - turned
    else:
        np.add(a, b, out=out[:, :, 0])
        np.subtract(a, b, out=out[:, :, 1])
    return out.reshape(z.shape)


def _derive(plan: FftPlan):
    """Walk the stages with the word's width, its fraction bits below the scheduled LSB and the
    bound ``modulus`` (in scheduled LSBs) on the complex modulus that proves the widths."""
    width, fraction = plan.width, 0
    modulus = 2.0**0.5 * 2.0 ** (plan.width - 1)
    limit = max(plan.width, plan.out_width) + 1  # integer bits that an operand may keep
    schedule = list(plan.schedule)
    block = plan.size
    while block > 1:
        radix = 1 if (block.bit_length() - 1) % 2 else 2
        for k in range(radix):
            yield Butterfly(block >> (k + 1), k == 1, width)
            shift = schedule.pop(0)
            width, fraction, modulus = width + 1, fraction + shift, modulus * 2.0 ** (1 - shift)
        rest = block >> radix
        if rest == 1:
            break
        integer = min(limit, _bits(modulus))
        keep = min(fraction, plan.operand_width - integer)
        operand = Requantise(fraction - keep, integer + keep, _bits(modulus) > integer)
        if operand.saturates:
            modulus = 2.0**0.5 * 2.0 ** (integer - 1)
        modulus = (modulus + 2.0 ** -keep) * (1 + 2.0 ** (2 - plan.twiddle_width)) + 2.0**-plan.guard
        drop = keep + plan.twiddle_width - 2 - plan.guard
        product = Requantise(drop, _bits(modulus) + plan.guard, False)
        yield Twiddle(block, _exponents(block, radix), width, operand, product)
        width, fraction = product.width, plan.guard
        block = rest
    # A word that just fits may still round up to one that does not: (1/4)(127 + 127 + 128 + 128).
    yield Requantise(fraction, plan.out_width, width - fraction + (fraction > 1) > plan.out_width)


def _bits(bound: float) -> int:
    """Signed bits that hold every integer of magnitude up to ``bound``."""
    return int(np.floor(np.log2(bound))) + 2


def _exponents(block: int, radix: int) -> tuple[int, ...]:
    n = np.arange(block >> radix)
    parts = [0 * n, n] if radix == 1 else [0 * n, 2 * n, n, 3 * n]
    return tuple(int(e) for e in np.concatenate(parts))
