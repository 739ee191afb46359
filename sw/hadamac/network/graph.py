"""A network as a graph of steps: its layers, and the transforms that they need between them.

A layer of bins that takes from one of maps needs an FFT2, the other way round an IFFT2; layers that need the same
transform of the same result share it.  Steps stand in topological order: each takes from earlier ones only.  Nothing is
pruned here: that is for :mod:`hadamac.network.liveness` to prove and for :mod:`hadamac.network.stages` to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import DescriptionError
from .layers import INPUT, SIZES, Dense, Layer

if TYPE_CHECKING:
    from .network import Network

__all__ = ["Graph", "KINDS", "Place", "Step", "graph", "layer_names", "sources_of", "users_of"]

KINDS = {
    "transform": "maps to spectra",
    "inverse": "spectra to maps",
    "multiply": "each bin by itself, linear",
    "band": "bins beyond a radius become zero",
    "crop": "low bins are kept",
    "pad": "low bins among zeros",
    "bin": "each bin by itself, not linear; a zero bin stays zero",
    "normalise": "bins by their frame's mean and deviation",
    "point": "each pixel by itself",
    "tile": "tiles of pixels by themselves",
    "join": "several edges of one shape, each bin or pixel by itself; zero where all of them are",
    "linear": "anything of everything",
}
"""Kinds of steps: in what way a step's result depends on what it takes.  Kinds of layers share them."""


@dataclass(frozen=True)
class Step:
    """One step of a network.

    Attributes
    ----------
    kind, what : str
        One of `KINDS`; the step in words.
    size : int
        Size of what it takes.
    keeps : int
        Size of what leaves a crop or pad; of a band ``2 band + 1``.
    channels : int
        Channels that leave it.
    layer : Layer or None
        The layer that it belongs to; a transform belongs to none.
    index : int
        The number of the layer among those of its type.
    sources : tuple of int or None
        The steps that it takes from, -1 for the network's input; None: from the step before it.
    operation, stem, edge : str
        The operation that computes it, and the stems of the names of its stage and of what leaves it.
    """

    kind: str
    size: int
    what: str
    keeps: int = 0
    channels: int = 1
    layer: Layer | None = None
    index: int = 0
    sources: tuple[int, ...] | None = None
    operation: str = ""
    stem: str = ""
    edge: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise DescriptionError(f"Liveness step must be one of {', '.join(KINDS)}, not {self.kind!r}")


def sources_of(steps: Sequence[Step], k: int) -> tuple[int, ...]:
    """Return the steps that step ``k`` takes from; -1 is the input."""
    sources = steps[k].sources
    return (k - 1,) if sources is None else sources


def users_of(steps: Sequence[Step]) -> list[list[int]]:
    """Return the steps that take from the input (first) and from every step, each in order."""
    users: list[list[int]] = [[] for _ in range(len(steps) + 1)]
    for k in range(len(steps)):
        for source in sources_of(steps, k):
            users[source + 1].append(k)
    return users


@dataclass(frozen=True)
class Place:
    """A result in the graph: the step that gives it (-1: the input), its size and channels, bins or maps."""

    step: int
    size: int
    channels: int
    spectral: bool


