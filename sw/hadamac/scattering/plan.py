"""Wavelet scattering from floats to words: filters rounded, formats and schedules from calibration images; cycles.

Every stage is done in floats on the calibration images.  Where a format is chosen, ``headroom`` is left above the
largest value; a transform halves only in the stages in which ``headroom`` times the largest value would leave the word.
"""

from __future__ import annotations

import numpy as np

from .. import timing
from ..arrivals import double_buffer, transfers
from ..errors import DataError
from ..images import as_images
from ..model.fft.planar import Fft2dPlan
from ..model.modulus import ModulusPlan
from ..model.tile import decimate
from ..ops.formats import Formats
from ..quantised.calibration import forward_schedules, inverse_schedules
from ..scattering import model as words
from .filters import paths
from .model import Decimation, Filters, Moduli, ScatteringPlan, ScatteringStage

__all__ = ["FORMATS", "beat_times", "pixel_times", "scattering_plan"]

FORMATS = Formats(width=16, weight_width=12, calibrated=True)
"""Of a plan unless told: a filter of 12 bits costs no more multipliers than one of 8."""


def scattering_plan(images, *, size: int = 32, angles: int = 8, formats: Formats = FORMATS) -> ScatteringPlan:
    """A plan for images like these.

    Parameters
    ----------
    images : uint8 (n, N, N), or of four pixels less each way
    size, angles : int
    formats : Formats
        Without ``calibrated``, transforms halve in every stage; ``logit_width`` says nothing here.
    """
    words.check(size, angles)
    images = as_images(images, size)
    if len(images) == 0:
        raise DataError("Calibration needs at least one image, not 0")
    every = paths(size, angles=angles)
    out = []
    for scale in (None, 0, 1):
        path = _Builder(images[:, None] / 256.0, formats)
        mine = [p for p in every if p.scale == scale]
        if scale is not None:
            wavelets = [next(f for _, f in p.steps if f is not None) for p in mine]
            path.filter("psi", np.stack([part for psi in wavelets for part in parts(psi)]))
            for _ in range(scale):
                path.decimate()
            path.modulus()
        phi = [f for _, f in mine[0].steps if f is not None][-1]
        path.filter("phi", half(phi)[None])
        while path.x.shape[-1] > size // 4:
            path.decimate()
        out.append(words.ScatteringPath(scale=scale, stages=tuple(path.stages)))
    return ScatteringPlan(size=size, angles=angles, width=formats.width, weight_width=formats.weight_width,
                          twiddle_width=formats.twiddle_width, paths=tuple(out))


def half(spectrum) -> np.ndarray:
    """Columns v = 0 .. N/2 of (..., N, N)."""
    return spectrum[..., : spectrum.shape[-1] // 2 + 1]


def parts(psi) -> tuple[np.ndarray, np.ndarray]:
    """Half-spectra of the real and imaginary part of the wavelet whose spectrum, a real one, is ``psi``."""
    back = -np.arange(len(psi))
    mirrored = psi[np.ix_(back, back)]
    return half((psi + mirrored) / 2), half((psi - mirrored) / 2j)


class _Builder:
    """Stages of a path with the values behind them: maps ``x`` (n, C, N, N) of ``fraction`` fraction bits."""

    def __init__(self, x, formats: Formats):
        self.x, self.formats, self.fraction, self.stages = x, formats, formats.width - 1, []

    def filter(self, name: str, filters) -> None:
        """Transform, product of every channel with ``filters`` (F, N, N/2 + 1), inverse."""
        size, width, widths = self.x.shape[-1], self.formats.width, self.formats
        whole = {"size": size, "radius": size // 2, "width": width, "twiddle_width": widths.twiddle_width}
        forward = Fft2dPlan(**whole, **forward_schedules(self.x * 2.0**self.fraction, size // 2, widths))
        self._add(f"transform{size}", forward, self.fraction - forward.scale)

        self.x = np.fft.rfft2(self.x)
        y = (self.x[:, :, None] * filters).reshape(len(self.x), -1, *self.x.shape[2:])
        exponent = _exponent(filters, 2 ** (widths.weight_width - 1) - 0.5)
        # A product moved up would only have zeros below.
        fraction = min(_exponent(y, 2 ** (width - 1) / widths.headroom), self.fraction + exponent)
        shift = self.fraction + exponent - fraction
        weights = np.rint(filters * 2.0**exponent).astype(np.complex128)[:, None]
        self._add(name, Filters(weights=weights, exponent=exponent, shift=shift, width=width), fraction)

        self.x = y
        inverse = Fft2dPlan(**whole, inverse=True, **inverse_schedules(y * 2.0**fraction, size, widths))
        self._add(f"inverse{size}", inverse, fraction + 2 * (size.bit_length() - 1) - inverse.scale)
        self.x = np.fft.irfft2(y)

    def decimate(self) -> None:
        self._add(f"decimate{self.x.shape[-1]}", Decimation(), self.fraction)
        self.x = decimate(self.x)

    def modulus(self) -> None:
        self._add("modulus", Moduli(width=self.formats.width), self.fraction)
        self.x = np.hypot(self.x[:, 0::2], self.x[:, 1::2])

    def _add(self, name: str, op, fraction: int) -> None:
        self.stages.append(ScatteringStage(name=name, op=op, size=self.x.shape[-2], channels=self.x.shape[1],
                                           fraction=fraction))
        self.fraction = fraction


def _exponent(values, limit: float) -> int:
    """The largest e for which the parts of ``values * 2**e`` do not pass ``limit``."""
    largest = max(np.abs(values.real).max(), np.abs(values.imag).max(), 1e-9)
    return int(np.floor(np.log2(limit / largest)))


def pixel_times(size: int) -> np.ndarray:
    """When row pairs leave of an image whose pixels come from cycle 0, one a cycle."""
    odd = np.arange(size * size).reshape(size, size)[1::2].reshape(-1)
    return transfers(odd + timing.RAM + timing.FIFO)


def beat_times(stages, times: np.ndarray) -> np.ndarray:
    """When the beats of a first frame leave the last of ``stages``, of when they come to the first."""
    for stage in stages:
        op = stage.op
        if isinstance(op, Fft2dPlan):
            times = op.arrivals(times)
            continue
        beats = stage.size * stage.size // 2
        if isinstance(op, Filters):
            bins = op.weights[0].size
            pipeline = timing.hadamard_pipeline(1, max(op.shift, 0))
            times = double_buffer(times, bins, len(op.weights) * bins)
        elif isinstance(op, Moduli):
            pipeline = timing.RAM + ModulusPlan(op.width).pipeline
            times = times.reshape(-1, 2, beats)[:, 1].reshape(-1)
        else:
            pipeline = timing.TILE
            times = times.reshape(-1, 2, stage.size)[:, 1, 1::2].reshape(-1)
        times = transfers(times + pipeline + timing.fifo(pipeline))
    return times
