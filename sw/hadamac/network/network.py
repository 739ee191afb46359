"""Descriptions of networks: the layers, how they are connected, and their shapes.

A description is plain data, for example JSON in an artifact.  It contains no number formats, which
:func:`hadamac.quantise` chooses, and no choices of hardware, which the folding makes (:mod:`hadamac.cost.folding`).

A network takes images of several channels, or signals.  :mod:`hadamac.network.stage` defines the shapes of what is
passed between layers.
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
from ..samples.formats import InputFormat
from ..samples.frames import CHANNELS, PIXELS, SAMPLES
from ..samples.padding import RULES
from ..shapes import Pair, power_of_two
from .graph import ANSWERS, OUTPUTS, Step, graph
from .layers import LAYERS, Activation, Dense, Layer, SpectralConv, SpectralPool, Tensor
from .layers.base import NAME
from .stage import Stage
from .stages import stages

__all__ = ["Network", "default_network"]

LAYERS_MOST = 64
"""Greatest number of layers of a network, far more than a circuit can hold."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """Graph of layers.

    Parameters
    ----------
    name : str
        Name of the network, of letters, digits, '-' and '_'.
    shape : (int, int, int) or (int, int)
        Shape of an input frame: (channels, rows, columns) of an image, or (channels, samples) of a signal, for a
        network of one dimension.  1 to 16 channels; 4 to 256 rows and columns; 16 to 4096 samples.
    layers : tuple of Layer
        Each layer takes the output of the layer before it, or the outputs of the layers that its ``inputs`` name.
    format : str
        Number format of the input (:class:`hadamac.samples.formats.InputFormat`): ``uint8``, ``int8``, ``int16`` or
        ``SQ(i,f)``.
    padding : str
        Rule of the border that is added where rows, columns or samples are no power of two: ``zero``, ``mirror`` or
        ``end`` (:mod:`hadamac.samples.padding`).
    standardise : bool
        Whether the parameters ``input.mean`` and ``input.deviation``, one for each channel, are subtracted from the
        input and divide it.  They are those of the training data, and are folded into the first product.
    output : str
        What the network answers, one of `OUTPUTS`.
    """

    name: str
    shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    format: str = "uint8"
    padding: str = "zero"
    standardise: bool = False
    output: str = "classes"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(NAME, self.name):
            raise DescriptionError(f"Network name must be letters, digits, '-' and '_', not {shown(self.name)}")
        object.__setattr__(self, "shape", _shape(self.shape))
        self.input_format  # noqa: B018  (refuses a format that there is not)
        choice("Network padding", self.padding, RULES)
        choice("Network standardise", self.standardise, (False, True))
        choice("Network output", self.output, OUTPUTS)
        object.__setattr__(self, "layers", tuple(self.layers))
        if len(self.layers) > LAYERS_MOST:
            raise DescriptionError(f"Network layers must be at most {LAYERS_MOST}, not {len(self.layers)}")
        self.stages  # noqa: B018  (refuses layers that do not fit one another)

    @property
    def channels(self) -> int:
        """Channels of an input frame."""
        return self.shape[0]

    @property
    def given(self) -> Pair:
        """Rows and columns of an input frame; one row in a network of one dimension."""
        return (1, self.shape[1]) if self.flat else (self.shape[1], self.shape[2])

    @property
    def size(self) -> Pair:
        """Rows and columns of the maps that the first layers take: powers of two."""
        rows, columns = self.given
        return power_of_two(rows), power_of_two(columns)

    @property
    def flat(self) -> bool:
        """True if the network has one dimension."""
        return len(self.shape) == 2

    @property
    def source(self) -> str:
        """Name of the input in a trace."""
        return "signal" if self.flat else "image"

    @cached_property
    def input_format(self) -> InputFormat:
        """Number format of the input."""
        return InputFormat.of(self.format)

    @cached_property
    def steps(self) -> list[Step]:
        """The layers and the transforms between them, unpruned, in topological order."""
        return graph(self)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The parts of the circuit in topological order, pruned to the bins that can affect the output."""
        return stages(self)

    @property
    def outputs(self) -> int:
        """Number of classes or values that the network answers; DescriptionError if it answers maps or bins."""
        last = self.layers[-1]
        if self.output in ANSWERS or not isinstance(last, Dense):
            raise DescriptionError(f"Network {self.name} must have the output classes or values, not {self.output}")
        return last.outputs

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the answer to a frame: (outputs,), or (channels, rows, columns) of maps or of bins."""
        last = self.stages[-1]
        return (self.outputs,) if self.output not in ANSWERS else last.shape

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """Shape and allowed values of every float parameter tensor, by name.

        ===========================  ==================================================================================
        name                         shape
        ===========================  ==================================================================================
        ``input.mean``               (channels,), of a network that standardises its input
        ``input.deviation``          (channels,)
        ``conv{k}.kernel``           (outputs, inputs, kernel, kernel), or (outputs, inputs, 1, kernel) for signals
        ``conv{k}.spectrum``         (outputs, inputs, rows, columns, 2), in place of a kernel
        ``conv{k}.pointwise``        (outputs, inputs), of every bin, beside a spectrum of modes
        ``conv{k}.bias``             (outputs,)
        ``mix{k}.weight``            (outputs, inputs)
        ``mix{k}.bias``              (outputs,)
        ``mix{k}.grid``              (outputs, 2), the weights of the coordinates y/H and x/W
        ``hidden{k}.weight``         as ``dense.weight``, of a dense layer that another layer follows
        ``hidden{k}.bias``           (outputs,)
        ``act{k}.coefficients``      (3,)
        ``act{k}.bias``              (channels,)
        ``norm{k}.mean``             (channels,)
        ``norm{k}.deviation``        (channels,)
        ``dense.weight``             (outputs, channels, rows, columns) for maps, (.., rows, columns, 2) for bins
        ``dense.bias``               (outputs,)
        ===========================  ==================================================================================

        k is the number of the layer among the layers of its type.
        """
        each = (self.channels,)
        out = {"input.mean": Tensor(each), "input.deviation": Tensor(each, positive=True)} if self.standardise else {}
        for stage in self.stages:
            for step in (stage.step, stage.frozen):
                if step is not None and step.layer is not None:
                    out |= step.layer.tensors(stage, step.index)
        return out

    @property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every float parameter tensor; the names are those of `tensors`."""
        return {name: tensor.shape for name, tensor in self.tensors.items()}

    def to_json(self) -> dict[str, Any]:
        """Return the description as data for JSON."""
        return {
            "name": self.name,
            "input": {"shape": list(self.shape), "format": self.format, "padding": self.padding,
                      "standardise": self.standardise},
            "layers": [layer.to_json() for layer in self.layers],
            "output": self.output,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str) -> Network:
        """Return the network of a description in JSON, either its text or the parsed data.

        In ``input``, only ``shape`` must be given; ``output`` may be left out.

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
            given = {"shape": description["input"]["shape"], **description["input"]}
            kinds = [(layer["type"], {k: v for k, v in layer.items() if k != "type"}) for layer in raw]
        except KeyError as e:
            raise DescriptionError(f"Network description must have name, input and layers: {e} is missing") from None
        except (TypeError, AttributeError):
            raise DescriptionError("Network description must have name, input and layers: an object of a string, an "
                                   "object and a list of objects") from None
        wanted = (("", description, ("name", "input", "layers", "output")),
                  (" input", given, ("shape", "format", "padding", "standardise")))
        for what, fields_given, known in wanted:
            unknown = [field for field in fields_given if field not in known]
            if unknown:
                raise DescriptionError(f"Network description{what} must have the fields {', '.join(known)}, not "
                                       f"{shown(unknown[0])}")
        if "output" in description:
            given["output"] = description["output"]
        return cls(name=name, layers=tuple(_layer(kind, fields) for kind, fields in kinds), **given)


def _shape(shape: Any) -> tuple[int, ...]:
    """Return the shape of an input frame as a tuple; raise DescriptionError for one that no network has."""
    if not isinstance(shape, (tuple, list)) or len(shape) not in (2, 3):
        raise DescriptionError("Network input shape must be (channels, rows, columns) or (channels, samples), not "
                               f"{shown(shape)}")
    integer("Network input channels", shape[0], *CHANNELS)
    if len(shape) == 2:
        integer("Network input samples", shape[1], *SAMPLES)
    else:
        for what, n in zip(("rows", "columns"), shape[1:]):
            integer(f"Network input {what}", n, *PIXELS)
    return tuple(shape)


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
        shape=(1, 32, 32),
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
