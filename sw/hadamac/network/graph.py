"""Graph of a network: its layers and the transforms between them, as steps in topological order.

Some layers act on *maps* (pixels), others on *bins* (the spectra of maps).  If a layer of bins takes the output of a
layer of maps, an FFT2 is inserted; in the opposite case, an IFFT2.  Layers that need the same transform of the same
output share it.  In topological order, each step takes only the outputs of earlier steps.

The graph contains every bin.  :mod:`hadamac.network.liveness` proves which bins can be left out, and
:mod:`hadamac.network.stages` leaves them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..errors import DescriptionError
from ..shapes import Pair, as_pair, text
from .layers import INPUT, LENGTHS, SIZES, Dense, Layer, Place

__all__ = ["ANSWERS", "Description", "Graph", "KINDS", "OUTPUTS", "Place", "Step", "graph", "layer_names",
           "sources_of", "users_of"]

KINDS = {
    "transform": "turns maps into spectra",
    "inverse": "turns spectra into maps",
    "multiply": "multiplies each bin by a weight, which can take the scales of pools and pads as well",
    "band": "makes the bins beyond a radius zero",
    "crop": "keeps the low bins as a smaller spectrum",
    "pad": "puts the low bins into a larger spectrum of zeros",
    "bin": "acts on each bin alone, without a weight that could take a scale, and keeps a zero bin zero",
    "normalise": "acts on each bin, and on the mean and the deviation of its frame",
    "mix": "adds the weighted channels of each pixel; its weights can take the scales of pools and pads as well",
    "point": "acts on each pixel alone",
    "tile": "acts on each tile of pixels alone",
    "canvas": "keeps the first pixels of each map as a map of another size; linear, so that scales pass",
    "join": "combines several edges of one shape bin by bin or pixel by pixel; the result of zeros is zero",
    "linear": "combines everything",
}
"""Kinds of steps, by how the output of a step depends on its input.  A layer has one of them as well."""
OUTPUTS = ("classes", "values", "maps", "bins")
"""What a network may answer: the class with the largest logit, real values, maps, or the bins of their spectra."""
ANSWERS = ("maps", "bins")
"""Outputs that are no result of a dense layer."""


@dataclass(frozen=True)
class Step:
    """Step of a network.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    size : (int, int)
        Rows and columns of the maps that the step takes, or of the maps whose bins it takes.  Here and in ``keeps`` an
        integer n is taken as (n, n).
    what : str
        The step in words.
    keeps : (int, int)
        Rows and columns after a crop, pad or canvas; ``2 band + 1`` in each direction for a band.
    channels : int
        Number of output channels.
    layer : Layer or None
        The layer that the step belongs to; None for a transform.
    index : int
        Number of the layer among the layers of its type.
    sources : tuple of int or None
        Numbers of the steps whose outputs the step takes; -1 is the input of the network.  None stands for the step
        before this one.
    operation : str
        Name of the operation of :mod:`hadamac.ops` that computes the step.
    stem, edge : str
        Beginnings of the names of its stage and of its output in a trace.
    """

    kind: str
    size: Pair
    what: str
    keeps: Pair = (0, 0)
    channels: int = 1
    layer: Layer | None = None
    index: int = 0
    sources: tuple[int, ...] | None = None
    operation: str = ""
    stem: str = ""
    edge: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise DescriptionError(f"Kind of a step must be one of {', '.join(KINDS)}, not {self.kind!r}")
        for name in ("size", "keeps"):
            object.__setattr__(self, name, as_pair(getattr(self, name)))


def sources_of(steps: Sequence[Step], k: int) -> tuple[int, ...]:
    """Return the numbers of the steps whose outputs step ``k`` takes; -1 is the input of the network."""
    sources = steps[k].sources
    return (k - 1,) if sources is None else sources


def users_of(steps: Sequence[Step]) -> list[list[int]]:
    """Return the numbers of the steps that take the input (first entry) and that take each step's output, in order."""
    users: list[list[int]] = [[] for _ in range(len(steps) + 1)]
    for k in range(len(steps)):
        for source in sources_of(steps, k):
            users[source + 1].append(k)
    return users


