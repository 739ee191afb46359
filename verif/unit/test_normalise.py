# amaranth: UnusedElaboratable=no
"""Normalisation: steps against plain integers, results against plain floats, Parseval's relation, refusals."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model.crop import crop, expand, to_beats
from hadamac.model.normalise import NormalisePlan, live_multiplicity
from hadamac_hw.layers.normalise import Normalise
from support.seeds import refused, rng
from support.stimuli import corners, limits, uniform

PLANS = {
    "line": NormalisePlan(multiplicity=(1,) * 9, width=16, fraction=12, over="bins"),
    "bins": NormalisePlan(multiplicity=live_multiplicity(3), count=64, width=16, fraction=12, over="bins"),
    "map": NormalisePlan(multiplicity=live_multiplicity(3), count=64, width=16, fraction=12, over="map"),
    "wide": NormalisePlan(multiplicity=live_multiplicity(3), count=100, width=17, fraction=13, over="bins"),
    "loud": NormalisePlan(multiplicity=live_multiplicity(3), count=64, width=12, fraction=11, over="map"),
    "narrow": NormalisePlan(multiplicity=live_multiplicity(2), count=49, width=8, fraction=3, over="bins"),
    "large": NormalisePlan(multiplicity=live_multiplicity(31), count=4096, width=14, fraction=6, over="map"),
    "least": NormalisePlan(multiplicity=(1, 2), width=4, fraction=0, over="bins"),
    "sample": NormalisePlan(multiplicity=(1,) * 9, width=16, fraction=12, over="bins", correction=1),
    "sample map": NormalisePlan(multiplicity=live_multiplicity(3), count=64, width=16, fraction=12, over="map", correction=1),
    "sample of two": NormalisePlan(multiplicity=(1, 1), width=12, fraction=10, over="bins", correction=1),
    "sample at its limit": NormalisePlan(multiplicity=(1, 2, 1), width=12, fraction=10, over="map", correction=1),
    "loud sample": NormalisePlan(multiplicity=(1, 1), width=10, fraction=9, over="bins", correction=1),
    "loud sample map": NormalisePlan(multiplicity=(1,) * 9, width=17, fraction=16, over="map", correction=1),
}


def stimuli(r, plan: NormalisePlan, count: int = 60) -> np.ndarray:
    """Return channels (n, 2, bins): at full scale, of every loudness, tiny, with one bin alone, constant."""
    shape = (2, plan.bins)
    loudness = 2.0 ** r.uniform(1 - plan.width, 0, (count, 2, 1))
    impulse = np.zeros((plan.bins, *shape), dtype=complex)
    for k in range(plan.bins):
        impulse[k, :, k] = limits(plan.width)[0] * (1 + 1j), limits(plan.width)[1]
    still = np.array([*limits(plan.width), 1, 0]).reshape(-1, 1, 1) * np.ones(shape)
    return np.concatenate([uniform(r, plan.width, 8, *shape), np.rint(uniform(r, plan.width, count, *shape) * loudness),
                           corners(r, plan.width, 8, *shape), impulse[:40], still])


def floats(plan: NormalisePlan, z) -> np.ndarray:
    """Return the formulas in floats, from the full spectrum's own mean and variance, scaled as words."""
    z = np.array(z)
    if plan.over == "map":
        z[..., 0] = 0
    full = np.repeat(z, plan.multiplicity, axis=-1)
    zeros = plan.count - full.shape[-1]
    m = full.real.sum(-1, keepdims=True) / plan.count if plan.over == "bins" else 0
    v = ((np.abs(full - m) ** 2).sum(-1, keepdims=True) + zeros * np.abs(m) ** 2) / plan.count
    deviation = np.sqrt(np.maximum(v, (2.0**plan.floor / plan.count) ** 2) * plan.count / (plan.count - plan.correction))
    return (z - m) / deviation * 2.0**plan.fraction


def plain(plan: NormalisePlan, z) -> tuple[list[complex], bool]:
    """Return one channel's words and overflow, by integer arithmetic except for the reciprocal root."""
    def part(value, shift, width):
        exact = round(Fraction(value) / Fraction(2) ** shift)
        low, high = limits(width)
        return max(low, min(high, exact)), not low <= exact <= high

    words = [(int(v.real), int(v.imag)) for v in z]
    if plan.over == "map":
        words[0] = (0, 0)
    s1 = sum(w * re for w, (re, _) in zip(plan.multiplicity, words)) if plan.over == "bins" else 0
    s2 = sum(w * (re * re + im * im) for w, (re, im) in zip(plan.multiplicity, words))
    d = plan.count * s2 - s1 * s1
    assert 0 <= d < 2**plan.variance_bits
    mantissa, exponent, _ = (int(v) for v in plan.rsqrt.run(float(d)))
    less = 1 if plan.correction == 1 and plan.count >= 4 ** (plan.width - 1 - plan.fraction) else 0
    assert exponent == (max(d, 4**plan.floor).bit_length() - 1) // 2
    out, over = [], False
    for re, im in words:
        parts = []
        for c in (plan.count * re - s1, plan.count * im):
            assert abs(c) < 2 ** (plan.centred_bits - 1)
            narrow, clipped = part(c, exponent - (17 - plan.width + plan.fraction - less), 18)
            y, saturated = part(narrow * mantissa, 33 - plan.width - less, plan.width)
            parts.append(y)
            over |= clipped or saturated
        out.append(complex(*parts))
    return out, over


