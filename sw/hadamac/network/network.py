"""Network descriptions: which layers, in which order, with which shapes.

A description is plain data (JSON in an artifact).  It says nothing about numbers: formats are the
business of :mod:`hadamac.quantise`, hardware the business of the folding plan.

Shapes: a network takes square ``size`` x ``size`` real images with one channel; what flows between layers is told in
:mod:`hadamac.network.stages`.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, asdict, dataclass
from functools import cached_property

from ..checks import choice, integer, shown
from ..errors import DescriptionError
from ..files.writing import parse_json
from .graph import Step, chain
from .layers import LAYERS, SIZES, Activation, Dense, MaxPool, Normalise, Pad, SpectralConv, SpectralPool
from .stages import Stage, stages

__all__ = ["Activation", "Dense", "MaxPool", "Network", "Normalise", "Pad", "SpectralConv", "SpectralPool",
           "default_network"]

LAYERS_MOST = 64
"""Most layers of a network: far more than a circuit can hold."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A chain of layers closed by one ``Dense``.

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
        if not isinstance(self.name, str) or not re.fullmatch("[A-Za-z0-9_-]{1,64}", self.name):
            raise DescriptionError(f"Network name must be letters, digits, '-' and '_', not {shown(self.name)}")
        choice("Network input size", self.size, SIZES)
        integer("Network input channels", self.channels, 1, 1)
        object.__setattr__(self, "layers", tuple(self.layers))
        if len(self.layers) > LAYERS_MOST:
            raise DescriptionError(f"Network layers must be at most {LAYERS_MOST}, not {len(self.layers)}")
        self.stages  # noqa: B018  (refuses layers that do not fit one another)

    @cached_property
    def steps(self) -> list[Step]:
        """Layers and the transforms between them, unpruned."""
        return chain(self)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The parts of the circuit, pruned to live bins."""
        return stages(self)

    @property
    def dense(self) -> Dense:
        return self.layers[-1]

    @property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every float parameter tensor.

        ``conv{k}.kernel`` (outputs, inputs, kernel, kernel) or ``conv{k}.spectrum`` (outputs, inputs, rows, radius + 1,
        2) and ``conv{k}.bias``; ``act{k}.coefficients`` (3,) or ``act{k}.bias`` (channels,); ``norm{k}.mean`` and
        ``norm{k}.deviation`` (channels,); ``dense.weight`` (outputs, channels, M, M) of maps or
        (outputs, channels, rows, radius + 1, 2) of bins, and ``dense.bias``.
        """
        shapes = {}
        for s in self.stages:
            k, layer = s.index, s.layer
            if s.kind == "multiply":
                free = layer.kernel is None
                tail = (s.rows, s.radius + 1, 2) if free else (layer.kernel, layer.kernel)
                shapes[f"conv{k}.{'spectrum' if free else 'kernel'}"] = (s.channels, s.inputs, *tail)
                shapes[f"conv{k}.bias"] = (s.channels,)
                if s.frozen is not None:
                    for name in ("mean", "deviation"):
                        shapes[f"norm{s.frozen.index}.{name}"] = (s.channels,)
            elif isinstance(layer, Activation) and layer.function in ("quadratic", "modrelu"):
                quadratic = layer.function == "quadratic"
                shapes[f"act{k}.{'coefficients' if quadratic else 'bias'}"] = (3,) if quadratic else (s.channels,)
            elif s.kind == "linear":
                tail = (s.size, s.size) if s.radius is None else (s.rows, s.radius + 1, 2)
                shapes["dense.weight"] = (layer.outputs, s.inputs, *tail)
                shapes["dense.bias"] = (layer.outputs,)
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
                data = parse_json(data)
            except ValueError as e:
                raise DescriptionError(f"Network description must be JSON: {e}") from None
        try:
            raw, name = data["layers"], data["name"]
            size, channels = data["input"]["size"], data["input"]["channels"]
            kinds = [(layer["type"], {k: v for k, v in layer.items() if k != "type"}) for layer in raw]
        except KeyError as e:
            raise DescriptionError(f"Network description must have name, input and layers: {e} is missing") from None
        except (TypeError, AttributeError):
            raise DescriptionError("Network description must have name, input and layers: an object of a string, an "
                                   "object and a list of objects") from None
        wanted = (("", data, ("name", "input", "layers")), (" input", data["input"], ("size", "channels")))
        for what, given, known in wanted:
            unknown = [field for field in given if field not in known]
            if unknown:
                raise DescriptionError(f"Network description{what} must have the fields {', '.join(known)}, not "
                                       f"{shown(unknown[0])}")
        layers = []
        for kind, fields in kinds:
            choice("Layer type", kind, tuple(LAYERS))
            known = {name: f for name, f in LAYERS[kind].__dataclass_fields__.items() if name != "type"}
            wanted = f"Layer {kind} must have " + (f"the fields {', '.join(known)}" if known else "no fields")
            for name in (name for name in fields if name not in known):
                raise DescriptionError(f"{wanted}, not {shown(name)}")
            for name in (n for n, f in known.items() if n not in fields and f.default is MISSING):
                raise DescriptionError(f"{wanted}: {name!r} is missing")
            layers.append(LAYERS[kind](**fields))
        return cls(name=name, size=size, channels=channels, layers=tuple(layers))


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
