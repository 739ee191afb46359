"""Stages of residual networks: radii and crops of branches, where the scales of pooling go, names and edges."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hadamac.errors import DescriptionError
from hadamac.network import Activation, Add, Dense, MaxPool, Network, Normalise, Pad, SpectralConv, SpectralPool
from hadamac.network.liveness import analyse, low
from hadamac.network.stage import users_of_stages
from hadamac.network.stages import stages
from support import tiny
from support.seeds import refused

CONV, FREE, DENSE = SpectralConv(channels=2, kernel=3), SpectralConv(channels=2), Dense(outputs=2)
RELU, GELU, TANH = Activation(), Activation(function="gelu"), Activation(function="tanh", domain="bins")
MODULUS = Activation(function="modulus", domain="bins")
F = Fraction


def pool(size):
    return SpectralPool(size=size)


def network(*layers, size=16) -> Network:
    return Network(name="stages", shape=(1, size, size), layers=(*layers, DENSE))


def at(layer, *inputs, name=None):
    """Return a layer that takes from others, or that others take from by its name."""
    return type(layer)(**{k: v for k, v in vars(layer).items() if k not in ("name", "inputs")}, name=name,
                       inputs=inputs or None)


def add(*inputs) -> Add:
    return Add(inputs=inputs)


def ways(*layers, prune=True) -> dict[str, tuple]:
    """Return the names of the stages that each stage takes from, with the radii that they give, and its own radius.

    All radii are equal in both directions, and stand as one number.
    """
    def one(radius):
        assert radius is None or radius[0] == radius[1]
        return None if radius is None else radius[0]

    made = stages(network(*layers), prune=prune)
    names = {-1: "image"} | {k: s.name for k, s in enumerate(made)}
    return {s.name: (*((names[source], one(r)) for source, r in zip(s.sources, s.radii_in, strict=True)), one(s.radius))
            for s in made}


def scales(*layers) -> dict[str, tuple[Fraction, Fraction]]:
    """``(before, behind)`` of products, the scale of others, of the stages that have one."""
    out = {}
    for s in network(*layers).stages:
        if s.scale != 1 or s.before != 1:
            out[s.name] = (s.before, s.after) if s.kind == "multiply" else s.scale
    return out


NOT_A_POWER = ("Pooling or padding by a factor that is no power of two needs a SpectralConv or Pointwise beside it, before {} follows")
STEM, LOW = at(CONV, name="stem"), (at(pool(8), "stem"), at(Pad(size=16), name="low"))


def test_a_branch_gets_a_crop_of_its_own():
    """Where the other branch of a fork wants more bins; the spectrum itself has the larger radius."""
    layers = STEM, *LOW, at(TANH, "stem", name="high"), add("low", "high"), RELU
    assert ways(*layers) == {
        "fft0": (("image", None), 8), "hadamard0": (("fft0", 8), 8), "crop0": (("hadamard0", 8), 3),
        "tanh0": (("hadamard0", 8), 8), "add0": (("crop0", 3), ("tanh0", 8), 8), "ifft0": (("add0", 8), 8),
        "relu0": (("ifft0", None), None), "dense": (("relu0", None), None)}
    assert ways(*layers, prune=False) == ways(*layers)  # here the crop is the pool's


def test_both_branches_are_pruned_to_what_follows_the_sum():
    """A pool after the sum prunes all that stands before it; one that is smaller than a branch's band crops it."""
    layers = STEM, at(TANH, name="high"), *LOW, add("low", "high"), pool(6), MODULUS
    conv = at(FREE, name="after")
    pruned = ways(*layers[:-2], pool(6), conv, MODULUS)
    assert {name: way[-1] for name, way in pruned.items()} == {
        "fft0": 2, "hadamard0": 2, "tanh0": 2, "add0": 2, "hadamard1": 2, "modulus0": 2, "dense": 2}
    whole = ways(*layers[:-2], pool(6), conv, MODULUS, prune=False)
    assert {name: way[-1] for name, way in whole.items()} == {
        "fft0": 8, "hadamard0": 8, "tanh0": 8, "crop0": 3, "add0": 8, "crop1": 2, "hadamard1": 2, "modulus0": 2, "dense": 2}
    assert whole["add0"] == (("crop0", 3), ("tanh0", 8), 8)


def test_statistics_in_one_branch_keep_its_bins():
    """Only that branch: the other is cropped before the sum, by a crop that liveness asks of its edge."""
    layers = STEM, Normalise(), at(TANH, name="branch"), add("stem", "branch"), pool(8), RELU
    assert ways(*layers) == {
        "fft0": (("image", None), 8), "hadamard0": (("fft0", 8), 8), "normalise0": (("hadamard0", 8), 8),
        "crop0": (("normalise0", 8), 3), "tanh0": (("crop0", 3), 3), "crop1": (("hadamard0", 8), 3),
        "add0": (("crop1", 3), ("tanh0", 3), 3), "ifft0": (("add0", 3), 3), "relu0": (("ifft0", None), None),
        "dense": (("relu0", None), None)}
    assert "crop1" not in ways(*layers, prune=False)


