"""Pointwise convolution: the same mixture of channels in each pixel, or in each bin."""

from __future__ import annotations

from dataclasses import dataclass

from ...checks import choice, integer
from ...errors import DescriptionError
from .base import Layer, Place, Shaped, Steps, Tensor

__all__ = ["Pointwise"]


@dataclass(frozen=True, kw_only=True)
class Pointwise(Layer):
    """Convolution with a kernel of one pixel, ``y[o] = bias[o] + sum_c weight[o,c] x[c]`` in each pixel.

    The transform is linear, so the same mixture of the bins gives the bins of the result; there the bias is on the DC
    bin.  The layer therefore acts on what it gets, on maps or on bins, and needs no transform.  Only signals are
    transformed, because a beat of signals holds two channels.

    Parameters
    ----------
    channels : int
        Number of output channels.
    grid : bool
        Whether the coordinates of each pixel are two more input channels: y/H and x/W, from 0 inclusive to 1 exclusive,
        as in the layer that a Fourier neural operator begins with.  They are constants, so that they only make the
        bias of each pixel another one.  The layer then acts on maps.
    """

    type = "pointwise"
    channels: int
    grid: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("Pointwise channels", self.channels, 1, 256)
        choice("Pointwise grid", self.grid, (False, True))

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add a product, of maps or of bins."""
        at, what = sources[0], f"Pointwise {sources[0].channels} to {self.channels}"
        if self.grid:
            if at.size[0] == 1:
                raise DescriptionError("Pointwise grid must be false for signals and after a dense layer, not true: "
                                       "only pixels of maps have coordinates")
            at = graph.maps(at)
        if at.spectral or at.size[0] == 1:
            return graph.add("multiply", graph.bins(at), what, self, channels=self.channels, operation="product",
                             stem="hadamard", edge="product")
        return graph.add("mix", at, what, self, channels=self.channels, operation="mix", stem="mix", edge="map")

    def tensors(self, stage: Shaped, index: int) -> dict[str, Tensor]:
        """Return the weights (outputs, inputs), the biases (outputs,) and with a grid its weights (outputs, 2)."""
        if stage.kind not in ("multiply", "mix"):
            return {}
        out = {f"mix{index}.weight": Tensor((stage.channels, stage.inputs)),
               f"mix{index}.bias": Tensor((stage.channels,))}
        return out | ({f"mix{index}.grid": Tensor((stage.channels, 2))} if self.grid else {})
