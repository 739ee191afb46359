"""Weights in words: exponents of output channels, formats with headroom, and checks of what an artifact holds."""

from __future__ import annotations

import numpy as np

from ..errors import ArtifactError, FitError
from ..model.hadamard import BIAS, SHIFTS
from ..network.stage import Stage
from .base import Stored
from .formats import Formats

__all__ = ["checked", "exponents", "fraction_bits", "in_range", "peak", "recorded", "taken"]

TINY = 2.0**-500
"""Weights below it are rounded as if they were as large: their exponents stay integers that a float can scale by."""
EXPONENTS = -200, 200
"""Range of a product's exponents, as that of fraction bits."""


def exponents(weights: np.ndarray, bits: int) -> np.ndarray:
    """Return for each output channel the largest e for which every ``|W| 2**e`` rounds into ``bits`` bits."""
    flat = weights.reshape(len(weights), -1)
    largest = np.maximum(np.abs(np.real(flat)), np.abs(np.imag(flat))).max(-1)
    largest = np.where(largest > 0, np.maximum(largest, TINY), 1.0)
    return np.floor(np.log2(((1 << (bits - 1)) - 0.5) / largest)).astype(int)


def in_range(name: str, exponent: np.ndarray, bias: np.ndarray, fraction: int, out: int, width: int) -> np.ndarray:
    """Return exponents, lowered where the circuit's range needs it, or raise FitError with the channel at fault.

    Words of a nearly dead channel would need a shift beyond SHIFTS, or a bias of more than BIAS bits.  With a smaller
    exponent its weights round to smaller words, in the end to zero.  That loses nothing that the output could show: at
    the largest shift a product of full-scale words is a small part of an output LSB.

    Parameters
    ----------
    exponent : int array (channels,)
    bias : float array (channels,)
        In units of the output's values.
    fraction, out : int
        Fraction bits of the input's and the output's words.
    width : int
        Bits of an output word: a bias that does not fit it is refused, not made to fit.
    """
    exponent = np.minimum(exponent, SHIFTS[1] + out - fraction)
    shift = fraction + exponent - out
    words = np.abs(bias) * 2.0**out
    bits = np.frexp(np.rint(words * 2.0**shift))[1] + 1
    for channel in np.flatnonzero((bits > BIAS) & (words >= 2.0 ** (width - 1)))[:1]:
        raise FitError(f"Layer {name}, channel {channel}, needs a bias of {bits[channel]} bits, allowed are {BIAS}: "
                       "it is too large beside its weights")
    return exponent - np.maximum(bits - BIAS, 0)


def fraction_bits(largest: float, formats: Formats) -> int:
    """Return the fraction bits that leave the headroom above the value ``largest``."""
    if not largest < 1e30:
        raise FitError(f"Values of a stage must be below 1e30, not {largest:g}: parameters are too large")
    return int(np.floor(np.log2(2.0 ** (formats.width - 1) / (max(largest, 1e-9) * formats.headroom))))


def peak(z: np.ndarray) -> float:
    """Return the largest magnitude of a real or imaginary part."""
    return float(max(np.abs(np.real(z)).max(initial=0), np.abs(np.imag(z)).max(initial=0)))


def recorded(weights: np.ndarray, bias: np.ndarray, shift: np.ndarray, exponent: np.ndarray,
             formats: Formats) -> dict[str, np.ndarray]:
    """Return the arrays of a product or dense layer as an artifact holds them: integers of few bytes."""
    small = np.int8 if formats.weight_width <= 8 else np.int16
    channels = {"bias": bias, "shift": shift, "exponent": exponent}
    return {"weight": weights.astype(small)} | {k: np.asarray(v).astype(np.int64) for k, v in channels.items()}


def checked(stage: Stage, what: str, words: np.ndarray, low: int, high: int) -> np.ndarray:
    """Return words that the circuit can hold; raise ArtifactError for others."""
    if words.size and not low <= words.min() <= words.max() <= high:
        raise ArtifactError(f"Artifact stage {stage.name} must have {what} from {low} to {high}, not "
                            f"{words.min():.0f} to {words.max():.0f}")
    return words


def taken(stage: Stage, stored: Stored, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return ``weight`` of a shape, ``bias``, ``shift`` and ``exponent`` from an artifact, all checked."""
    limit = 1 << (stored.formats.weight_width - 1)
    out = {"weight": checked(stage, "weights", stored.take("weight", shape), -limit, limit - 1)}
    out |= {name: stored.take(name, shape[:1]) for name in ("bias", "shift", "exponent")}
    checked(stage, "biases", out["bias"], -(1 << (BIAS - 1)) + 1, (1 << (BIAS - 1)) - 1)
    checked(stage, "shifts", out["shift"], *SHIFTS)
    checked(stage, "exponents", out["exponent"], *EXPONENTS)
    return out | {name: out[name].astype(int) for name in ("shift", "exponent")}
