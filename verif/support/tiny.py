"""Networks small enough to simulate in seconds, with random parameters."""

from __future__ import annotations

import numpy as np

from hadamac.data import shipped_digits
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
from hadamac.quantised import PRESETS, QuantNetwork
from hadamac.quantised.quantise import quantise

__all__ = ["digits", "every", "images", "kinds", "on_digits", "one_group", "parameters", "quantised", "residuals",
           "shapes", "two_groups", "wide"]


def _network(name, size, convolutions, outputs) -> Network:
    layers = []
    for channels, kernel, pool in convolutions:
        layers += [SpectralConv(channels=channels, kernel=kernel), SpectralPool(size=pool), Activation()]
    return Network(name=name, shape=(1, size, size), layers=(*layers, Dense(outputs=outputs)))


def one_group() -> Network:
    """8 x 8, conv 3x3 1->2, pool 4, relu, dense 3."""
    return _network("one", 8, [(2, 3, 4)], 3)


def two_groups() -> Network:
    """16 x 16, conv 3x3 1->2, pool 8, relu, conv 3x3 2->4, pool 4, relu, dense 5."""
    return _network("two", 16, [(2, 3, 8), (4, 3, 4)], 5)


def on_digits() -> Network:
    """16 x 16, conv 5x5 1->2, pool 8, relu, conv 3x3 2->3, pool 4, relu, dense 4: for `digits`."""
    return _network("small", 16, [(2, 5, 8), (3, 3, 4)], 4)


def digits(count: int = 12) -> np.ndarray:
    """The middle of shipped digits, 16 x 16."""
    return shipped_digits()[0][:count, 6:22, 6:22]


def parameters(network: Network, rng) -> dict[str, np.ndarray]:
    """Weights of a size at which maps neither die nor grow; biases of modReLU below zero, deviations above."""
    out = {}
    for name, shape in network.parameters.items():
        fan = int(np.prod(shape[1:])) or 1
        out[name] = rng.normal(0, 0.3 if name.endswith("bias") else fan**-0.5, shape)
        if name.endswith("spectrum"):  # of about one, as a centre tap's
            out[name] *= (fan / (2 * shape[1])) ** 0.5
        elif name.startswith("act") and name.endswith("bias"):
            out[name] = -np.abs(out[name]) / 4
        elif name.endswith("mean"):
            out[name] *= 0.1
        elif name.endswith("deviation"):
            out[name] = 0.5 + np.abs(out[name])
    return out


def images(network: Network, rng, count: int) -> np.ndarray:
    """Smooth blobs, noise, and the two constant frames, in the network's format.

    Frames are (n, channels, rows, columns), (n, rows, columns) of one channel, or (n, channels, samples).
    """
    (rows, columns), form = network.given, network.input_format
    y, x = np.mgrid[:rows, :columns]
    size, steps = (rows, columns), form.greatest - form.least
    out = []
    for k in range(count * network.channels):
        cy, cx, r = rng.uniform(0, max(size), 3)
        blob = np.exp(-((y - cy * rows / max(size)) ** 2 + (x - cx) ** 2) / (2 * (1 + r / 4) ** 2))
        kinds = (blob, rng.uniform(0, (steps + 1) / steps, size), np.ones(size), np.zeros(size))
        out.append(kinds[k % 4 if k % 8 < 4 else 0])
    words = np.clip(np.array(out) * steps, 0, steps).astype(np.int64) + form.least
    words = words.astype(form.dtype).reshape(count, *network.shape)
    return words[:, 0] if network.channels == 1 and not network.flat else words


def quantised(network: Network, rng, preset: str = "default", count: int = 32) -> QuantNetwork:
    """Random parameters, calibrated on random images."""
    return quantise(network, parameters(network, rng), images(network, rng, count), PRESETS[preset])


