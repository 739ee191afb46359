"""Stages of the circuit: names, edges, radii of pruned bins, where the scales of pooling go, refusals."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.network import Activation, Dense, MaxPool, Network, Normalise, Pad, SpectralConv, SpectralPool
from hadamac.network.liveness import analyse, low
from hadamac.network.stage import orthonormal
from hadamac.network.stages import stages
from support import tiny
from support.seeds import refused

CONV, FREE, DENSE = SpectralConv(channels=2, kernel=3), SpectralConv(channels=2), Dense(outputs=2)
RELU, GELU, TANH = Activation(), Activation(function="gelu"), Activation(function="tanh", domain="bins")
MODULUS, QUADRATIC = Activation(function="modulus", domain="bins"), Activation(function="quadratic")
FROZEN, OVER_MAP = Normalise(over="map", statistics="frozen"), Normalise(over="map")


def pool(size):
    return SpectralPool(size=size)


def network(*layers, shape=(1, 16, 16)) -> Network:
    return Network(name="stages", shape=shape, layers=(*layers, DENSE))


def radii(*layers, prune=True, **options) -> dict[str, tuple[int, int] | None]:
    """Of the bins that a stage is about: those that leave it, of an IFFT those that come."""
    return {s.name: s.radius for s in stages(network(*layers, **options), prune=prune)}


@pytest.mark.parametrize(("layers", "pruned", "whole"), [
    # crop, then ReLU: nothing beyond the crop is computed, and 8 is half of 16
    ((CONV, pool(8), RELU), {"fft0": 3, "hadamard0": 3, "ifft0": 3}, {"fft0": 8, "hadamard0": 8, "crop0": 3, "ifft0": 3}),
    # ReLU, then crop: before the ReLU every bin counts, Nyquist bins and all; behind it, those of the crop
    ((CONV, RELU, pool(8)), {"fft0": 8, "hadamard0": 8, "ifft0": 8, "fft1": 3},
     {"fft0": 8, "hadamard0": 8, "ifft0": 8, "fft1": 8, "crop0": 3}),
    # tanh of each bin by itself: what the crop drops is not even transformed
    ((CONV, TANH, pool(8)), {"fft0": 3, "hadamard0": 3, "tanh0": 3}, {"fft0": 8, "hadamard0": 8, "tanh0": 8, "crop0": 3}),
    # statistics need all bins: the crop is a stage behind them, and before what else stands before the pool
    ((CONV, Normalise(), TANH, pool(8)), {"fft0": 8, "hadamard0": 8, "normalise0": 8, "crop0": 3, "tanh0": 3},
     {"fft0": 8, "hadamard0": 8, "normalise0": 8, "tanh0": 8, "crop0": 3}),
    # statistics behind the crop see its bins only
    ((CONV, pool(8), Normalise(), TANH), {"fft0": 3, "hadamard0": 3, "normalise0": 3, "tanh0": 3},
     {"fft0": 8, "hadamard0": 8, "crop0": 3, "normalise0": 3, "tanh0": 3}),
    # low pass: seven bins across, interpolated to 16
    ((CONV, pool(7), Pad(size=16), RELU), {"fft0": 3, "hadamard0": 3, "ifft0": 3},
     {"fft0": 8, "hadamard0": 8, "crop0": 3, "ifft0": 3}),
    # band limit
    ((SpectralConv(channels=2, kernel=3, band=4), RELU), {"fft0": 4, "hadamard0": 4, "ifft0": 4},
     {"fft0": 8, "hadamard0": 8, "crop0": 4, "ifft0": 4}),
    # interpolation of an even size drops its Nyquist bins
    ((CONV, RELU, Pad(size=32), CONV, RELU), {"fft0": 8, "hadamard0": 8, "ifft0": 8, "fft1": 7, "hadamard1": 7, "ifft1": 7},
     {"fft0": 8, "hadamard0": 8, "ifft0": 8, "fft1": 8, "crop0": 7, "hadamard1": 7, "ifft1": 7}),
    # the least of several
    ((CONV, pool(12), CONV, TANH, CONV, pool(6)), {"fft0": 2, "hadamard0": 2, "hadamard1": 2, "tanh0": 2, "hadamard2": 2},
     {"fft0": 8, "hadamard0": 8, "crop0": 5, "hadamard1": 5, "tanh0": 5, "hadamard2": 5, "crop1": 2}),
    # a frozen Normalise is no stage; behind a band limit, with which its product is pruned
    ((SpectralConv(channels=2, band=2), FROZEN, RELU), {"fft0": 2, "hadamard0": 2, "ifft0": 2},
     {"fft0": 8, "hadamard0": 8, "crop0": 2, "ifft0": 2}),
])
def test_radii(layers, pruned, whole):
    for square, prune in ((pruned, True), (whole, False)):
        got, expected = radii(*layers, prune=prune), {name: (r, r) for name, r in square.items()}
        assert {name: r for name, r in got.items() if name in expected} == expected
        rest = set(got) - set(expected)
        bins = {"dense"} if network(*layers).stages[-1].radius is not None else set()
        assert all(got[name] is None for name in rest - bins), got


@pytest.mark.parametrize(("layers", "shape", "pruned", "whole"), [
    # rows and columns by themselves: the pool keeps all rows that have no Nyquist bins
    ((CONV, pool((8, 4)), RELU), (1, 8, 16), {"fft0": (3, 1), "hadamard0": (3, 1), "ifft0": (3, 1)},
     {"fft0": (4, 8), "hadamard0": (4, 8), "crop0": (3, 1), "ifft0": (3, 1)}),
    # interpolation of the columns alone drops the Nyquist bins of both axes
    ((CONV, RELU, Pad(size=(8, 32)), RELU), (1, 8, 16), {"fft0": (4, 8), "fft1": (3, 7), "ifft1": (3, 7)},
     {"fft1": (4, 8), "crop0": (3, 7), "ifft1": (3, 7)}),
    # the same band for both axes, of which a pool keeps less in one
    ((SpectralConv(channels=2, band=2), pool((4, 8)), RELU), (1, 8, 16), {"fft0": (1, 2), "hadamard0": (1, 2)},
     {"fft0": (4, 8), "hadamard0": (4, 8), "crop0": (2, 2), "crop1": (1, 2), "ifft0": (1, 2)}),
    # a signal has the row u = 0 alone
    ((CONV, pool(16), RELU), (3, 32), {"fft0": (0, 7), "hadamard0": (0, 7), "ifft0": (0, 7)},
     {"fft0": (0, 16), "hadamard0": (0, 16), "crop0": (0, 7), "ifft0": (0, 7)}),
    ((SpectralConv(channels=2, band=4), RELU, pool(8)), (1, 16), {"fft0": (0, 4), "hadamard0": (0, 4), "fft1": (0, 3)},
     {"fft0": (0, 8), "crop0": (0, 4), "fft1": (0, 8), "crop1": (0, 3)}),
])
def test_radii_of_rectangles_and_signals(layers, shape, pruned, whole):
    for expected, prune in ((pruned, True), (whole, False)):
        got = radii(*layers, prune=prune, shape=shape)
        assert {name: r for name, r in got.items() if name in expected} == expected


@pytest.mark.parametrize("name", list(tiny.kinds()) + ["rect", "rgb", "oned", "odd", "bins", "vals", "valm", "norm"])
def test_radii_are_the_proven_ones(name):
    """Every pruned stage of bins computes the rectangle that liveness calls for, no bin less and none more."""
    network = (tiny.kinds() | tiny.shapes())[name]
    edges = dict(zip(network.steps, analyse(network.steps)))
    followers = dict(zip(network.steps, [*network.steps[1:], None]))
    radius_in = None
    for s in network.stages:
        if s.kind in ("transform", "multiply", "bin", "crop", "normalise"):
            follower = followers[s.step]
            if s.kind == "normalise":  # an own crop follows
                assert s.radius == radius_in
            else:
                if follower is None:  # the answer, all of whose live bins are wanted
                    continue
                edge, (r, c) = edges[follower], s.radius
                wanted = ~edge.dead
                shape = low(edge.size, (2 * r + 1, 2 * c + 1))
                assert (wanted == shape).all() and s.bins == wanted.sum() and s.rows == min(2 * r + 1, edge.size[0])
        assert s.radius_in == radius_in
        radius_in = s.radius if s.kind not in ("inverse", "point", "tile") else None


def test_names_edges_and_channels():
    """An activation behind an IFFT takes the edge of the map; numbers count stages of a name, and edges of a stem."""
    net = network(SpectralConv(channels=3, kernel=3), Normalise(), pool(8), RELU, MaxPool(), GELU, RELU, CONV, TANH)
    assert [(s.kind, s.name, s.edge, s.size, s.inputs, s.channels) for s in net.stages] == [
        ("transform", "fft0", "spectrum0", (16, 16), 1, 1),
        ("multiply", "hadamard0", "product0", (16, 16), 1, 3),
        ("normalise", "normalise0", "normalised0", (16, 16), 3, 3),
        ("crop", "crop0", "cropped0", (16, 16), 3, 3),
        ("inverse", "ifft0", "", (8, 8), 3, 3),
        ("point", "relu0", "map0", (8, 8), 3, 3),
        ("tile", "max_pool0", "pooled0", (8, 8), 3, 3),
        ("point", "gelu0", "map1", (4, 4), 3, 3),
        ("point", "relu1", "map2", (4, 4), 3, 3),
        ("transform", "fft1", "spectrum1", (4, 4), 3, 3),
        ("multiply", "hadamard1", "product1", (4, 4), 3, 2),
        ("bin", "tanh0", "bins0", (4, 4), 2, 2),
        ("linear", "dense", "logits", (4, 4), 2, 2),
    ]
    direct = network(CONV, MaxPool(), RELU).stages  # max pooling of an IFFT's map: the map has an edge of its own
    assert [s.edge for s in direct] == ["spectrum0", "product0", "map0", "pooled0", "map1", "logits"]
    for net in tiny.kinds().values():
        edges = [s.edge for s in net.stages if s.edge]
        assert len(set(edges)) == len(edges) and len({s.name for s in net.stages}) == len(net.stages)


def scales(*layers) -> dict[str, tuple[Fraction, Fraction]]:
    """``(before, behind)`` of products, the scale of others, of the stages that have one."""
    out = {}
    for s in network(*layers).stages:
        if s.scale != 1 or s.before != 1:
            out[s.name] = (s.before, s.after) if s.kind == "multiply" else s.scale
    return out


F = Fraction


@pytest.mark.parametrize(("layers", "expected"), [
    ((CONV, RELU), {}),
    ((CONV, pool(8), RELU), {"hadamard0": (1, F(1, 4))}),  # into the weights of the product before
    ((CONV, pool(6)), {"hadamard0": (1, F(9, 64))}),  # which need no power of two
    ((CONV, pool(7), Pad(size=16), RELU), {}),  # (7/16)**2 (16/7)**2
    ((CONV, pool(12), pool(6)), {"hadamard0": (1, F(9, 64))}),
    ((pool(8), CONV, RELU), {"hadamard0": (F(1, 4), 1)}),  # of the one behind, but not into its bias
    ((pool(6), CONV), {"hadamard0": (F(9, 64), 1)}),
    ((pool(12), CONV, pool(6)), {"hadamard0": (F(9, 16), F(1, 4))}),
    ((pool(8), CONV, Pad(size=16), RELU), {"hadamard0": (F(1, 4), 4)}),
    ((CONV, pool(8), CONV, RELU), {"hadamard0": (1, F(1, 4))}),  # linear to both: the first
    ((CONV, FROZEN, pool(8), RELU), {"hadamard0": (1, F(1, 4))}),
    ((CONV, RELU, pool(8), CONV, RELU), {"hadamard1": (F(1, 4), 1)}),
    ((CONV, RELU, pool(6)), {"dense": F(9, 64)}),  # or of the dense layer
    ((pool(8),), {"dense": F(1, 4)}),
    ((CONV, RELU, pool(8), TANH), {"fft1": F(1, 4)}),  # no weights: a power of two moves the binary point
    ((pool(8), RELU), {"ifft0": F(1, 4)}),
    ((CONV, TANH, pool(8), RELU), {"ifft0": F(1, 4)}),
    ((CONV, TANH, pool(8), TANH), {"tanh0": F(1, 4)}),
    ((CONV, TANH, pool(8), MaxPool()), {"ifft0": F(1, 4)}),
    ((CONV, Normalise(), pool(8), TANH), {"crop0": F(1, 4)}),
    ((CONV, RELU, pool(8), Normalise(), TANH), {}),  # statistics cancel it
    ((CONV, RELU, pool(6), OVER_MAP, TANH), {}),
    ((CONV, pool(6), Normalise()), {"hadamard0": (1, F(9, 64))}),
    ((CONV, RELU, pool(6), Normalise(), pool(3)), {"dense": F(1, 4)}),
    ((CONV, TANH, pool(6), CONV, TANH, pool(3)), {"hadamard1": (F(9, 64), 1), "dense": F(1, 4)}),
])
def test_where_scales_go(layers, expected):
    assert scales(*layers) == expected


@pytest.mark.parametrize("name", [*tiny.kinds(), *tiny.shapes()])
def test_pruning_moves_no_scale_away(name):
    """The product of all scales between two functions is that of the pools and pads between them."""
    network = (tiny.kinds() | tiny.shapes())[name]
    for prune in (True, False):
        total = np.prod([s.scale for s in stages(network, prune=prune)])
        pools = np.prod([F(math.prod(s.keeps), math.prod(s.size)) for s in network.steps if s.kind in ("crop", "pad")])
        assert total == pools


NOT_A_POWER = ("Pooling or padding by a factor that is no power of two needs a SpectralConv or Pointwise beside it, before {} follows")


@pytest.mark.parametrize(("layers", "what"), [
    ((pool(6), TANH), "tanh of each bin"),
    ((CONV, RELU, pool(7), MODULUS), "modulus of each bin"),
    ((CONV, TANH, pool(6), TANH, CONV), "tanh of each bin"),
    ((CONV, Normalise(), pool(6), TANH), "tanh of each bin"),
    ((pool(12), TANH, Pad(size=16), RELU), "tanh of each bin"),
    ((CONV, TANH, pool(6), Pad(size=8), GELU), None),  # 8/16: a power of two again
    ((pool(6), Pad(size=8), MaxPool()), None),
])
def test_scales_without_weights(layers, what):
    if what is None:
        network(*layers)
        return
    with refused(NOT_A_POWER.format(what), DescriptionError):
        network(*layers)


def test_frozen_statistics_belong_to_their_product():
    """Wherever a crop stands."""
    net = network(CONV, FROZEN, RELU, SpectralConv(channels=2, band=3), FROZEN, pool(8), RELU)
    for prune in (True, False):
        products = [s for s in stages(net, prune=prune) if s.kind == "multiply"]
        assert [s.frozen.index for s in products] == [0, 1]
        assert all(s.frozen is None for s in stages(net, prune=prune) if s.kind != "multiply")


def test_orthonormal():
    assert [orthonormal((n, n)) for n in (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 64)] == [1, 2, 4, 4, 8, 8, 8, 16, 16, 32, 64]
    for rows, columns in ((1, 16), (1, 17), (1, 4096), (4, 16), (8, 16), (5, 13), (256, 4), (1, 2)):
        p = orthonormal((rows, columns))
        assert p * p >= rows * columns > p * p / 4 and p & (p - 1) == 0
