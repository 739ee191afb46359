"""Dense layer, with which networks that answer classes or values end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...checks import integer
from .base import Layer, Place, Shaped, Steps, Tensor

__all__ = ["Dense"]


@dataclass(frozen=True, kw_only=True)
class Dense(Layer):
    """Linear layer ``y[k] = bias[k] + sum weight[k,c,y,x] map[c,y,x]`` of maps, or of both parts of bins.

    After an activation in space, the layer acts on the map.  An FFT between the two is not needed: it would be linear,
    so that it can be folded into the weights.  After another dense layer, and activations, it acts on those outputs.

    Parameters
    ----------
    outputs : int
        Number of results: of classes or values in the last layer, of channels of one pixel in a hidden one.
    """

    type = "dense"
    MOST: ClassVar[int] = 256
    outputs: int

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("Dense outputs", self.outputs, 1, self.MOST)

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add the sum over everything, of maps or of bins."""
        stem, edge = ("dense", graph.final) if graph.final else ("hidden", "hidden")
        return graph.add("linear", sources[0], f"Dense to {self.outputs}", self, channels=self.outputs, size=(1, 1),
                         operation="dense", stem=stem, edge=edge)

    def tensors(self, stage: Shaped, index: int) -> dict[str, Tensor]:
        """Return the weights (outputs, channels, rows, columns) of maps or (.., rows, columns, 2) of bins, and biases.

        Their names begin with that of the stage: ``dense`` for the last layer, ``hidden{k}`` for others.
        """
        tail = stage.size if stage.radius is None else (stage.rows, stage.columns, 2)
        return {f"{stage.name}.weight": Tensor((self.outputs, stage.inputs, *tail)),
                f"{stage.name}.bias": Tensor((self.outputs,))}
