"""Calibration of the FFT schedules.

A schedule has a shift of 0 or 1 for each radix-2 stage of a transform.  A stage halves its values only if its largest
value for the calibration images, times the headroom, would not fit the word.
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from ..model.crop import expand
from ..model.fft.orders import bit_reversed
from ..model.fft.pairs import pack_rows
from ..model.fft.rows import pack_channels
from ..shapes import Pair
from .formats import Formats

__all__ = ["Schedules", "calibrate", "forward_schedules", "inverse_schedules"]


class Schedules(TypedDict, total=False):
    """Schedules of a plan: a shift of 0 or 1 for each radix-2 stage of the row and of the column transform."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]


def calibrate(x: np.ndarray, width: int, headroom: float, inverse: bool = False) -> tuple[tuple[int, ...], np.ndarray]:
    """Return the schedule of a one-dimensional transform, and the scaled transform of the calibration frames.

    Parameters
    ----------
    x : complex array (..., N)
        Calibration frames, in units of a word but not rounded.
    width : int
        Bits of each part of a word.
    headroom : float
        Factor between the largest part of a stage and full scale, below which the stage halves its values.
    inverse : bool
        Whether the transform is an inverse one.

    Returns
    -------
    schedule : tuple of int
        The shift of each radix-2 stage, 0 or 1.
    y : complex array (..., N)
        The transform with these shifts, in natural order.
    """
    size = x.shape[-1]
    sign = 1 if inverse else -1
    z = x.reshape(-1, 1, size)
    schedule: list[int] = []
    while z.shape[-1] > 1:
        half = z.shape[-1] // 2
        a, b = z[..., :half], z[..., half:]
        pair = np.stack([a + b, a - b], axis=-2)
        largest = max(np.abs(np.real(pair)).max(initial=0), np.abs(np.imag(pair)).max(initial=0))
        shift = int(largest * headroom > 2.0 ** (width - 1))
        schedule.append(shift)
        pair = pair * 2.0**-shift
        pair[..., 1, :] *= np.exp(sign * 2j * np.pi * np.arange(half) / (2 * half))
        z = pair.reshape(len(z), -1, half)
    return tuple(schedule), z[:, bit_reversed(size), 0].reshape(x.shape)


def forward_schedules(words: np.ndarray, columns: int, formats: Formats) -> Schedules:
    """Return the schedules of a forward transform, or nothing if the formats are not calibrated.

    Parameters
    ----------
    words : float64 array (n, channels, H, W)
        Maps of the calibration images, in units of a word but not rounded.
    columns : int
        Columns of bins that the transform computes.
    formats : Formats
    """
    if not formats.calibrated:
        return {}
    flat = words.shape[-2] == 1
    rows, z = calibrate(pack_channels(words) if flat else pack_rows(words), formats.width, formats.headroom)
    if flat:
        return {"rows": rows}
    plus, minus = z[..., :columns], np.conj(z[..., -np.arange(columns)])
    halves = np.concatenate([plus + minus, -1j * (plus - minus)], axis=-2) / 2
    # The column transforms need the rows in order: the first half are the even rows, from the real parts.
    count = words.shape[-2]
    order = np.concatenate([np.arange(0, count, 2), np.arange(1, count, 2)]).argsort()
    schedule, _ = calibrate(np.swapaxes(halves[..., order, :], -1, -2), formats.width, formats.headroom)
    return {"rows": rows, "columns": schedule}


def inverse_schedules(words: np.ndarray, size: Pair, formats: Formats) -> Schedules:
    """Return the schedules of an inverse transform, or nothing if the formats are not calibrated.

    Parameters
    ----------
    words : complex128 array (n, channels, rows, columns)
        Bins of the calibration images, in units of a word but not rounded.
    size : (int, int)
        Rows and columns of the maps.
    formats : Formats
    """
    if not formats.calibrated:
        return {}
    if size[0] == 1:
        pairs = _hermitian_row(words, size[1])
        packed = pairs[:, 0::2].copy()
        packed[:, : pairs.shape[1] // 2] += 1j * pairs[:, 1::2]
        return {"rows": calibrate(packed, formats.width, formats.headroom, inverse=True)[0]}
    columns, g = calibrate(np.swapaxes(expand(words, size[0]), -1, -2), formats.width, formats.headroom, inverse=True)
    half = _hermitian_row(np.swapaxes(g, -1, -2), size[1])
    pairs = half[..., 0::2, :] + 1j * half[..., 1::2, :]
    rows, _ = calibrate(pairs, formats.width, formats.headroom, inverse=True)
    return {"rows": rows, "columns": columns}


def _hermitian_row(g: np.ndarray, columns: int) -> np.ndarray:
    """Return whole spectra (..., W) of real rows from their live bins (..., s + 1)."""
    whole = np.zeros((*g.shape[:-1], columns), dtype=np.complex128)
    live = g.shape[-1]
    whole[..., :live] = g
    whole[..., -np.arange(1, live)] = np.conj(g[..., 1:])  # the Nyquist column is real here
    return whole
