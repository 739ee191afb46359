"""Scattering in floats: filters, paths against convolution sums, the kymatio package, shifts, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from kymatio.numpy import Scattering2D

from hadamac.errors import DataError, DescriptionError
from hadamac.scattering.filters import low_pass, morlet, paths, scatter
from support.seeds import refused, rng


@pytest.mark.parametrize("angles", [2, 3, 8])
def test_kymatio(angles):
    """The same numbers as the package's, which drops the outermost pixel of each side of what are 8 x 8 maps."""
    x = rng("kymatio", angles).random((2, 32, 32))
    theirs = Scattering2D(J=2, shape=(24, 24), L=angles, max_order=1, pre_pad=True)(x)
    np.testing.assert_allclose(scatter(x, angles=angles)[..., 1:-1, 1:-1], theirs, atol=1e-6)


def convolved(maps, spectrum) -> np.ndarray:
    """Circular convolution by its sum, pixel by pixel."""
    impulse = np.fft.ifft2(spectrum)
    moved = [np.roll(maps, (a, b), (0, 1)) * impulse[a, b] for a, b in np.ndindex(impulse.shape)]
    return np.sum(moved, axis=0)


def test_paths_are_sampled_convolutions():
    """With full-size phi a path is its definition; kept at N / 2**j points, phi loses what lies beyond."""
    x = rng("paths").random((16, 16))
    phi = low_pass(16, 2)
    first, *_ = paths(16)
    np.testing.assert_allclose(first.run(x), convolved(x, phi).real[::4, ::4], atol=1e-12)
    for path in (paths(16)[4], paths(16)[13]):
        u = np.abs(convolved(x, morlet(16, path.scale, path.turn, 8)))
        want = convolved(u, phi).real[::4, ::4]
        bound = 1e-12 if path.scale == 0 else 0.05 * want.max()
        assert np.abs(path.run(x) - want).max() <= bound


def test_filters():
    phi, psi = low_pass(32, 2), [morlet(32, j, turn, 8) for j in range(2) for turn in range(8)]
    assert phi.shape == psi[0].shape == (32, 32)
    np.testing.assert_allclose(phi[0, 0], 1, atol=1e-4)
    np.testing.assert_allclose(phi, phi.T, atol=1e-12)
    for wave in psi:
        np.testing.assert_allclose(wave[0, 0], 0, atol=1e-12)  # constant maps give nothing
    assert np.unravel_index(psi[3].argmax(), (32, 32)) == (12, 0)  # angle 0: along the rows, at 3/4 of Nyquist
    assert np.unravel_index(psi[11].argmax(), (32, 32)) == (6, 0)
    for turn in range(7):  # the angle of 6 - l is that of l, negated: columns mirrored
        np.testing.assert_allclose(psi[turn], psi[6 - turn][:, -np.arange(32)], atol=1e-12)


def test_steps_and_shifts():
    every = paths(32)
    assert len(every) == 17
    assert [name for name, _ in every[9].steps] == [
        "fft2", "product", "ifft2", "decimate", "modulus", "fft2", "product", "ifft2", "decimate"]
    assert [s.shape for _, s in every[9].steps if s is not None] == [(32, 32), (16, 16)]
    x = rng("shifts").random((2, 32, 32))
    y = scatter(x)
    assert y.shape == (2, 17, 8, 8) and y.dtype == np.float64
    np.testing.assert_allclose(scatter(np.roll(x, (4, 8), (1, 2))), np.roll(y, (1, 2), (2, 3)), atol=1e-12)


@pytest.mark.parametrize(("options", "message"), [
    ({"size": 30}, "Scattering size must be a multiple of 4 for 2 scales, not 30"),
    ({"size": 2}, "Scattering size must be an integer of at least 4, not 2"),
    ({"size": 32, "scales": 0}, "Scattering scales must be an integer of at least 1, not 0"),
    ({"size": 32, "angles": 8.0}, "Scattering angles must be an integer of at least 2, not 8.0"),
])
def test_refusals(options, message):
    with refused(message, DescriptionError):
        paths(**options)
    with refused("Scattering maps must be square, not (4, 8)", DataError):
        scatter(np.zeros((4, 8)))
