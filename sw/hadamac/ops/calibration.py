"""Schedules of transforms from calibration frames: a shift only where a stage's largest value would leave the word."""

from __future__ import annotations

import numpy as np

from ..model.crop import expand
from ..model.fft.orders import bit_reversed
from ..model.fft.planar import pack_rows
from .formats import Formats

__all__ = ["calibrate", "forward_schedules", "inverse_schedules"]


def calibrate(x: np.ndarray, width: int, headroom: float,
              inverse: bool = False) -> tuple[tuple[int, ...], np.ndarray]:
    """Return a schedule for frames ``x`` (..., N) of float words, and their scaled transform in natural order.

    The schedule has a shift of one for every radix-2 stage whose largest part, times ``headroom``, exceeds ``width``
    bits, else of zero.
    """
    size = x.shape[-1]
    sign = 1 if inverse else -1
    z = x.reshape(-1, 1, size)
    schedule = []
    while z.shape[-1] > 1:
        half = z.shape[-1] // 2
        a, b = z[..., :half], z[..., half:]
        pair = np.stack([a + b, a - b], axis=-2)
        largest = max(np.abs(pair.real).max(initial=0), np.abs(pair.imag).max(initial=0))
        shift = int(largest * headroom > 2.0 ** (width - 1))
        schedule.append(shift)
        pair = pair * 2.0**-shift
        pair[..., 1, :] *= np.exp(sign * 2j * np.pi * np.arange(half) / (2 * half))
        z = pair.reshape(len(z), -1, half)
    return tuple(schedule), z[:, bit_reversed(size), 0].reshape(x.shape)


def forward_schedules(words: np.ndarray, radius: int, formats: Formats) -> dict[str, tuple[int, ...]]:
    """Return the schedules of the rows and columns of a `Fft2dPlan` for maps of float words.

    The result is empty for formats without calibration: the plan's own schedules halve in every stage.
    """
    if not formats.calibrated:
        return {}
    rows, z = calibrate(pack_rows(words), formats.width, formats.headroom)
    plus, minus = z[..., : radius + 1], np.conj(z[..., -np.arange(radius + 1)])
    halves = np.concatenate([plus + minus, -1j * (plus - minus)], axis=-2) / 2
    # Column transforms take the rows in order; the even rows are those of the real parts.
    count = words.shape[-1]
    order = np.concatenate([np.arange(0, count, 2), np.arange(1, count, 2)]).argsort()
    columns, _ = calibrate(np.swapaxes(halves[..., order, :], -1, -2), formats.width, formats.headroom)
    return {"rows": rows, "columns": columns}


def inverse_schedules(words: np.ndarray, size: int, formats: Formats) -> dict[str, tuple[int, ...]]:
    """Return the schedules of the rows and columns of an inverse `Fft2dPlan` for bins of float words.

    The result is empty for formats without calibration, as that of `forward_schedules`.
    """
    if not formats.calibrated:
        return {}
    columns, g = calibrate(np.swapaxes(expand(words, size), -1, -2), formats.width, formats.headroom, inverse=True)
    g = np.swapaxes(g, -1, -2)
    half = np.zeros((*g.shape[:-1], size), dtype=np.complex128)
    radius = g.shape[-1] - 1
    half[..., : radius + 1] = g
    half[..., -np.arange(1, radius + 1)] = np.conj(g[..., 1:])  # the Nyquist column is its own mirror image
    pairs = half[..., 0::2, :] + 1j * half[..., 1::2, :]
    rows, _ = calibrate(pairs, formats.width, formats.headroom, inverse=True)
    return {"rows": rows, "columns": columns}
