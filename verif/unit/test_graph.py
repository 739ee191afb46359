"""A network as a graph of steps: order, names and inputs, the transforms between them, sizes and channels, refusals."""

from __future__ import annotations

import json

import pytest

from hadamac.errors import DescriptionError
from hadamac.network import (
    Activation,
    Add,
    Dense,
    MaxPool,
    Network,
    Normalise,
    Pad,
    Pointwise,
    SpectralConv,
    SpectralPool,
)
from hadamac.network.graph import KINDS, Step, graph, layer_names, sources_of, users_of
from support import tiny
from support.seeds import refused

CONV, RELU, DENSE = SpectralConv(channels=3, kernel=3), Activation(), Dense(outputs=2)
TANH = Activation(function="tanh", domain="bins")
FROZEN = Normalise(over="map", statistics="frozen")


def network(*layers, size=16) -> Network:
    return Network(name="chain", shape=(1, size, size), layers=layers)


def kinds(*layers) -> list[str]:
    return [step.kind for step in network(*layers, DENSE).steps]


def test_every_fact_of_a_chain():
    """Size before a step, channels behind it, what a crop, pad or band keeps, the layer's number among its type."""
    layers = (SpectralConv(channels=3, band=5), SpectralPool(size=8), RELU, SpectralConv(channels=4, kernel=5), Pad(size=16),
              Activation(function="gelu"), MaxPool(), DENSE)
    steps = [(s.kind, s.what, s.size, s.keeps, s.channels, s.index) for s in network(*layers).steps]
    assert steps == [
        ("transform", "FFT2 16x16", (16, 16), (0, 0), 1, 0),
        ("multiply", "SpectralConv 1 to 3", (16, 16), (0, 0), 3, 0),
        ("band", "band limit |u|, |v| <= 5", (16, 16), (11, 11), 3, 0),
        ("crop", "SpectralPool 16x16 to 8x8", (16, 16), (8, 8), 3, 0),
        ("inverse", "IFFT2 8x8", (8, 8), (0, 0), 3, 0),
        ("point", "relu", (8, 8), (0, 0), 3, 0),
        ("transform", "FFT2 8x8", (8, 8), (0, 0), 3, 0),
        ("multiply", "SpectralConv 3 to 4", (8, 8), (0, 0), 4, 1),
        ("pad", "Pad 8x8 to 16x16", (8, 8), (16, 16), 4, 0),
        ("inverse", "IFFT2 16x16", (16, 16), (0, 0), 4, 0),
        ("point", "gelu", (16, 16), (0, 0), 4, 1),
        ("tile", "MaxPool 16x16 to 8x8", (16, 16), (0, 0), 4, 0),
        ("linear", "Dense to 2", (8, 8), (0, 0), 2, 0),
    ]
    net = network(*layers)
    assert [s.layer for s in net.steps] == [None, layers[0], layers[0], layers[1], None, layers[2], None, *layers[3:5], None,
                                            *layers[5:]]
    assert graph(net) == net.steps


@pytest.mark.parametrize(("layers", "expected"), [
    ((), ""),
    ((CONV,), "transform multiply"),
    ((RELU,), "point"),
    ((MaxPool(), RELU), "tile point"),
    ((RELU, RELU), "point point"),
    ((CONV, RELU), "transform multiply inverse point"),
    ((CONV, CONV, RELU), "transform multiply multiply inverse point"),
    ((SpectralPool(size=8), RELU), "transform crop inverse point"),
    ((CONV, RELU, SpectralPool(size=8)), "transform multiply inverse point transform crop"),
    ((CONV, TANH, SpectralPool(size=8), MaxPool()), "transform multiply bin crop inverse tile"),
    ((TANH, TANH), "transform bin bin"),
    ((Normalise(), TANH, RELU, Normalise(over="map")), "transform normalise bin inverse point transform normalise"),
    ((CONV, FROZEN, RELU), "transform multiply multiply inverse point"),
    ((SpectralConv(channels=2, band=3), FROZEN), "transform multiply band multiply"),
    ((CONV, SpectralPool(size=7), TANH, CONV, Pad(size=16), RELU),
     "transform multiply crop bin multiply pad inverse point"),
])
def test_transforms_stand_where_maps_and_bins_meet(layers, expected):
    """Nowhere else: bins follow bins, and maps follow maps; the dense layer takes either."""
    assert kinds(*layers) == [*expected.split(), "linear"]


