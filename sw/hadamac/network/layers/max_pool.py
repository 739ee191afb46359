"""Max pooling in space."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import DescriptionError
from .base import Layer, Place, Steps
from .spectral_pool import SIZES

__all__ = ["MaxPool"]


@dataclass(frozen=True, kw_only=True)
class MaxPool(Layer):
    """Maximum of each tile of 2 x 2 pixels of a map, with which spectral pooling is compared."""

    type = "max_pool"

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add the pooling of tiles."""
        at = graph.maps(sources[0])
        if at.size == SIZES[0]:
            raise DescriptionError(f"MaxPool must have maps of more than {at.size} x {at.size}, not {at.size} x "
                                   f"{at.size}")
        return graph.add("tile", at, f"MaxPool {at.size} to {at.size // 2}", self, size=at.size // 2, operation="tile",
                         stem="max_pool", edge="pooled")