@pytest.mark.parametrize("name", list(PLANS))
def test_steps_against_integers(name):
    plan = PLANS[name]
    x = stimuli(rng("steps", name), plan, 20)[:: 8 if plan.bins > 100 else 1]
    y, overflow = plan.run(x)
    expected = [[plain(plan, channel) for channel in frame] for frame in x]
    np.testing.assert_array_equal(y, [[words for words, _ in frame] for frame in expected])
    assert overflow.tolist() == [any(over for _, over in frame) for frame in expected]
    np.testing.assert_array_equal(Normalise(plan=plan, channels=2).model(x), y)


@pytest.mark.parametrize("name", list(PLANS))
def test_words_against_floats(name):
    """Words are off by half a last bit, ``2**(width - 18)`` of it for the operand, and ``2**-15.2`` of the value.

    With a correction the last term grows as the mantissa shrinks; if values leave the format, the operand has a bit less.
    """
    plan = PLANS[name]
    x = stimuli(rng("floats", name), plan, 400)
    y, overflow = plan.run(x)
    exact = floats(plan, x)
    low, high = limits(plan.width)
    gain = (1 - plan.correction / plan.count) ** 0.5
    full = 4.0 ** (plan.width - 1 - plan.fraction)
    operand = 2.0 ** (plan.width - 18) * (2 if plan.correction and plan.count >= full else 1)
    for got, want in ((y.real, exact.real), (y.imag, exact.imag)):
        bound = 0.5 + operand + 2.0**-15.2 / gain * np.abs(want) + 1e-6
        assert (np.abs(got - np.clip(want, low, high)) <= bound).all()
        assert overflow[(want > high + bound).any((1, 2)) | (want < low - bound).any((1, 2))].all()
        assert (np.abs(want) <= gain * np.sqrt(plan.count) * 2.0**plan.fraction * (1 + 1e-9)).all()
    assert overflow.any() if plan.count > full else plan.count == full or not overflow.any()


def test_mean_and_variance_afterwards():
    """Mean and variance over the full spectrum become 0 and 1 at any loudness."""
    plan = replace(PLANS["bins"], count=None)
    for scale in (1, 0.01):
        x = uniform(rng("moments"), 16, 20, 3, plan.bins, scale=scale) + np.rint(8000 * scale)
        y, overflow = plan.run(np.rint(x / 2))
        full = np.repeat(y, plan.multiplicity, axis=-1) / 2.0**plan.fraction
        assert not overflow.any() and np.abs(full.real.mean(-1)).max() < 2**-13
        assert np.abs(np.mean(np.abs(full) ** 2 - full.real.mean(-1, keepdims=True) ** 2, -1) - 1).max() < 2**-12


def test_spectrum_of_a_short_signal():
    """The mean and deviation of nine bins of a signal under a triangular filter become 0 and 1."""
    spectrum = np.fft.fft([3, 1, 2, 1, 4, 1, 2, 1, 3]) * (1 - np.abs(np.fft.fftfreq(9)) * 2)
    x = np.rint(spectrum * 1000)
    plan = PLANS["line"]
    y, overflow = plan.run(x[None, None])
    assert not overflow.any()
    value = y[0, 0] / 4096
    assert abs(value.mean()) < 2**-12 and abs(np.mean(np.abs(value) ** 2) - 1) < 2**-11
    direct = (spectrum - spectrum.mean()) / np.sqrt(np.mean(np.abs(spectrum - spectrum.mean()) ** 2))
    np.testing.assert_allclose(value, direct, atol=2e-3)
    np.testing.assert_allclose(value, np.conj(np.roll(value[::-1], 1)), atol=2**-11)


def test_map_becomes_an_instance_normalised_one():
    """An inverse DFT without a factor makes N times the normalised map of the words, at any scale."""
    r, size, radius = rng("instance"), 8, 3
    spectrum = np.fft.rfft2(r.normal(3, 2, (5, 4, size, size)))
    live = np.rint(crop(spectrum, radius) * 100)
    maps = np.fft.irfft2(np.pad(expand(live, size), ((0, 0), (0, 0), (0, 0), (0, 1))), (size, size))
    plan = PLANS["map"]
    beats = to_beats(live).reshape(5, 4, -1)
    y, overflow = plan.run(beats)
    rows = np.swapaxes(y.reshape(5, 4, radius + 1, 2 * radius + 1), -1, -2) / 2.0**plan.fraction
    back = np.fft.irfft2(np.pad(expand(rows, size), ((0, 0), (0, 0), (0, 0), (0, 1))), (size, size)) * size**2
    mean, std = (f(maps, axis=(-2, -1), keepdims=True) for f in (np.mean, np.std))
    np.testing.assert_allclose(back / size, (maps - mean) / std, atol=2e-3)
    assert not overflow.any()


