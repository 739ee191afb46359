"""Stages: the parts of a network's circuit, with the shapes of what enters and leaves each of them.

Bins are arrays (..., rows, columns) of a half-spectrum.  With the radius (r, s), they have u in the order 0 .. r,
-r .. -1, and v = 0 .. s.  If r = H/2 they have all H rows, and if s = W/2 all columns, Nyquist bins included.  Only
these bins are computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from ..model.crop import live_shape
from ..shapes import Pair, pair_beats, power_of_two
from .graph import Step
from .layers import Layer

__all__ = ["Stage", "orthonormal", "users_of_stages"]


@dataclass(frozen=True)
class Stage:
    """Stage of a network: one part of its circuit.

    Attributes
    ----------
    kind : str
        One of transform, multiply, mix, crop, inverse, point, tile, canvas, bin, normalise, join and linear
        (:data:`hadamac.network.graph.KINDS`).
    name, edge : str
        Name of the stage, and name of its output in a trace.  ``edge`` is empty for an IFFT whose only user is an
        activation: then only the output of the activation has a name.
    size : (int, int)
        Rows and columns of the maps that enter, or of the maps whose bins enter.
    radius : (int, int) or None
        Radius of the bins that leave.  If maps leave, it is the radius of the bins that enter, or None if maps enter.
    inputs, channels : int
        Number of channels in and out.
    step : Step
        The step of the graph that the stage computes.
    operation : str
        Name of the operation of :mod:`hadamac.ops` that computes the stage.
    sources : tuple of int
        Numbers of the stages whose outputs the stage takes; -1 is the image.
    radii_in : tuple of (int, int) or None
        Radius of the bins that each source gives; None for maps.
    scale : Fraction
        Scale of the pools and pads that this stage applies in their place.
    before : Fraction
        The part of ``scale`` from upstream of a product: it multiplies the weights but not the bias.
    frozen : Step or None
        The Normalise that is folded into this product.
    standardises : bool
        Whether this product's weights and bias contain the mean and the deviation of the network's input.
    absorbed : tuple of Step
        The pools, pads and the Normalise whose arithmetic the weights of this product contain.
    """

    kind: str
    name: str
    edge: str
    size: Pair
    radius: Pair | None
    inputs: int
    channels: int
    step: Step
    operation: str = ""
    sources: tuple[int, ...] = (-1,)
    radii_in: tuple[Pair | None, ...] = (None,)
    scale: Fraction = Fraction(1)
    before: Fraction = Fraction(1)
    frozen: Step | None = None
    standardises: bool = False
    absorbed: tuple[Step, ...] = ()

    @property
    def bins_radius(self) -> Pair:
        """Radius of the bins of a stage that has one; ValueError for a stage between maps."""
        if self.radius is None:
            raise ValueError(f"Stage {self.name} is one of maps")
        return self.radius

    @property
    def radius_in(self) -> Pair | None:
        """Radius of the bins that the first source gives; None for maps."""
        return self.radii_in[0]

    @property
    def rows(self) -> int:
        """Rows of the bins that leave: values of u."""
        return live_shape(self.size, self.bins_radius)[0]

    @property
    def columns(self) -> int:
        """Columns of the bins that leave: values of v."""
        return self.bins_radius[1] + 1

    @property
    def shape_in(self) -> tuple[int, int]:
        """Rows and columns of the bins that the first source gives; ValueError for maps."""
        if self.radius_in is None:
            raise ValueError(f"Stage {self.name} takes maps")
        return live_shape(self.size, self.radius_in)

    @property
    def bins(self) -> int:
        """Number of bins of each channel that leave."""
        return self.rows * self.columns

    @property
    def spectral(self) -> bool:
        """True if bins leave the stage, and not maps."""
        return self.radius is not None and self.kind not in ("inverse", "linear")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the output for one image: (channels, rows, columns) of bins or of maps."""
        return self.channels, *((self.rows, self.columns) if self.spectral else self.size_out)

    @property
    def size_out(self) -> Pair:
        """Rows and columns of the maps that leave."""
        rows, columns = self.size
        sizes = {"tile": (rows // 2, columns // 2), "linear": (1, 1), "canvas": self.step.keeps}
        return sizes.get(self.kind, self.size)

    @property
    def pixels(self) -> int:
        """Pixels of the maps that enter, or of the maps whose bins enter."""
        return self.size[0] * self.size[1]

    @property
    def beats(self) -> int:
        """Number of beats of an output frame; a beat is one bin, or two reals of maps (:mod:`hadamac.shapes`)."""
        return self.channels * self.bins if self.spectral else pair_beats(self.channels, self.size_out)

    @property
    def after(self) -> Fraction:
        """Scale of the pools and pads downstream of a product, which multiplies its bias too."""
        return self.scale / self.before

    @property
    def places(self) -> int:
        """Number of places by which the scale moves the binary point; 0 if the weights contain the scale."""
        return 0 if self.kind in ("multiply", "mix", "linear") else _log2(self.scale)

    @property
    def layer(self) -> Layer | None:
        """The layer that the stage belongs to; None for a transform."""
        return self.step.layer

    @property
    def index(self) -> int:
        """Number of the layer among the layers of its type, which the names of its parameters contain."""
        return self.step.index


def users_of_stages(stages: Sequence[Stage]) -> list[list[int]]:
    """Return the numbers of the stages that take the image (first entry) and that take each stage's output."""
    users: list[list[int]] = [[] for _ in range(len(stages) + 1)]
    for k, stage in enumerate(stages):
        for source in stage.sources:
            users[source + 1].append(k)
    return users


def _log2(scale: Fraction) -> int:
    """Return the logarithm of a power of two."""
    return scale.numerator.bit_length() - scale.denominator.bit_length()


def orthonormal(size: Pair) -> int:
    """Return P, the smallest power of two whose square is at least the number of pixels.

    Divided by P, the bins of an unnormalised DFT are about as large as the pixels of the map.
    """
    return power_of_two(isqrt(size[0] * size[1] - 1) + 1)