def kinds() -> dict[str, Network]:
    """16 x 16 networks of two channels, of every kind of stage, pruned in every way."""
    def activation(function, domain="space"):
        return Activation(function=function, domain=domain, segments=8)

    conv, free = SpectralConv(channels=2, kernel=3), SpectralConv(channels=2)
    real, band = SpectralConv(channels=2, kernel=3, real=True), SpectralConv(channels=2, kernel=5, band=4)
    free_real, free_band = SpectralConv(channels=2, real=True), SpectralConv(channels=2, band=3)
    pool, relu, frozen = SpectralPool(size=8), activation("relu"), Normalise(over="map", statistics="frozen")
    layers = {
        "pool_relu": (conv, pool, relu, free, pool, relu),
        "relu_pool": (conv, relu, pool),
        "whole": (conv, relu, free, activation("gelu")),
        "tanh_bins": (free, activation("tanh", "bins"), pool, conv),
        "normalise_pool": (conv, Normalise(), activation("hard-tanh", "bins"), SpectralPool(size=6)),
        "low_pass_pad": (conv, SpectralPool(size=7), Pad(size=16), relu),
        "band": (band, Activation(function="leaky", slope=0.2, segments=8), free_band),
        "modrelu": (conv, activation("modrelu", "bins"), pool, relu),
        "modulus": (conv, Normalise(over="map", correction=1), pool, activation("modulus", "bins"), SpectralPool(size=5), free),
        "max_pool": (free_real, activation("sigmoid"), MaxPool(), real, Normalise(over="map"), activation("silu")),
        "pointwise": (Pointwise(channels=3), relu, conv, pool, Pointwise(channels=3), relu, Pointwise(channels=2),
                      activation("tanh")),
        "modes": (SpectralConv(channels=2, modes=(2, 4)), relu, SpectralConv(channels=2, modes=(2, 1), pointwise=True),
                  pool, activation("gelu"), SpectralConv(channels=2, modes=(0, 1), pointwise=True)),
        "canvas": (Canvas(keep=(13, 16), size=(16, 32)), conv, relu, Canvas(keep=(11, 10), size=16), conv, pool,
                   activation("gelu"), Canvas(keep=5, size=8)),
        "quadratic": (real, activation("quadratic"), SpectralPool(size=4), conv, activation("quadratic")),
        "frozen": (conv, frozen, pool, relu, Pad(size=16), band, frozen, relu),
    }
    return {name: Network(name=name, shape=(1, 16, 16), layers=(*chain, Dense(outputs=3)))
            for name, chain in layers.items()}


def residuals() -> dict[str, Network]:
    """16 x 16 networks with skip connections: sums of maps and of bins, of equal and of different radii."""
    def activation(function="relu", domain="space", **fields):
        return Activation(function=function, domain=domain, segments=8, **fields)

    def conv(channels=2, **fields):
        return SpectralConv(channels=channels, kernel=3, **fields)

    layers = {
        # A skip around two convolutions; the sum of a map's transform, which both branches share, and a product.
        "bottleneck": (conv(), activation(name="stem"), conv(), activation(), conv(name="branch"),
                       Add(inputs=("stem", "branch")), SpectralPool(size=8), activation()),
        # A sum of maps, one of which is the stem's own.
        "maps": (conv(), activation(name="stem"), conv(), activation("gelu", name="branch"),
                 Add(inputs=("branch", "stem")), MaxPool()),
        # A low pass in one branch: its bins have a smaller radius than those of the other.
        "low_pass": (conv(name="stem"), SpectralPool(size=8), Pad(size=16, name="low"), activation("tanh", "bins", inputs=(
            "stem",), name="high"), Add(inputs=("low", "high")), activation()),
        # A pool in one branch, before and after functions: its scale may not pass the sum.
        "pool": (conv(), activation(name="stem"), SpectralPool(size=8), activation(name="low"), MaxPool(inputs=("stem",)),
                 conv(name="branch"), Add(inputs=("low", "branch")), activation()),
        # Run-time statistics in one branch; the pool after the sum wants the low bins of the other.
        "normalise": (conv(name="stem"), Normalise(), activation("hard-tanh", "bins", name="branch"),
                      Add(inputs=("stem", "branch")), SpectralPool(size=8), activation()),
        # The image itself is a summand.
        "image": (conv(1, name="branch"), Add(inputs=("input", "branch"), name="sum"), SpectralPool(size=8), activation()),
        # A sum within a sum, and three summands.
        "nested": (conv(), activation(name="a"), conv(), activation(name="b"), Add(inputs=("a", "b"), name="inner"),
                   conv(), activation(name="c"), Add(inputs=("a", "inner", "c")), SpectralPool(size=4), activation()),
    }
    return {name: Network(name=f"residual-{name}", shape=(1, 16, 16), layers=(*chain, Dense(outputs=3)))
            for name, chain in layers.items()}


def every() -> dict[str, Network]:
    """Return the networks of every kind of stage and those with skip connections."""
    return kinds() | residuals()


