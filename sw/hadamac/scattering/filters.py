"""Wavelet scattering of orders 0 and 1 in floats: filters, and paths of transforms, products, decimations and moduli.

The scattering of a map x is ``S0 = x * phi`` and ``S1[j, l] = |x * psi[j, l]| * phi``, both sampled every ``2**J``
pixels.  The convolutions are circular, of N x N maps, and are computed as products of spectra.  These are the steps of
a path:

============  ========================================================================================================
``fft2``      computes the spectrum, not scaled (``numpy.fft.fft2``)
``product``   multiplies each bin by that of a real filter
``ifft2``     computes the map, scaled by 1/N**2; it is complex after a wavelet, and real after the low-pass filter
``decimate``  keeps the pixels (2i, 2j)
``modulus``   computes ``|z|``
============  ========================================================================================================

The paths consist of the following steps, in this order::

    S0:      fft2, product phi, ifft2, J times decimate.
    S1[j]:   fft2, product psi[j, l], ifft2, j times decimate, modulus,
             fft2, product phi (of N / 2**j points), ifft2, J - j times decimate.

A decimation in space includes all aliases.  It is equivalent to replacing the spectrum, before the inverse transform,
by the means of the ``4**j`` bins that alias; with those, the inverse transform could be as small as its result.

The filters have the parameters of the kymatio package.  The Morlet wavelet of scale j and angle l = 0 .. L-1 is
``psi(u) = a exp(-u' C u / 2 sigma**2) (exp(i xi u . n) - beta)``.  Here ``a = slant / (2 * 3.1415 sigma**2)``, with
this value of pi, ``sigma = 0.8 * 2**j``, ``xi = 3 pi / 4 / 2**j``, ``slant = 4 / L``, ``n = (cos t, sin t)`` in (row,
column), and ``t = (L/2 - 1 - l) pi / L``.  ``C`` is the matrix with the eigenvalue 1 along n and slant**2 across n, and
beta makes the mean of psi zero.  ``phi`` is the Gaussian with ``sigma = 0.8 * 2**(J-1)``.  Both are made periodic by
adding their shifted copies.  For ``N / 2**j`` points, the spectrum of phi is cropped to its low bins, not folded.

Source: Bruna, Mallat, "Invariant scattering convolution networks", IEEE Trans. PAMI 35, 2013, sections 2.1 and 2.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError, DescriptionError
from ..model.crop import kept_rows
from ..model.tile import decimate

__all__ = ["Path", "low_pass", "morlet", "paths", "scatter"]

PI = 3.1415
"""Value of pi in the norm of the filters, as in kymatio; with all digits, each filter would be smaller by 3e-5."""
COPIES = 2
"""Copies that are added on each side, as in kymatio; beyond them, a Gaussian is below 1e-80 for N = 32 and J = 2."""


def _periodic(size: int, sigma: float, angle: float, slant: float, frequency: float) -> np.ndarray:
    """Return a Gaussian, which is elongated across ``angle``, times a plane wave along ``angle``, made periodic."""
    u = np.arange(-COPIES * size, (COPIES + 1) * size)
    rows, columns = u[:, None], u[None, :]
    along = rows * np.cos(angle) + columns * np.sin(angle)
    across = columns * np.cos(angle) - rows * np.sin(angle)
    wave = np.exp(-(along**2 + (slant * across) ** 2) / (2 * sigma**2) + 1j * frequency * along)
    periods = 2 * COPIES + 1
    return wave.reshape(periods, size, periods, size).sum((0, 2)) * slant / (2 * PI * sigma**2)


def morlet(size: int, scale: int, turn: int, angles: int) -> np.ndarray:
    """Return the spectrum (N, N), which is real, of the wavelet of scale j = ``scale`` and angle l = ``turn``."""
    sigma, angle, slant = 0.8 * 2**scale, (angles // 2 - 1 - turn) * np.pi / angles, 4 / angles
    wave = _periodic(size, sigma, angle, slant, 0.75 * np.pi / 2**scale)
    envelope = _periodic(size, sigma, angle, slant, 0)
    return np.fft.fft2(wave - wave.sum() / envelope.sum() * envelope).real


def low_pass(size: int, scales: int) -> np.ndarray:
    """Return the spectrum (N, N), which is real, of phi for J = ``scales``."""
    return np.fft.fft2(_periodic(size, 0.8 * 2 ** (scales - 1), 0, 1, 0)).real


@dataclass(frozen=True)
class Path:
    """Path to one output map.

    Attributes
    ----------
    scale, turn : int or None
        Scale j and angle l of its wavelet; None for order 0.
    steps : tuple of (str, array or None)
        Name of each step, and the spectrum of the filter of a product.
    """

    scale: int | None
    turn: int | None
    steps: tuple[tuple[str, np.ndarray | None], ...]

    def run(self, maps: ArrayLike) -> np.ndarray:
        """Return the output maps (..., N / 2**J, N / 2**J) for real maps (..., N, N)."""
        x = np.asarray(maps)
        for name, spectrum in self.steps:
            if name == "product":
                x = x * np.asarray(spectrum)
            else:
                x = _STEPS[name](x)
        return np.real(x)


_STEPS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "fft2": np.fft.fft2, "ifft2": np.fft.ifft2, "decimate": decimate, "modulus": np.abs,
}  # fmt: skip
"""Functions of the steps that are not products."""


def paths(size: int, *, scales: int = 2, angles: int = 8) -> list[Path]:
    """Return the 1 + J L paths: order 0, then order 1 by scale and angle."""
    for name, value, least in (("size", size, 4), ("scales", scales, 1), ("angles", angles, 2)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise DescriptionError(f"Scattering {name} must be an integer of at least {least}, not {value!r}")
    if size % 2**scales:
        raise DescriptionError(f"Scattering size must be a multiple of {2**scales} for {scales} scales, not {size}")
    phi = low_pass(size, scales)

    def smooth(scale: int) -> list[tuple[str, np.ndarray | None]]:
        """Return the steps from a map of size N / 2**scale to the output."""
        rows = kept_rows(size, size >> scale)
        return [("fft2", None), ("product", phi[np.ix_(rows, rows)]), ("ifft2", None),
                *[("decimate", None)] * (scales - scale)]

    out = [Path(None, None, tuple(smooth(0)))]
    for scale in range(scales):
        for turn in range(angles):
            wavelet = [("fft2", None), ("product", morlet(size, scale, turn, angles)), ("ifft2", None),
                       *[("decimate", None)] * scale, ("modulus", None)]
            out.append(Path(scale, turn, (*wavelet, *smooth(scale))))
    return out


def scatter(maps: ArrayLike, *, scales: int = 2, angles: int = 8) -> np.ndarray:
    """Return the scattering maps (..., 1 + J L, N / 2**J, N / 2**J) of real maps (..., N, N)."""
    maps = np.asarray(maps)
    if maps.ndim < 2 or maps.shape[-1] != maps.shape[-2]:
        raise DataError(f"Scattering maps must be square, not {maps.shape}")
    return np.stack([path.run(maps) for path in paths(maps.shape[-1], scales=scales, angles=angles)], axis=-3)
