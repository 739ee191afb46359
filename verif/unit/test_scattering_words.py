# amaranth: UnusedElaboratable=no
"""Scattering in words: the error that the widths explain, the kymatio package, filters, shifts, overflow, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kymatio.numpy import Scattering2D

from hadamac.data import shipped_digits
from hadamac.errors import DataError, DescriptionError
from hadamac.images import as_images
from hadamac.numeric import SQ
from hadamac.ops.filters import Filters
from hadamac.ops.pair_modulus import PairModulus
from hadamac.ops.transform import Inverse, Transform
from hadamac.scattering.filters import low_pass, morlet, scatter
from hadamac.scattering.plan import FORMATS, half, parts, scattering_plan
from hadamac_hw.base.fork import Concatenate, Fork
from hadamac_hw.scattering import Scattering, ScatteringPath
from support.seeds import refused, rng

ORDERS = (slice(0, 1), slice(1, 9), slice(9, 17))
"""Maps of order 0, j = 0, j = 1."""


@pytest.fixture(scope="module")
def digits():
    return as_images(shipped_digits()[0], 32)


@pytest.fixture(scope="module")
def plan(digits):
    return scattering_plan(digits[:100])


def sqnr(got, want) -> list[float]:
    """Decibels of each order's maps."""
    return [float(10 * np.log10((want[:, s] ** 2).sum() / ((got - want)[:, s] ** 2).sum())) for s in ORDERS]


TRANSFORM = 0.3
"""Mean square of an error that a one-dimensional transform adds to a part, in LSB**2: 1/12 of its output's rounding,
and of 32 points two products, each 2/12 of a quarter LSB squared, which 4 and 2 stages behind may double each."""


def expected_error(path, maps) -> float:
    """Mean square of the error of a path's maps, from its widths and schedules alone.

    Errors are independent of each other and of the signal, but for what a modulus makes of them: its error is
    at most that of the complex number, and low-pass filtered it is at most what it was, because phi is positive with
    mean 1.  Of a filter's rounding the worst: half an LSB of every bin.
    """
    error, size = 0.0, maps.shape[-1]  # of maps, mean square of a pixel; of bins, of their complex number
    for op in path.stages:
        lsb = 4.0**-op.fraction
        if isinstance(op, Inverse):  # columns, then rows
            size = op.plan.shape[0]
            first, last = TRANSFORM * lsb * 2 * size * 4.0 ** -op.plan.row_plan.scale, TRANSFORM * lsb
            error = error / size**2 + first + last
        elif isinstance(op, Transform):  # rows, halved when they are separated, then columns
            size = op.plan.shape[0]
            first, last = (TRANSFORM + 1 / 4) * lsb * size * 4.0 ** -op.plan.column_plan.scale, TRANSFORM * lsb
            white, error = first + 2 * last, size**2 * error
        elif isinstance(op, Filters):
            w = op.plan.weights / 2.0**op.exponent
            spectrum = np.fft.rfft2(maps)
            if not w[..., 0, 0].any():  # a wavelet's mean is 0, exactly
                spectrum[..., 0, 0] = 0
            rounding = 4.0**-op.exponent / 4 * np.mean(np.abs(spectrum) ** 2)
            error += white * np.mean(np.abs(w) ** 2) + rounding + lsb / 6
            # Values of what follows: the mean square over all filters is all that is asked for.
            maps = np.fft.irfft2((spectrum[:, :, None] * w[:, 0]).reshape(len(maps), -1, *spectrum.shape[-2:]))
        elif isinstance(op, PairModulus):
            error, maps = 2 * error + lsb / 12, np.hypot(maps[:, 0::2], maps[:, 1::2])
        else:
            maps = op.run(maps)[0]
    return error


def test_error_on_digits_is_what_the_widths_explain(digits, plan):
    """On digits other than those that the plan was made from: 62, 55 and 60 dB."""
    images = digits[100:200]
    want, got = scatter(images / 256), plan.run(images)
    assert got.words.shape == (100, 17, 8, 8) and not got.overflow.any()
    np.testing.assert_array_equal(got.words, np.rint(got.words))
    measured = sqnr(plan.values(got.words), want)
    for path, maps, db in zip(plan.paths, ORDERS, measured):
        error = expected_error(path, images[:, None] / 256)
        assert db >= 10 * np.log10(np.mean(want[:, maps] ** 2) / error)
    assert np.all(np.array(measured) > (60, 53, 58))


def test_wider_words_and_filters_are_better(digits):
    def measured(**widths):
        plan = scattering_plan(digits[:50], formats=replace(FORMATS, **widths))
        return np.array(sqnr(plan.values(plan.run(digits[50:80]).words), scatter(digits[50:80] / 256)))

    plain = measured()
    assert np.all(measured(width=14) < plain - 4)
    assert np.all(measured(weight_width=8) < plain - 2)
    assert np.all(measured(calibrated=False) < plain - 20)


def test_kymatio(digits, plan):
    """Within the words' error of the package itself, which drops the outermost pixels of maps."""
    theirs = Scattering2D(J=2, shape=(24, 24), L=8, max_order=1, pre_pad=True)(digits[:50] / 256)
    ours = plan.values(plan.run(digits[:50]).words)[..., 1:-1, 1:-1]
    assert np.all(np.array(sqnr(ours, theirs)) > (62, 56, 60))


@pytest.mark.parametrize("size", [8, 16, 32])
def test_filters(size):
    """The two halves of a wavelet give the real and the imaginary part of its convolution."""
    x = rng("filters", size).random((size, size))
    for scale, turn in ((0, 0), (1, 2)):
        psi = morlet(size, scale, turn, 4)
        z = np.fft.ifft2(np.fft.fft2(x) * psi)
        for part, want in zip(parts(psi), (z.real, z.imag)):
            np.testing.assert_allclose(np.fft.irfft2(np.fft.rfft2(x) * part), want, atol=1e-12)


