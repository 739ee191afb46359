"""Network descriptions: which layers, in which order, with which shapes.

A description is plain data (JSON in an artifact).  It says nothing about numbers: formats are the
business of :mod:`hadamac.quantise`, hardware the business of the folding plan.

Shapes: a network takes square ``size`` x ``size`` real images with one channel per input channel;
between layers flow ``channels`` real maps of ``size`` x ``size``, represented by their spectra
between a convolution and the next activation.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from .errors import DescriptionError

__all__ = ["SpectralConv", "SpectralPool", "Activation", "Dense", "Network", "default_network"]

SIZES = (4, 8, 16, 32, 64)
"""Transform sizes that a network may use; 64 is what the line buffers are sized for."""


def _integer(what: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise DescriptionError(f"{what} must be an integer from {low} to {high}, not {value!r}")


def _choice(what: str, value: Any, allowed: tuple) -> None:
    if type(value) not in {type(a) for a in allowed} or value not in allowed:  # 8.0 and True are no sizes
        names = ", ".join(str(a) for a in allowed)
        raise DescriptionError(f"{what} must be one of {names}, not {value!r}")


@dataclass(frozen=True, kw_only=True)
class SpectralConv:
    """``Y[o,u,v] = sum_c W[o,c,u,v] X[c,u,v]`` plus ``bias[o] * N*N`` on the DC bin.

    ``W`` is the DFT of a ``kernel`` x ``kernel`` real kernel, zero-padded to N x N with its centre
    tap at (0, 0): a circular convolution that does not move the map.  The bias is in units of the
    map, so that it adds ``bias[o]`` to every pixel.
    """

    channels: int
    kernel: int
    type: str = field(default="spectral_conv", init=False)

    def __post_init__(self):
        _integer("SpectralConv channels", self.channels, 1, 256)
        _integer("SpectralConv kernel", self.kernel, 1, 63)
        if self.kernel % 2 == 0:
            raise DescriptionError(f"SpectralConv kernel must be odd (it has a centre tap), not {self.kernel}")


@dataclass(frozen=True, kw_only=True)
class SpectralPool:
    """Keep the bins with ``|u|, |v| < size/2``, scaled by ``(size/N)**2`` so that means survive.

    ``nyquist="zero"``: the Nyquist row and column of an even ``size`` are zero.
    """

    size: int
    nyquist: str = "zero"
    type: str = field(default="spectral_pool", init=False)

    def __post_init__(self):
        _choice("SpectralPool size", self.size, SIZES)
        _choice("SpectralPool nyquist", self.nyquist, ("zero",))


@dataclass(frozen=True, kw_only=True)
class Activation:
    """``FFT2(f(IFFT2(Y)))``: a pointwise function of the map, in space."""

    function: str = "relu"
    type: str = field(default="activation", init=False)

    def __post_init__(self):
        _choice("Activation function", self.function, ("relu",))


@dataclass(frozen=True, kw_only=True)
class Dense:
    """``logits[k] = bias[k] + sum weight[k,c,y,x] map[c,y,x]``.

    The description's network computes it on the spectrum of the last map (real and imaginary parts
    weighted by Parseval); an FFT is linear, so it is folded into these weights, which act on the map.
    """

    outputs: int
    type: str = field(default="dense", init=False)

    def __post_init__(self):
        _integer("Dense outputs", self.outputs, 2, 256)


LAYERS = {cls.__dataclass_fields__["type"].default: cls for cls in (SpectralConv, SpectralPool, Activation, Dense)}


@dataclass(frozen=True, kw_only=True)
class Network:
    """A chain of ``(SpectralConv, SpectralPool, Activation)`` groups closed by one ``Dense``.

    Parameters
    ----------
    name : str
    size, channels : int
        Input images are ``size`` x ``size`` with ``channels`` channels.
    layers : tuple of layer descriptions
    """

    name: str
    size: int
    channels: int
    layers: tuple

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name.replace("-", "").replace("_", "").isalnum():
            raise DescriptionError(f"Network name must be letters, digits, '-' and '_', not {self.name!r}")
        _choice("Network input size", self.size, SIZES)
        _integer("Network input channels", self.channels, 1, 1)
        object.__setattr__(self, "layers", tuple(self.layers))
        order = [layer.type for layer in self.layers]
        groups, rest = divmod(len(order) - 1, 3)
        if groups < 1 or rest or order != ["spectral_conv", "spectral_pool", "activation"] * groups + ["dense"]:
            raise DescriptionError(
                "Network layers must be one or more of (spectral_conv, spectral_pool, activation) and then "
                f"dense, not ({', '.join(order)})"
            )
        for group in self.groups:
            if group.pool > group.size:
                raise DescriptionError(f"SpectralPool size must be at most its input's {group.size}, not {group.pool}")
            if group.kernel > group.size:
                raise DescriptionError(
                    f"SpectralConv kernel must be at most its input's size {group.size}, not {group.kernel}"
                )

    @property
    def groups(self) -> list[Group]:
        """The (conv, pool, activation) groups with their shapes, in order."""
        out, size, channels = [], self.size, self.channels
        for k in range(len(self.layers) // 3):
            conv, pool, act = self.layers[3 * k : 3 * k + 3]
            out.append(
                Group(k, size, channels, conv.channels, conv.kernel, pool.size, act.function)
            )
            size, channels = pool.size, conv.channels
        return out

    @property
    def dense(self) -> Dense:
        return self.layers[-1]

    @property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every float parameter tensor."""
        shapes = {}
        for g in self.groups:
            shapes[f"conv{g.index}.kernel"] = (g.outputs, g.inputs, g.kernel, g.kernel)
            shapes[f"conv{g.index}.bias"] = (g.outputs,)
        last = self.groups[-1]
        shapes["dense.weight"] = (self.dense.outputs, last.outputs, last.pool, last.pool)
        shapes["dense.bias"] = (self.dense.outputs,)
        return shapes

    def to_json(self) -> dict:
        return {
            "name": self.name,
            "input": {"size": self.size, "channels": self.channels},
            "layers": [asdict(layer) for layer in self.layers],
        }

    @classmethod
    def from_json(cls, data: dict | str) -> Network:
        """Build a network from its JSON form, refusing unknown layers and fields by name."""
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except json.JSONDecodeError as e:
                raise DescriptionError(f"Network description must be JSON: {e}") from None
        try:
            raw, name = data["layers"], data["name"]
            size, channels = data["input"]["size"], data["input"]["channels"]
            kinds = [(layer["type"], {k: v for k, v in layer.items() if k != "type"}) for layer in raw]
        except (KeyError, TypeError, AttributeError) as e:
            raise DescriptionError(f"Network description must have name, input and layers: {e} is missing") from None
        layers = []
        for kind, fields in kinds:
            _choice("Layer type", kind, tuple(LAYERS))
            try:
                layers.append(LAYERS[kind](**fields))
            except TypeError:
                allowed = [f for f in LAYERS[kind].__dataclass_fields__ if f != "type"]
                raise DescriptionError(
                    f"Layer {kind} must have the fields {', '.join(allowed)}, not {', '.join(fields) or 'none'}"
                ) from None
        return cls(name=name, size=size, channels=channels, layers=tuple(layers))


@dataclass(frozen=True)
class Group:
    """Shapes of one (conv, pool, activation) group: ``inputs`` maps of ``size`` to ``outputs`` of ``pool``."""

    index: int
    size: int
    inputs: int
    outputs: int
    kernel: int
    pool: int
    function: str


def default_network() -> Network:
    """32x32 MNIST: conv 5x5 1->8, crop 16, ReLU, conv 5x5 8->16, crop 8, ReLU, dense 10."""
    return Network(
        name="mnist-32",
        size=32,
        channels=1,
        layers=(
            SpectralConv(channels=8, kernel=5),
            SpectralPool(size=16),
            Activation(),
            SpectralConv(channels=16, kernel=5),
            SpectralPool(size=8),
            Activation(),
            Dense(outputs=10),
        ),
    )
