"""Steps of a streaming FFT and their arithmetic on arrays of complex words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...numeric import Requantise, requantise

__all__ = ["Butterfly", "Twiddle", "bits_of", "butterfly", "exponents", "least_shift", "table_words", "twiddle",
           "twiddles"]


@lru_cache(None)
def twiddles(exponents: tuple, size: int, width: int) -> np.ndarray:
    """``exp(-2 pi j e / size)`` in SQ(2, width-2): 1.0 is exact, both parts rounded half to even."""
    return np.rint(np.exp(-2j * np.pi * np.array(exponents) / size) * 2.0 ** (width - 2))


def table_words(words: np.ndarray, width: int) -> list[int]:
    """Complex words as those of a table: the real part in the low ``width`` bits."""
    mask = (1 << width) - 1
    return [(int(w.real) & mask) | ((int(w.imag) & mask) << width) for w in words]


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
    """Products with ``exp(-2 pi j exponents / block)`` over blocks of ``block`` samples.

    ``most`` above 0: an operand is a mantissa, the word over ``2**s``, s the least of ``0 .. most`` for which both
    parts, before rounding, have ``operand.width - 1`` bits (so that rounding up cannot leave the operand); the
    product then goes back up by s.

    ``low`` above 0: one multiplier takes the operand without its last ``low`` bits, a second one those.
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
        """Real multipliers: one or two to each of a complex product's four."""
        return 8 if self.low else 4


def butterfly(z: np.ndarray, step: Butterfly) -> np.ndarray:
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
    """Signed bits that hold every integer of magnitude up to ``bound``."""
    return int(np.floor(np.log2(bound))) + 2


def exponents(block: int, radix: int) -> tuple[int, ...]:
    n = np.arange(block >> radix)
    parts = [0 * n, n] if radix == 1 else [0 * n, 2 * n, n, 3 * n]
    return tuple(int(e) for e in np.concatenate(parts))


def twiddle(z: np.ndarray, step: Twiddle, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The same for a product; ``width`` is that of a twiddle's parts."""
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
    """Least ``s >= 0`` for which both parts, over ``2**s`` and rounded down, have ``width`` signed bits."""
    # -2**k needs one bit less than 2**k, as ~x = -x - 1 shows.
    magnitude = np.maximum(np.where(z.real < 0, -z.real - 1, z.real), np.where(z.imag < 0, -z.imag - 1, z.imag))
    return np.maximum(np.frexp(magnitude)[1] + 1 - width, 0)