def shapes() -> dict[str, Network]:
    """Networks of every shape of input and every answer: rectangles, channels, signals, borders, formats."""
    def conv(channels=2, kernel=3, **fields):
        return SpectralConv(channels=channels, kernel=kernel, **fields)

    relu, free = Activation(), SpectralConv(channels=2)
    fields = {
        # rows and columns that differ, also in pools and tiles
        "rect": {"shape": (1, 8, 16), "layers": (conv(), SpectralPool(size=(4, 16)), relu, free, Pad(size=(8, 16)),
                                                 Activation(function="gelu", segments=8), MaxPool(), Dense(outputs=3))},
        # three channels, whose statistics are folded into the first product
        "rgb": {"shape": (3, 8, 8), "standardise": True, "layers": (conv(3), SpectralPool(size=4), relu, Dense(outputs=3))},
        # one dimension; three channels of maps make a pair and one alone
        "oned": {"shape": (2, 32), "format": "int16", "layers": (
            conv(3, 5), SpectralPool(size=16), relu, conv(2, band=3), relu, Dense(outputs=3))},
        # a mirrored border of different widths on all sides, and negative pixels
        "odd": {"shape": (2, 5, 11), "format": "int8", "padding": "mirror", "layers": (
            conv(), SpectralPool(size=(4, 8)), relu, Dense(outputs=4))},
        # the live bins of a spectrum are the answer
        "bins": {"shape": (1, 8, 8), "output": "bins", "layers": (conv(), relu, conv(3), SpectralPool(size=(4, 8)))},
        # dense layers in a row, and a single value
        "vals": {"shape": (1, 7, 8), "output": "values", "layers": (
            conv(), SpectralPool(size=4), relu, Dense(outputs=5), relu, Dense(outputs=4), Activation(function="tanh", segments=8),
            Dense(outputs=1))},
        # maps are the answer, more of them than there are channels in the input
        "valm": {"shape": (2, 6, 9), "format": "SQ(2,6)", "output": "maps", "layers": (
            conv(3), SpectralPool(size=(8, 4)), relu, conv(3), Pad(size=(8, 16)))},
        # statistics of signals, over bins and over the map, and values of both parts of bins
        "norm": {"shape": (3, 24), "format": "int16", "padding": "mirror", "output": "values", "standardise": True, "layers": (
            conv(3), Normalise(), Activation(function="hard-tanh", domain="bins"), conv(), Normalise(over="map"),
            SpectralPool(size=16), Activation(function="modrelu", domain="bins"), Dense(outputs=2))},
        # mixtures of channels: of signals, which are transformed for them, and of bins
        "mix1": {"shape": (3, 32), "layers": (Pointwise(channels=4), relu, conv(3), relu, Pointwise(channels=5),
                                              SpectralPool(size=8), relu, Dense(outputs=3))},
        # the layers of a Fourier neural operator: coordinates, modes beside a matrix, maps out
        "fno": {"shape": (1, 8, 16), "format": "SQ(2,0)", "output": "maps", "standardise": True, "layers": (
            Pointwise(channels=3, grid=True), Activation(function="gelu", segments=8), Pointwise(channels=2),
            SpectralConv(channels=2, modes=(2, 3), pointwise=True), Activation(function="gelu", segments=8),
            SpectralConv(channels=2, modes=2, pointwise=True), Pointwise(channels=1, grid=True))},
        # modes of signals
        "fno1": {"shape": (2, 16), "output": "maps", "layers": (
            Pointwise(channels=3), SpectralConv(channels=3, modes=3, pointwise=True), Activation(function="gelu", segments=8),
            Pointwise(channels=1))},
        # a border behind the signal, and a smaller canvas for an odd number of channels
        "end1": {"shape": (3, 27), "padding": "end", "format": "int8", "output": "maps", "layers": (
            conv(3, 5), relu, Canvas(keep=14, size=16), conv(), relu)},
        # a border behind the image, and canvases of other shapes beside one another
        "ends": {"shape": (2, 6, 11), "padding": "end", "layers": (
            conv(), Activation(name="a"), Canvas(keep=(5, 8), size=8, inputs=("a",), name="low"),
            Canvas(keep=(6, 8), size=(16, 8), inputs=("a",)), conv(), Activation(function="gelu", segments=8),
            Canvas(keep=8, size=8, name="high"), Add(inputs=("low", "high")), Dense(outputs=3))},
        # a skip connection between signals, which are the answer
        "res1": {"shape": (1, 16), "format": "int8", "output": "maps", "layers": (
            conv(3), Activation(name="stem"), conv(3), relu, conv(3, name="branch"), Add(inputs=("stem", "branch")),
            SpectralPool(size=8), Activation(function="quadratic"))},
    }
    return {name: Network(name=f"shape-{name}", **given) for name, given in fields.items()}


def sizes() -> dict[str, Network]:
    """Networks of sizes that people bring: colour of 64 x 64, rows of 64, and 128 x 128."""
    def halved(shape, channels, pool, last):
        return (SpectralConv(channels=channels, kernel=3), SpectralPool(size=pool), Activation(),
                SpectralConv(channels=channels, kernel=3), SpectralPool(size=last), Activation(), Dense(outputs=4))

    shapes = {"colour": ((3, 64, 64), 4, 16, 4), "wide": ((1, 16, 64), 3, (8, 32), (4, 8)),
              "tall": ((2, 64, 16), 2, (32, 8), (8, 4)), "large": ((1, 128, 128), 4, 32, 8)}
    return {name: Network(name=name, shape=given[0], standardise=given[0][0] == 3, layers=halved(*given))
            for name, given in shapes.items()}


def wide() -> Network:
    """8 x 8, twice conv 3x3 to 4 channels without pooling, dense 3: products take longer than transforms."""
    return _network("wide", 8, [(4, 3, 8), (4, 3, 8)], 3)
