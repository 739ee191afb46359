"""Network descriptions: stages, parameters, JSON, refusals."""

from __future__ import annotations

import json

import pytest

from hadamac.errors import DescriptionError
from hadamac.network import Activation, Dense, Network, SpectralConv, SpectralPool, default_network
from support import tiny
from support.seeds import refused


def test_default_network():
    network = default_network()
    assert [(s.name, s.edge, s.size, s.radius, s.inputs, s.channels) for s in network.stages] == [
        ("fft0", "spectrum0", 32, 7, 1, 1), ("hadamard0", "product0", 32, 7, 1, 8), ("ifft0", "", 16, 7, 8, 8),
        ("relu0", "map0", 16, None, 8, 8),
        ("fft1", "spectrum1", 16, 3, 8, 8), ("hadamard1", "product1", 16, 3, 8, 16), ("ifft1", "", 8, 3, 16, 16),
        ("relu1", "map1", 8, None, 16, 16), ("dense", "logits", 8, None, 16, 16)]
    assert [(s.layer.kernel, s.scale) for s in network.stages if s.kind == "multiply"] == [(5, 0.25), (5, 0.25)]
    assert network.parameters == {
        "conv0.kernel": (8, 1, 5, 5), "conv0.bias": (8,), "conv1.kernel": (16, 8, 5, 5), "conv1.bias": (16,),
        "dense.weight": (10, 16, 8, 8), "dense.bias": (10,),
    }


FREE, POOLED, WHOLE = (2, 2, 7, 4, 2), (3, 2, 7, 4, 2), (2, 1, 16, 9, 2)
PARAMETERS = {
    "pool_relu": {"conv0.kernel": (2, 1, 3, 3), "conv0.bias": (2,), "conv1.spectrum": FREE, "conv1.bias": (2,),
                  "dense.weight": (3, 2, 8, 8)},
    "relu_pool": {"conv0.kernel": (2, 1, 3, 3), "conv0.bias": (2,), "dense.weight": POOLED},
    "whole": {"conv0.kernel": (2, 1, 3, 3), "conv0.bias": (2,), "conv1.spectrum": (2, 2, 16, 9, 2), "conv1.bias": (2,),
              "dense.weight": (3, 2, 16, 16)},
    "tanh_bins": {"conv0.spectrum": (2, 1, 7, 4, 2), "conv0.bias": (2,), "conv1.kernel": (2, 2, 3, 3),
                  "conv1.bias": (2,), "dense.weight": POOLED},
    "normalise_pool": {"conv0.kernel": (2, 1, 3, 3), "conv0.bias": (2,), "dense.weight": (3, 2, 5, 3, 2)},
    "low_pass_pad": {"conv0.kernel": (2, 1, 3, 3), "conv0.bias": (2,), "dense.weight": (3, 2, 16, 16)},
    "band": {"conv0.kernel": (2, 1, 5, 5), "conv0.bias": (2,), "conv1.spectrum": FREE, "conv1.bias": (2,),
             "dense.weight": POOLED},
    "modrelu": {"conv0.kernel": (2, 1, 3, 3), "conv0.bias": (2,), "act0.bias": (2,), "dense.weight": (3, 2, 8, 8)},
    "modulus": {"conv0.kernel": (2, 1, 3, 3), "conv0.bias": (2,), "conv1.spectrum": (2, 2, 5, 3, 2), "conv1.bias": (2,),
                "dense.weight": (3, 2, 5, 3, 2)},
    "max_pool": {"conv0.spectrum": WHOLE, "conv0.bias": (2,), "conv1.kernel": (2, 2, 3, 3), "conv1.bias": (2,),
                 "dense.weight": (3, 2, 8, 8)},
    "quadratic": {"conv0.kernel": (2, 1, 3, 3), "conv0.bias": (2,), "act0.coefficients": (3,),
                  "conv1.kernel": (2, 2, 3, 3), "conv1.bias": (2,), "act1.coefficients": (3,),
                  "dense.weight": (3, 2, 4, 4)},
    "frozen": {"conv0.kernel": (2, 1, 3, 3), "conv0.bias": (2,), "norm0.mean": (2,), "norm0.deviation": (2,),
               "conv1.kernel": (2, 2, 5, 5), "conv1.bias": (2,), "norm1.mean": (2,), "norm1.deviation": (2,),
               "dense.weight": (3, 2, 16, 16)},
}


