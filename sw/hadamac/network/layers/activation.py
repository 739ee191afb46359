"""Activations: functions of every pixel or of every bin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...checks import choice, integer, shown
from ...errors import DescriptionError
from ...model.pwl.fitting import FUNCTIONS, Function, leaky
from .base import Layer, Place, Shaped, Steps, Tensor

__all__ = ["Activation", "SPATIAL", "SPECTRAL"]

SPATIAL = (*FUNCTIONS, "quadratic")
"""Names of the functions of pixels."""
SPECTRAL = (*(name for name, f in FUNCTIONS.items() if f.centre == 0), "modrelu", "modulus")
"""Names of the functions of bins."""


@dataclass(frozen=True, kw_only=True)
class Activation(Layer):
    """Function of every pixel (``domain="space"``) or of every bin (``domain="bins"``).

    On bins, the function f is applied as ``P f(z / P)``, where P is the smallest power of two that is at least the size
    N.  For P = N, ``z / P`` are the bins of an orthonormal DFT, which are about as large as the pixels of the map.

    Parameters
    ----------
    function : str
        In space, one of `hadamac.model.pwl.fitting.FUNCTIONS`, or ``quadratic`` for ``c0 + c1 x + c2 x**2`` with
        learned coefficients.  On bins, one of the following:

        * an odd function, which is applied to the real and to the imaginary part; any other function would break the
          Hermitian symmetry of the spectrum of a real map
        * ``modrelu``: z max(0, |z| + b) / |z|, with a learned b <= 0 for each channel (Arjovsky, Shah, Bengio, ICML
          2016, section 4.2)
        * ``modulus``: |z|
    domain : str
        ``space`` or ``bins``.
    slope : float
        Slope of ``leaky`` below zero, greater than 0 and less than 1.  With the default, 1/64, it is a shift.
    segments : int
        Number of segments of the piecewise-linear table that approximates the function, or half of a symmetric one.
    """

    type = "activation"
    function: str = "relu"
    domain: str = "space"
    segments: int = 16
    slope: float = 1 / 64

    def __post_init__(self) -> None:
        super().__post_init__()
        choice("Activation domain", self.domain, ("space", "bins"))
        if self.domain == "bins" and self.function in SPATIAL and self.function not in SPECTRAL:
            raise DescriptionError(
                f"Activation function on bins must be odd ({', '.join(SPECTRAL[:-2])}) or act on the magnitude "
                f"(modrelu, modulus), not {shown(self.function)}: X(-u,-v) = conj X(u,v) would no longer hold, and the "
                "map not be real"
            )
        choice("Activation function", self.function, SPATIAL if self.domain == "space" else SPECTRAL)
        integer("Activation segments", self.segments, 2, 64)
        number = isinstance(self.slope, (int, float)) and not isinstance(self.slope, bool)
        if not number or not 0 < self.slope < 1:
            raise DescriptionError(f"Activation slope must be greater than 0 and less than 1, not {shown(self.slope)}")
        if self.slope != 1 / 64 and self.function != "leaky":
            raise DescriptionError(f"Activation slope must be left out for {self.function}, not {shown(self.slope)}: "
                                   "it is that of leaky")

    @property
    def exact(self) -> Function:
        """The function itself, where it has a table."""
        return leaky(self.slope) if self.function == "leaky" else FUNCTIONS[self.function]

    def to_json(self) -> dict[str, Any]:
        """Return the fields as data for JSON; ``slope`` is left out if it is the default."""
        out = super().to_json()
        return out if self.slope != 1 / 64 else {name: value for name, value in out.items() if name != "slope"}

    @property
    def operation(self) -> str:
        """Name of the operation that computes the function: its own if there is one, otherwise a table."""
        own = ("relu", "quadratic") if self.domain == "space" else ("modrelu", "modulus")
        return self.function if self.function in own else "table"

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add a function of every pixel or of every bin."""
        if self.domain == "bins":
            at, kind, what, edge = graph.bins(sources[0]), "bin", f"{self.function} of each bin", "bins"
        else:
            at, kind, what, edge = graph.maps(sources[0]), "point", self.function, "map"
        return graph.add(kind, at, what, self, operation=self.operation, stem=self.function, edge=edge)

    def tensors(self, stage: Shaped, index: int) -> dict[str, Tensor]:
        """Return the coefficients (3,) of a quadratic function, the bias (channels,) of modReLU, or nothing."""
        if self.function == "quadratic":
            return {f"act{index}.coefficients": Tensor((3,))}
        if self.function == "modrelu":
            return {f"act{index}.bias": Tensor((stage.channels,), negative=True)}
        return {}
