"""Normalisation of each channel by its mean and standard deviation."""

from __future__ import annotations

from dataclasses import dataclass

from ...checks import choice, integer
from ...errors import DescriptionError
from .base import Layer, Place, Shaped, Steps, Tensor

__all__ = ["Normalise"]


@dataclass(frozen=True, kw_only=True)
class Normalise(Layer):
    """Normalisation: the mean of each channel is subtracted, and the result is divided by the standard deviation.

    Parameters
    ----------
    over : str
        ``bins`` for ``P (z - mean) / deviation`` with the statistics of the bins of a channel, and P as in
        `Activation`.  This form is suitable before an activation of bins.  Bins that a pool, pad or band limit has made
        zero are not counted.  ``map`` for ``(x - mean) / deviation`` with the statistics of the map, times P/N if N is
        no power of two.  On the spectrum this is a gain, and DC becomes 0 (Parseval).
    statistics : str
        ``frame`` for the statistics of the current frame, at run time.  ``frozen`` for learned constants, which are
        folded into the SpectralConv before this layer.  Only statistics of the map can be frozen, because a mean of
        bins would be a bias on every bin.
    correction : int
        The variance of n values has the divisor n - correction, with the name of torch and the array API.  It is 0, or
        1 for the deviation of a sample, which is the default of ``std`` in MATLAB and torch, and NumPy's with
        ``ddof=1``.  With 1 there must be at least two values, which are pixels, or bins that no pool, pad or band limit
        has made zero.

    With words of 16 bits, the statistics of a frame are possible for maps of at most 32 x 32 pixels.  A deviation of
    less than half an LSB counts as half an LSB (`hadamac.model.normalise.NormalisePlan`).
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