@pytest.mark.parametrize("name", list(tiny.kinds()))
def test_parameters_of_every_kind(name):
    """In the order of the layers; of free spectra and of a dense layer on bins, the live bins."""
    parameters = tiny.kinds()[name].parameters
    assert parameters == PARAMETERS[name] | {"dense.bias": (3,)}
    assert list(parameters) == [*PARAMETERS[name], "dense.bias"]


@pytest.mark.parametrize("network", [default_network(), tiny.one_group(), tiny.two_groups(), *tiny.every().values()],
                         ids=lambda n: n.name)
def test_json_and_back(network):
    text = json.dumps(network.to_json())
    assert Network.from_json(text) == network == Network.from_json(json.loads(text))


def description(**changes) -> dict:
    return tiny.one_group().to_json() | changes


def with_layer(index: int, layer) -> dict:
    data = tiny.one_group().to_json()
    data["layers"][index] = layer
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (with_layer(0, {"type": "conv"}),
         "Layer type must be one of spectral_conv, spectral_pool, pad, activation, normalise, max_pool, dense, add, not 'conv'"),
        (with_layer(0, {"type": ["spectral_conv"]}),
         "Layer type must be one of spectral_conv, spectral_pool, pad, activation, normalise, max_pool, dense, add, not "
         "['spectral_conv']"),
        (with_layer(0, {"type": "spectral_conv", "channels": 2, "kernel": 3, "stride": 2}),
         "Layer spectral_conv must have the fields name, inputs, channels, kernel, band, real, not 'stride'"),
        (with_layer(0, {"type": "spectral_conv", "kernel": 3}),
         "Layer spectral_conv must have the fields name, inputs, channels, kernel, band, real: 'channels' is missing"),
        (with_layer(0, {"type": "max_pool", "size": 2}), "Layer max_pool must have the fields name, inputs, not 'size'"),
        (with_layer(3, {"type": "dense"}), "Layer dense must have the fields name, inputs, outputs: 'outputs' is missing"),
        (with_layer(0, {"type": "spectral_conv", "channels": 2, "kernel": 4}),
         "SpectralConv kernel must be odd (it has a centre tap), not 4"),
        (with_layer(0, {"type": "spectral_conv", "channels": 0, "kernel": 3}),
         "SpectralConv channels must be an integer from 1 to 256, not 0"),
        (with_layer(0, {"type": "spectral_conv", "channels": True, "kernel": 3}),
         "SpectralConv channels must be an integer from 1 to 256, not True"),
        (with_layer(0, {"type": "spectral_conv", "channels": 2, "kernel": 9}),
         "SpectralConv kernel must be at most its input's size 8, not 9"),
        (with_layer(1, {"type": "spectral_pool", "size": 6}),
         "Size before an inverse transform must be one of 4, 8, 16, 32, 64, not 6: pad the spectrum, or stay on bins"),
        (with_layer(1, {"type": "spectral_pool", "size": 65}),
         "SpectralPool size must be an integer from 1 to 64, not 65"),
        (with_layer(1, {"type": "spectral_pool", "size": 4.0}),
         "SpectralPool size must be an integer from 1 to 64, not 4.0"),
        (with_layer(1, {"type": "spectral_pool", "size": 16}), "SpectralPool size must be at most its input's 8, not 16"),
        (with_layer(1, {"type": "spectral_pool", "size": 4, "nyquist": "naive"}),
         "SpectralPool nyquist must be zero in a network, not 'naive': a network drops the Nyquist bins, because only "
         "then pooling commutes with every shift"),
        (with_layer(2, {"type": "activation", "function": "elu"}),
         "Activation function must be one of relu, leaky, sigmoid, tanh, gelu, silu, hard-sigmoid, hard-tanh, hard-swish, "
         "quadratic, not 'elu'"),
        (with_layer(3, {"type": "dense", "outputs": 1}), "Dense outputs must be an integer from 2 to 256, not 1"),
        (with_layer(2, {"type": "dense", "outputs": 3}),
         "Network layers must end with dense, and hold it once, not (spectral_conv, spectral_pool, dense, dense)"),
        (description(layers=[]), "Network layers must end with dense, and hold it once, not ()"),
        (description(layers=[{"type": "spectral_conv", "channels": 2}]),
         "Network layers must end with dense, and hold it once, not (spectral_conv)"),
        (description(layers=[{"type": "dense", "outputs": 3}, {"type": "activation"}]),
         "Network layers must end with dense, and hold it once, not (dense, activation)"),
        (description(input={"size": 12, "channels": 1}), "Network input size must be one of 4, 8, 16, 32, 64, not 12"),
        (description(input={"size": 8, "channels": 2}),
         "Network input channels must be an integer from 1 to 1, not 2"),
        (description(name="../x"), "Network name must be letters, digits, '-' and '_', not '../x'"),
        (description(name=3), "Network name must be letters, digits, '-' and '_', not 3"),
        ({"layers": []}, "Network description must have name, input and layers: 'name' is missing"),
        (description(input={}), "Network description must have name, input and layers: 'size' is missing"),
    ],
)
def test_refusals(data, message):
    with refused(message, DescriptionError):
        Network.from_json(data)


