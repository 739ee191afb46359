"""Steps of a streaming FFT: their arithmetic on arrays of complex words, and their cycles in the circuit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ... import timing
from ...numeric import Requantise, requantise
from . import cycles

__all__ = ["Butterfly", "Twiddle", "bits_of", "butterfly", "exponents", "least_shift", "table_words", "twiddle",
           "twiddles"]


@lru_cache(None)
def twiddles(exponents: tuple[int, ...], size: int, width: int) -> np.ndarray:
    """Return ``exp(-2 pi j e / size)`` in SQ(2, width-2): 1.0 is exact, both parts are rounded half to even."""
    return np.rint(np.exp(-2j * np.pi * np.array(exponents) / size) * 2.0 ** (width - 2))


def table_words(words: np.ndarray, width: int) -> list[int]:
    """Return complex words as unsigned words of a table, with the real part in the low ``width`` bits."""
    mask = (1 << width) - 1
    return [(int(w.real) & mask) | ((int(w.imag) & mask) << width) for w in words]


@dataclass(frozen=True)
class Butterfly:
    """Delay-feedback butterfly over ``delay`` samples, whose words grow by one bit.

    With ``rotate`` it is the second of a pair, and multiplies its late operand by -j in every odd block.
    """

    delay: int
    rotate: bool
    in_width: int

    @property
    def out_width(self) -> int:
        """Bits of a part of a result."""
        return self.in_width + 1

    @property
    def latency(self) -> int:
        """Cycles from a sample to its sum, besides the ``delay`` samples."""
        return cycles.BUTTERFLY

    @property
    def memory_bits(self) -> int:
        """Bits of memory in the delay line; none if it is made of registers."""
        return self.delay * 2 * self.out_width if self.delay > cycles.LINE_IN_REGISTERS else 0


@dataclass(frozen=True)
class Twiddle:
    """Products with ``exp(-2 pi j exponents / block)`` over blocks of ``block`` samples.

    With ``most`` above 0 an operand is a mantissa: the word over ``2**s``, where s is the smallest of ``0 .. most``
    for which both parts, before rounding, have ``operand.width - 1`` bits (so that rounding up cannot leave the
    operand); the product is then shifted back up by s.

    With ``low`` above 0 each product is made by two multipliers: one takes the operand without its last ``low`` bits,
    the other takes those bits.
    """

    block: int
    exponents: tuple[int, ...]
    in_width: int
    operand: Requantise
    product: Requantise
    most: int
    low: int
    out_width: int

    @property
    def multipliers(self) -> int:
        """Real multipliers: one or two for each of a complex product's four."""
        return 8 if self.low else 4

    @property
    def table(self) -> int:
        """Words in the table of twiddles: of a whole block, or of one octant where the block is long."""
        return self.block if self.block <= cycles.FULL_TABLE else self.block // 8 + 1

    @property
    def operand_latency(self) -> int:
        """Cycles from a word to its product's operand; for a mantissa: compare, choose, shift, round."""
        return 2 + timing.shifter(self.most) + 1 if self.most else timing.requantise(self.operand)

    @property
    def product_latency(self) -> int:
        """Cycles from a word to the multipliers: until its operand is ready, and its twiddle, which is looked up as
        soon as the word's control arrives and is carried to the multipliers through a register."""
        looked_up = cycles.OCTANT if self.block > cycles.FULL_TABLE else timing.RAM + 1
        return max(self.operand_latency, looked_up - cycles.LEAD)

    @property
    def latency(self) -> int:
        """Cycles from a word to its product: operand and twiddle, multipliers, one cycle to join the two products of
        a wide operand, the sum, and for a mantissa the shift back."""
        joined = 1 if self.low else 0
        return self.product_latency + timing.MULTIPLIER + joined + timing.SUM + timing.shifter(self.most)


def butterfly(z: np.ndarray, step: Butterfly) -> np.ndarray:
    """Return frames (n, N) after a butterfly step."""
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


def bits_of(bound: float) -> int:
    """Return the signed bits that hold every integer of magnitude up to ``bound``."""
    return int(np.floor(np.log2(bound))) + 2


def exponents(block: int, radix: int) -> tuple[int, ...]:
    """Return the exponents of the twiddles of a block's samples, for two parts (radix-2) or four (radix-2^2).

    ``radix`` is the number of radix-2 stages before the product, 1 or 2.
    """
    n = np.arange(block >> radix)
    parts = [0 * n, n] if radix == 1 else [0 * n, 2 * n, n, 3 * n]
    return tuple(int(e) for e in np.concatenate(parts))


def twiddle(z: np.ndarray, step: Twiddle, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(words, overflow)`` of frames (n, N) after a product step; overflow bool (n,).

    ``width`` is the number of bits of a twiddle's parts.
    """
    if step.most:
        scale = 2.0 ** least_shift(z, step.operand.width - 1)
        z, overflow = np.rint(z / scale), np.zeros(len(z), dtype=bool)
    else:
        scale = 1.0
        z, overflow = requantise(z, step.operand)
    z = z.reshape(len(z), z.shape[1] // step.block, step.block) * twiddles(step.exponents, step.block, width)
    z, _ = requantise(z.reshape(len(z), z.shape[1] * step.block), step.product)
    return z * scale, overflow


def least_shift(z: np.ndarray, width: int) -> np.ndarray:
    """Return the smallest ``s >= 0`` for which both parts, over ``2**s`` and rounded down, have ``width`` signed bits.
    """
    # -2**k needs one bit less than 2**k, as ~x = -x - 1 shows.
    re, im = np.real(z), np.imag(z)
    magnitude = np.maximum(np.where(re < 0, -re - 1, re), np.where(im < 0, -im - 1, im))
    return np.maximum(np.frexp(magnitude)[1] + 1 - width, 0)
