"""Liveness against an independent evaluation in floats: what it calls dead changes nothing, what it calls live does."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.network import Activation, Dense, Network, Normalise, SpectralConv, SpectralPool, default_network
from hadamac.network.graph import KINDS, Step
from hadamac.network.liveness import analyse, needs, sentence
from support.bins import evaluate, graph_of, reaches, sources, steps_of, within
from support.liveness import check_every_bin
from support.seeds import refused, rng

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
    "a mixture of maps": ("multiply", "crop4", "inverse", "mix", "point", "transform", "linear"),
    "a canvas": ("multiply", "crop5", "inverse", "canvas8", "transform", "multiply", "band3", "linear"),
    "a band out": ("multiply", "band3"),
    "a padded spectrum out": ("multiply", "crop3", "pad8"),
    "an evenly padded spectrum out": ("multiply", "pad12"),
}


@pytest.mark.parametrize("name", list(CHAINS))
def test_sound_and_tight(name):
    """Every bin of every spectrum edge changed, alone: the output changes if and only if the bin is not dead."""
    check_every_bin(steps_of(*CHAINS[name]), rng("liveness", name))


def test_the_chains_hold_every_kind():
    kinds = {name.rstrip("0123456789") for chain in CHAINS.values() for name in chain}
    assert kinds == set(KINDS) - {"join"}


GRAPHS = {  # the input is a spectrum unless a transform takes it
    "a skip around a product": (("a", "multiply", "in"), ("s", "join", "in", "a"), ("c", "crop4", "s"), ("y", "linear", "c")),
    "branches that want different radii": (
        ("x", "multiply", "in"), ("low", "crop4", "x"), ("wide", "pad8", "low"), ("mid", "band5", "x"),
        ("s", "join", "wide", "mid"), ("y", "linear", "s")),
    "a low pass and the whole": (
        ("x", "multiply", "in"), ("low", "crop4", "x"), ("wide", "pad8", "low"), ("f", "bin", "x"),
        ("s", "join", "wide", "f"), ("y", "linear", "s")),
    "a band and the whole, cropped between": (
        ("x", "multiply", "in"), ("b", "band3", "x"), ("f", "bin", "x"), ("s", "join", "b", "f"), ("c", "crop6", "s"),
        ("m", "inverse", "c"), ("p", "point", "m"), ("y", "linear", "p")),
    "normalise in one branch": (
        ("x", "multiply", "in"), ("n", "normalise", "x"), ("f", "bin", "n"), ("s", "join", "x", "f"), ("c", "crop4", "s"),
        ("y", "linear", "c")),
    "normalise in a low branch": (
        ("x", "multiply", "in"), ("b", "band5", "x"), ("n", "normalise", "b"), ("f", "bin", "n"), ("s", "join", "x", "f"),
        ("c", "crop3", "s"), ("y", "linear", "c")),
    "normalise of two bands' sum": (
        ("a", "band3", "in"), ("b", "band5", "in"), ("s", "join", "a", "b"), ("n", "normalise", "s"), ("f", "bin", "n"),
        ("c", "crop3", "f"), ("y", "linear", "c")),
    "two normalised branches": (
        ("x", "multiply", "in"), ("n", "normalise", "x"), ("c", "crop4", "n"), ("d", "crop4", "x"), ("m", "normalise", "d"),
        ("s", "join", "c", "m"), ("f", "bin", "s"), ("z", "crop1", "f"), ("y", "linear", "z")),
    "two nested joins": (
        ("x", "multiply", "in"), ("a", "multiply", "x"), ("s", "join", "x", "a"), ("f", "bin", "s"),
        ("t", "join", "s", "f", "in"), ("c", "crop3", "t"), ("g", "bin", "c"), ("y", "linear", "g")),
    "nested joins of other bands": (
        ("a", "band3", "in"), ("b", "band5", "in"), ("s", "join", "a", "b"), ("f", "bin", "s"), ("g", "multiply", "in"),
        ("c", "band3", "g"), ("t", "join", "f", "c", "s"), ("y", "linear", "t")),
    "a join of maps": (
        ("x", "multiply", "in"), ("m", "inverse", "x"), ("p", "point", "m"), ("t", "transform", "p"), ("b", "band5", "t"),
        ("i", "inverse", "b"), ("q", "point", "i"), ("s", "join", "p", "q"), ("u", "transform", "s"), ("c", "crop4", "u"),
        ("y", "linear", "c")),
    "maps and their spectrum": (
        ("p", "point", "in"), ("t", "transform", "p"), ("a", "multiply", "t"), ("s", "join", "t", "a"), ("c", "crop6", "s"),
        ("f", "bin", "c"), ("z", "crop3", "f"), ("y", "linear", "z")),
    "a pool in one branch, max pooling in the other": (
        ("t", "transform", "in"), ("x", "multiply", "t"), ("c", "crop4", "x"), ("m", "inverse", "x"), ("k", "tile", "m"),
        ("u", "transform", "k"), ("s", "join", "c", "u"), ("y", "linear", "s")),
    "a spectrum out": (("a", "multiply", "in"), ("b", "band3", "a"), ("s", "join", "in", "b"), ("c", "crop6", "s")),
    "a sum out": (("a", "band5", "in"), ("b", "band3", "in"), ("s", "join", "a", "b")),
}


def with_input(steps, r):
    """Return a random input: a map if a step takes one, else the spectrum of one."""
    x = r.normal(size=(8, 8))
    return x if any(step.kind in ("transform", "point") and -1 in step.sources for step in steps) else np.fft.rfft2(x)


def compare(edge, value, limit, output):
    """Assert that the output changes with a bin of an edge if and only if the bin is not dead.

    ``output(changed)`` is the output with another value of the edge.
    """
    zero = ~within(edge.size, edge.size if limit is None else limit)
    assert not value[zero].any() and edge.dead[zero].all(), "an always-zero bin is dead"
    want = output(value)
    for u, v in np.argwhere(~zero):
        changed = value.copy()
        changed[u, v] += 0.37
        assert np.array_equal(output(changed), want) == edge.dead[u, v], (edge.name, u, v)


@pytest.mark.parametrize("name", list(GRAPHS))
def test_forks_and_joins_are_sound_and_tight(name):
    """Every bin of every spectrum edge changed, alone, for all that take it at once."""
    steps = graph_of(*GRAPHS[name])
    source, most = with_input(steps, rng("graph", name)), reaches(steps)
    values = evaluate(steps, source, 5)
    for e, edge in enumerate(analyse(steps)):
        assert (edge.live is None) == (not np.iscomplexobj(values[e]))
        if edge.live is not None:
            def output(changed, e=e):
                return evaluate(steps, source, 5, change=lambda k, n, x: changed if sources(steps, k)[n] == e - 1 else x)[-1]

            compare(edge, values[e], most[e], output)


@pytest.mark.parametrize("name", list(GRAPHS))
def test_what_one_step_needs_is_sound_and_tight(name):
    """Every bin of what one step takes changed, while the others that take from the same edge see what it was."""
    steps = graph_of(*GRAPHS[name])
    source, most = with_input(steps, rng("graph", name)), reaches(steps)
    values = evaluate(steps, source, 5)
    for k, edges in enumerate(needs(steps)):
        assert len(edges) == len(steps[k].sources)
        for n, edge in enumerate(edges):
            e = steps[k].sources[n] + 1
            if edge.live is not None:
                def output(changed, at=(k, n)):
                    return evaluate(steps, source, 5, change=lambda k, n, x: changed if (k, n) == at else x)[-1]

                compare(edge, values[e], most[e], output)


def test_an_edge_is_wanted_by_any_of_its_users():
    """Live where any of them wants it live, coupled where it is only coupled to all that want it."""
    for named in GRAPHS.values():
        steps = graph_of(*named)
        alone = [[edge for k, edges in enumerate(needs(steps)) for n, edge in enumerate(edges) if steps[k].sources[n] == e - 1]
                 for e in range(len(steps))]
        for edge, users in zip(analyse(steps), alone, strict=True):
            assert edge.users == len(users)
            if edge.live is not None:
                np.testing.assert_array_equal(edge.live, np.any([u.live for u in users], 0))
                np.testing.assert_array_equal(edge.dead, np.all([u.dead for u in users], 0))


def test_different_radii_of_a_fork():
    """The spectrum has the larger square, and each branch needs its own."""
    steps = graph_of(*GRAPHS["branches that want different radii"])
    squares = [int(edges[0].live.sum()) for edges in needs(steps)]
    assert [s.what for s in steps] == ["x", "low", "wide", "mid", "s", "y"]
    assert squares == [5 * 3, 3 * 2, 3 * 2, 5 * 3, 3 * 2, 5 * 3]
    edge = analyse(steps)[1]
    assert edge.live.sum() == 5 * 3 and edge.users == 2 and edge.name == "low and mid"
    assert edge.why == ("low discards |u|, |v| >= 2, and nothing between mixes bins; mid makes the others zero, and nothing "
                        "between mixes bins")


def test_scalars_of_two_branches_add_up():
    """A normalisation counts once for every branch's edge, and both count where one edge goes through both."""
    steps = graph_of(*GRAPHS["two normalised branches"])
    edges = analyse(steps)
    assert edges[1].scalars == 4 and [e.scalars for e in edges[2:6]] == [0, 0, 2, 0]


