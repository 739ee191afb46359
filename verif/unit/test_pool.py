"""Spectral pooling in floats: what each Nyquist rule keeps, realness, shifts, padding, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model.pool import RULES, pad, pool, pool_signal, shift
from support.seeds import refused, rng

SIZES = [(8, 4), (8, 5), (9, 4), (9, 5), (16, 1), (16, 2), (7, 7), (8, 8), (9, 3)]


def by_definition(x, size: int, nyquist: str) -> np.ndarray:
    """Return one-dimensional pooling, bin by bin."""
    n, spectrum = len(x), np.fft.fft(x)
    out = np.zeros(size, dtype=complex)
    for u in range(-(size // 2), size // 2 + 1):
        if 2 * abs(u) < size:
            out[u % size] = spectrum[u % n]
    if size % 2 == 0:
        low, high = spectrum[-size // 2 % n], spectrum[size // 2 % n]
        out[size // 2] = {"zero": 0, "average": (low + high) / 2, "naive": low}[nyquist]
    return np.fft.ifft(out * size / n)


@pytest.mark.parametrize("nyquist", RULES)
@pytest.mark.parametrize(("n", "size"), SIZES)
def test_against_the_definition(n, size, nyquist):
    r = rng("pool", n, size)
    x = r.normal(size=(3, n))
    got = pool_signal(x, size, nyquist=nyquist, dimensions=1)
    np.testing.assert_allclose(got, [by_definition(row, size, nyquist) for row in x], atol=1e-12)
    image = r.normal(size=(n, n))
    rows = np.array([by_definition(row, size, nyquist) for row in image])
    # Pooling is linear and separable: the columns, complex by now, are pooled like the rows.
    want = np.array([by_definition(column, size, nyquist) for column in rows.T]).T
    np.testing.assert_allclose(pool_signal(image, size, nyquist=nyquist), want, atol=1e-12)
    np.testing.assert_allclose(pool_signal(image, size, nyquist=nyquist).mean(), image.mean(), atol=1e-12)


@pytest.mark.parametrize("nyquist", RULES)
@pytest.mark.parametrize(("n", "size"), SIZES)
def test_realness(n, size, nyquist):
    """The output is real for odd sizes and for the two rules that keep Hermitian symmetry, but not for ``naive``."""
    y = pool_signal(rng("real", n, size).normal(size=(5, n, n)), size, nyquist=nyquist)
    leak = (np.abs(y.imag) ** 2).sum() / (np.abs(y) ** 2).sum()
    if nyquist == "naive" and size % 2 == 0 and size < n:
        assert leak > 1e-3
    else:
        assert leak < 1e-25


@pytest.mark.parametrize(("n", "size"), [(16, 8), (16, 4), (16, 5), (9, 4), (32, 6)])
def test_shifts(n, size):
    """A shift by one input sample shifts the output by size/n samples.

    That is exact for ``zero`` and odd sizes, and for every rule if it is a whole number of output samples.
    """
    x = rng("shift", n, size).normal(size=(4, n))

    def difference(nyquist, amount):
        moved = pool_signal(shift(x, amount, dimensions=1), size, nyquist=nyquist, dimensions=1)
        want = shift(pool_signal(x, size, nyquist=nyquist, dimensions=1), amount * size / n, dimensions=1)
        return np.abs(moved - want).max()

    assert difference("zero", 1.0) < 1e-12 and difference("zero", 0.3) < 1e-12
    for nyquist in RULES:
        assert difference(nyquist, n / size) < 1e-12 or n % 2
    if size % 2 == 0:
        assert difference("average", 1.0) > 1e-3 and difference("naive", 1.0) > 1e-3


@pytest.mark.parametrize("nyquist", RULES)
@pytest.mark.parametrize(("n", "size"), SIZES)
def test_padding_undoes_pooling_of_a_smooth_signal(n, size, nyquist):
    """Pooling the padded spectrum gives it back; padding interpolates the pooled samples if N is a multiple of M."""
    x = rng("pad", n, size).normal(size=(2, n, n))
    low = pool(np.fft.fft2(x), size, nyquist=nyquist)
    again = pool(pad(low, n, nyquist=nyquist), size, nyquist=nyquist)
    np.testing.assert_allclose(again, expected_again(low, n, size, nyquist), atol=1e-12)
    if n % size == 0 and nyquist == "zero":
        step = n // size
        np.testing.assert_allclose(np.fft.ifft2(pad(low, n))[..., ::step, ::step], np.fft.ifft2(low), atol=1e-12)


def expected_again(low, n: int, size: int, nyquist: str):
    """Return what pooling makes of the padded spectrum: a Nyquist bin that two places share comes back halved."""
    if nyquist != "average" or size % 2 or n == size:
        return low
    edge = np.where(np.arange(size) == size // 2, 0.5, 1.0)
    return low * edge[:, None] * edge


@pytest.mark.parametrize(("options", "message"), [
    ({"size": 9}, "SpectralPool size must be at most its input's 8, not 9"),
    ({"size": 0}, "SpectralPool size must be a positive integer, not 0"),
    ({"size": 4, "nyquist": "mean"}, "SpectralPool Nyquist rule must be zero, average or naive, not 'mean'"),
    ({"size": 4, "dimensions": 3}, "SpectralPool dimensions must be 1 or 2, and the spectrum have as many, not 3"),
])
def test_refusals(options, message):
    with refused(message, DescriptionError):
        pool(np.zeros((8, 8)), **options)
    with refused("Pad size must be at least its input's 8, not 4", DescriptionError):
        pad(np.zeros((8, 8)), 4)