def test_kinds_of_the_small_networks():
    """Together they hold every kind of step, the residual ones a join besides."""
    chains = {s.kind for net in tiny.kinds().values() for s in net.steps}
    assert chains == set(KINDS) - {"join"} and "join" in {s.kind for net in tiny.residuals().values() for s in net.steps}
    for net in tiny.kinds().values():
        spectral = False
        for s in net.steps:
            assert spectral == (s.kind not in ("transform", "mix", "point", "tile", "canvas")) or s.kind == "linear", (net.name, s)
            spectral = s.kind == "transform" or spectral and s.kind != "inverse"


def test_a_number_of_each_type():
    """What parameters are named by: a frozen Normalise counts with the others."""
    steps = network(CONV, FROZEN, RELU, Normalise(), TANH, CONV, FROZEN, RELU, DENSE).steps
    named = [(s.layer.type, s.index) for s in steps if s.layer is not None]
    assert named == [("spectral_conv", 0), ("normalise", 0), ("activation", 0), ("normalise", 1), ("activation", 1),
                     ("spectral_conv", 1), ("normalise", 2), ("activation", 2), ("dense", 0)]


NO_DENSE = "Network layers must end with dense where the output is classes, not ({})"
NOT_BEFORE = ("Layers after a dense layer must be dense, sums or activations in space, because its outputs have no "
              "spectrum")
NOT_INVERTED = ("Size before an inverse transform must be one of 4, 8, 16, 32, 64, 128, 256, not {}: pad the spectrum, or "
                "stay on bins")
NOT_FOLDED = "Normalise with frozen statistics must follow a SpectralConv, into whose weights it is folded"


@pytest.mark.parametrize(("layers", "message"), [
    ((), NO_DENSE.format("")),
    ((CONV, RELU), NO_DENSE.format("spectral_conv, activation")),
    ((DENSE, RELU), NO_DENSE.format("dense, activation")),
    ((CONV, DENSE, CONV, DENSE), NOT_BEFORE),
    ((DENSE, TANH, DENSE), NOT_BEFORE),
    ((DENSE, SpectralPool(size=1), DENSE), NOT_BEFORE),
    ((DENSE, Normalise(), DENSE), NOT_BEFORE),
    ((DENSE, MaxPool(), DENSE), "MaxPool must have maps of more than 4 rows and columns, not 1 x 1"),
    ((CONV, DENSE, Dense(outputs=1)), "Dense outputs must be an integer from 2 to 256 where they are classes, not 1"),
    ((DENSE, Normalise()), NO_DENSE.format("dense, normalise")),
    ((SpectralConv(channels=1, kernel=17), DENSE), "SpectralConv kernel must be at most its input's size 16, not 17"),
    ((SpectralPool(size=4), SpectralConv(channels=1, kernel=5), DENSE),
     "SpectralConv kernel must be at most its input's size 4, not 5"),
    ((SpectralConv(channels=1, modes=(3, 8)), DENSE), "SpectralConv modes must be below half its input's size 16, not 8"),
    ((DENSE, Pointwise(channels=1, grid=True), DENSE),
     "Pointwise grid must be false for signals and after a dense layer, not true: only pixels of maps have coordinates"),
    ((SpectralConv(channels=1, band=8), DENSE), "SpectralConv band must be below half its input's size 16, not 8"),
    ((SpectralPool(size=7), SpectralConv(channels=1, band=4), DENSE),
     "SpectralConv band must be below half its input's size 7, not 4"),
    ((SpectralPool(size=17), DENSE), "SpectralPool size must be at most its input's 16x16, not 17x17"),
    ((MaxPool(), SpectralPool(size=9), DENSE), "SpectralPool size must be at most its input's 8x8, not 9x9"),
    ((Pad(size=15), DENSE), "Pad size must be at least its input's 16x16, not 15x15"),
    ((SpectralPool(size=8), Pad(size=7), DENSE), "Pad size must be at least its input's 8x8, not 7x7"),
    ((SpectralPool(size=7), RELU, DENSE), NOT_INVERTED.format(7)),
    ((SpectralPool(size=2), TANH, MaxPool(), DENSE), NOT_INVERTED.format(2)),
    ((Pad(size=20), RELU, DENSE), NOT_INVERTED.format(20)),
    ((MaxPool(), MaxPool(), MaxPool(), DENSE), "MaxPool must have maps of more than 4 rows and columns, not 4 x 4"),
    ((FROZEN, DENSE), NOT_FOLDED),
    ((CONV, RELU, FROZEN, DENSE), NOT_FOLDED),
    ((CONV, TANH, FROZEN, DENSE), NOT_FOLDED),
    ((CONV, SpectralPool(size=8), FROZEN, DENSE), NOT_FOLDED),
    ((CONV, FROZEN, FROZEN, DENSE), NOT_FOLDED),
    ((CONV, Normalise(), FROZEN, DENSE), NOT_FOLDED),
])
def test_refusals(layers, message):
    with refused(message, DescriptionError):
        network(*layers)


