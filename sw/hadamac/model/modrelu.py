"""modReLU: ``y = z max(0, |z| + b) / |z|``, a rectifier of the modulus that keeps the phase.

Each channel has a bias ``b <= 0`` in units of the word: words within ``-b`` of 0 become 0, all others move towards 0
by ``-b``.  In integers, with the ``mantissa`` and the exponent ``e`` of ``1 / |z|`` from
:class:`hadamac.model.rsqrt.Rsqrt`::

    t = round_half_even(-b * mantissa / 2**e)       |b| / |z|, 16 fraction bits
    g = max(0, 2**16 - t)                           the gain, 0 .. 1
    y = round_half_even(z * g / 2**16)

z = 0 gives 0.  The gain is real and at most 1, so that nothing saturates, and the phase changes by no more than the
rounding of the two parts, half an LSB each.  A shift of the map turns each bin's phase but does not change its
modulus: except for that rounding, modReLU of a spectrum commutes with every shift.

Error: a part differs from the exact one by at most ``1/2 + |part| * 2**-14.8``.

Source: Arjovsky, Shah, Bengio, "Unitary evolution recurrent neural networks", ICML 2016, section 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .. import timing
from ..errors import DescriptionError
from ..numeric import Requantise, Rescale, round_half_even
from .rsqrt import FRACTION, Rsqrt
from .words import check_words

__all__ = ["ModRelu"]


@dataclass(frozen=True, kw_only=True)
class ModRelu:
    """modReLU of complex words.

    Parameters
    ----------
    bias : tuple of int
        A bias for each channel, from ``-2**(width - 1)`` to 0.
    width : int
        Bits of a part, 4 to 17.
    """

    bias: tuple[int, ...]
    width: int

    def __post_init__(self) -> None:
        if isinstance(self.width, bool) or not isinstance(self.width, (int, np.integer)) or not 4 <= self.width <= 17:
            raise DescriptionError(f"ModRelu width must be an integer from 4 to 17, not {self.width!r}")
        bias = np.asarray(self.bias)
        if bias.ndim != 1 or not len(bias) or bias.dtype.kind not in "iuf" or (np.rint(bias) != bias).any():
            raise DescriptionError(f"ModRelu bias must be one integer per channel, not {self.bias!r}")
        object.__setattr__(self, "bias", tuple(int(b) for b in bias))
        lowest = -(1 << (self.width - 1))
        for b in self.bias:
            if not lowest <= b <= 0:
                reason = "; above 0 the gain (|z| + b) / |z| has no bound near z = 0" if b > 0 else ""
                raise DescriptionError(f"ModRelu bias must be from {lowest} to 0, not {b}{reason}")

    @property
    def rsqrt(self) -> Rsqrt:
        """Reciprocal root of the sum of squares."""
        return Rsqrt(width=2 * self.width)

    @property
    def threshold(self) -> Rescale:
        """Rounding from ``b * mantissa`` to ``-t``, which saturates only at values for which the gain is 0 anyway."""
        return Rescale(0, self.width - 1, FRACTION + 2)

    @property
    def result(self) -> Requantise:
        """Rounding from ``z * g`` to y."""
        return Requantise(FRACTION, self.width, False)

    @property
    def root(self) -> int:
        """Cycles from z to the reciprocal of its modulus: square, add, reciprocal root."""
        return timing.MULTIPLIER + 1 + self.rsqrt.pipeline

    @property
    def pipeline(self) -> int:
        """Cycles from z to y: reciprocal modulus; times bias, rescale, gain; times gain, round."""
        gain = timing.MULTIPLIER + timing.rescale(self.threshold) + 1
        return self.root + gain + timing.MULTIPLIER + timing.requantise(self.result)

    @property
    def wait(self) -> int:
        """Cycles for which z waits in the delay line until its gain is known."""
        return self.pipeline - timing.MULTIPLIER - timing.requantise(self.result)

    @property
    def line(self) -> int:
        """Words of the delay line, a power of two."""
        return 1 << (self.wait - timing.RAM).bit_length()

    @property
    def multipliers(self) -> int:
        """Multipliers: two for the squares, one for the root, one for the bias, two for the gain."""
        return 2 + self.rsqrt.multipliers + 1 + 2

    @property
    def memory_bits(self) -> int:
        """Bits of the root's table, of the biases and of the delay line."""
        return self.rsqrt.memory_bits + self.width * (max(len(self.bias), 2) + 2 * self.line)

    def run(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(y, overflow)`` of complex words x (n, channels, ...); overflow is bool (n,) and never true."""
        return self.apply(check_words("ModRelu", x, self.width))

    def apply(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what `run` returns, for words that an earlier stage made: they are not checked."""
        x = np.asarray(x, dtype=np.complex128)
        bias = np.array(self.bias, dtype=np.float64).reshape(-1, *[1] * (x.ndim - 2))
        mantissa, exponent, _ = self.rsqrt.apply(np.real(x) ** 2 + np.imag(x) ** 2)
        t = np.rint(-bias * mantissa * 2.0**-exponent)
        return round_half_even(x * np.maximum(0, 2.0**FRACTION - t), FRACTION), np.zeros(len(x), dtype=bool)
