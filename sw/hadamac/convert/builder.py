"""Collection of layers, of their connections and of their parameters, one call of a torch module after the other.

The maps of a network have powers of two as rows and columns, those of torch need not.  A map of torch therefore lies in
the first rows and columns of a map of the network; what is beyond them is its *border*.  `Value` says which part that
is, and whether the border is zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from ..network.graph import Graph, Place
from ..network.layers import INPUT, Activation, Dense, Layer, Normalise, Pointwise, SpectralConv
from ..shapes import Pair, power_of_two
from .registry import Unsupported

__all__ = ["Affine", "Builder", "Made", "Value", "least_size"]

PREFIXES = {SpectralConv.type: "conv", Pointwise.type: "mix", Activation.type: "act", Normalise.type: "norm"}
"""Beginnings of the names of parameters, by the type of their layer."""
_LEAST = 4
"""Least number of rows and columns of a transform."""


@dataclass(frozen=True, eq=False)
class Affine:
    """Function ``scale * x + shift`` of each channel that no layer computes yet.

    Attributes
    ----------
    scale, shift : float64 array (channels,)
    """

    scale: np.ndarray
    shift: np.ndarray

    def then(self, scale: np.ndarray, shift: np.ndarray) -> Affine:
        """Return this function, followed by another one."""
        return Affine(self.scale * scale, self.shift * scale + shift)


@dataclass(frozen=True, kw_only=True, eq=False)
class Value:
    """Tensor of torch, as the network holds it.

    Attributes
    ----------
    layer : str
        Name of the layer whose output holds it, ``input`` for the input of the network.
    channels : int
    shape : tuple of int
        Shape of the tensor in torch, without the axis of frames.
    real : (int, int)
        Rows and columns of torch's maps; signals have one row.
    held : (int, int)
        Rows and columns of the network's maps, of which the first ``real`` pixels are torch's.
    clean : bool
        Whether all pixels of the border are zero.
    affine : Affine or None
        Function of each channel that is still to be computed.
    mean : bool
        Whether the tensor is the mean of each map, which is still to be computed, before ``affine``.
    spectral : bool
        Whether the tensor has the bins of the maps, and not their pixels.
    radius : (int, int) or None
        Radius of the bins that a spectral tensor has in torch.
    shared : bool
        Whether other calls take the output of the same layer, so that it may not be changed any more.
    """

    layer: str
    channels: int
    shape: tuple[int, ...]
    real: Pair
    held: Pair
    clean: bool = False
    affine: Affine | None = None
    mean: bool = False
    spectral: bool = False
    radius: Pair | None = None
    shared: bool = False

    @property
    def whole(self) -> bool:
        """True if there is no border."""
        return self.real == self.held

    @property
    def blank(self) -> bool:
        """True if there is no border, or if it is zero."""
        return self.whole or self.clean

    @property
    def flat(self) -> bool:
        """True for signals, but also for the outputs of a dense layer."""
        return self.held[0] == 1

    @property
    def features(self) -> int:
        """Numbers of a frame."""
        return prod(self.shape)


@dataclass(eq=False)
class Made:
    """Layer that has been added.

    Attributes
    ----------
    layer : Layer
        The layer, with its name and the names of those from which it takes.
    tensors : dict of str to float64 array
        Its parameters by the ends of their names, for example ``kernel``.
    """

    layer: Layer
    tensors: dict[str, np.ndarray] = field(default_factory=dict)


def least_size(real: Pair, flat: bool) -> Pair:
    """Return the rows and columns of the smallest maps of a network that hold maps of torch."""
    rows, columns = (max(power_of_two(n), _LEAST) for n in real)
    return (1 if flat else rows), columns


class Builder:
    """Layers of a network, to which the conversion of one call after the other adds its own.

    Parameters
    ----------
    channels : int
    given : (int, int)
        Rows and columns of the input; signals have one row.
    affine : Affine or None
        Function of the input's values that gives what the model takes.

    Attributes
    ----------
    made : dict of str to Made
        The layers by their names, in topological order.
    label : str
        Name of the module that is being converted, from which the names of its layers are made.
    """

    def __init__(self, channels: int, given: Pair, affine: Affine | None = None):
        self.flat = given[0] == 1
        size = (1 if self.flat else power_of_two(given[0])), power_of_two(given[1])
        self._graph = Graph(self.flat)
        self._places = {INPUT: Place(-1, size, channels, False)}
        self.made: dict[str, Made] = {}
        self.label = "layer"
        shape = (channels, given[1]) if self.flat else (channels, *given)
        self.input = Value(layer=INPUT, channels=channels, shape=shape, real=given, held=size, clean=True,
                           affine=affine)

    def add(self, kind: type[Layer], *sources: Value, tensors: Mapping[str, np.ndarray] | None = None,
            **fields: Any) -> Place:
        """Add a layer of a kind with some fields, and return the place of its output in the graph.

        DescriptionError is raised if the layer cannot take these sources.
        """
        names = tuple(source.layer for source in sources)
        layer = kind(name=self._name(), inputs=names, **fields)
        self._graph.begin(layer)
        place = layer.expand(self._graph, *(self._places[name] for name in names))
        name = layer.name or ""
        self._places[name] = place
        self.made[name] = Made(layer, {k: np.asarray(v, dtype=np.float64) for k, v in (tensors or {}).items()})
        return place

    def put(self, x: Value, kind: type[Layer], *others: Value, tensors: Mapping[str, np.ndarray] | None = None,
            clean: bool = False, real: Pair | None = None, shape: tuple[int, ...] | None = None,
            radius: Pair | None = None, **fields: Any) -> Value:
        """Add a layer that takes ``x`` and ``others``, and return its output, by default in the shape of ``x``."""
        if any(value.affine or value.mean for value in (x, *others)):
            raise AssertionError(f"{kind.__name__} takes a value of which something is still to be computed")
        place = self.add(kind, x, *others, tensors=tensors, **fields)
        return Value(layer=list(self.made)[-1], channels=place.channels, shape=x.shape if shape is None else shape,
                     real=x.real if real is None else real, held=place.size, clean=clean, spectral=x.spectral,
                     radius=radius)

    def in_bins(self, x: Value) -> bool:
        """Return whether the layer that holds a value gives bins."""
        return self._places[x.layer].spectral

    def fold(self, x: Value, scale: np.ndarray, shift: np.ndarray) -> Value | None:
        """Return ``scale * x + shift``, put into the weights of the layer before it; None if this is impossible."""
        made = self.made.get(x.layer)
        if made is None or not isinstance(made.layer, (SpectralConv, Pointwise, Dense)):
            return None
        if x.shared or x.affine or x.mean:
            return None
        for name, tensor in made.tensors.items():
            made.tensors[name] = tensor * scale.reshape(-1, *[1] * (tensor.ndim - 1))
        made.tensors["bias"] = made.tensors["bias"] + shift
        return x

    def scaled(self, x: Value, scale: np.ndarray, shift: np.ndarray) -> Value:
        """Return ``scale * x + shift`` for numbers of each channel; a layer before or behind will compute it."""
        if not np.isfinite(scale).all() or not np.isfinite(shift).all():
            raise Unsupported("has factors or summands that are not finite")
        if (scale == 1).all() and (shift == 0).all():
            return x
        folded = self.fold(x, scale, shift)
        if folded is not None:
            return folded
        before = x.affine or Affine(np.ones(x.channels), np.zeros(x.channels))
        return replace(x, affine=before.then(scale, shift))

    def layers(self, last: Value) -> list[Made]:
        """Return the layers from which a value is computed, the last one its own."""
        needed, waiting = set(), [last.layer]
        while waiting:
            name = waiting.pop()
            if name != INPUT and name not in needed:
                needed.add(name)
                waiting += self.made[name].layer.inputs or ()
        return [made for name, made in self.made.items() if name in needed]

    def _name(self) -> str:
        """Return a new name for a layer, made from that of the module."""
        stem = re.sub("[^A-Za-z0-9_-]", "_", self.label)[-56:] or "layer"
        taken = {INPUT, *self.made}
        return next(name for k in range(1, 10000) if (name := stem if k == 1 else f"{stem}-{k}") not in taken)