def test_what_is_just_allowed():
    for layers in ((SpectralConv(channels=1, kernel=15),), (SpectralConv(channels=1, band=7),), (SpectralPool(size=16),),
                   (Pad(size=16),), (SpectralPool(size=7), SpectralConv(channels=1, kernel=7, band=3)), (Pad(size=64),),
                   (SpectralPool(size=1),), (CONV, SpectralPool(size=7), TANH), (MaxPool(), MaxPool()), (Pad(size=256),),
                   (DENSE,), (CONV, DENSE, RELU), (Dense(outputs=1), RELU, Dense(outputs=3), Activation(function="gelu"))):
        network(*layers, DENSE)


def at(layer, *inputs, name=None):
    """Return a layer that takes from others, or that others take from by its name."""
    return type(layer)(**{k: v for k, v in vars(layer).items() if k not in ("name", "inputs")}, name=name,
                       inputs=inputs or None)


def edges(*layers) -> list[tuple[str, tuple[int, ...]]]:
    """Return every step and the steps that it takes from."""
    steps = network(*layers, DENSE).steps
    return [(s.what, sources_of(steps, k)) for k, s in enumerate(steps)]


def test_inputs_name_earlier_layers():
    """By a name of their own, by their type and number, or ``input``; the default is the layer before."""
    assert edges(at(CONV, name="stem"), RELU, at(CONV, "stem"), Add(inputs=("activation0", "spectral_conv1"))) == [
        ("FFT2 16x16", (-1,)), ("SpectralConv 1 to 3", (0,)), ("IFFT2 16x16", (1,)), ("relu", (2,)),
        ("SpectralConv 3 to 3", (1,)), ("FFT2 16x16", (3,)), ("Add of 2", (5, 4)), ("Dense to 2", (6,))]
    assert edges(SpectralConv(channels=1), Add(inputs=("input", "spectral_conv0"))) == [
        ("FFT2 16x16", (-1,)), ("SpectralConv 1 to 1", (0,)), ("Add of 2", (0, 1)), ("Dense to 2", (2,))]
    plain, named = network(CONV, RELU, DENSE), network(CONV, at(RELU, "spectral_conv0"), DENSE)
    assert [(s.what, s.sources) for s in plain.steps] == [(s.what, s.sources) for s in named.steps]


def test_names_of_layers():
    """A layer without a name is its type and the number among those of its type, whatever the others are named."""
    layers = at(CONV, name="first"), RELU, CONV, at(RELU, name="last")
    assert layer_names(layers) == ["first", "activation0", "spectral_conv1", "last"]


