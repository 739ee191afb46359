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
        ("fft0", "spectrum0", (32, 32), (7, 7), 1, 1), ("hadamard0", "product0", (32, 32), (7, 7), 1, 8),
        ("ifft0", "", (16, 16), (7, 7), 8, 8), ("relu0", "map0", (16, 16), None, 8, 8),
        ("fft1", "spectrum1", (16, 16), (3, 3), 8, 8), ("hadamard1", "product1", (16, 16), (3, 3), 8, 16),
        ("ifft1", "", (8, 8), (3, 3), 16, 16), ("relu1", "map1", (8, 8), None, 16, 16),
        ("dense", "logits", (8, 8), None, 16, 10)]
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
    "pointwise": {"mix0.weight": (3, 1), "mix0.bias": (3,), "conv0.kernel": (2, 3, 3, 3), "conv0.bias": (2,),
                  "mix1.weight": (3, 2), "mix1.bias": (3,), "mix2.weight": (2, 3), "mix2.bias": (2,),
                  "dense.weight": (3, 2, 8, 8)},
    "modes": {"conv0.spectrum": (2, 1, 5, 5, 2), "conv0.bias": (2,), "conv1.spectrum": (2, 2, 5, 2, 2),
              "conv1.pointwise": (2, 2), "conv1.bias": (2,), "conv2.spectrum": (2, 2, 1, 2, 2), "conv2.pointwise": (2, 2),
              "conv2.bias": (2,), "dense.weight": (3, 2, 8, 5, 2)},
    "canvas": {"conv0.kernel": (2, 1, 3, 3), "conv0.bias": (2,), "conv1.kernel": (2, 2, 3, 3), "conv1.bias": (2,),
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


@pytest.mark.parametrize("network", [default_network(), tiny.one_group(), tiny.two_groups(), *tiny.every().values(),
                                     *tiny.shapes().values()],
                         ids=lambda n: n.name)
def test_json_and_back(network):
    text = json.dumps(network.to_json())
    assert Network.from_json(text) == network == Network.from_json(json.loads(text))


def test_facts_of_a_shape():
    """The frame as it is given, the maps with their border, and what is answered."""
    facts = {name: (n.given, n.size, n.flat, n.channels, n.source, n.output_shape) for name, n in tiny.shapes().items()}
    assert facts == {
        "rect": ((8, 16), (8, 16), False, 1, "image", (3,)), "rgb": ((8, 8), (8, 8), False, 3, "image", (3,)),
        "oned": ((1, 32), (1, 32), True, 2, "signal", (3,)), "odd": ((5, 11), (8, 16), False, 2, "image", (4,)),
        "bins": ((8, 8), (8, 8), False, 1, "image", (3, 3, 4)), "vals": ((7, 8), (8, 8), False, 1, "image", (1,)),
        "mix1": ((1, 32), (1, 32), True, 3, "signal", (3,)),
        "valm": ((6, 9), (8, 16), False, 2, "image", (3, 8, 16)), "norm": ((1, 24), (1, 32), True, 3, "signal", (2,)),
        "fno": ((8, 16), (8, 16), False, 1, "image", (1, 8, 16)), "fno1": ((1, 16), (1, 16), True, 2, "signal", (1, 1, 16)),
        "res1": ((1, 16), (1, 16), True, 1, "signal", (3, 1, 8)),
        "end1": ((1, 27), (1, 32), True, 3, "signal", (2, 1, 16)), "ends": ((6, 11), (8, 16), False, 2, "image", (3,))}


def test_outputs_are_those_of_the_last_dense_layer():
    networks = tiny.shapes()
    assert {name: networks[name].outputs for name in ("rect", "vals", "norm")} == {"rect": 3, "vals": 1, "norm": 2}
    for name, output in (("bins", "bins"), ("valm", "maps")):
        with refused(f"Network shape-{name} must have the output classes or values, not {output}", DescriptionError):
            _ = networks[name].outputs


SHAPE_PARAMETERS = {
    "fno": {"input.mean": (1,), "input.deviation": (1,), "mix0.weight": (3, 1), "mix0.bias": (3,), "mix0.grid": (3, 2),
            "mix1.weight": (2, 3), "mix1.bias": (2,), "conv0.spectrum": (2, 2, 5, 4, 2), "conv0.pointwise": (2, 2),
            "conv0.bias": (2,), "conv1.spectrum": (2, 2, 5, 3, 2), "conv1.pointwise": (2, 2), "conv1.bias": (2,),
            "mix2.weight": (1, 2), "mix2.bias": (1,), "mix2.grid": (1, 2)},
    "rect": {"conv0.kernel": (2, 1, 3, 3), "conv0.bias": (2,), "conv1.spectrum": (2, 2, 3, 8, 2), "conv1.bias": (2,),
             "dense.weight": (3, 2, 4, 8), "dense.bias": (3,)},
    "rgb": {"input.mean": (3,), "input.deviation": (3,), "conv0.kernel": (3, 3, 3, 3), "conv0.bias": (3,),
            "dense.weight": (3, 3, 4, 4), "dense.bias": (3,)},
    "oned": {"conv0.kernel": (3, 2, 1, 5), "conv0.bias": (3,), "conv1.kernel": (2, 3, 1, 3), "conv1.bias": (2,),
             "dense.weight": (3, 2, 1, 16), "dense.bias": (3,)},
    "vals": {"conv0.kernel": (2, 1, 3, 3), "conv0.bias": (2,), "hidden0.weight": (5, 2, 4, 4), "hidden0.bias": (5,),
             "hidden1.weight": (4, 5, 1, 1), "hidden1.bias": (4,), "dense.weight": (1, 4, 1, 1), "dense.bias": (1,)},
    "norm": {"input.mean": (3,), "input.deviation": (3,), "conv0.kernel": (3, 3, 1, 3), "conv0.bias": (3,),
             "conv1.kernel": (2, 3, 1, 3), "conv1.bias": (2,), "act1.bias": (2,), "dense.weight": (2, 2, 1, 8, 2),
             "dense.bias": (2,)},
}


@pytest.mark.parametrize("name", list(SHAPE_PARAMETERS))
def test_parameters_of_shapes(name):
    """Kernels of one row for signals, hidden layers by number, and statistics of the input first."""
    parameters = tiny.shapes()[name].parameters
    assert parameters == SHAPE_PARAMETERS[name] and list(parameters) == list(SHAPE_PARAMETERS[name])


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
         "Layer type must be one of spectral_conv, spectral_pool, pad, activation, normalise, max_pool, dense, add, pointwise, canvas, not 'conv'"),
        (with_layer(0, {"type": ["spectral_conv"]}),
         "Layer type must be one of spectral_conv, spectral_pool, pad, activation, normalise, max_pool, dense, add, pointwise, canvas, not "
         "['spectral_conv']"),
        (with_layer(0, {"type": "spectral_conv", "channels": 2, "kernel": 3, "stride": 2}),
         "Layer spectral_conv must have the fields name, inputs, channels, kernel, band, real, modes, pointwise, not 'stride'"),
        (with_layer(0, {"type": "spectral_conv", "kernel": 3}),
         "Layer spectral_conv must have the fields name, inputs, channels, kernel, band, real, modes, pointwise: 'channels' is missing"),
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
         "Size before an inverse transform must be one of 4, 8, 16, 32, 64, 128, 256, not 6: pad the spectrum, or stay "
         "on bins"),
        (with_layer(1, {"type": "spectral_pool", "size": 4097}),
         "SpectralPool size must be an integer from 1 to 4096, not 4097"),
        (with_layer(1, {"type": "spectral_pool", "size": 4.0}),
         "SpectralPool size must be an integer from 1 to 4096, not 4.0"),
        (with_layer(1, {"type": "spectral_pool", "size": 16}), "SpectralPool size must be at most its input's 8x8, not 16x16"),
        (with_layer(1, {"type": "spectral_pool", "size": 4, "nyquist": "naive"}),
         "SpectralPool nyquist must be zero in a network, not 'naive': a network drops the Nyquist bins, because only "
         "then pooling commutes with every shift"),
        (with_layer(2, {"type": "activation", "function": "elu"}),
         "Activation function must be one of relu, leaky, sigmoid, tanh, gelu, silu, hard-sigmoid, hard-tanh, hard-swish, "
         "quadratic, not 'elu'"),
        (with_layer(1, {"type": "spectral_pool", "size": 300}),
         "SpectralPool size must be an integer from 1 to 256, not 300"),
        (with_layer(1, {"type": "spectral_pool", "size": [8, 16]}), "SpectralPool size must be at most its input's 8x8, not 8x16"),
        (with_layer(3, {"type": "dense", "outputs": 1}),
         "Dense outputs must be an integer from 2 to 256 where they are classes, not 1"),
        (with_layer(3, {"type": "dense", "outputs": 0}), "Dense outputs must be an integer from 1 to 256, not 0"),
        (with_layer(2, {"type": "dense", "outputs": 3}) | {"output": "maps"},
         "Network layers must be some, and none of them dense, where the output is maps, not (spectral_conv, spectral_pool, "
         "dense, dense)"),
        (description(layers=[]), "Network layers must end with dense where the output is classes, not ()"),
        (description(layers=[], output="values"), "Network layers must end with dense where the output is values, not ()"),
        (description(layers=[], output="bins"),
         "Network layers must be some, and none of them dense, where the output is bins, not ()"),
        (description(output="logits"), "Network output must be one of classes, values, maps, bins, not 'logits'"),
        (description(layers=[{"type": "spectral_conv", "channels": 2}]),
         "Network layers must end with dense where the output is classes, not (spectral_conv)"),
        (description(layers=[{"type": "dense", "outputs": 3}, {"type": "activation"}]),
         "Network layers must end with dense where the output is classes, not (dense, activation)"),
        *[(description(input={"shape": shape}), message) for shape, message in (
            ([1, 3, 8], "Network input rows must be an integer from 4 to 256, not 3"),
            ([1, 8, 257], "Network input columns must be an integer from 4 to 256, not 257"),
            ([1, 8.0, 8], "Network input rows must be an integer from 4 to 256, not 8.0"),
            ([0, 8, 8], "Network input channels must be an integer from 1 to 16, not 0"),
            ([17, 8, 8], "Network input channels must be an integer from 1 to 16, not 17"),
            ([True, 8, 8], "Network input channels must be an integer from 1 to 16, not True"),
            ([1, 15], "Network input samples must be an integer from 16 to 4096, not 15"),
            ([1, 4097], "Network input samples must be an integer from 16 to 4096, not 4097"),
            ([16], "Network input shape must be (channels, rows, columns) or (channels, samples), not [16]"),
            ([1, 8, 8, 8], "Network input shape must be (channels, rows, columns) or (channels, samples), not [1, 8, 8, 8]"),
            (8, "Network input shape must be (channels, rows, columns) or (channels, samples), not 8"),
            ("88", "Network input shape must be (channels, rows, columns) or (channels, samples), not '88'"))],
        (description(input={"shape": [1, 8, 8], "padding": "wrap"}), "Network padding must be one of zero, mirror, end, not 'wrap'"),
        (description(input={"shape": [1, 8, 8], "standardise": 1}),
         "Network standardise must be one of false, true, not 1"),
        (description(input={"shape": [1, 8, 8], "format": "uint16"}),
         "Input format must be uint8, int8, int16 or SQ(i,f), not 'uint16'"),
        (description(layers=[{"type": "activation"}, {"type": "dense", "outputs": 2}],
                     input={"shape": [1, 8, 8], "standardise": True}),
         "Network standardise must be false where relu comes before a SpectralConv, Pointwise or Dense, into whose weights the "
         "mean and deviation are folded"),
        (description(layers=[{"type": "pad", "size": 16}], output="bins", input={"shape": [1, 8, 8], "standardise": True}),
         "Network standardise must be false where the output comes before a SpectralConv, Pointwise or Dense, into whose weights the "
         "mean and deviation are folded"),
        (description(layers=[{"type": "spectral_pool", "size": [4, 8]}, {"type": "dense", "outputs": 2}],
                     input={"shape": [1, 32]}), "SpectralPool size must be an integer for signals, not (4, 8)"),
        (description(layers=[{"type": "max_pool"}, {"type": "dense", "outputs": 2}], input={"shape": [1, 32]}),
         "MaxPool must have images, not signals: use SpectralPool"),
        (description(name="../x"), "Network name must be letters, digits, '-' and '_', not '../x'"),
        (description(name=3), "Network name must be letters, digits, '-' and '_', not 3"),
        ({"layers": []}, "Network description must have name, input and layers: 'name' is missing"),
        (description(input={}), "Network description must have name, input and layers: 'shape' is missing"),
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
        ('{"foo": 1, "name": "a", "input": {"shape": [1, 8, 8]}, "layers": []}',
         "Network description must have the fields name, input, layers, output, not 'foo'"),
        ('{"name": "a", "input": {"shape": [1, 8, 8], "depth": 2}, "layers": []}',
         "Network description input must have the fields shape, format, padding, standardise, not 'depth'"),
        ('{"name": "\u00f1", "input": {"shape": [1, 8, 8]}, "layers": []}',
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
    network = Network(name="list", shape=(1, 4, 4), layers=layers)
    assert network.layers == tuple(layers) and network.outputs == 2
    with pytest.raises(TypeError):
        SpectralConv(3, 1)
