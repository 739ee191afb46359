"""Networks small enough to simulate in seconds, with random parameters."""

from __future__ import annotations

import numpy as np

from hadamac.network import Activation, Dense, Network, SpectralConv, SpectralPool
from hadamac.quantise import quantise
from hadamac.quantised import PRESETS, QuantNetwork

__all__ = ["one_group", "two_groups", "parameters", "images", "quantised"]


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


def parameters(network: Network, rng) -> dict[str, np.ndarray]:
    """Weights of a size at which maps neither die nor grow."""
    out = {}
    for name, shape in network.parameters.items():
        fan = int(np.prod(shape[1:])) or 1
        out[name] = rng.normal(0, 0.3 if name.endswith("bias") else fan**-0.5, shape)
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


def wide() -> Network:
    """8 x 8, twice conv 3x3 to 4 channels without pooling, dense 3: products take longer than transforms."""
    return _network("wide", 8, [(4, 3, 8), (4, 3, 8)], 3)
