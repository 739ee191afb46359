"""Spectral pooling and its inverse: spectra are cropped to their low bins, or put among zeros."""

from __future__ import annotations

from dataclasses import dataclass

from ...checks import choice, integer, shown
from ...errors import DescriptionError
from ...model.pool import RULES
from .base import Layer, Place, Steps

__all__ = ["Pad", "SIZES", "SpectralPool"]

SIZES = (4, 8, 16, 32, 64)
"""Transform sizes that a network may use; 64 is what the line buffers are sized for."""


@dataclass(frozen=True, kw_only=True)
class SpectralPool(Layer):
    """Keep the bins with ``|u|, |v| < size/2``, scaled by ``(size/N)**2`` so that means survive.

    ``nyquist="zero"``: the Nyquist row and column of an even ``size`` are zero.  The other rules need bins that a
    network's circuit does not hold; :mod:`hadamac.model.nyquist` and its stand-alone core have them.
    """

    type = "spectral_pool"
    size: int
    nyquist: str = "zero"

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("SpectralPool size", self.size, 1, SIZES[-1])
        choice("SpectralPool nyquist", self.nyquist, RULES)
        if self.nyquist != "zero" and self.size % 2 == 0:
            raise DescriptionError(f"SpectralPool nyquist must be zero in a network, not {shown(self.nyquist)}: a "
                                   "network drops the Nyquist bins, because only then pooling commutes with every "
                                   "shift")

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add a crop."""
        at = graph.bins(sources[0])
        if self.size > at.size:
            raise DescriptionError(f"SpectralPool size must be at most its input's {at.size}, not {self.size}")
        return graph.add("crop", at, f"SpectralPool {at.size} to {self.size}", self, keeps=self.size, size=self.size)


@dataclass(frozen=True, kw_only=True)
class Pad(Layer):
    """Put the bins among zeros of a ``size`` x ``size`` spectrum, scaled by ``(size/M)**2``: interpolation."""

    type = "pad"
    size: int

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("Pad size", self.size, 1, SIZES[-1])

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add a pad."""
        at = graph.bins(sources[0])
        if self.size < at.size:
            raise DescriptionError(f"Pad size must be at least its input's {at.size}, not {self.size}")
        return graph.add("pad", at, f"Pad {at.size} to {self.size}", self, keeps=self.size, size=self.size)