def test_sentences_of_forks():
    """A convolution beside a pool sees what it takes; a function of the image sees everything."""
    def say(*named):
        return sentence(analyse(graph_of(*named, size=8)))

    assert say(("t", "transform", "in"), ("c", "crop4", "t"), ("p", "pad8", "c"), ("b", "band5", "t"), ("s", "join", "p", "b"),
               ("y", "linear", "s")) == "The output cannot depend on input frequencies beyond |u|, |v| <= 2."
    assert say(("t", "transform", "in"), ("b", "band3", "t"), ("m", "inverse", "b"), ("s", "join", "in", "m"),
               ("y", "linear", "s")) == "The output depends on all input frequencies."


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
    np.testing.assert_allclose(evaluate(steps[1:], product, 5)[-1], evaluate(steps[1:], other, 5)[-1], atol=1e-9)


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
        return analyse(Network(name="n", shape=(1, 16, 16), layers=(*layers, Dense(outputs=3))).steps)[1].scalars

    bins, over_map = Normalise(), Normalise(over="map")
    assert scalars(conv, bins, tanh, pool) == 6 and scalars(conv, over_map, pool) == 3
    assert scalars(conv, bins, tanh, pool, bins, Activation()) == 6
    assert scalars(conv, pool, bins, tanh, conv, SpectralPool(size=4)) == 6
    assert scalars(conv, bins, tanh, pool, conv, bins, tanh, SpectralPool(size=4)) == 12
    assert scalars(conv, pool, bins, Activation()) == scalars(conv, pool) == 0


def test_live_bins_are_those_that_the_circuit_transforms():
    network = Network(name="two", shape=(1, 16, 16), layers=(
        SpectralConv(channels=2, kernel=3), SpectralPool(size=8), Activation(), SpectralConv(channels=3, kernel=3),
        SpectralPool(size=4), Activation(), Dense(outputs=3)))
    edges = [e for e in analyse(network.steps) if e.name.startswith("SpectralConv")]
    assert [int(e.live.sum()) for e in edges] == [7 * 4, 3 * 2] and not any(e.coupled.any() for e in edges)
    assert edges[0].why == "SpectralPool 16x16 to 8x8 discards |u|, |v| >= 4, and nothing between mixes bins"


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
    with refused("Kind of a step must be one of transform, inverse, multiply, band, crop, pad, bin, normalise, mix, point, tile, "
                 "canvas, join, linear, not 'fold'", DescriptionError):
        Step("fold", 8, "a fold")
