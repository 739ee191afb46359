"""Canvas: the first pixels of each map, among zeros in a map of another size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...checks import integer, shown
from ...errors import DescriptionError
from ...shapes import Pair, as_pair, text
from .base import Layer, Place, Steps
from .spectral_pool import LENGTHS, SIZES

__all__ = ["Canvas"]


def _pair(what: str, value: int | Sequence[int]) -> int | Pair:
    """Return a field of a layer, which is an integer or a pair; raise DescriptionError for anything else."""
    if isinstance(value, (list, tuple)):
        if len(value) != 2:
            raise DescriptionError(f"{what} must be an integer or a pair of them, not {shown(value)}")
        rows, columns = (integer(what, n, 1, SIZES[-1]) for n in value)
        return rows, columns
    return integer(what, value, 1, LENGTHS[-1])


def _resolved(what: str, value: int | Pair, flat: bool) -> Pair:
    """Return rows and columns for a field of a layer, in a network of signals or of images."""
    if not flat:
        return as_pair(value)
    if not isinstance(value, int):
        raise DescriptionError(f"{what} must be an integer for signals, not {shown(value)}")
    return 1, value


@dataclass(frozen=True, kw_only=True)
class Canvas(Layer):
    """Copy of the pixels ``y < keep[0]``, ``x < keep[1]`` of each map into a map of ``size``, with zeros elsewhere.

    The convolution of a network is circular.  On a canvas whose border of zeros is as wide as half of the kernel, it is
    a convolution with zero padding.  The layer is linear, and scales of pools and pads pass through it.

    Parameters
    ----------
    keep : int or (int, int)
        Rows and columns that are kept; an integer stands for both, or for the samples of a signal.
    size : int or (int, int)
        Rows and columns of the map that leaves, which are powers of two and at least those of ``keep``.
    """

    type = "canvas"
    keep: int | Pair
    size: int | Pair

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "keep", _pair("Canvas keep", self.keep))
        object.__setattr__(self, "size", _pair("Canvas size", self.size))

    def kept(self, flat: bool) -> Pair:
        """Return the rows and columns that are kept; those of a signal are one row and its samples."""
        return _resolved("Canvas keep", self.keep, flat)

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add the copy."""
        at = graph.maps(sources[0])
        if at.size == (1, 1):
            raise DescriptionError("Canvas must have maps, not the outputs of a dense layer")
        keep, size = self.kept(graph.flat), _resolved("Canvas size", self.size, graph.flat)
        allowed = LENGTHS if graph.flat else SIZES
        for n in size[graph.flat :]:
            if n not in allowed:
                raise DescriptionError(f"Canvas size must be one of {', '.join(map(str, allowed))}, not {n}")
        for what, most in (("its input's", at.size), ("its size", size)):
            if keep[0] > most[0] or keep[1] > most[1]:
                raise DescriptionError(f"Canvas keep must be at most {what} {text(most)}, not {text(keep)}")
        return graph.add("canvas", at, f"Canvas {text(keep)} in {text(size)}", self, keeps=size, size=size,
                         operation="canvas", stem="canvas", edge="canvas")
