"""Words of weights: exponents of output channels, formats with headroom, and checks of the arrays of an artifact."""

from __future__ import annotations

import numpy as np

from ..errors import ArtifactError, FitError
from ..model.hadamard import BIAS, SHIFTS
from ..network.stage import Stage
from ..numeric import saturate
from .base import Stored
from .formats import Formats

__all__ = ["checked", "exponents", "fraction_bits", "in_range", "peak", "recorded", "taken"]

TINY = 2.0**-500
"""Smallest magnitude for which an exponent is chosen, so that scaling by ``2**exponent`` is possible in float64."""
PLENTY = 8
"""Bits of a weight from which on no word saturates."""
EXPONENTS = -200, 200
"""Range of exponents, which is also that of fraction bits."""


def exponents(weights: np.ndarray, bits: int) -> np.ndarray:
    """Return, for each output channel, the exponent e of its words ``rint(W 2**e)``.

    It is the largest for which no word of ``bits`` signed bits saturates.  For fewer than `PLENTY` bits it is one more
    where this makes the sum of the squared errors less: twice the resolution of all other words may be worth more than
    the largest ones.
    """
    largest = _largest(weights, bits)
    if bits >= PLENTY:
        return largest
    errors = [_error(weights, largest + more, bits) for more in (0, 1)]
    return np.where(errors[1] < errors[0], largest + 1, largest)


def _error(weights: np.ndarray, exponent: np.ndarray, bits: int) -> np.ndarray:
    """Return the squared error (outputs,) of weights in words of some bits."""
    flat = weights.reshape(len(weights), -1)
    scale = 2.0 ** exponent[:, None]
    return (np.abs(saturate(np.rint(flat * scale), bits) / scale - flat) ** 2).sum(-1)


def _largest(weights: np.ndarray, bits: int) -> np.ndarray:
    """Return, for each output channel, the largest e for which ``rint(W 2**e)`` fits ``bits`` signed bits."""
    flat = weights.reshape(len(weights), -1)
    largest = np.maximum(np.abs(np.real(flat)), np.abs(np.imag(flat))).max(-1)
    largest = np.where(largest > 0, np.maximum(largest, TINY), 1.0)
    return np.floor(np.log2(((1 << (bits - 1)) - 0.5) / largest)).astype(int)


def in_range(name: str, exponent: np.ndarray, bias: np.ndarray, fraction: int, out: int, width: int) -> np.ndarray:
    """Return exponents for which the shifts and biases fit the circuit, or raise FitError and name the channel.

    A channel with very small weights would need a shift beyond SHIFTS, or a bias of more than BIAS bits.  Its exponent
    is reduced, so that its weights round to smaller words and finally to zero.  The output does not lose anything by
    this: at the largest shift, the product of full-scale words is a small part of an LSB of the output.

    Parameters
    ----------
    exponent : int array (channels,)
    bias : float array (channels,)
        Biases in units of the output's values.
    fraction, out : int
        Fraction bits of the input words and of the output words.
    width : int
        Bits of an output word.  A bias that does not fit an output word is refused.
    """
    exponent = np.minimum(exponent, SHIFTS[1] + out - fraction)
    shift = fraction + exponent - out
    words = np.abs(bias) * 2.0**out
    bits = np.frexp(np.rint(words * 2.0**shift))[1] + 1
    for channel in np.flatnonzero((bits > BIAS) & (words >= 2.0 ** (width - 1)))[:1]:
        raise FitError(f"Layer {name}, channel {channel}, needs a bias of {bits[channel]} bits, allowed are {BIAS}: "
                       "it is too large beside its weights")
    return exponent - np.maximum(bits - BIAS, 0)


def fraction_bits(largest: float, formats: Formats, width: int | None = None) -> int:
    """Return the most fraction bits for which ``largest`` times the headroom does not exceed full scale.

    Words have ``width`` bits, by default those of the formats.
    """
    if not largest < 1e30:
        raise FitError(f"Values of a stage must be below 1e30, not {largest:g}: parameters are too large")
    return int(np.floor(np.log2(2.0 ** ((width or formats.width) - 1) / (max(largest, 1e-9) * formats.headroom))))


def peak(z: np.ndarray) -> float:
    """Return the largest magnitude of any real or imaginary part."""
    return float(max(np.abs(np.real(z)).max(initial=0), np.abs(np.imag(z)).max(initial=0)))


def recorded(weights: np.ndarray, bias: np.ndarray, shift: np.ndarray, exponent: np.ndarray,
             formats: Formats) -> dict[str, np.ndarray]:
    """Return the arrays of a product or a dense layer for an artifact, as integers of few bytes."""
    small = np.int8 if formats.weight_width <= 8 else np.int16
    channels = {"bias": bias, "shift": shift, "exponent": exponent}
    return {"weight": weights.astype(small)} | {k: np.asarray(v).astype(np.int64) for k, v in channels.items()}


def checked(stage: Stage, what: str, words: np.ndarray, low: int, high: int) -> np.ndarray:
    """Return words from an artifact; raise ArtifactError if one is not from ``low`` to ``high``."""
    if words.size and not low <= words.min() <= words.max() <= high:
        raise ArtifactError(f"Artifact stage {stage.name} must have {what} from {low} to {high}, not "
                            f"{words.min():.0f} to {words.max():.0f}")
    return words


def taken(stage: Stage, stored: Stored, shape: tuple[int, ...],
          bias: tuple[int, ...] | None = None) -> dict[str, np.ndarray]:
    """Return the checked arrays of an artifact: ``weight`` of a given shape, ``bias``, ``shift`` and ``exponent``.

    The shape of the biases is by default (outputs,).
    """
    limit = 1 << (stored.formats.weight_width - 1)
    out = {"weight": checked(stage, "weights", stored.take("weight", shape), -limit, limit - 1)}
    out |= {name: stored.take(name, shape[:1]) for name in ("shift", "exponent")}
    out["bias"] = stored.take("bias", shape[:1] if bias is None else bias)
    checked(stage, "biases", out["bias"], -(1 << (BIAS - 1)) + 1, (1 << (BIAS - 1)) - 1)
    checked(stage, "shifts", out["shift"], *SHIFTS)
    checked(stage, "exponents", out["exponent"], *EXPONENTS)
    return out | {name: out[name].astype(int) for name in ("shift", "exponent")}
