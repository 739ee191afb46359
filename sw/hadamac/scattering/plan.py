"""Quantisation of a wavelet scattering: rounds its filters, and chooses formats and schedules by calibration.

The calibration images pass through every stage in floats.  A number format is chosen so that ``headroom`` is left
between the largest value and full scale.  A transform halves its values only in those radix-2 stages in which
``headroom`` times the largest value would not fit the word.
"""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from ..images import as_images
from ..network.graph import Step
from ..network.stage import Stage
from ..ops.base import Calibration, Operation, Params
from ..ops.filters import Filters
from ..ops.formats import Formats
from ..ops.pair_modulus import PairModulus
from ..ops.tile import Decimate
from ..ops.transform import Inverse, Transform
from . import model
from .filters import paths
from .model import ScatteringPath, ScatteringPlan

__all__ = ["FORMATS", "scattering_plan"]

FORMATS = Formats(width=16, weight_width=12, calibrated=True)
"""Default formats of a plan; filters of 12 bits need no more multipliers than filters of 8 bits."""


def scattering_plan(images: np.ndarray, *, size: int = 32, angles: int = 8,
                    formats: Formats = FORMATS) -> ScatteringPlan:
    """Return the plan of a scattering that is calibrated with images.

    Parameters
    ----------
    images : uint8 array (n, N, N) or (n, N-4, N-4)
        Calibration images, at least one.
    size, angles : int
        N, and the number L of angles.
    formats : Formats
        Word widths and headroom.  If ``calibrated`` is false, transforms halve their values in every radix-2 stage.
        ``logit_width`` is not used.
    """
    model.check(size, angles)
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
        out.append(ScatteringPath(scale=scale, stages=tuple(path.stages)))
    return ScatteringPlan(size=size, angles=angles, width=formats.width, weight_width=formats.weight_width,
                          twiddle_width=formats.twiddle_width, paths=tuple(out))


def half(spectrum: np.ndarray) -> np.ndarray:
    """Return the columns v = 0 .. N/2 of (..., N, N)."""
    return spectrum[..., : spectrum.shape[-1] // 2 + 1]


def parts(psi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the half-spectra of the real and of the imaginary part of a wavelet whose spectrum ``psi`` is real."""
    back = -np.arange(len(psi))
    mirrored = psi[np.ix_(back, back)]
    return half((psi + mirrored) / 2), half((psi - mirrored) / 2j)


class _Builder:
    """Construction of the operations of a path; ``x`` are the maps (n, C, N, N) that the last one gives."""

    def __init__(self, x: np.ndarray, formats: Formats):
        self.x, self.formats, self.fraction = x, formats, formats.width - 1
        self.stages: list[Operation] = []

    def filter(self, name: str, filters: np.ndarray) -> None:
        """Add a transform, a product of every channel with ``filters`` (F, N, N/2 + 1), and an inverse transform."""
        size, whole = self.x.shape[-1], self.x.shape[-1] // 2
        self._add(Transform, f"transform{size}", "transform", size, radius=whole)
        self._add(Filters, name, "multiply", size, radius=whole, params={"filters": filters})
        self._add(Inverse, f"inverse{size}", "inverse", size, radius=whole)

    def decimate(self) -> None:
        """Add a decimation."""
        self._add(Decimate, f"decimate{self.x.shape[-1]}", "tile", self.x.shape[-1])

    def modulus(self) -> None:
        """Add a modulus of pairs of maps."""
        self._add(PairModulus, "modulus", "point", self.x.shape[-1])

    def _add(self, cls: type[Operation], name: str, kind: str, size: int, *, radius: int | None = None,
             params: Params | None = None) -> None:
        """Add an operation, and compute its output for the calibration images."""
        inputs, given = self.x.shape[1], params or {}
        square, radii = (size, size), None if radius is None else (radius, radius)
        step = Step(kind, square, name)
        stage = Stage(kind, name, "", square, radii, inputs, inputs, step)
        y = cls.value(stage, given, self.x)
        stage = Stage(kind, name, "", square, radii, inputs, y.shape[1], step)
        op = cls.quantise(stage, Calibration(given, (self.x,), y, (self.fraction,), self.formats))
        self.stages.append(op)
        self.x, self.fraction = y, op.fraction