def test_constant_channels_give_zero():
    for name in ("line", "bins", "map"):
        plan = replace(PLANS[name], count=None)
        for word in (0, 1, -1, *limits(plan.width)):
            x = np.full((1, 1, plan.bins), complex(word))
            if plan.over == "map":
                x[..., 1:] = 0
            y, overflow = plan.run(x)
            assert not y.any() and not overflow.any()


@pytest.mark.parametrize("count", [2, 3, 9, 120, 1025])
def test_the_sample_s_deviation_is_numpy_s(count):
    """Real bins become ``(z - mean) / std(ddof=1)``, for counts that are powers of two and others."""
    plan = NormalisePlan(multiplicity=(1,) * count, width=16, fraction=9, over="bins", correction=1)
    z = uniform(rng("sample", count), 16, 20, 2, count).real
    y, overflow = plan.run(z + 0j)
    want = (z - z.mean(-1, keepdims=True)) / np.std(z, axis=-1, ddof=1, keepdims=True)
    assert not overflow.any() and not y.imag.any()
    np.testing.assert_allclose(y.real / 512, want, atol=0.76 / 512)


def test_a_correction_widens_nothing():
    """A correction leaves cycles, multipliers and widths as they are; words that can reach their limit lose a guard bit."""
    for name in ("line", "narrow", "large", "map", "wide"):
        plan = PLANS[name]
        sample = replace(plan, correction=1)
        a, b = Normalise(plan), Normalise(sample)
        assert (a.latency, a.interval, a.multipliers, a.depth) == (b.latency, b.interval, b.multipliers, b.depth)
        assert (plan.variance_bits, plan.centred_bits) == (sample.variance_bits, sample.centred_bits)
        less = name in ("map", "wide")
        assert (plan.guard - less, plan.drop - less) == (sample.guard, sample.drop), name


def test_live_multiplicity():
    assert live_multiplicity(0) == (1,)
    assert live_multiplicity(1) == (1, 1, 1, 2, 2, 2)
    assert [sum(live_multiplicity(r)) for r in range(5)] == [1, 9, 25, 49, 81]


def test_refusals():
    plan = NormalisePlan(multiplicity=(1, 2), width=8, fraction=4, over="bins")
    cases = [
        ({"multiplicity": ()}, "Normalise multiplicity must be 1 or 2 for each bin, not ()"),
        ({"multiplicity": (1, 3)}, "Normalise multiplicity must be 1 or 2 for each bin, not (1, 3)"),
        ({"count": 2}, "Normalise count must be an integer from 3 to 131071, not 2"),
        ({"count": 1 << 17}, "Normalise count must be an integer from 3 to 131071, not 131072"),
        ({"count": 9.0}, "Normalise count must be an integer from 3 to 131071, not 9.0"),
        ({"width": 3}, "Normalise width must be an integer from 4 to 17, not 3"),
        ({"width": 18}, "Normalise width must be an integer from 4 to 17, not 18"),
        ({"fraction": 8}, "Normalise fraction must be an integer from 0 to 7, not 8"),
        ({"fraction": -1}, "Normalise fraction must be an integer from 0 to 7, not -1"),
        ({"over": "pixels"}, "Normalise over must be 'bins' or 'map', not 'pixels'"),
        *(({"correction": c}, f"Normalise correction must be 0 or 1, not {c!r}") for c in (2, -1, True, 1.0, None)),
        ({"multiplicity": (1,), "count": None, "correction": 1}, "Normalise correction must be 0 where there is only one value, not 1"),
        ({"multiplicity": live_multiplicity(31), "count": 4225, "width": 16},
         "Normalise count * sum(multiplicity) * 2**(2 width - 1) must fit 52 bits, not 55 of 4225 * 3969 * 2**31"),
    ]
    for change, message in cases:
        with refused(message, DescriptionError):
            replace(plan, **change)
    with refused("Normalise plan must be a NormalisePlan, not 3", DescriptionError):
        Normalise(plan=3)
    with refused("Normalise channels must be a positive integer, not 0", DescriptionError):
        Normalise(plan=plan, channels=0)


def test_multipliers():
    """K z is a shift, without multipliers, if K is a power of two."""
    assert Normalise(plan=PLANS["bins"]).multipliers == 6
    assert Normalise(plan=PLANS["wide"]).multipliers == 8


@pytest.mark.parametrize("name", list(PLANS))
def test_a_frame_without_contrast_stays_small(name):
    """A deviation below half an LSB counts as half an LSB: a lone LSB becomes about 2 instead of sqrt(K)."""
    plan = PLANS[name]
    assert 0.25 < 2.0**plan.floor / plan.count <= 0.5
    x = np.zeros((plan.bins, 1, plan.bins), dtype=complex)
    for k in range(plan.over == "map", plan.bins):
        x[k, 0, k] = 1 + 1j
    y, overflow = plan.run(x)
    limit = 2.0**plan.fraction * plan.count / 2.0**plan.floor + 1
    assert limit > 2 ** (plan.width - 1) or not overflow.any()
    assert np.abs(y.real).max() <= limit and np.abs(y.imag).max() <= limit