class Graph:
    """The steps of a network while its layers add theirs.

    Attributes
    ----------
    steps : list of Step
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._counts: dict[str, int] = {}
        self._bins: dict[int, Place] = {}
        self._maps: dict[int, Place] = {}
        self._alone: dict[int, str] = {}

    def begin(self, layer: Layer) -> None:
        """Count the layer whose steps come next."""
        self._counts[layer.type] = self._counts.get(layer.type, -1) + 1

    def add(self, kind: str, at: Place | Sequence[Place], what: str, layer: Layer | None = None, *, keeps: int = 0,
            size: int | None = None, channels: int | None = None, operation: str = "", stem: str = "",
            edge: str = "") -> Place:
        """Add a step and return the place of its result, which has the size and channels of ``at`` unless given."""
        places = (at,) if isinstance(at, Place) else tuple(at)
        first = places[0]
        index = 0 if layer is None else self._counts[layer.type]
        channels = first.channels if channels is None else channels
        self.steps.append(Step(kind, first.size, what, keeps, channels, layer, index, tuple(p.step for p in places),
                               operation, stem, edge))
        spectral = kind == "transform" or first.spectral and kind != "inverse"
        return Place(len(self.steps) - 1, first.size if size is None else size, channels, spectral)

    def bins(self, at: Place) -> Place:
        """Return the place of the spectrum at ``at``, with a transform added where maps are and none is yet."""
        if at.spectral:
            return at
        if at.step not in self._bins:
            self._bins[at.step] = self.add("transform", at, f"FFT2 {at.size}x{at.size}", operation="transform",
                                           stem="fft", edge="spectrum")
        return self._bins[at.step]

    def maps(self, at: Place) -> Place:
        """Return the place of the maps at ``at``, with an inverse transform added where bins are and none is yet."""
        if not at.spectral:
            return at
        if at.size not in SIZES:
            raise DescriptionError(f"Size before an inverse transform must be one of {', '.join(map(str, SIZES))}, "
                                   f"not {at.size}: pad the spectrum, or stay on bins")
        if at.step not in self._maps:
            self._maps[at.step] = self.add("inverse", at, f"IFFT2 {at.size}x{at.size}", operation="inverse",
                                           stem="ifft", edge="map")
        return self._maps[at.step]

    def layer_at(self, at: Place) -> Layer | None:
        """Return the layer whose result stands at ``at``; None for the input and for a transform."""
        return self.steps[at.step].layer if at.step >= 0 else None

    def alone(self, at: Place, message: str) -> None:
        """Note that nothing else may take from ``at``; `check` raises DescriptionError with the message if it does."""
        self._alone[at.step] = message

    def check(self) -> None:
        """Raise DescriptionError for a result that nothing takes, or that too many do."""
        users = users_of(self.steps)
        for k, message in self._alone.items():
            if len(users[k + 1]) > 1:
                raise DescriptionError(message)


def layer_names(layers: Sequence[Layer]) -> list[str]:
    """Return the name of every layer; raise DescriptionError if two have one name."""
    counts: dict[str, int] = {}
    names: list[str] = []
    for layer in layers:
        index = counts[layer.type] = counts.get(layer.type, -1) + 1
        name = layer.name or f"{layer.type}{index}"
        if name in names:
            raise DescriptionError(f"Network layers must have different names, not {name} twice")
        names.append(name)
    return names


def graph(network: Network) -> list[Step]:
    """Return the steps of a network (``size``, ``channels``, ``layers``) in topological order.

    Raises
    ------
    DescriptionError
        If layers do not fit one another, take from what does not stand before them, or lead nowhere.
    """
    layers = network.layers
    order = ", ".join(layer.type for layer in layers)
    if [isinstance(layer, Dense) for layer in layers] != [False] * (len(layers) - 1) + [True]:
        raise DescriptionError(f"Network layers must end with dense, and hold it once, not ({order})")
    built, place = Graph(), Place(-1, network.size, network.channels, False)
    places: dict[str, Place] = {INPUT: place}
    unused: dict[str, Place] = {}
    names = layer_names(layers)
    for name, layer in zip(names, layers):
        for source in layer.inputs or ():
            if source not in places:
                raise DescriptionError(f"Layer {name} must take from layers before it ({', '.join(places)}), not from "
                                       f"{source}")
        built.begin(layer)
        taken = layer.inputs or (list(places)[-1],)
        place = layer.expand(built, *(places[source] for source in taken))
        for source in taken:
            unused.pop(source, None)
        places[name] = unused[name] = place
    del unused[names[-1]]
    for name in unused:
        raise DescriptionError(f"Layer {name} must lead to the dense layer, but no layer takes from it")
    built.check()
    return built.steps
