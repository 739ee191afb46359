"""Small networks with forks and joins: every way in which paths of different lengths meet."""

from __future__ import annotations

from hadamac.network import Activation, Add, Dense, Network, Normalise, SpectralConv, SpectralPool

__all__ = ["networks"]


def _conv(channels: int = 2, **options) -> SpectralConv:
    return SpectralConv(channels=channels, kernel=3, **options)


_RELU, _POOL = Activation(), SpectralPool(size=4)


def networks() -> dict[str, Network]:
    """Return networks of 8 x 8 pixels by name."""
    tanh = Activation(function="tanh", domain="bins", name="t")
    layers = {
        # a spectrum that two convolutions and a sum take
        "block": (_conv(), _POOL, Activation(name="a"), _conv(), _RELU, _conv(name="c"), Add(inputs=("a", "c")), _RELU),
        # maps; the sum's own format
        "maps": (_conv(), _POOL, Activation(name="a"), _conv(), Activation(name="b"), Add(inputs=("b", "a")), _RELU),
        # neither path is framed: both need a buffer
        "pixels": (Activation(function="tanh", name="a"), Add(inputs=("input", "a"))),
        # a crop in one branch, and a sum of spectra of different radii
        "band": (_conv(name="a"), SpectralConv(channels=2, band=2, name="b"), tanh, Add(inputs=("a", "t")), _POOL, _RELU),
        # a convolution on the short path too, and more channels
        "shortcut": (_conv(), _POOL, Activation(name="a"), _conv(4), _RELU, _conv(4, name="c"),
                     SpectralConv(channels=4, kernel=1, inputs=("a",), name="d"), Add(inputs=("d", "c")), _RELU),
        # a join within a join, three summands, and statistics in one branch
        "nested": (_conv(name="a"), _POOL, Activation(name="b"), _conv(name="c"), Normalise(name="n"),
                   Activation(function="tanh", domain="bins", name="t"), Add(inputs=("c", "t"), name="s"), _RELU,
                   _conv(name="d"), Add(inputs=("b", "s", "d")), _RELU),
    }
    return {name: Network(name=name, shape=(1, 8, 8), layers=(*stack, Dense(outputs=3)))
            for name, stack in layers.items()}