def test_summands_of_different_radii():
    """The sum has the largest radius, and the narrower ones are not padded; beyond all of them nothing is computed."""
    band = [SpectralConv(channels=2, band=b, inputs=("stem",), name=f"b{b}") for b in (2, 5)]
    got = ways(STEM, *band, add("b2", "b5"), RELU)
    assert got["fft0"][-1] == 5 and got["add0"] == (("hadamard1", 2), ("hadamard2", 5), 5)
    assert got["crop0"] == (("hadamard0", 5), 2) and got["hadamard1"] == (("crop0", 2), 2)
    assert ways(STEM, *band, add("b5", "b2"), RELU)["add0"] == (("hadamard2", 5), ("hadamard1", 2), 5)


@pytest.mark.parametrize(("layers", "expected"), [
    # in one branch: the binary point of a crop moves, because the spectrum itself is the other branch's too
    ((STEM, at(pool(8), name="low"), at(RELU, "stem"), MaxPool(name="high"), add("low", "high"), RELU), {"crop0": F(1, 4)}),
    # the same after a product of the branch's own: its weights take the scale
    ((at(RELU, name="stem"), CONV, at(pool(8), name="low"), at(MaxPool(), "stem"), at(CONV, name="high"),
      add("low", "high"), RELU), {"hadamard0": (1, F(1, 4))}),
    # into a product downstream, in the same branch
    ((at(RELU, name="stem"), pool(8), at(CONV, name="low"), at(MaxPool(), "stem"), at(CONV, name="high"),
      add("low", "high"), RELU), {"hadamard0": (F(1, 4), 1)}),
    # a scale passes neither a fork nor a join, even if a product could take it
    ((CONV, at(pool(8), name="low"), at(TANH, "low", name="a"), at(CONV, "low", name="b"), add("a", "b"), RELU),
     {"hadamard0": (1, F(1, 4))}),
    ((CONV, TANH, at(pool(8), name="low"), at(TANH, "low", name="a"), at(CONV, "low", name="b"), add("a", "b"), RELU),
     {"tanh0": F(1, 4)}),
    # after the sum: no product before it can take the scale
    ((STEM, at(CONV, name="b"), add("stem", "b"), pool(8), RELU), {"ifft0": F(1, 4)}),
    ((STEM, at(CONV, name="b"), add("stem", "b"), pool(6), FREE), {"hadamard2": (F(9, 64), 1)}),
    ((STEM, at(CONV, name="b"), add("stem", "b"), pool(6)), {"dense": F(9, 64)}),
    ((STEM, *LOW, add("stem", "low"), RELU), {}),  # 1/4 of the pool, 4 of the pad
])
def test_where_scales_of_residual_networks_go(layers, expected):
    assert scales(*layers) == expected


@pytest.mark.parametrize(("layers", "what"), [
    ((STEM, at(pool(6), name="a"), at(FREE, "stem"), at(pool(6), name="b"), add("a", "b")), "Add of 2"),
    ((CONV, TANH, at(pool(6), name="low"), at(FREE, "low", name="a"), at(FREE, "low", name="b"), add("a", "b")),
     "SpectralPool 16x16 to 6x6"),
    ((STEM, at(FREE, name="b"), add("stem", "b"), pool(6), TANH), "tanh of each bin"),
])
def test_scales_that_no_weights_take_at_forks_and_joins(layers, what):
    """A factor that is no power of two cannot move a binary point."""
    with refused(NOT_A_POWER.format(what), DescriptionError):
        network(*layers)


@pytest.mark.parametrize("name", list(tiny.residuals()))
def test_residual_stages_fit_one_another(name):
    """Radii and channels agree along every edge, names and edges differ, and every stage but the last has users."""
    for prune in (True, False):
        made = stages(tiny.residuals()[name], prune=prune)
        for k, s in enumerate(made):
            assert all(-1 <= source < k for source in s.sources) and len(s.sources) == len(s.radii_in)
            assert (len(s.sources) > 1) == (s.kind == "join")
            for source, r in zip(s.sources, s.radii_in):
                given = made[source] if source >= 0 else None
                assert r == (given.radius if given is not None and given.spectral else None)
                assert s.inputs == (1 if given is None else given.channels)
        users = users_of_stages(made)
        assert all(users[:-1]) and not users[-1] and any(len(taken) > 1 for taken in users)
        assert len({s.name for s in made}) == len(made)
        named = [s.edge for s in made if s.edge]
        assert len(set(named)) == len(named) and {s.edge for s in made if s.kind == "join"} <= set(named)
        assert all(s.edge or s.kind == "inverse" for s in made)


def test_an_inverse_transform_with_two_users_has_an_edge():
    """Its map is nobody's own: neither of two functions that take it."""
    made = network(STEM, at(RELU, "stem", name="a"), at(GELU, "stem", name="b"), add("a", "b")).stages
    assert [(s.name, s.edge) for s in made] == [
        ("fft0", "spectrum0"), ("hadamard0", "product0"), ("ifft0", "map0"), ("relu0", "map1"), ("gelu0", "map2"),
        ("add0", "sum0"), ("dense", "logits")]


@pytest.mark.parametrize("name", list(tiny.residuals()))
def test_radii_of_residual_networks_are_the_proven_ones(name):
    """Every edge of the circuit has the rectangle of bins that liveness calls for, and a branch its own share of it."""
    net = tiny.residuals()[name]
    wanted = {step: edge for step, edge in zip([None, *net.steps], analyse(net.steps))}
    for s in net.stages:
        if s.kind in ("transform", "multiply", "bin", "join") and wanted[s.step].live is not None:
            edge, there = wanted[s.step], ~wanted[s.step].dead
            assert (there == low(edge.size, tuple(2 * r + 1 for r in s.radius))).all(), s.name
