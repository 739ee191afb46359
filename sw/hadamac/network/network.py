"""Descriptions of networks: the layers, how they are connected, and their shapes.

A description is plain data, for example JSON in an artifact.  It contains no number formats, which
:func:`hadamac.quantise` chooses, and no choices of hardware, which the folding makes (:mod:`hadamac.cost.folding`).

A network takes real square images of ``size`` x ``size`` pixels with one channel.  :mod:`hadamac.network.stage`
defines the shapes of what is passed between layers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from typing import Any

from ..checks import choice, integer, shown
from ..errors import DescriptionError
from ..files.writing import parse_json
from .graph import Step, graph
from .layers import LAYERS, SIZES, Activation, Dense, Layer, SpectralConv, SpectralPool, Tensor
from .layers.base import NAME
from .stage import Stage
from .stages import stages

__all__ = ["Network", "default_network"]

LAYERS_MOST = 64
"""Greatest number of layers of a network, far more than a circuit can hold."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """Graph of layers that ends with one ``Dense``.

    Parameters
    ----------
    name : str
        Name of the network, of letters, digits, '-' and '_'.
    size, channels : int
        Input images have ``size`` x ``size`` pixels and ``channels`` channels.
    layers : tuple of Layer
        Each layer takes the output of the layer before it, or the outputs of the layers that its ``inputs`` name.
    """

    name: str
    size: int
    channels: int
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(NAME, self.name):
            raise DescriptionError(f"Network name must be letters, digits, '-' and '_', not {shown(self.name)}")
        choice("Network input size", self.size, SIZES)
        integer("Network input channels", self.channels, 1, 1)
        object.__setattr__(self, "layers", tuple(self.layers))
        if len(self.layers) > LAYERS_MOST:
            raise DescriptionError(f"Network layers must be at most {LAYERS_MOST}, not {len(self.layers)}")
        self.stages  # noqa: B018  (refuses layers that do not fit one another)

    @cached_property
    def steps(self) -> list[Step]:
        """The layers and the transforms between them, unpruned, in topological order."""
        return graph(self)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The parts of the circuit in topological order, pruned to the bins that can affect the output."""
        return stages(self)

    @property
    def dense(self) -> Dense:
        """The last layer."""
        last = self.layers[-1]
        if not isinstance(last, Dense):
            raise DescriptionError(f"Network layers must end with dense, not {last.type}")
        return last

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """Shape and allowed values of every float parameter tensor, by name.

        ===========================  ==================================================================================
        name                         shape
        ===========================  ==================================================================================
        ``conv{k}.kernel``           (outputs, inputs, kernel, kernel)
        ``conv{k}.spectrum``         (outputs, inputs, rows, radius + 1, 2), in place of a kernel
        ``conv{k}.bias``             (outputs,)
        ``act{k}.coefficients``      (3,)
        ``act{k}.bias``              (channels,)
        ``norm{k}.mean``             (channels,)
        ``norm{k}.deviation``        (channels,)
        ``dense.weight``             (outputs, channels, M, M), or for bins (outputs, channels, rows, radius + 1, 2)
        ``dense.bias``               (outputs,)
        ===========================  ==================================================================================

        k is the number of the layer among the layers of its type.
        """
        out: dict[str, Tensor] = {}
        for stage in self.stages:
            folded = stage.frozen.layer if stage.frozen is not None else None
            for layer in (stage.layer, folded):
                if layer is not None:
                    out |= layer.tensors(stage)
        return out

    @property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every float parameter tensor; the names are those of `tensors`."""
        return {name: tensor.shape for name, tensor in self.tensors.items()}

    def to_json(self) -> dict[str, Any]:
        """Return the description as data for JSON."""
        return {
            "name": self.name,
            "input": {"size": self.size, "channels": self.channels},
            "layers": [layer.to_json() for layer in self.layers],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str) -> Network:
        """Return the network of a description in JSON, either its text or the parsed data.

        Raises
        ------
        DescriptionError
            If a field is missing, or if a layer or a field is unknown; the message names it.
        """
        description: Any = data
        if isinstance(data, str):
            try:
                description = parse_json(data)
            except ValueError as e:
                raise DescriptionError(f"Network description must be JSON: {e}") from None
        try:
            raw, name = description["layers"], description["name"]
            size, channels = description["input"]["size"], description["input"]["channels"]
            kinds = [(layer["type"], {k: v for k, v in layer.items() if k != "type"}) for layer in raw]
        except KeyError as e:
            raise DescriptionError(f"Network description must have name, input and layers: {e} is missing") from None
        except (TypeError, AttributeError):
            raise DescriptionError("Network description must have name, input and layers: an object of a string, an "
                                   "object and a list of objects") from None
        wanted = (("", description, ("name", "input", "layers")),
                  (" input", description["input"], ("size", "channels")))
        for what, given, known in wanted:
            unknown = [field for field in given if field not in known]
            if unknown:
                raise DescriptionError(f"Network description{what} must have the fields {', '.join(known)}, not "
                                       f"{shown(unknown[0])}")
        layers = [_layer(kind, given) for kind, given in kinds]
        return cls(name=name, size=size, channels=channels, layers=tuple(layers))


def _layer(kind: Any, given: Mapping[str, Any]) -> Layer:
    """Return the layer of a type with given fields; raise DescriptionError for an unknown type or field."""
    choice("Layer type", kind, tuple(LAYERS))
    known = {f.name: f for f in fields(LAYERS[kind])}
    wanted = f"Layer {kind} must have the fields {', '.join(known)}"
    for name in given:
        if name not in known:
            raise DescriptionError(f"{wanted}, not {shown(name)}")
    for name, field in known.items():
        if name not in given and field.default is MISSING:
            raise DescriptionError(f"{wanted}: {name!r} is missing")
    return LAYERS[kind](**given)


def default_network() -> Network:
    """Return the default network, which classifies MNIST digits of 32x32 pixels.

    Its layers are: SpectralConv 1->8 (5x5), SpectralPool to 16x16, ReLU, SpectralConv 8->16 (5x5), SpectralPool to
    8x8, ReLU, and Dense with 10 outputs.
    """
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
