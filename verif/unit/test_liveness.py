"""Liveness against an independent evaluation in floats: what it calls dead changes nothing, what it calls live does."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.network import Activation, Dense, Network, Normalise, SpectralConv, SpectralPool, default_network
from hadamac.network.graph import KINDS, Step
from hadamac.network.liveness import analyse, sentence
from support.seeds import refused, rng


def reach(steps, k: int) -> int | None:
    """Largest frequency that the edge before step k can carry: beyond it crops, pads and bands made everything zero."""
    out = None
    for step in steps[:k]:
        if step.kind in ("transform", "inverse", "point", "tile", "linear"):
            out = None
        elif step.kind in ("crop", "pad", "band"):
            size = step.size if step.kind == "pad" else step.keeps
            out = (size - 1) // 2 if out is None else min(out, (size - 1) // 2)
    return out


def frequencies(n: int) -> np.ndarray:
    """max(|u|, |v|) of a half-spectrum's bins."""
    u = np.array([min(k, n - k) for k in range(n)])
    return np.maximum(u[:, None], np.arange(n // 2 + 1))


def moved(value, size: int, most: int) -> np.ndarray:
    """The bins |u|, |v| <= most of a half-spectrum among zeros of another size."""
    out = np.zeros((size, size // 2 + 1), dtype=complex)
    for u in range(-most, most + 1):
        out[u % size, : most + 1] = value[u % len(value), : most + 1]
    return out


def evaluate(steps, value, seed, limit=None):
    """The chain by definition: maps real (N, N), spectra complex (N, N/2 + 1), weights at random; bins beyond the
    frequency ``limit`` are always zero, and no part of what is normalised."""
    r = np.random.default_rng(seed)
    for k, step in enumerate(steps):
        n = step.size
        half = (n, n // 2 + 1)
        if step.kind == "transform":
            value = np.fft.rfft2(value)
        elif step.kind == "inverse":
            value = np.fft.irfft2(value, (n, n))
        elif step.kind == "multiply":
            value = value * (r.normal(size=half) + 1j * r.normal(size=half))
        elif step.kind in ("crop", "pad"):
            value = moved(value, step.keeps, (min(n, step.keeps) - 1) // 2)
        elif step.kind == "band":
            value = moved(value, n, step.keeps // 2)
        elif step.kind == "bin":
            value = np.arcsinh(value.real) + 1j * np.arcsinh(value.imag)  # odd, and never flat
        elif step.kind == "normalise":
            bounds = [b for b in (limit, reach(steps, k)) if b is not None]
            there = frequencies(n) <= min(bounds, default=n)
            bins = value[there]
            value = np.where(there, (value - bins.mean()) / bins.std(), 0)
        elif step.kind == "point":
            value = (value + 0.3) ** 2
        elif step.kind == "tile":
            value = value.reshape(n // 2, 2, n // 2, 2).max((1, 3))
        else:
            value = np.array([(w * value.view(float)).sum() for w in r.normal(size=(7, *value.view(float).shape))])
        if step.kind in ("transform", "inverse"):
            limit = None
    return value


def steps_of(*kinds, size=8):
    """Steps by kind; ``crop4`` keeps 4, ``band3`` the frequencies up to 1."""
    out = []
    for name in kinds:
        kind = name.rstrip("0123456789")
        keeps = int(name[len(kind):] or 0)
        out.append(Step(kind, size, name, keeps=keeps))
        size = keeps if kind in ("crop", "pad") else size // 2 if kind == "tile" else size
    return out


CHAINS = {
    "pool, then activation": ("multiply", "crop4", "inverse", "point", "linear"),
    "activation, then pool": ("multiply", "inverse", "point", "transform", "crop4", "linear"),
    "linear": ("multiply", "crop4", "multiply", "linear"),
    "per bin": ("multiply", "bin", "crop4", "multiply", "bin", "linear"),
    "normalise before the crop": ("multiply", "normalise", "bin", "crop4", "linear"),
    "normalise after the crop": ("multiply", "crop4", "normalise", "bin", "linear"),
    "two crops": ("multiply", "crop6", "bin", "multiply", "crop3", "bin", "linear"),
    "down to DC": ("multiply", "crop1", "inverse", "point", "linear"),
    "a spectrum out": ("multiply", "crop4"),
    "nothing dropped": ("multiply", "inverse", "point", "linear"),
    "low pass and interpolation": ("multiply", "crop5", "pad8", "inverse", "point", "linear"),
    "even low pass and interpolation": ("multiply", "bin", "crop4", "pad8", "inverse", "point", "linear"),
    "interpolation drops the Nyquist bins": ("point", "transform", "pad12", "multiply", "inverse", "point", "linear"),
    "interpolation of a whole spectrum": ("multiply", "pad8", "bin", "linear"),
    "padded, then cropped to less": ("multiply", "crop6", "pad8", "bin", "multiply", "crop3", "bin", "linear"),
    "cropped, padded, normalised": ("multiply", "crop5", "pad8", "normalise", "bin", "inverse", "point", "linear"),
    "normalised, cropped, padded": ("multiply", "normalise", "crop5", "pad8", "bin", "inverse", "point", "linear"),
    "band limit": ("multiply", "band5", "inverse", "point", "linear"),
    "band limit to DC": ("multiply", "band1", "bin", "linear"),
    "band limit within a crop": ("multiply", "band3", "bin", "crop6", "bin", "linear"),
    "crop within a band limit": ("multiply", "band5", "crop3", "inverse", "point", "linear"),
    "band limit before normalisation": ("multiply", "band5", "normalise", "bin", "crop3", "linear"),
    "band limit after normalisation": ("multiply", "normalise", "bin", "multiply", "band5", "linear"),
    "padded, band-limited": ("multiply", "crop6", "pad8", "multiply", "band3", "inverse", "tile", "linear"),
    "max pooling": ("multiply", "inverse", "tile", "transform", "multiply", "crop3", "bin", "linear"),
    "max pooling of a low pass": ("multiply", "crop5", "pad8", "inverse", "tile", "transform", "bin", "linear"),
    "max pooling first": ("tile", "transform", "multiply", "band3", "linear"),
    "a band out": ("multiply", "band3"),
    "a padded spectrum out": ("multiply", "crop3", "pad8"),
    "an evenly padded spectrum out": ("multiply", "pad12"),
}


@pytest.mark.parametrize("name", list(CHAINS))
def test_sound_and_tight(name):
    """Every bin of every spectrum edge changed, alone: the output changes if and only if the bin is not dead."""
    steps = steps_of(*CHAINS[name])
    r = rng("liveness", name)
    for k, edge in enumerate(analyse(steps)):
        if edge.live is None:
            continue
        n, rest, limit = edge.size, steps[k:], reach(steps, k)
        before = np.fft.rfft2(r.normal(size=(n, n)))
        zero = frequencies(n) > (n if limit is None else limit)
        before[zero] = 0
        assert edge.dead[zero].all(), "an always-zero bin is dead"
        want = evaluate(rest, before, 5, limit)
        for u, v in np.argwhere(~zero):
            changed = before.copy()
            changed[u, v] += 0.37
            same = np.array_equal(evaluate(rest, changed, 5, limit), want)
            assert same == edge.dead[u, v], (k, edge.name, u, v)


def test_the_chains_hold_every_kind():
    kinds = {name.rstrip("0123456789") for chain in CHAINS.values() for name in chain}
    assert kinds == set(KINDS)


def test_coupled_bins_matter_through_the_statistics_only():
    """With mean and deviation held, they change nothing; there are two scalars for each channel."""
    steps = steps_of(*CHAINS["normalise before the crop"])
    edge = analyse(steps)[0]
    assert edge.coupled.any() and edge.scalars == 2 and not (edge.coupled & edge.live).any()
    r = rng("coupled")
    x = np.fft.rfft2(r.normal(size=(8, 8)))
    weights = np.random.default_rng(5)
    product = x * (weights.normal(size=x.shape) + 1j * weights.normal(size=x.shape))
    outside = np.argwhere(edge.coupled)
    a, b = tuple(outside[0]), tuple(outside[1])
    product[a], product[b] = product[b], product[a]  # the same mean, the same deviation
    other = product.copy()
    other[a], other[b] = product[b], product[a]
    np.testing.assert_allclose(evaluate(steps[1:], product, 5), evaluate(steps[1:], other, 5), atol=1e-9)


def test_sentences():
    def say(*kinds, channels=1):
        return sentence(analyse([Step(s.kind, s.size, s.what, s.keeps, channels) for s in steps_of(*kinds, size=32)]))

    assert sentence(analyse(default_network().steps)) == (
        "The output cannot depend on input frequencies beyond |u|, |v| <= 7.")
    assert say("transform", "multiply", "crop7", "linear") == (
        "The output cannot depend on input frequencies beyond |u|, |v| <= 3.")
    assert say("transform", "multiply", "inverse", "point", "transform", "crop8", "linear") == (
        "The output depends on all input frequencies.")
    assert say("transform", "multiply", "band5", "inverse", "point", "linear") == (
        "The output cannot depend on input frequencies beyond |u|, |v| <= 2.")
    assert say("transform", "multiply", "crop8", "pad32", "inverse", "tile", "linear") == (
        "The output cannot depend on input frequencies beyond |u|, |v| <= 3.")
    assert say("point", "linear") == "The output depends on all input frequencies."
    for first in ("point", "tile"):  # which mixes the bins that the crop behind it drops
        assert say(first, "transform", "crop8", "linear") == "The output depends on all input frequencies."
    assert say("transform", "multiply", "normalise", "bin", "crop16", "linear", channels=8) == (
        "The output depends on input frequencies beyond |u|, |v| <= 7 only through 16 scalars.")


def test_scalars():
    """Two of each channel for bins, one for a map; none where a normalisation couples nothing."""
    conv, pool, tanh = SpectralConv(channels=3), SpectralPool(size=8), Activation(function="tanh", domain="bins")

    def scalars(*layers):
        return analyse(Network(name="n", size=16, channels=1, layers=(*layers, Dense(outputs=3))).steps)[1].scalars

    bins, over_map = Normalise(), Normalise(over="map")
    assert scalars(conv, bins, tanh, pool) == 6 and scalars(conv, over_map, pool) == 3
    assert scalars(conv, bins, tanh, pool, bins, Activation()) == 6
    assert scalars(conv, pool, bins, tanh, conv, SpectralPool(size=4)) == 6
    assert scalars(conv, bins, tanh, pool, conv, bins, tanh, SpectralPool(size=4)) == 12
    assert scalars(conv, pool, bins, Activation()) == scalars(conv, pool) == 0


def test_live_bins_are_those_that_the_circuit_transforms():
    network = Network(name="two", size=16, channels=1, layers=(
        SpectralConv(channels=2, kernel=3), SpectralPool(size=8), Activation(), SpectralConv(channels=3, kernel=3),
        SpectralPool(size=4), Activation(), Dense(outputs=3)))
    edges = [e for e in analyse(network.steps) if e.name.startswith("SpectralConv")]
    assert [int(e.live.sum()) for e in edges] == [7 * 4, 3 * 2] and not any(e.coupled.any() for e in edges)
    assert edges[0].why == "SpectralPool 16 to 8 discards |u|, |v| >= 4, and nothing between mixes bins"


def test_why_bins_are_dead():
    """What drops or couples them behind an edge, and what made them zero before it."""
    def why(*kinds):
        return [edge.why for edge in analyse(steps_of(*kinds))]

    assert why("multiply", "band5", "linear") == [
        "band5 makes the others zero, and nothing between mixes bins",
        "band5 makes the others zero, and nothing between mixes bins",
        "linear mixes all bins; what a crop, pad or band dropped is always zero"]
    assert why("multiply", "normalise", "crop4")[:2] == [
        "normalise couples all bins by a mean and a deviation of each channel"] * 2
    assert why("point", "transform", "linear") == ["", "", "linear mixes all bins"]
    assert why("multiply")[0] == "the output is the spectrum"


def test_refusals():
    with refused("Liveness step must be one of transform, inverse, multiply, band, crop, pad, bin, normalise, point, tile, "
                 "join, linear, not 'fold'", DescriptionError):
        Step("fold", 8, "a fold")
