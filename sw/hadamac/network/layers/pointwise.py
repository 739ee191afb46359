"""Pointwise convolution: the same mixture of channels in each pixel, or in each bin."""

from __future__ import annotations

from dataclasses import dataclass

from ...checks import integer
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
    """

    type = "pointwise"
    channels: int

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("Pointwise channels", self.channels, 1, 256)

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add a product, of maps or of bins."""
        at, what = sources[0], f"Pointwise {sources[0].channels} to {self.channels}"
        if at.spectral or at.size[0] == 1:
            return graph.add("multiply", graph.bins(at), what, self, channels=self.channels, operation="product",
                             stem="hadamard", edge="product")
        return graph.add("mix", at, what, self, channels=self.channels, operation="mix", stem="mix", edge="map")

    def tensors(self, stage: Shaped, index: int) -> dict[str, Tensor]:
        """Return the weights (outputs, inputs) and the biases (outputs,)."""
        if stage.kind not in ("multiply", "mix"):
            return {}
        return {f"mix{index}.weight": Tensor((stage.channels, stage.inputs)),
                f"mix{index}.bias": Tensor((stage.channels,))}
