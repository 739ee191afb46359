"""Spectral pooling, which crops a spectrum to its low bins, and its inverse, which adds bins of zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...checks import choice, integer, shown
from ...errors import DescriptionError
from ...model.pool import RULES
from ...shapes import Pair, as_pair, text
from .base import Layer, Place, Steps

__all__ = ["LENGTHS", "Pad", "SIZES", "SpectralPool"]

SIZES = (4, 8, 16, 32, 64, 128, 256)
"""Numbers of rows or columns of the transforms that a network may have."""
LENGTHS = (*SIZES, 512, 1024, 2048, 4096)
"""Numbers of samples of the transforms that a network of one dimension may have."""


def _size(what: str, size: int | Sequence[int]) -> int | Pair:
    """Return the ``size`` of a layer, which is an integer or a pair; raise DescriptionError for anything else."""
    if isinstance(size, (list, tuple)):
        if len(size) != 2:
            raise DescriptionError(f"{what} size must be an integer or a pair of them, not {shown(size)}")
        rows, columns = (integer(f"{what} size", n, 1, SIZES[-1]) for n in size)
        return rows, columns
    return integer(f"{what} size", size, 1, LENGTHS[-1])


def _resolved(what: str, size: int | Pair, flat: bool) -> Pair:
    """Return the rows and columns of the maps after a layer, for its ``size``, in a network of signals or of images."""
    if flat:
        if not isinstance(size, int):
            raise DescriptionError(f"{what} size must be an integer for signals, not {shown(size)}")
        return 1, size
    pair = as_pair(size)
    if min(pair) == 1 < max(pair):
        raise DescriptionError(f"{what} size must be 1 in both directions or in none, not {shown(size)}")
    if max(pair) > SIZES[-1]:
        raise DescriptionError(f"{what} size must be an integer from 1 to {SIZES[-1]}, not {max(pair)}")
    return pair


@dataclass(frozen=True, kw_only=True)
class SpectralPool(Layer):
    """Crop to the bins with ``|u|, |v| < size/2``, scaled so that the mean of a map stays the same.

    The scale is the ratio of the numbers of pixels, ``(size/N)**2`` for square maps.  With size 1 only the DC bin is
    kept, which is the mean of the map: a global average.

    Parameters
    ----------
    size : int or (int, int)
        Rows and columns of the map of the cropped spectrum; an integer stands for both, or for the samples of a signal.
    nyquist : str
        Rule for the Nyquist row and column of an even ``size``.  With ``zero`` they become zero.  The other rules need
        bins that the circuit of a network does not have; :mod:`hadamac.model.nyquist` and its stand-alone core
        implement them.
    """

    type = "spectral_pool"
    size: int | Pair
    nyquist: str = "zero"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "size", _size("SpectralPool", self.size))
        choice("SpectralPool nyquist", self.nyquist, RULES)
        if self.nyquist != "zero" and any(n % 2 == 0 for n in as_pair(self.size)):
            raise DescriptionError(f"SpectralPool nyquist must be zero in a network, not {shown(self.nyquist)}: a "
                                   "network drops the Nyquist bins, because only then pooling commutes with every "
                                   "shift")

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add a crop."""
        at = graph.bins(sources[0])
        size = _resolved("SpectralPool", self.size, graph.flat)
        if size[0] > at.size[0] or size[1] > at.size[1]:
            raise DescriptionError(f"SpectralPool size must be at most its input's {text(at.size)}, not {text(size)}")
        return graph.add("crop", at, f"SpectralPool {text(at.size)} to {text(size)}", self, keeps=size, size=size)


@dataclass(frozen=True, kw_only=True)
class Pad(Layer):
    """Interpolation to ``size`` pixels: bins of zero are added, and all bins scaled so that the mean stays the same.

    Parameters
    ----------
    size : int or (int, int)
        Rows and columns of the larger map; an integer stands for both, or for the samples of a signal.
    """

    type = "pad"
    size: int | Pair

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "size", _size("Pad", self.size))

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add a pad."""
        at = graph.bins(sources[0])
        size = _resolved("Pad", self.size, graph.flat)
        if size[0] < at.size[0] or size[1] < at.size[1]:
            raise DescriptionError(f"Pad size must be at least its input's {text(at.size)}, not {text(size)}")
        return graph.add("pad", at, f"Pad {text(at.size)} to {text(size)}", self, keeps=size, size=size)