def test_layers_share_the_transforms_of_one_result():
    """Two layers of bins that take from one map use one FFT2; two of maps that take from one spectrum, one IFFT2."""
    steps = network(at(RELU, name="map"), at(CONV, "map", name="a"), at(TANH, "map", name="b"), at(CONV, "b"),
                    Add(inputs=("a", "spectral_conv1")), DENSE).steps
    assert [s.kind for s in steps] == ["point", "transform", "multiply", "bin", "multiply", "join", "linear"]
    assert users_of(steps)[2] == [2, 3]
    gelu = Activation(function="gelu")
    steps = network(at(CONV, name="bins"), at(RELU, "bins", name="a"), at(gelu, "bins", name="b"), Add(inputs=("a", "b")),
                    DENSE).steps
    assert [s.kind for s in steps] == ["transform", "multiply", "inverse", "point", "point", "join", "linear"]
    assert users_of(steps)[3] == [3, 4]


def test_a_sum_is_of_maps_only_if_all_are_maps():
    """Among bins a map is transformed, by the same FFT2 as a convolution that takes it."""
    maps = (CONV, at(RELU, name="a"), CONV, at(RELU, name="b"), Add(inputs=("a", "b")))
    mixed = (CONV, at(RELU, name="a"), at(CONV, name="b"), Add(inputs=("a", "b")))
    assert kinds(*maps)[-3:] == ["point", "join", "linear"] and kinds(*maps).count("transform") == 2
    assert kinds(*mixed)[-4:] == ["transform", "multiply", "join", "linear"] and kinds(*mixed).count("transform") == 2
    step = network(*mixed, DENSE).steps[-2]
    assert (step.kind, step.size, step.channels, step.sources, step.operation) == ("join", (16, 16), 3, (4, 5), "add")


@pytest.mark.parametrize("name", list(tiny.residuals()))
def test_steps_stand_in_topological_order(name):
    """Every step takes from earlier ones, each step but the last has users, and users are told of their sources."""
    steps = tiny.residuals()[name].steps
    users = users_of(steps)
    for k in range(len(steps)):
        assert all(-1 <= source < k for source in sources_of(steps, k))
    assert sorted((source, k) for k in range(len(steps)) for source in sources_of(steps, k)) == sorted(
        (source - 1, k) for source, taken in enumerate(users) for k in taken)
    assert all(users[:-1]) and not users[-1]
    assert any(len(taken) > 1 for taken in users)


def test_steps_without_sources_are_a_chain():
    steps = [Step("transform", 8, "a"), Step("multiply", 8, "b"), Step("linear", 8, "c")]
    assert [sources_of(steps, k) for k in range(3)] == [(-1,), (0,), (1,)] and users_of(steps) == [[0], [1], [2], []]


@pytest.mark.parametrize("name", list(tiny.residuals()))
def test_json_and_back(name):
    """Names and inputs are in the description where they are given, and only there."""
    net = tiny.residuals()[name]
    data = net.to_json()
    again = Network.from_json(json.dumps(data))
    assert again == net == Network.from_json(data) and again.steps == net.steps and again.stages == net.stages
    assert [set(given) & {"name", "inputs"} for given in data["layers"]] == [
        {field for field in ("name", "inputs") if getattr(layer, field) is not None} for layer in net.layers]


STEM = at(CONV, name="stem")
NOT_ALONE = ("Normalise with frozen statistics must be the only layer that takes from its SpectralConv, into whose weights "
             "it is folded")


