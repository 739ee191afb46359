"""Networks small enough to simulate in seconds, with random parameters."""

from __future__ import annotations

import numpy as np

from hadamac.data import shipped_digits
from hadamac.network import Activation, Add, Dense, MaxPool, Network, Normalise, Pad, SpectralConv, SpectralPool
from hadamac.quantised import PRESETS, QuantNetwork
from hadamac.quantised.quantise import quantise

__all__ = ["digits", "every", "images", "kinds", "on_digits", "one_group", "parameters", "quantised", "residuals",
           "two_groups", "wide"]


def _network(name, size, convolutions, outputs) -> Network:
    layers = []
    for channels, kernel, pool in convolutions:
        layers += [SpectralConv(channels=channels, kernel=kernel), SpectralPool(size=pool), Activation()]
    return Network(name=name, size=size, channels=1, layers=(*layers, Dense(outputs=outputs)))


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
    """Smooth blobs, noise, and the two constant images."""
    size = network.size
    y, x = np.mgrid[:size, :size]
    out = []
    for k in range(count):
        cy, cx, r = rng.uniform(0, size, 3)
        blob = 255 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * (1 + r / 4) ** 2))
        kinds = (blob, rng.uniform(0, 256, (size, size)), np.full((size, size), 255.0), np.zeros((size, size)))
        out.append(kinds[k % 4 if k % 8 < 4 else 0])
    return np.clip(np.array(out), 0, 255).astype(np.uint8)


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
        "band": (band, activation("leaky"), free_band),
        "modrelu": (conv, activation("modrelu", "bins"), pool, relu),
        "modulus": (conv, Normalise(over="map", correction=1), pool, activation("modulus", "bins"), SpectralPool(size=5), free),
        "max_pool": (free_real, activation("sigmoid"), MaxPool(), real, Normalise(over="map"), activation("silu")),
        "quadratic": (real, activation("quadratic"), SpectralPool(size=4), conv, activation("quadratic")),
        "frozen": (conv, frozen, pool, relu, Pad(size=16), band, frozen, relu),
    }
    return {name: Network(name=name, size=16, channels=1, layers=(*chain, Dense(outputs=3)))
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
    return {name: Network(name=f"residual-{name}", size=16, channels=1, layers=(*chain, Dense(outputs=3)))
            for name, chain in layers.items()}


def every() -> dict[str, Network]:
    """Return the networks of every kind of stage and those with skip connections."""
    return kinds() | residuals()


def wide() -> Network:
    """8 x 8, twice conv 3x3 to 4 channels without pooling, dense 3: products take longer than transforms."""
    return _network("wide", 8, [(4, 3, 8), (4, 3, 8)], 3)
