"""Dense layer, with which every network ends."""

from __future__ import annotations

from dataclasses import dataclass

from ...checks import integer
from .base import Layer, Place, Shaped, Steps, Tensor

__all__ = ["Dense"]


@dataclass(frozen=True, kw_only=True)
class Dense(Layer):
    """Linear layer ``logits[k] = bias[k] + sum weight[k,c,y,x] map[c,y,x]`` of maps, or of both parts of bins.

    After an activation in space, the layer acts on the map.  An FFT between the two is not needed: it would be linear,
    so that it can be folded into the weights.

    Parameters
    ----------
    outputs : int
        Number of logits.
    """

    type = "dense"
    outputs: int

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("Dense outputs", self.outputs, 2, 256)

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add the sum over everything, of maps or of bins."""
        return graph.add("linear", sources[0], f"Dense to {self.outputs}", self, operation="dense", stem="dense",
                         edge="logits")

    def tensors(self, stage: Shaped, index: int) -> dict[str, Tensor]:
        """Return the weights (outputs, channels, M, M) of maps or (outputs, channels, rows, radius + 1, 2) of bins."""
        tail = (stage.size, stage.size) if stage.radius is None else (stage.rows, stage.columns, 2)
        return {"dense.weight": Tensor((self.outputs, stage.inputs, *tail)), "dense.bias": Tensor((self.outputs,))}