class Graph:
    """Steps of a network, to which one layer after the other adds its own.

    Attributes
    ----------
    steps : list of Step
        The steps that have been added, in topological order.
    final : str
        Name of the output of a dense layer with which the network ends; empty for another layer.
    flat : bool
        True for a network of signals, whose maps have one row.
    """

    def __init__(self, flat: bool = False) -> None:
        self.steps: list[Step] = []
        self.final, self.flat = "", flat
        self._counts: dict[str, int] = {}
        self._bins: dict[int, Place] = {}
        self._maps: dict[int, Place] = {}
        self._alone: dict[int, str] = {}

    def begin(self, layer: Layer, final: str = "") -> None:
        """Count a layer, before its steps are added."""
        self.final = final
        self._counts[layer.type] = self._counts.get(layer.type, -1) + 1

    def add(self, kind: str, at: Place | Sequence[Place], what: str, layer: Layer | None = None, *,
            keeps: Pair = (0, 0), size: Pair | None = None, channels: int | None = None, operation: str = "",
            stem: str = "", edge: str = "") -> Place:
        """Add a step that takes ``at``, and return its output, whose size and channels default to those of ``at``."""
        places = (at,) if isinstance(at, Place) else tuple(at)
        first = places[0]
        index = 0 if layer is None else self._counts[layer.type]
        channels = first.channels if channels is None else channels
        self.steps.append(Step(kind, first.size, what, keeps, channels, layer, index, tuple(p.step for p in places),
                               operation, stem, edge))
        spectral = kind == "transform" or first.spectral and kind not in ("inverse", "linear")
        return Place(len(self.steps) - 1, first.size if size is None else size, channels, spectral)

    def bins(self, at: Place) -> Place:
        """Return the bins at ``at``; if there are maps, transform them, unless another layer has done so."""
        if at.spectral:
            return at
        if at.size == (1, 1):
            raise DescriptionError("Layers after a dense layer must be dense, sums or activations in space, because "
                                   "its outputs have no spectrum")
        if at.step not in self._bins:
            self._bins[at.step] = self.add("transform", at, f"{_transform(at)} {text(at.size)}", operation="transform",
                                           stem="fft", edge="spectrum")
        return self._bins[at.step]

    def maps(self, at: Place) -> Place:
        """Return the maps at ``at``; if there are bins, transform them back, unless another layer has done so."""
        if not at.spectral:
            return at
        allowed = LENGTHS if self.flat else SIZES
        for n in at.size[self.flat :]:
            if n not in allowed:
                raise DescriptionError(f"Size before an inverse transform must be one of "
                                       f"{', '.join(map(str, allowed))}, not {n}: pad the spectrum, or stay on bins")
        if at.step not in self._maps:
            self._maps[at.step] = self.add("inverse", at, f"I{_transform(at)} {text(at.size)}", operation="inverse",
                                           stem="ifft", edge="map")
        return self._maps[at.step]

    def layer_at(self, at: Place) -> Layer | None:
        """Return the layer whose output is ``at``; None for the input and for a transform."""
        return self.steps[at.step].layer if at.step >= 0 else None

    def alone(self, at: Place, message: str) -> None:
        """Allow only one step to take ``at``; if there are more, `check` raises DescriptionError with the message."""
        self._alone[at.step] = message

    def check(self) -> None:
        """Raise DescriptionError if several steps take an output that only one may take."""
        users = users_of(self.steps)
        for k, message in self._alone.items():
            if len(users[k + 1]) > 1:
                raise DescriptionError(message)


def _transform(at: Place) -> str:
    """Return the name of a forward transform: FFT2 in two dimensions, FFT in one."""
    return "FFT" if at.size[0] == 1 else "FFT2"


def layer_names(layers: Sequence[Layer]) -> list[str]:
    """Return the name of every layer; raise DescriptionError if two layers have the same name."""
    counts: dict[str, int] = {}
    names: list[str] = []
    for layer in layers:
        index = counts[layer.type] = counts.get(layer.type, -1) + 1
        name = layer.name or f"{layer.type}{index}"
        if name in names:
            raise DescriptionError(f"Network layers must have different names, not {name} twice")
        names.append(name)
    return names


class Description(Protocol):
    """The part of a :class:`hadamac.network.network.Network` of which its graph is made."""

    @property
    def size(self) -> Pair:
        """Rows and columns of the maps that the first layers take."""
        ...

    @property
    def channels(self) -> int:
        """Channels of the input."""
        ...

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, each after those from which it takes."""
        ...

    @property
    def standardise(self) -> bool:
        """True if the input's mean and deviation are folded into the first product."""
        ...

    @property
    def output(self) -> str:
        """Kind of the answer, one of `OUTPUTS`."""
        ...


def _check_end(network: Description) -> None:
    """Raise DescriptionError unless the last layer is one that gives what the network answers."""
    layers, output = network.layers, network.output
    order = ", ".join(layer.type for layer in layers)
    last = layers[-1] if layers else None
    if output not in ANSWERS and not isinstance(last, Dense):
        raise DescriptionError(f"Network layers must end with dense where the output is {output}, not ({order})")
    if output in ANSWERS and (last is None or any(isinstance(layer, Dense) for layer in layers)):
        raise DescriptionError(f"Network layers must be some, and none of them dense, where the output is {output}, "
                               f"not ({order})")
    if output == "classes" and isinstance(last, Dense) and last.outputs < 2:
        raise DescriptionError(f"Dense outputs must be an integer from 2 to {Dense.MOST} where they are classes, not "
                               f"{last.outputs}")


def graph(network: Description) -> list[Step]:
    """Return the steps of a network in topological order.

    Raises
    ------
    DescriptionError
        If layers do not fit one another, if a layer takes the output of one that does not precede it, or if no layer
        takes the output of a layer other than the last one.
    """
    layers = network.layers
    _check_end(network)
    built, source_place = Graph(network.size[0] == 1), Place(-1, network.size, network.channels, False)
    places, names = {INPUT: source_place}, layer_names(layers)
    unused: dict[str, Place] = {}
    for name, layer in zip(names, layers):
        for source in layer.inputs or ():
            if source not in places:
                raise DescriptionError(f"Layer {name} must take from layers before it ({', '.join(places)}), not from "
                                       f"{source}")
        final = {"classes": "logits", "values": "values"}.get(network.output, "") if name == names[-1] else ""
        built.begin(layer, final)
        taken = layer.inputs or (list(places)[-1],)
        place = layer.expand(built, *(places[source] for source in taken))
        for source in taken:
            unused.pop(source, None)
        places[name] = unused[name] = place
    del unused[names[-1]]
    for name in unused:
        raise DescriptionError(f"Layer {name} must lead to the last layer, but no layer takes from it")
    if network.output == "maps":
        built.maps(places[names[-1]])
    elif network.output == "bins":
        built.bins(places[names[-1]])
    if not built.steps:
        raise DescriptionError(f"Network layers must change the {network.output}, not leave them as they are")
    built.check()
    return built.steps
