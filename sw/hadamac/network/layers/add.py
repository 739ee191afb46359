"""Sum of the outputs of several layers: a residual connection."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import DescriptionError
from ...shapes import text
from .base import Layer, Place, Steps

__all__ = ["Add"]

MOST = 8
"""Greatest number of summands, for which the sum of words has three bits more than a word."""


@dataclass(frozen=True, kw_only=True)
class Add(Layer):
    """Sum ``Y = sum_k X_k`` of two or more maps or spectra of one shape, pixel by pixel or bin by bin.

    Parameters
    ----------
    inputs : tuple of str
        Names of two to eight different layers; ``input`` is the input of the network.  Their outputs must have the same
        size and number of channels.  If all of them are maps, maps are added.  Otherwise bins are added, and maps are
        first transformed, which gives the same sum because the transform is linear.
    """

    type = "add"

    def __post_init__(self) -> None:
        self._check_names()
        names = self.inputs or ()
        if not 2 <= len(names) <= MOST:
            raise DescriptionError(f"Add inputs must be the names of 2 to {MOST} layers, not {len(names)} names")
        for name in names:
            if names.count(name) > 1:
                raise DescriptionError(f"Add inputs must be different layers, not {name} twice")

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add the sum, of maps if all that comes are maps."""
        shapes = [f"{at.channels} channels of {text(at.size, ' x ')}" for at in sources]
        for shape in shapes[1:]:
            if shape != shapes[0]:
                raise DescriptionError(f"Add inputs must have one shape, not {shapes[0]} and {shape}")
        if any(at.spectral for at in sources):
            sources = tuple(map(graph.bins, sources))
        return graph.add("join", sources, f"Add of {len(sources)}", self, operation="add", stem="add", edge="sum")