def test_layers_have_defaults():
    """What a description of layers says least of."""
    data = description(layers=[{"type": "spectral_conv", "channels": 2}, {"type": "activation"}, {"type": "normalise"},
                               {"type": "dense", "outputs": 3}])
    network = Network.from_json(data)
    conv, act, normalise, _ = network.layers
    assert (conv.kernel, conv.band, conv.real) == (None, None, False)
    assert (act.function, act.domain, act.segments) == ("relu", "space", 16)
    assert (normalise.over, normalise.statistics) == ("bins", "frame")
    assert Network.from_json(network.to_json()) == network
    alone = Network.from_json(description(layers=[{"type": "dense", "outputs": 3}]))
    assert [s.kind for s in alone.stages] == ["linear"] and alone.parameters == {
        "dense.weight": (3, 1, 8, 8), "dense.bias": (3,)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "Network description must be JSON: it is nested too deeply"),
        ('{"foo": 1, "name": "a", "input": {"size": 8, "channels": 1}, "layers": []}',
         "Network description must have the fields name, input, layers, not 'foo'"),
        ('{"name": "a", "input": {"size": 8, "channels": 1, "depth": 2}, "layers": []}',
         "Network description input must have the fields size, channels, not 'depth'"),
        ('{"name": "\u00f1", "input": {"size": 8, "channels": 1}, "layers": []}',
         "Network name must be letters, digits, '-' and '_', not '\u00f1'"),
    ],
    ids=["deep", "unknown", "unknown input", "name"],
)
def test_hostile_json(text, message):
    with refused(message, DescriptionError):
        Network.from_json(text)


def test_broken_json():
    with refused("Network description must be JSON: Expecting value: line 1 column 10 (char 9)", DescriptionError):
        Network.from_json('{"name": }')
    for foreign in ("[]", "3", "null", '{"name": 1, "input": 2, "layers": 3}'):
        with pytest.raises(DescriptionError, match=r"\ANetwork description must have name, input and layers: .*\Z"):
            Network.from_json(foreign)


def test_layers_by_hand():
    layers = [SpectralConv(channels=3, kernel=1), SpectralPool(size=4), Activation(), Dense(outputs=2)]
    network = Network(name="list", size=4, channels=1, layers=layers)
    assert network.layers == tuple(layers) and network.dense.outputs == 2
    with pytest.raises(TypeError):
        SpectralConv(3, 1)
