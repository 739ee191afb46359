"""Base class of the descriptions of layers, which are plain data without number formats or choices of hardware.

A layer acts on *maps* (channels of H x W real pixels; of one row in networks of one dimension) or on *bins* (their
half-spectra, which are unnormalised DFTs).
If a layer of bins takes maps, or the other way round, :mod:`hadamac.network.graph` inserts a transform between the two;
transforms are no layers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

from ...checks import shown
from ...errors import DescriptionError
from ...shapes import Pair

__all__ = ["INPUT", "Layer", "NAME", "Place", "Shaped", "Steps", "Tensor"]

INPUT = "input"
"""Name of the input of the network, for a layer that takes it."""
NAME = "[A-Za-z0-9_-]{1,64}"
"""Pattern of the names of networks and layers."""


@dataclass(frozen=True)
class Place:
    """Output of a step in the graph.

    Attributes
    ----------
    step : int
        Number of the step; -1 is the input of the network.
    size : (int, int)
        Rows and columns of the maps, or of the maps whose bins it consists of.
    channels : int
    spectral : bool
        Whether it consists of bins, and not of maps.
    """

    step: int
    size: Pair
    channels: int
    spectral: bool


class Steps(Protocol):
    """The graph to which a layer adds its steps: :class:`hadamac.network.graph.Graph`."""

    final: str
    flat: bool

    def bins(self, at: Place) -> Place:
        """Return the place of the spectrum of what is at a place."""
        ...

    def maps(self, at: Place) -> Place:
        """Return the place of the maps of what is at a place."""
        ...

    def add(self, kind: str, at: Place | Sequence[Place], what: str, layer: Layer | None = None, *,
            keeps: Pair = (0, 0), size: Pair | None = None, channels: int | None = None, operation: str = "",
            stem: str = "", edge: str = "") -> Place:
        """Add a step and return the place of its output."""
        ...

    def layer_at(self, at: Place) -> Layer | None:
        """Return the layer whose output is at a place; None for the input and for a transform."""
        ...

    def alone(self, at: Place, message: str) -> None:
        """Refuse the network, with this message, if anything else takes the output at a place."""
        ...


class Shaped(Protocol):
    """The facts of a stage on which the shapes of parameters depend: :class:`hadamac.network.stage.Stage` has them."""

    @property
    def kind(self) -> str:
        """Kind of the stage's step."""
        ...

    @property
    def name(self) -> str:
        """Name of the stage."""
        ...

    @property
    def size(self) -> Pair:
        """Rows and columns of the maps that enter, or of the maps whose bins enter."""
        ...

    @property
    def radius(self) -> Pair | None:
        """Radius of the bins that leave; None for maps."""
        ...

    @property
    def inputs(self) -> int:
        """Channels that enter."""
        ...

    @property
    def channels(self) -> int:
        """Channels that leave."""
        ...

    @property
    def rows(self) -> int:
        """Rows of the bins."""
        ...

    @property
    def columns(self) -> int:
        """Columns of the bins."""
        ...


@dataclass(frozen=True)
class Tensor:
    """Shape and allowed values of a float parameter tensor.

    Attributes
    ----------
    shape : tuple of int
    positive : bool
        Whether every value must be greater than 0.
    negative : bool
        Whether every value must be at most 0.
    """

    shape: tuple[int, ...]
    positive: bool = False
    negative: bool = False


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Layer of a network.

    Parameters
    ----------
    name : str, optional
        Name of the layer, which the ``inputs`` of other layers contain.  The default is ``{type}{k}``, where k counts
        the layers of a type from 0, for example ``spectral_conv0``.
    inputs : tuple of str, optional
        Names of the layers whose outputs this layer takes; they must precede it.  ``input`` is the input of the
        network.  The default is the layer before this one in the list.

    Attributes
    ----------
    type : str
        Name of the kind of layer, as in JSON.
    """

    type: ClassVar[str]
    name: str | None = None
    inputs: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        self._check_names()
        if self.inputs is not None and len(self.inputs) != 1:
            raise DescriptionError(f"{type(self).__name__} inputs must be the name of one layer, not {len(self.inputs)}"
                                   " names")

    def _check_names(self) -> None:
        """Raise DescriptionError unless ``name`` and ``inputs`` have the form of names."""
        kind = type(self).__name__
        if self.name is not None and (not isinstance(self.name, str) or not re.fullmatch(NAME, self.name)):
            raise DescriptionError(f"{kind} name must be letters, digits, '-' and '_', not {shown(self.name)}")
        if self.name == INPUT:
            raise DescriptionError(f"{kind} name must not be {INPUT}, which is the network's input")
        if self.inputs is None:
            return
        if not isinstance(self.inputs, (tuple, list)) or not all(isinstance(name, str) for name in self.inputs):
            raise DescriptionError(f"{kind} inputs must be a list of names of layers, not {shown(self.inputs)}")
        object.__setattr__(self, "inputs", tuple(self.inputs))

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add the steps of this layer to a network's graph and return the place at which its result is found.

        Parameters
        ----------
        graph : Graph
        *sources : Place
            The inputs of the layer.

        Raises
        ------
        DescriptionError
            If the layer cannot take these inputs.
        """
        raise NotImplementedError(f"{type(self).__name__} must say which steps it consists of")

    def tensors(self, stage: Shaped, index: int) -> dict[str, Tensor]:
        """Return the float parameters that this layer has in a stage, by their names in an artifact.

        Parameters
        ----------
        stage
            The stage of one of the layer's steps, or the product into which the layer is folded.
        index : int
            The number of the layer among those of its type, which the names contain.
        """
        return {}

    def to_json(self) -> dict[str, Any]:
        """Return the fields as data for JSON; ``name`` and ``inputs`` are left out if they are None."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        given = {name: value for name, value in values.items() if name not in ("name", "inputs") or value is not None}
        if self.inputs is not None:
            given["inputs"] = list(self.inputs)
        return given | {"type": self.type}