def test_stages(digits, plan):
    """Filters rounded to half an LSB, in the order of a frame; the same first transform everywhere."""
    first, *others = (path.stages[0] for path in plan.paths)
    assert isinstance(first, Transform)
    assert all(isinstance(other, Transform) and other.plan == first.plan for other in others)
    assert {op.fraction for op in others} == {first.fraction}
    names = [[op.stage.name for op in path.stages] for path in plan.paths]
    assert names[0] == ["transform32", "phi", "inverse32", "decimate32", "decimate16"]
    assert names[1][:4] == ["transform32", "psi", "inverse32", "modulus"] and names[1][4:] == names[0]
    assert names[2][:5] == ["transform32", "psi", "inverse32", "decimate32", "modulus"]
    assert names[2][5:] == ["transform16", "phi", "inverse16", "decimate16"]
    first, second = (next(s for s in path.stages if s.stage.name == "psi") for path in plan.paths[1:])
    assert first.plan.weights.shape == second.plan.weights.shape == (16, 1, 32, 17) and not first.plan.real
    for j, op in ((0, first), (1, second)):
        for k in range(16):
            exact = parts(morlet(32, j, k // 2, 8))[k % 2] * 2.0**op.exponent
            np.testing.assert_allclose(op.plan.weights[k, 0], exact, atol=0.5 * 2**0.5)
        assert 2**10 <= np.abs(op.plan.weights).max() < 2**11
    phi = plan.paths[0].stages[1]
    assert phi.plan.real and phi.plan.weights[0, 0, 0, 0] == 2**10
    np.testing.assert_allclose(phi.plan.weights[0, 0], half(low_pass(32, 2)) * 2**10, atol=0.5)
    assert plan.formats == tuple(SQ(16 - p.fraction, p.fraction) for p in plan.paths for _ in range(p.stages[-1].stage.channels))
    assert len(plan.formats) == 17


def test_edges(digits, plan):
    """Black gives zeros, without rounding's help; white saturates what digits calibrated, and says so."""
    images = np.zeros((3, 32, 32), dtype=np.uint8)
    images[1], images[2, 5, 7] = 255, 1
    words, overflow = plan.run(images)
    assert overflow.tolist() == [False, True, False]
    assert not words[0].any() and np.abs(words).max() <= 2**15
    white = scattering_plan(images[1:2])
    got, overflow = white.run(images[1:2])
    assert not overflow.any()
    np.testing.assert_allclose(white.values(got)[0, 0], 255 / 256, atol=1e-3)
    assert not scattering_plan(images[:1]).run(images[:1]).words.any()
    np.testing.assert_array_equal(plan.run(images[:0]).words.shape, (0, 17, 8, 8))


def test_chunks_and_small_sizes(digits):
    images = np.ascontiguousarray(digits[:50, 8:16, 8:16])
    plan = scattering_plan(images, size=8, angles=3)
    whole = plan.run(images).words
    assert whole.shape == (50, 7, 2, 2)
    np.testing.assert_array_equal(whole[47:], plan.run(images[47:]).words)
    want = scatter(images / 256, angles=3)
    assert 10 * np.log10((want**2).sum() / ((plan.values(whole) - want) ** 2).sum()) > 55


def test_blocks(digits, plan):
    order0, first, second = (ScatteringPath(plan=plan, path=k) for k in range(3))
    assert plan.interval == 16 * 32 * 17 == first.interval == second.interval
    assert (order0.interval, ScatteringPath(plan=plan, path=0, spectrum=True).interval) == (1024, 544)
    assert (order0.frame, first.frame, second.frame) == ((1024, 32), (1024, 256), (1024, 256))
    whole = Scattering(plan=plan)
    assert (whole.interval, whole.frame) == (8704, (1024, 17 * 32))
    assert (order0.multipliers, first.multipliers, second.multipliers, whole.multipliers) == (34, 74, 58, 134)
    y = whole.model(digits[:2])
    np.testing.assert_array_equal(y, plan.run(digits[:2]).words)
    for path, maps in zip((order0, first, second), ORDERS):
        np.testing.assert_array_equal(path.model(digits[:2]), y[:, maps])


@pytest.mark.parametrize("value", [12, 4, 128, 32.0, True])
def test_sizes_are_refused(value):
    with refused(f"Scattering size must be a power of two from 8 to 64, not {value!r}", DescriptionError):
        scattering_plan(np.zeros((1, 32, 32), dtype=np.uint8), size=value)


@pytest.mark.parametrize("value", [1, 17, 8.0])
def test_angles_are_refused(plan, value):
    message = f"Scattering angles must be an integer from 2 to 16, not {value!r}"
    with refused(message, DescriptionError):
        scattering_plan(np.zeros((1, 32, 32), dtype=np.uint8), angles=value)
    with refused(message, DescriptionError):
        replace(plan, angles=value)


def test_refusals(plan):
    black = np.zeros((1, 32, 32), dtype=np.uint8)
    with refused("Calibration needs at least one image, not 0", DataError):
        scattering_plan(black[:0])
    for path in (3, -1, 0.0, True):
        with refused(f"ScatteringPath path must be an integer from 0 to 2, not {path!r}", DescriptionError):
            ScatteringPath(plan=plan, path=path)
    for branches in (0, 2.0):
        with refused(f"Fork branches must be a positive integer, not {branches!r}", DescriptionError):
            Fork(8, branches=branches)
    for lengths in ((), (3, 0), (True,)):
        with refused(f"Concatenate lengths must be positive integers, at least one, not {lengths!r}", DescriptionError):
            Concatenate(8, lengths=lengths)
