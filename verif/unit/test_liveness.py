"""Liveness against an independent evaluation in floats: what it calls dead changes nothing, what it calls live does."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.liveness import Step, analyse, chain, sentence
from hadamac.network import Activation, Dense, Network, SpectralConv, SpectralPool, default_network
from support.seeds import refused, rng


def full(half: np.ndarray, size: int) -> np.ndarray:
    """The Hermitian spectrum of which ``half`` holds v = 0 .. N/2 (a map's, whatever is in the half)."""
    return np.fft.fft2(np.fft.irfft2(half, (size, size)))


def evaluate(steps, value, seed):
    """The chain by definition: maps real (N, N), spectra complex (N, N/2 + 1), weights at random."""
    r = np.random.default_rng(seed)
    for step in steps:
        n = step.size
        half = (n, n // 2 + 1)
        if step.kind == "transform":
            value = np.fft.rfft2(value)
        elif step.kind == "inverse":
            value = np.fft.irfft2(value, (n, n))
        elif step.kind == "multiply":
            value = value * (r.normal(size=half) + 1j * r.normal(size=half))
        elif step.kind == "crop":
            m = step.keeps
            out = np.zeros((m, m // 2 + 1), dtype=complex)
            for u in range(-((m - 1) // 2), (m - 1) // 2 + 1):
                for v in range((m - 1) // 2 + 1):
                    out[u % m, v] = value[u % n, v]
            value = out
        elif step.kind == "bin":
            value = np.tanh(value.real) + 1j * np.tanh(value.imag) + 0.1
        elif step.kind == "normalise":
            value = (value - value.mean()) / np.sqrt((np.abs(value - value.mean()) ** 2).mean())
        elif step.kind == "point":
            value = (value + 0.3) ** 2
        else:
            value = np.array([(w * value.view(float)).sum() for w in r.normal(size=(7, *value.view(float).shape))])
    return value


def steps_of(*kinds, size=8):
    """Steps by kind; ``crop4`` keeps 4."""
    out = []
    for kind in kinds:
        keeps = int(kind[4:]) if kind.startswith("crop") else 0
        out.append(Step("crop" if keeps else kind, size, kind, keeps=keeps))
        size = keeps or size
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
}


@pytest.mark.parametrize("name", list(CHAINS))
def test_sound_and_tight(name):
    """Every bin of every spectrum edge changed, alone: the output changes if and only if the bin is not dead."""
    steps = steps_of(*CHAINS[name])
    r = rng("liveness", name)
    for k, edge in enumerate(analyse(steps)):
        if edge.live is None:
            continue
        n, rest = edge.size, steps[k:]
        before = np.fft.rfft2(r.normal(size=(n, n)))
        if steps[k - 1].kind == "crop" or (k > 1 and steps[k - 1].kind == "multiply" and steps[k - 2].kind == "crop"):
            before[np.abs(np.fft.fftfreq(n)) == 0.5] = 0
            before[:, np.abs(np.fft.rfftfreq(n)) == 0.5] = 0
        want = evaluate(rest, before, 5)
        for u, v in np.ndindex(before.shape):
            if (before[u, v] == 0) and n % 2 == 0 and (2 * u == n or 2 * v == n):
                assert edge.dead[u, v], "an always-zero bin is dead"
                continue
            changed = before.copy()
            changed[u, v] += 0.37
            same = np.array_equal(evaluate(rest, changed, 5), want)
            assert same == edge.dead[u, v], (k, edge.name, u, v)


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

    assert sentence(analyse(chain(default_network()))) == (
        "The output cannot depend on input frequencies beyond |u|, |v| <= 7.")
    assert say("transform", "multiply", "crop7", "linear") == (
        "The output cannot depend on input frequencies beyond |u|, |v| <= 3.")
    assert say("transform", "multiply", "inverse", "point", "transform", "crop8", "linear") == (
        "The output depends on all input frequencies.")
    assert say("transform", "multiply", "normalise", "bin", "crop16", "linear", channels=8) == (
        "The output depends on input frequencies beyond |u|, |v| <= 7 only through 16 scalars.")


def test_live_bins_are_those_that_the_circuit_transforms():
    network = Network(name="two", size=16, channels=1, layers=(
        SpectralConv(channels=2, kernel=3), SpectralPool(size=8), Activation(), SpectralConv(channels=3, kernel=3),
        SpectralPool(size=4), Activation(), Dense(outputs=3)))
    edges = [e for e in analyse(chain(network)) if e.name.startswith("SpectralConv")]
    assert [int(e.live.sum()) for e in edges] == [7 * 4, 3 * 2] and not any(e.coupled.any() for e in edges)
    assert edges[0].why == "SpectralPool 16 to 8 discards |u|, |v| >= 4, and nothing between mixes bins"


def test_refusals():
    with refused("Liveness step must be one of transform, multiply, crop, inverse, point, bin, normalise, linear, not 'fold'",
                 DescriptionError):
        Step("fold", 8, "a fold")
