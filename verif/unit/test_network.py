"""Network descriptions: groups, parameters, JSON, refusals."""

from __future__ import annotations

import json

import pytest

from hadamac.errors import DescriptionError
from hadamac.network import Activation, Dense, Network, SpectralConv, SpectralPool, default_network
from support import tiny
from support.seeds import refused


def test_default_network():
    network = default_network()
    assert [(g.size, g.inputs, g.outputs, g.kernel, g.pool, g.function) for g in network.groups] == [
        (32, 1, 8, 5, 16, "relu"), (16, 8, 16, 5, 8, "relu")]
    assert network.parameters == {
        "conv0.kernel": (8, 1, 5, 5), "conv0.bias": (8,), "conv1.kernel": (16, 8, 5, 5), "conv1.bias": (16,),
        "dense.weight": (10, 16, 8, 8), "dense.bias": (10,),
    }


@pytest.mark.parametrize("network", [default_network(), tiny.one_group(), tiny.two_groups()], ids=lambda n: n.name)
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
         "Layer type must be one of spectral_conv, spectral_pool, activation, dense, not 'conv'"),
        (with_layer(0, {"type": ["spectral_conv"]}),
         "Layer type must be one of spectral_conv, spectral_pool, activation, dense, not ['spectral_conv']"),
        (with_layer(0, {"type": "spectral_conv", "channels": 2, "kernel": 3, "stride": 2}),
         "Layer spectral_conv must have the fields channels, kernel, not channels, kernel, stride"),
        (with_layer(3, {"type": "dense"}), "Layer dense must have the fields outputs, not none"),
        (with_layer(0, {"type": "spectral_conv", "channels": 2, "kernel": 4}),
         "SpectralConv kernel must be odd (it has a centre tap), not 4"),
        (with_layer(0, {"type": "spectral_conv", "channels": 0, "kernel": 3}),
         "SpectralConv channels must be an integer from 1 to 256, not 0"),
        (with_layer(0, {"type": "spectral_conv", "channels": True, "kernel": 3}),
         "SpectralConv channels must be an integer from 1 to 256, not True"),
        (with_layer(0, {"type": "spectral_conv", "channels": 2, "kernel": 9}),
         "SpectralConv kernel must be at most its input's size 8, not 9"),
        (with_layer(1, {"type": "spectral_pool", "size": 6}),
         "SpectralPool size must be one of 4, 8, 16, 32, 64, not 6"),
        (with_layer(1, {"type": "spectral_pool", "size": 4.0}),
         "SpectralPool size must be one of 4, 8, 16, 32, 64, not 4.0"),
        (with_layer(1, {"type": "spectral_pool", "size": 16}), "SpectralPool size must be at most its input's 8, not 16"),
        (with_layer(1, {"type": "spectral_pool", "size": 4, "nyquist": "naive"}),
         "SpectralPool nyquist must be one of zero, not 'naive'"),
        (with_layer(2, {"type": "activation", "function": "gelu"}),
         "Activation function must be one of relu, not 'gelu'"),
        (with_layer(3, {"type": "dense", "outputs": 1}), "Dense outputs must be an integer from 2 to 256, not 1"),
        (with_layer(2, {"type": "dense", "outputs": 3}),
         "Network layers must be one or more of (spectral_conv, spectral_pool, activation) and then dense, not "
         "(spectral_conv, spectral_pool, dense, dense)"),
        (description(layers=[]),
         "Network layers must be one or more of (spectral_conv, spectral_pool, activation) and then dense, not ()"),
        (description(layers=[{"type": "dense", "outputs": 3}]),
         "Network layers must be one or more of (spectral_conv, spectral_pool, activation) and then dense, not (dense)"),
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
