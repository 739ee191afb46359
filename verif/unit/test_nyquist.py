# amaranth: UnusedElaboratable=no
"""Pooling and padding of half-spectra: against float pooling of the full spectra, bin by bin, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DataError, DescriptionError
from hadamac.model.crop import kept_rows
from hadamac.model.nyquist import PadPlan, PoolPlan
from hadamac.model.pool import RULES, pad, pool
from hadamac_hw.layers.spectral_pool import SpectralPad, SpectralPool
from support.seeds import refused, rng
from support.stimuli import limits, uniform

WIDTH = 16
EXACT = 1e-9
"""Largest difference that float transforms and factors may leave between equal values."""
SIZES = [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 2), (5, 4), (8, 3), (8, 4), (8, 8), (9, 4), (9, 8), (12, 6), (16, 1)]
CASES = [(*sizes, d) for sizes in SIZES for d in (1, 2)]


def mirrored(x, dimensions: int) -> np.ndarray:
    """Return full arrays at minus their index."""
    for axis in range(-dimensions, 0):
        x = np.take(x, -np.arange(x.shape[axis]) % x.shape[axis], axis=axis)
    return x


def spectra(name, size: int, dimensions: int) -> np.ndarray:
    """Return full spectra (4, 2, ...) of real signals or maps, in words: exactly Hermitian."""
    x = uniform(rng("spectra", name, size, dimensions), WIDTH - 1, 4, 2, *(size,) * dimensions)
    return x + np.conj(mirrored(x, dimensions))


def half_of(full) -> np.ndarray:
    return full[..., : full.shape[-1] // 2 + 1]


def apart(got, want) -> float:
    """Return the largest difference of a part."""
    difference = got - want
    return max(np.abs(difference.real).max(initial=0), np.abs(difference.imag).max(initial=0))


def inverse(half, size: int, dimensions: int) -> np.ndarray:
    return np.fft.irfftn(half, s=(size,) * dimensions, axes=tuple(range(-dimensions, 0)))


def hermitian_columns(half, size: int, dimensions: int) -> None:
    """Assert that the columns that are their own mirror images are Hermitian, bit by bit."""
    for v in {0, size // 2} if size % 2 == 0 else {0}:
        column = half[..., v] if dimensions == 2 else half[..., [v]]
        np.testing.assert_array_equal(mirrored(column, 1 if dimensions == 2 else 0), column.conj())


@pytest.mark.parametrize("nyquist", RULES)
@pytest.mark.parametrize(("size", "keep", "dimensions"), CASES)
def test_pool_against_floats(size, keep, dimensions, nyquist):
    full = spectra("pool", size, dimensions)
    plan = PoolPlan(size=size, keep=keep, width=WIDTH, nyquist=nyquist, dimensions=dimensions)
    got, over = plan.run(half_of(full))
    want = pool(full, keep, nyquist=nyquist, dimensions=dimensions) * (size / keep) ** dimensions
    assert not over.any() and got.shape == (4, 2, *plan.shapes[1])
    naive = nyquist == "naive" and keep % 2 == 0 and keep < size
    inner = keep // 2 if naive else keep // 2 + 1
    assert apart(got[..., :inner], want[..., :inner]) <= (0.5 if plan.averages else 0) + EXACT
    if naive:  # column M/2 is the full spectrum's at -M/2, mirrored and conjugate, and is not rounded
        edge = full[..., keep // 2]
        np.testing.assert_array_equal(got[..., -1], edge if dimensions == 1 else edge[..., kept_rows(size, keep)])
        partner = np.conj(mirrored(want, dimensions))[..., keep // 2]
        rows = np.arange(keep) != keep // 2
        assert apart(*(v if dimensions == 1 else v[..., rows] for v in (got[..., -1], partner))) <= EXACT
    else:
        hermitian_columns(got, keep, dimensions)
        maps = np.fft.ifftn(want, axes=tuple(range(-dimensions, 0)))
        # A row and a column of words, each off by 0.5 (1 + j) at most; a signal's average is not rounded.
        bound = np.sqrt(0.5) * 2 / keep if plan.averages and dimensions == 2 else 0
        assert np.abs(inverse(got, keep, dimensions) - maps).max() <= bound + EXACT


@pytest.mark.parametrize("nyquist", RULES)
@pytest.mark.parametrize(("to", "size", "dimensions"), CASES)
def test_pad_against_floats(to, size, dimensions, nyquist):
    full = spectra("pad", size, dimensions)
    plan = PadPlan(size=size, to=to, width=WIDTH, nyquist=nyquist, dimensions=dimensions)
    got, over = plan.run(half_of(full))
    want = pad(full, to, nyquist=nyquist, dimensions=dimensions) * (size / to) ** dimensions
    assert not over.any() and got.shape == (4, 2, *plan.shapes[1])
    half = size // 2
    if nyquist == "naive" and size % 2 == 0 and size < to:
        assert apart(got[..., :half], want[..., :half]) <= EXACT
        np.testing.assert_allclose(got[..., half], want[..., -half], atol=EXACT)  # at M/2 instead of -M/2
        assert not got[..., half + 1 :].any()
        return
    assert apart(got, half_of(want)) <= (0.5 if plan.averages else 0) + EXACT
    hermitian_columns(got, to, dimensions)
    maps = np.fft.ifftn(want, axes=tuple(range(-dimensions, 0)))
    # Two rows and two columns of words, each off by 0.5 (1 + j) at most; of a signal two words.
    places = (4 * (size + 1) if dimensions == 2 else 2) / to**dimensions
    bound = np.sqrt(0.5) * places if plan.averages else 0
    assert np.abs(inverse(got, to, dimensions) - maps).max() <= bound + EXACT


@pytest.mark.parametrize(("size", "keep"), [(8, 4), (9, 6)])
def test_what_a_real_inverse_makes_of_naive(size, keep):
    """Pooled column M/2 acts as its average except for the corner; padded, it acts with twice the weight."""
    full, half = half_of(spectra("naive", size, 2)), keep // 2

    def column_only(plan):
        y = plan.run(full if isinstance(plan, PoolPlan) else full[..., kept_rows(size, keep), : half + 1])[0]
        y[..., :half] = 0
        y[..., [half, -half], :] = 0
        return inverse(y, y.shape[-2], 2)

    naive, average = (column_only(PoolPlan(size=size, keep=keep, width=WIDTH, nyquist=n)) for n in ("naive", "average"))
    assert np.abs(naive - average).max() <= 1 / keep  # rounded words: 0.5 (1 + j) in a column of keep
    naive, average = (column_only(PadPlan(size=keep, to=size, width=WIDTH, nyquist=n)) for n in ("naive", "average"))
    assert np.abs(naive - 2 * average).max() <= 4 * keep / size**2


def test_an_average_is_rounded_half_to_even_and_saturates():
    low, high = limits(WIDTH)
    x = np.zeros((4, 1, 4, 3), dtype=complex)
    x[0, 0, 1, 1], x[0, 0, 3, 1] = 3 + 3j, 4 + 2j  # rows 1 and -1 of column 1: all four words of the corner
    x[1, 0, 1, 0], x[1, 0, 3, 0] = high + low * 1j, high + low * 1j
    x[2, 0, 0, 1] = low + low * 1j  # its own partner
    x[3, 0, 1, 1], x[3, 0, 3, 1] = 1j * low, 1j * high
    y, over = PoolPlan(size=4, keep=2, width=WIDTH, nyquist="average").run(x)
    np.testing.assert_array_equal(y[:, 0], [
        [[0, 0], [0, 4]], [[0, 0], [high + low * 1j, 0]], [[0, low], [0, 0]], [[0, 0], [0, 0]]])
    assert not over.any()
    x = np.zeros((2, 1, 8, 5), dtype=complex)
    x[0, 0, 1, 2], x[0, 0, 7, 2] = 1j * high, 1j * low
    x[1, 0, 1, 2], x[1, 0, 7, 2] = 1 + 2j, 2 + 5j
    y, over = PoolPlan(size=8, keep=4, width=WIDTH, nyquist="average").run(x)
    np.testing.assert_array_equal(y[:, 0, [1, 3], 2], [[1j * high, 1j * low], [2 - 2j, 2 + 2j]])
    np.testing.assert_array_equal(over, [True, False])
    x = np.array([low + 1j * high, 3 + 5j, 2 - 6j]).reshape(3, 1, 1, 1) * np.ones((2, 2))
    y, _ = PadPlan(size=2, to=4, width=WIDTH, nyquist="average").run(x)
    np.testing.assert_array_equal(y[0, 0], [
        [low + 1j * high, low // 2 + 2.0**14 * 1j, 0], [low // 2 + 2.0**14 * 1j, low // 4 + 2.0**13 * 1j, 0], [0, 0, 0],
        [low // 2 + 2.0**14 * 1j, low // 4 + 2.0**13 * 1j, 0]])
    np.testing.assert_array_equal(y[1:, 0, 1, :2], [[2 + 2j, 1 + 1j], [1 - 3j, -2j]])


def test_pooling_undoes_padding():
    """Words that are not halved come back; a Nyquist word is halved in each direction in which padding split it."""
    for size, to in [(4, 8), (5, 8), (5, 9), (6, 7)]:
        x = half_of(spectra("back", size, 2))
        for nyquist in RULES:
            padded = PadPlan(size=size, to=to, width=WIDTH, nyquist=nyquist).run(x)[0]
            back = PoolPlan(size=to, keep=size, width=WIDTH, nyquist=nyquist).run(padded)[0]
            inner = np.ones(x.shape[-2:], dtype=bool)
            if size % 2 == 0 and nyquist != "naive":
                inner[size // 2], inner[:, size // 2] = False, False
            np.testing.assert_array_equal(back[..., inner], x[..., inner])


@pytest.mark.parametrize(("options", "message"), [
    ({"size": 0}, "SpectralPool size must be an integer from 1 to 64, not 0"),
    ({"size": 8.0}, "SpectralPool size must be an integer from 1 to 64, not 8.0"),
    ({"size": 65}, "SpectralPool size must be an integer from 1 to 64, not 65"),
    ({"keep": 9}, "SpectralPool keep must be an integer from 1 to 8, not 9"),
    ({"keep": True}, "SpectralPool keep must be an integer from 1 to 8, not True"),
    ({"width": 1}, "SpectralPool width must be an integer from 2 to 48, not 1"),
    ({"dimensions": 3}, "SpectralPool dimensions must be an integer from 1 to 2, not 3"),
    ({"nyquist": "mean"}, "SpectralPool Nyquist rule must be zero, average or naive, not 'mean'"),
])
def test_pool_refusals(options, message):
    with refused(message, DescriptionError):
        PoolPlan(**{"size": 8, "keep": 4, "width": 12} | options)


@pytest.mark.parametrize(("options", "message"), [
    ({"size": "4"}, "SpectralPad size must be an integer from 1 to 64, not '4'"),
    ({"to": 3}, "SpectralPad to must be an integer from 4 to 64, not 3"),
    ({"to": 65}, "SpectralPad to must be an integer from 4 to 64, not 65"),
    ({"nyquist": None}, "SpectralPad Nyquist rule must be zero, average or naive, not None"),
])
def test_pad_refusals(options, message):
    with refused(message, DescriptionError):
        PadPlan(**{"size": 4, "to": 8, "width": 12} | options)


def test_bins_and_blocks_are_checked():
    plan = PoolPlan(size=8, keep=4, width=12)
    with refused("SpectralPool bins must have the shape (any, any, 8, 5), not (1, 1, 8, 4)", DataError):
        plan.run(np.zeros((1, 1, 8, 4)))
    with refused("SpectralPad bins must have the shape (any, any, 3), not (1, 1, 4)", DataError):
        PadPlan(size=4, to=8, width=12, dimensions=1).run(np.zeros((1, 1, 4)))
    with refused(f"SpectralPad plan must be a PadPlan, not {plan!r}", DescriptionError):
        SpectralPad(plan)
    for channels in (0, 1.0, True):
        with refused(f"SpectralPool channels must be a positive integer, not {channels!r}", DescriptionError):
            SpectralPool(plan, channels=channels)


def test_blocks_follow_the_model():
    x = uniform(rng("blocks"), 12, 2, 3, 9, 5)
    plan = PoolPlan(size=9, keep=4, width=12, nyquist="average")
    block = SpectralPool(plan, channels=3)
    assert (block.frame, block.interval, block.latency, block.multipliers) == ((135, 36), 135, 9 + 9 + 2, 0)
    np.testing.assert_array_equal(block.model(x), plan.run(x)[0])
    plan = PadPlan(size=9, to=12, width=12)
    block = SpectralPad(plan, channels=3)
    assert (block.frame, block.interval, block.latency, block.multipliers) == ((135, 252), 252, 0, 0)
    np.testing.assert_array_equal(block.model(x), plan.run(x)[0])
