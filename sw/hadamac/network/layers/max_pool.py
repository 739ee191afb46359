"""Max pooling in space."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import DescriptionError
from ...shapes import text
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
        least, (rows, columns) = SIZES[0], at.size
        if graph.flat:
            raise DescriptionError("MaxPool must have images, not signals: use SpectralPool")
        if min(at.size) <= least:
            raise DescriptionError(f"MaxPool must have maps of more than {least} rows and columns, not "
                                   f"{rows} x {columns}")
        half = rows // 2, columns // 2
        return graph.add("tile", at, f"MaxPool {text(at.size)} to {text(half)}", self, size=half, operation="tile",
                         stem="max_pool", edge="pooled")