@pytest.mark.parametrize(("layers", "message"), [
    ((CONV, at(RELU, "stem"), DENSE), "Layer activation0 must take from layers before it (input, spectral_conv0), not from "
     "stem"),
    ((at(RELU, "spectral_conv0"), CONV, DENSE), "Layer activation0 must take from layers before it (input), not from "
     "spectral_conv0"),
    ((STEM, at(RELU, "activation0"), DENSE), "Layer activation0 must take from layers before it (input, stem), not from "
     "activation0"),
    ((STEM, at(CONV, "spectral_conv0"), DENSE), "Layer spectral_conv1 must take from layers before it (input, stem), not "
     "from spectral_conv0"),
    ((STEM, Add(inputs=("stem", "late")), at(RELU, name="late"), DENSE),
     "Layer add0 must take from layers before it (input, stem), not from late"),
    ((STEM, at(RELU, name="stem"), DENSE), "Network layers must have different names, not stem twice"),
    ((at(CONV, name="activation0"), RELU, DENSE), "Network layers must have different names, not activation0 twice"),
    ((STEM, at(RELU, "input"), DENSE), "Layer stem must lead to the last layer, but no layer takes from it"),
    ((CONV, at(RELU, "input"), DENSE), "Layer spectral_conv0 must lead to the last layer, but no layer takes from it"),
    ((STEM, at(RELU, "stem", name="a"), at(RELU, "stem", name="b"), at(CONV, "stem"), DENSE),
     "Layer a must lead to the last layer, but no layer takes from it"),
    ((STEM, at(SpectralPool(size=8), name="low"), Add(inputs=("stem", "low")), DENSE),
     "Add inputs must have one shape, not 3 channels of 16 x 16 and 3 channels of 8 x 8"),
    ((STEM, at(SpectralConv(channels=2), name="two"), Add(inputs=("stem", "two")), DENSE),
     "Add inputs must have one shape, not 3 channels of 16 x 16 and 2 channels of 16 x 16"),
    ((STEM, Add(inputs=("stem", "input")), DENSE),
     "Add inputs must have one shape, not 3 channels of 16 x 16 and 1 channels of 16 x 16"),
    ((STEM, at(FROZEN, name="frozen"), at(RELU, "frozen", name="map"), Add(inputs=("stem", "map")), DENSE), NOT_ALONE),
    ((STEM, at(FROZEN, "stem", name="a"), at(FROZEN, "stem", name="b"), Add(inputs=("a", "b")), DENSE), NOT_ALONE),
    ((SpectralConv(channels=3, band=4, name="stem"), at(FROZEN, name="frozen"), Add(inputs=("stem", "frozen")), DENSE),
     NOT_ALONE),
    ((STEM, at(RELU, name="a"), at(FROZEN, "a"), DENSE), NOT_FOLDED),
])
def test_refusals_of_names_and_inputs(layers, message):
    with refused(message, DescriptionError):
        network(*layers)


@pytest.mark.parametrize(("build", "message"), [
    (lambda: Add(inputs=("a", "b", "a")), "Add inputs must be different layers, not a twice"),
    (lambda: Add(inputs=("a",)), "Add inputs must be the names of 2 to 8 layers, not 1 names"),
    (lambda: Add(), "Add inputs must be the names of 2 to 8 layers, not 0 names"),
    (lambda: Add(inputs=tuple("abcdefghi")), "Add inputs must be the names of 2 to 8 layers, not 9 names"),
    (lambda: Add(inputs="ab"), "Add inputs must be a list of names of layers, not 'ab'"),
    (lambda: Add(inputs=("a", 1)), "Add inputs must be a list of names of layers, not ('a', 1)"),
    (lambda: Activation(inputs=("a", "b")), "Activation inputs must be the name of one layer, not 2 names"),
    (lambda: Dense(outputs=2, inputs=()), "Dense inputs must be the name of one layer, not 0 names"),
    (lambda: MaxPool(inputs="a"), "MaxPool inputs must be a list of names of layers, not 'a'"),
    (lambda: Pad(size=8, name="a b"), "Pad name must be letters, digits, '-' and '_', not 'a b'"),
    (lambda: SpectralConv(channels=1, name=""), "SpectralConv name must be letters, digits, '-' and '_', not ''"),
    (lambda: SpectralPool(size=8, name=3), "SpectralPool name must be letters, digits, '-' and '_', not 3"),
    (lambda: Normalise(name="input"), "Normalise name must not be input, which is the network's input"),
])
def test_refusals_of_fields(build, message):
    with refused(message, DescriptionError):
        build()


def test_a_list_of_inputs_becomes_a_tuple():
    assert Add(inputs=["a", "b"]).inputs == ("a", "b") and Activation(inputs=["a"]).inputs == ("a",)


def test_eight_summands_are_allowed():
    branches = [at(RELU, "input", name=f"r{k}") for k in range(8)]
    assert edges(*branches, Add(inputs=[b.name for b in branches]))[-2] == ("Add of 8", tuple(range(8)))
