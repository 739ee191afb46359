"""Liveness of rectangles and of single rows against an independent evaluation in floats, and of forks to other shapes."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.crop import live_shape
from hadamac.network import Activation, Add, Dense, Network, Pad, SpectralConv, SpectralPool
from hadamac.network.liveness import analyse, farthest, low, needs, sentence
from hadamac.quantised import PRESETS, reference
from hadamac.quantised.quantise import quantise
from hadamac.quantised.unpruned import unpruned
from support import direct, tiny
from support.bins import evaluate, graph_of, sources, steps_of
from support.liveness import check_every_bin
from support.seeds import rng

WIDE, HIGH, ROW = (4, 16), (8, 4), (1, 16)

CHAINS = {
    "a rectangle of a rectangle": (WIDE, ("multiply", "crop2x8", "inverse", "point", "linear")),
    "all rows, fewer columns": (WIDE, ("multiply", "crop4x6", "bin", "linear")),
    "fewer rows, all columns": (HIGH, ("multiply", "crop3x4", "multiply", "bin", "linear")),
    "a column alone": (HIGH, ("multiply", "crop8x1", "inverse", "point", "linear")),
    "a row alone": (WIDE, ("multiply", "crop1x16", "bin", "linear")),
    "down to DC": (HIGH, ("multiply", "crop1", "inverse", "point", "linear")),
    "to another shape and back": (WIDE, ("multiply", "crop2x8", "pad4x16", "inverse", "point", "linear")),
    "to a square": (WIDE, ("multiply", "crop4x4", "multiply", "bin", "pad8x8", "bin", "linear")),
    "padded in one direction": (HIGH, ("point", "transform", "pad8x16", "bin", "inverse", "point", "linear")),
    "padded, then cropped in the other": (WIDE, ("multiply", "pad8x16", "bin", "crop8x6", "bin", "linear")),
    "two crops that cut different axes": (WIDE, ("multiply", "crop2x16", "bin", "crop2x5", "bin", "linear")),
    "a band within a rectangle": (WIDE, ("multiply", "band3", "bin", "crop4x2", "bin", "linear")),
    "a band of a rectangle": (HIGH, ("multiply", "band5x3", "inverse", "point", "linear")),
    "statistics before a crop": (WIDE, ("multiply", "normalise", "bin", "crop2x8", "linear")),
    "statistics after a crop": (HIGH, ("multiply", "crop5x3", "normalise", "bin", "linear")),
    "tiles": (WIDE, ("multiply", "inverse", "tile", "transform", "multiply", "crop2x4", "bin", "linear")),
    "a rectangle out": (WIDE, ("multiply", "bin", "crop3x8")),
    "a padded rectangle out": (HIGH, ("multiply", "crop4x3", "pad8x8")),
    "a whole row": (ROW, ("multiply", "inverse", "point", "linear")),
    "low samples of a row": (ROW, ("multiply", "crop1x8", "inverse", "point", "transform", "crop1x5", "bin", "linear")),
    "an interpolated row": (ROW, ("point", "transform", "pad1x32", "multiply", "inverse", "point", "linear")),
    "a low pass of a row": (ROW, ("multiply", "bin", "crop1x6", "pad1x16", "inverse", "point", "linear")),
    "a band of a row": (ROW, ("multiply", "band1x5", "inverse", "point", "linear")),
    "the mean of a row": (ROW, ("multiply", "crop1x1", "bin", "linear")),
    "statistics of a row": (ROW, ("multiply", "normalise", "bin", "crop1x4", "linear")),
    "bins of a row out": (ROW, ("multiply", "crop1x7")),
}


@pytest.mark.parametrize("name", list(CHAINS))
def test_sound_and_tight(name):
    """Every bin of every spectrum edge changed, alone: the output changes if and only if the bin is not dead."""
    size, kinds = CHAINS[name]
    assert check_every_bin(steps_of(*kinds, size=size), rng("liveness", name))


GRAPHS = {  # both branches return to one shape, because a sum needs one
    "pools of different shapes": (WIDE, (
        ("x", "multiply", "in"), ("a", "crop2x16", "x"), ("b", "crop4x4", "x"), ("c", "pad4x16", "a"), ("d", "pad4x16", "b"),
        ("s", "join", "c", "d"), ("y", "linear", "s"))),
    "a pool and a band": (HIGH, (
        ("x", "multiply", "in"), ("a", "crop3x4", "x"), ("b", "band7x1", "x"), ("c", "pad8x4", "a"), ("s", "join", "c", "b"),
        ("f", "bin", "s"), ("y", "linear", "f"))),
    "a pool beside the whole": (WIDE, (
        ("x", "multiply", "in"), ("a", "crop2x6", "x"), ("c", "pad4x16", "a"), ("f", "bin", "x"), ("s", "join", "c", "f"),
        ("z", "crop4x10", "s"), ("y", "linear", "z"))),
    "statistics in a branch of another shape": (WIDE, (
        ("x", "multiply", "in"), ("a", "crop2x16", "x"), ("n", "normalise", "a"), ("c", "pad4x16", "n"), ("b", "band3x5", "x"),
        ("s", "join", "c", "b"), ("z", "crop4x4", "s"), ("y", "linear", "z"))),
    "branches of a row": (ROW, (
        ("x", "multiply", "in"), ("a", "crop1x4", "x"), ("c", "pad1x16", "a"), ("b", "band1x9", "x"), ("s", "join", "c", "b"),
        ("f", "bin", "s"), ("y", "linear", "f"))),
}


@pytest.mark.parametrize("name", list(GRAPHS))
def test_forks_to_other_shapes_are_sound_and_tight(name):
    """For all that take an edge at once, and for each of them alone; wanted bins need not form a rectangle."""
    size, named = GRAPHS[name]
    steps = graph_of(*named, size=size)
    value = np.fft.rfft2(rng("graph", name).normal(size=size))
    values = evaluate(steps, value, 5)

    def compare(edge, at, takes):
        zero = values[at] == 0  # dropped in every branch
        assert edge.dead[zero].all(), "an always-zero bin is dead"
        for u, v in np.argwhere(~zero):
            changed = values[at].copy()
            changed[u, v] += 0.37
            got = evaluate(steps, value, 5, change=lambda k, n, x: changed if takes(k, n) else x)[-1]
            assert np.array_equal(got, values[-1]) == edge.dead[u, v], (edge.name, u, v)

    for e, edge in enumerate(analyse(steps)):
        compare(edge, e, lambda k, n, e=e: sources(steps, k)[n] == e - 1)
    for k, edges in enumerate(needs(steps)):
        for n, edge in enumerate(edges):
            compare(edge, steps[k].sources[n] + 1, lambda a, b, at=(k, n): (a, b) == at)


FORKS = {  # shape, and the size of either pool
    "wide and high": ((1, 8, 16), (2, 16), (8, 4), (3, 7)),
    "wide and small": ((2, 8, 16), (4, 12), (6, 4), (2, 5)),
    "a signal": ((2, 32), 8, 20, (0, 9)),
}


@pytest.mark.parametrize("name", list(FORKS))
def test_a_stage_has_the_rectangle_around_all_wanted_bins(name):
    """Its bins contain every bin that a branch wants, touch one in each direction, and pruning changes no bit."""
    shape, first, second, radius = FORKS[name]
    whole = shape[1:] if len(shape) == 3 else shape[1]
    network = Network(name="fork", shape=shape, layers=(
        SpectralConv(channels=2, kernel=3, name="stem"), SpectralPool(size=first), Pad(size=whole, name="a"),
        SpectralPool(size=second, inputs=("stem",)), Pad(size=whole, name="b"), Add(inputs=("a", "b")), Activation(),
        Dense(outputs=3)))
    edges = dict(zip(network.steps, analyse(network.steps)[1:]))
    for s in network.stages[:2]:
        edge = edges[s.step]
        rectangle = low(edge.size, tuple(2 * r + 1 for r in s.radius))
        assert s.radius == radius == farthest(~edge.dead) and (rectangle | edge.dead).all()
        assert (s.rows, s.columns) == live_shape(edge.size, radius)
        if name != "a signal":
            assert rectangle.sum() > (~edge.dead).sum()
    crops = {s.radius for s in network.stages if s.kind == "crop"}
    assert all(min(a, b) == a for r in crops for a, b in zip(r, radius)) and crops
    r = rng("fork", name)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 16)
    np.testing.assert_allclose(reference.forward(network, params, images), direct.forward(network, params, images), atol=1e-9)
    q = quantise(network, params, images, PRESETS["default"])
    np.testing.assert_array_equal(q.predict(images).words, unpruned(q, params).predict(images).words)


def test_sentences_of_rectangles_and_rows():
    def say(size, *kinds):
        return sentence(analyse(steps_of(*kinds, size=size)))

    assert say((8, 32), "transform", "multiply", "crop4x16", "linear") == (
        "The output cannot depend on input frequencies beyond |u| <= 1, |v| <= 7.")
    assert say((8, 32), "transform", "multiply", "crop6x6", "linear") == (
        "The output cannot depend on input frequencies beyond |u|, |v| <= 2.")
    assert say((1, 32), "transform", "multiply", "crop1x16", "linear") == (
        "The output cannot depend on input frequencies beyond |v| <= 7.")
    assert say((1, 32), "transform", "multiply", "normalise", "bin", "crop1x8", "linear") == (
        "The output depends on input frequencies beyond |v| <= 3 only through 2 scalars.")
    fork = graph_of(("t", "transform", "in"), ("a", "crop2x16", "t"), ("c", "pad8x16", "a"), ("b", "band5x1", "t"),
                    ("s", "join", "c", "b"), ("y", "linear", "s"), size=(8, 16))
    assert sentence(analyse(fork)) == "The output cannot depend on input frequencies beyond the 12 live bins."


def test_why_bins_of_rectangles_are_dead():
    def why(size, *kinds):
        return analyse(steps_of(*kinds, size=size))[0].why

    assert why((8, 16), "multiply", "crop4x8", "linear") == (
        "crop4x8 discards |u| >= 2 and |v| >= 4, and nothing between mixes bins")
    assert why((8, 16), "multiply", "crop4x4", "linear") == "crop4x4 discards |u|, |v| >= 2, and nothing between mixes bins"
    assert why((1, 16), "multiply", "crop1x5", "linear") == "crop1x5 discards |v| >= 2.5, and nothing between mixes bins"
