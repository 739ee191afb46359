"""Normalisation of each channel by its mean and standard deviation."""

from __future__ import annotations

from dataclasses import dataclass

from ...checks import choice, integer
from ...errors import DescriptionError
from .base import Layer, Place, Shaped, Steps, Tensor

__all__ = ["Normalise"]


@dataclass(frozen=True, kw_only=True)
class Normalise(Layer):
    """Each channel less its mean, over its standard deviation.

    Parameters
    ----------
    over : str
        ``bins``: ``P (z - mean) / deviation`` over the channel's bins, with P as in `Activation` (the form that goes
        before a spectral activation; bins that a pool, pad or band limit made zero are not among them); ``map``: the
        map less its mean, over its deviation (times P/N where N is no power of two), which acts on the spectrum as
        DC = 0 and a gain (Parseval).
    statistics : str
        ``frame``: each frame's own, at run time; ``frozen``: learned constants, folded into the SpectralConv before it,
        which only statistics of the map can be (a mean of bins would be a bias on every bin).
    correction : int
        The number by which the variance's divisor is less than the number n of values, named as in torch and the array
        API: 0, or 1 for the sample's deviation, whose variance divides by n - 1, as ``std`` of MATLAB and torch do by
        default, and NumPy's with ``ddof=1``.  It needs two values: pixels, or bins that no pool, pad or band limit made
        zero.

    In words of 16 bits a frame's statistics are of maps up to 32 x 32, and a deviation below half an LSB counts as that
    (`hadamac.model.normalise.NormalisePlan`).
    """

    type = "normalise"
    over: str = "bins"
    statistics: str = "frame"
    correction: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        choice("Normalise over", self.over, ("bins", "map"))
        choice("Normalise statistics", self.statistics, ("frame", "frozen"))
        if self.statistics == "frozen" and self.over == "bins":
            raise DescriptionError("Normalise over must be map where statistics are frozen, not 'bins': a mean of bins "
                                   "is a constant on every bin, and a SpectralConv has a bias on the DC bin only")
        integer("Normalise correction", self.correction, 0, 1)
        if self.statistics == "frozen" and self.correction:
            raise DescriptionError("Normalise correction must be 0 where statistics are frozen, not 1: a learned "
                                   "deviation is used as it is")

    def expand(self, graph: Steps, *sources: Place) -> Place:
        """Add the division by the frame's own deviation, or a product with constants."""
        at = graph.bins(sources[0])
        if self.statistics == "frame":
            return graph.add("normalise", at, "Normalise", self, operation="normalise", stem="normalise",
                             edge="normalised")
        before = graph.layer_at(at)
        if before is None or before.type != "spectral_conv":
            raise DescriptionError(
                "Normalise with frozen statistics must follow a SpectralConv, into whose weights it is folded")
        graph.alone(at, "Normalise with frozen statistics must be the only layer that takes from its SpectralConv, "
                        "into whose weights it is folded")
        return graph.add("multiply", at, "frozen Normalise", self)

    def tensors(self, stage: Shaped, index: int) -> dict[str, Tensor]:
        """Return the mean and the deviation (channels,) of a frozen Normalise; other ones have no parameters."""
        if self.statistics != "frozen":
            return {}
        shape = (stage.channels,)
        return {f"norm{index}.mean": Tensor(shape), f"norm{index}.deviation": Tensor(shape, positive=True)}
