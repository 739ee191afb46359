"""Networks of every shape of input and every answer, and random ones: by their definition, in floats, in words."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DescriptionError, FitError
from hadamac.network import (
    Activation,
    Add,
    Canvas,
    Dense,
    MaxPool,
    Network,
    Normalise,
    Pad,
    Pointwise,
    SpectralConv,
    SpectralPool,
)
from hadamac.quantised import PRESETS, reference
from hadamac.quantised.quantise import quantise
from hadamac.quantised.unpruned import unpruned
from support import direct, tiny
from support.seeds import refused, rng

SHAPES = tiny.shapes()
LEAST_DB = {"rect": 24, "rgb": 29, "oned": 29, "odd": 28, "bins": 31, "vals": 21, "valm": 30, "norm": 23, "res1": 19,
            "mix1": 20, "fno": 28, "fno1": 20, "end1": 26, "ends": 26}
"""SQNR of the answers that words of the default preset keep: 6 dB below the least of 25 sets of random weights."""


def same(network: Network, params, images, tolerance: float = 1e-9) -> None:
    """Assert that the pruned float network gives what its layers define, in the bins that it answers."""
    got, want = reference.forward(network, params, images), direct.forward(network, params, images)
    if network.output == "bins":  # live ones, of which all others are zero
        rows, columns = got.shape[-2:]
        places = [u if rows == want.shape[-2] or u <= rows // 2 else u - rows for u in range(rows)]
        live = want[..., places, :columns]
        rest = abs(want) > 1e-9 * abs(want).max()
        rest[..., places, :columns] = False
        rest[..., -np.array(places), :][..., -np.arange(columns)] = False
        want = live
        half = rest[..., : rest.shape[-1] // 2 + 1]
        assert not half.any(), "bins that are not live are zero"
    assert got.shape == want.shape and got.shape[1:] == network.output_shape
    np.testing.assert_allclose(got, want, atol=tolerance * max(1, abs(want).max()), rtol=0)


def prepared(name: str, *seed):
    network, r = SHAPES[name], rng("shapes", name, *seed)
    return network, tiny.parameters(network, r), tiny.images(network, r, 24)


@pytest.mark.parametrize("name", list(SHAPES))
def test_floats_are_the_definition(name):
    """Pruning, moved scales, folded means and deviations, and pairs of channels change nothing."""
    varied = 0
    for k in range(4):
        network, params, images = prepared(name, k)
        same(network, params, images)
        varied += reference.forward(network, params, images).std(0).max() > 0.02
    assert varied, "maps that died would compare nothing but biases"


@pytest.mark.parametrize("name", list(SHAPES))
def test_words_are_close_to_floats(name):
    network, params, images = prepared(name)
    q = quantise(network, params, images, PRESETS["default"])
    prediction, want = q.predict(images), reference.forward(network, params, images)
    assert prediction.values.shape == want.shape and not prediction.overflow.any()
    noise = (abs(prediction.values - want) ** 2).sum()
    assert 10 * np.log10((abs(want) ** 2).sum() / noise) > LEAST_DB[name]
    np.testing.assert_array_equal(prediction.values, q.output_format.value(prediction.words))
    assert prediction.logits is prediction.words
    if network.output == "classes":
        np.testing.assert_array_equal(prediction.classes, prediction.words.argmax(1))
    else:
        assert prediction.classes.shape == (0,)


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.parametrize("name", list(SHAPES))
def test_pruning_changes_no_bit(name, preset):
    network, params, images = prepared(name)
    if preset == "compact" and network.format == "int16":
        with refused("Input format int16 must have at most 10 bits where words have 10, not 16: choose number formats with longer words", FitError):
            quantise(network, params, images, PRESETS[preset])
        return
    q = quantise(network, params, images, PRESETS[preset])
    pruned, whole = q.predict(images), unpruned(q, params).predict(images)
    np.testing.assert_array_equal(pruned.words, whole.words)
    np.testing.assert_array_equal(pruned.classes, whole.classes)


@pytest.mark.parametrize("name", list(SHAPES))
def test_a_trace_has_the_input_and_every_edge(name):
    """Words of the input are those of the frames, shifted up, with their border."""
    network, params, images = prepared(name)
    q = quantise(network, params, images, PRESETS["default"])
    words, values = q.predict(images[:5], trace=True).trace, reference.traced(network, params, images[:5])
    edges = [s.edge for s in network.stages if s.edge]
    assert list(words) == list(values) == [network.source, *edges] and list(q.edges) == list(words)
    np.testing.assert_array_equal(values[network.source], direct.source(network, images[:5]))
    np.testing.assert_array_equal(q.edges[network.source].value(words[network.source]), values[network.source])
    for s in network.stages:
        if s.edge:
            assert words[s.edge].shape == values[s.edge].shape, s.edge
            assert words[s.edge].shape[1:] == (s.shape if s.edge not in ("logits", "values") else network.output_shape)
    empty = q.predict(images[:0], trace=True)
    assert empty.words.shape == (0, *network.output_shape) and reference.forward(network, params, images[:0]).shape == (
        0, *network.output_shape)


def _layers(r, flat: bool, channels: int):
    """Yield layers at random; those that do not fit are for the network to refuse."""
    def pick(*choices):
        return choices[int(r.integers(len(choices)))]

    def size():
        return int(pick(4, 6, 8, 16, 32)) if flat else pick(4, 8, (4, 8), (8, 4), (8, 16), (6, 8), (16, 8))

    for k in range(int(r.integers(1, 6))):
        kind = pick("conv", "conv", "pool", "pad", "pad", "point", "point", "bin", "normalise", "tile", "add", "frozen", "mix", "modes",
                    "canvas")
        if kind == "conv":
            yield SpectralConv(channels=int(r.integers(1, 4)), kernel=pick(1, 3, 3, None), band=pick(None, None, 1, 2),
                               real=pick(False, False, True))
        elif kind == "pool":
            yield SpectralPool(size=size())
        elif kind == "pad":
            yield Pad(size=size())
        elif kind == "point":
            yield Activation(function=pick("relu", "gelu", "quadratic", "tanh"))
        elif kind == "bin":
            yield Activation(function=pick("tanh", "modulus", "modrelu"), domain="bins")
        elif kind == "normalise":
            yield Normalise(over=pick("bins", "map"), correction=pick(0, 1))
        elif kind == "frozen":
            yield SpectralConv(channels=channels, kernel=1)
            yield Normalise(over="map", statistics="frozen")
        elif kind == "tile":
            yield MaxPool()
        elif kind == "mix":
            yield Pointwise(channels=int(r.integers(1, 4)), grid=pick(False, not flat))
        elif kind == "modes":
            yield SpectralConv(channels=int(r.integers(1, 4)), modes=pick(0, 1, (1, 2), (2, 1)), pointwise=pick(False, True))
        elif kind == "canvas":
            yield Canvas(keep=pick(3, 4, 7), size=pick(4, 8, 16))
        else:
            yield SpectralConv(channels=channels, kernel=1, name=f"a{k}")
            yield Activation(function="gelu", name=f"b{k}")
            yield SpectralConv(channels=channels, kernel=3, name=f"c{k}")
            yield Add(inputs=(f"a{k}", f"c{k}", f"b{k}"))


def random_network(r, k: int) -> Network | None:
    """Return a network at random; None if its layers do not fit one another."""
    flat, channels = bool(r.integers(2)), int(r.integers(1, 4))
    shape = (channels, int(r.integers(16, 40))) if flat else (channels, *(int(n) for n in r.integers(4, 17, 2)))
    layers = list(_layers(r, flat, int(r.integers(1, 4))))
    output = ("classes", "values", "maps", "bins")[int(r.integers(4))]
    if output in ("classes", "values"):
        if r.integers(2):
            layers += [Dense(outputs=int(r.integers(1, 5))), Activation(function="tanh")]
        layers.append(Dense(outputs=int(r.integers(2, 5))))
    form = ("uint8", "int8", "int16", "SQ(2,5)")[int(r.integers(4))]
    try:
        return Network(name=f"random-{k}", shape=shape, layers=tuple(layers), format=form, output=output,
                       padding=("zero", "mirror")[int(r.integers(2))], standardise=bool(r.integers(2)))
    except DescriptionError:
        return None


@pytest.mark.parametrize("part", range(4))
def test_random_networks_are_the_definition(part):
    """Whatever the network accepts, it computes: pruned, its float answers are those of the layers one by one."""
    r, done, kinds = rng("random networks", part), [], set()
    for k in range(4000):
        network = random_network(r, k)
        if network is None:
            continue
        params, images = tiny.parameters(network, r), tiny.images(network, r, 4)
        try:
            same(network, params, images, 1e-7)
        except Exception as e:
            raise AssertionError(f"{network.to_json()}: {type(e).__name__}: {e}") from e
        assert Network.from_json(network.to_json()) == network
        done.append((network.flat, network.channels, network.output, network.given != network.size))
        kinds |= {s.kind for s in network.steps}
        if len(done) == 60:
            break
    assert len(done) == 60 and len(set(done)) > 15 and kinds >= {
        "crop", "pad", "join", "bin", "point", "normalise", "linear", "mix", "band"}


@pytest.mark.parametrize("name", list(tiny.sizes()))
def test_sizes_that_people_bring(name):
    """In words, also of 128 x 128: close to floats, which are the definition, and no bit of a dead bin matters."""
    network, r = tiny.sizes()[name], rng("sizes", name)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 8)
    q = quantise(network, params, images, PRESETS["default"])
    prediction, want = q.predict(images), reference.forward(network, params, images)
    same(network, params, images)
    assert not prediction.overflow.any()
    assert 10 * np.log10((want**2).sum() / ((prediction.values - want) ** 2).sum()) > 20
    np.testing.assert_array_equal(prediction.words, unpruned(q, params).predict(images).words)


def test_an_image_that_was_averaged_stays_one():
    """A global average has one row, as signals have, and is no signal for it."""
    layers = (SpectralConv(channels=1, kernel=3), SpectralPool(size=1), Pad(size=8))
    assert Network(name="mean", shape=(1, 8, 8), layers=layers, output="maps").output_shape == (1, 8, 8)
    with refused("Pad size must be an integer from 1 to 256, not 512", DescriptionError):
        _ = Network(name="mean", shape=(1, 8, 8), layers=(*layers[:2], Pad(size=512)), output="maps").steps
    with refused("SpectralPool size must be 1 in both directions or in none, not (1, 8)", DescriptionError):
        _ = Network(name="mean", shape=(1, 8, 8), layers=(layers[0], SpectralPool(size=(1, 8))), output="maps").steps
