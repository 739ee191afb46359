"""Frames of complex words that are likely to reveal errors of fixed-point arithmetic."""

from __future__ import annotations

import numpy as np

__all__ = ["limits", "uniform", "corners", "maximising", "nasty", "real_maps"]


def limits(width: int) -> tuple[int, int]:
    """Return the lowest and the highest word of ``width`` bits."""
    return -(1 << (width - 1)), (1 << (width - 1)) - 1


def uniform(rng, width: int, *shape: int, scale: float = 1.0) -> np.ndarray:
    """Return words whose parts are uniformly distributed over the whole range times `scale`."""
    low, high = (int(v * scale) for v in limits(width))
    return rng.integers(low, high, shape, endpoint=True) + 1j * rng.integers(low, high, shape, endpoint=True)


def corners(rng, width: int, *shape: int) -> np.ndarray:
    """Return words whose parts are at full scale with random signs, so that the modulus is sqrt(2) times full scale."""
    ends = np.array(limits(width))
    return ends[rng.integers(0, 2, shape)] + 1j * ends[rng.integers(0, 2, shape)]


def maximising(width: int, size: int, bin: int, inverse: bool = False, turn: float = 0.0) -> np.ndarray:
    """Return the frame of full-scale corners for which the real part of a bin's rotated value is largest.

    ``turn`` rotates the target: 0.25 maximises the imaginary part, 0.5 the negative real part.
    """
    low, high = limits(width)
    sign = 1 if inverse else -1
    angle = np.exp(2j * np.pi * (sign * bin * np.arange(size) / size - turn))
    # Re(x * w) = x.re * w.re - x.im * w.im
    return np.where(angle.real > 0, high, low) + 1j * np.where(angle.imag > 0, low, high)


def nasty(rng, width: int, size: int, inverse: bool = False) -> np.ndarray:
    """Return some twenty frames (n, size): constants, alternations, impulses, maxima of a bin, corners, noise."""
    low, high = limits(width)
    n = np.arange(size)
    frames = [0 * n, 0 * n + low * (1 + 1j), 0 * n + high * (1 + 1j), 0 * n + (high + 1j * low)]
    frames += [np.where(n % 2, low, high) * (1 + 1j)]
    frames += [np.where(n % 4 < 2, low, high) + 1j * np.where(n % 4 < 2, high, low)]
    impulse = np.zeros((2, size), dtype=complex)
    impulse[0, 0], impulse[1, -1] = low + 1j * low, high + 1j * low
    bins = sorted({0, 1, size // 4, size // 2 - 1, size // 2, size - 1})
    frames += [maximising(width, size, b, inverse, turn) for b in bins for turn in (0, 0.375)]
    frames = np.concatenate([np.array(frames, dtype=complex), impulse])
    noise = [uniform(rng, width, 2, size, scale=scale) for scale in (1, 0.05, 0.005)]
    return np.concatenate([frames, corners(rng, width, 3, size), *noise])


def real_maps(rng, width: int, *shape: int) -> np.ndarray:
    """Return frames (n, *shape) of real maps on the last two axes: constants, stripes, corners, loud and quiet noise."""
    low, high = limits(width)
    y, x = np.mgrid[: shape[-2], : shape[-1]]
    one = [0 * x, 0 * x + high, 0 * x + low, np.where(x % 2, low, high), np.where(y % 2, low, high)]
    one += [np.where((x + y) % 2, low, high), np.where(x < shape[-1] // 2, low, high), np.where((x == 0) & (y == 0), low, 0)]
    frames = [np.broadcast_to(m, shape) for m in one]
    frames += [np.array((low, high))[rng.integers(0, 2, shape)] for _ in range(2)]
    frames += [rng.integers(int(low * s), int(high * s), shape, endpoint=True) for s in (1, 1, 0.1, 0.1, 0.01, 0.01)]
    return np.array(frames, dtype=float)
