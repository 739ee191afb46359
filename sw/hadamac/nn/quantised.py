"""Torch module of a network with the words of its circuit in the loop, for fine-tuning after quantisation.

The forward pass is that of :meth:`hadamac.quantised.QuantNetwork.predict`, word for word: every stage takes words, and
its operation (:mod:`hadamac.ops`) gives words, with weights that are rounded with the exponents which quantisation
chooses for them.  The backward pass goes *straight through*: the gradient of a stage is that of its float module at the
values of these words, and it is zero where a word is at the end of its range.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from ..network.network import Network
from ..network.source import source_format
from ..network.walk import walk
from ..ops.base import Operation
from ..ops.formats import Formats
from ..quantised.network import QuantNetwork
from ..quantised.quantise import quantise
from .network import SpectralCnn

__all__ = ["QuantisedCnn"]

_CHUNK = 16
"""Images per pass of a stage."""
_Edge = tuple[torch.Tensor, np.ndarray]
"""What is on an edge: a tensor of values, which carries the gradient, and the words."""


class QuantisedCnn(torch.nn.Module):
    """Torch module that answers what the circuit of a network would answer, and that learns its float parameters.

    ``forward`` takes the same tensors as :class:`~hadamac.nn.SpectralCnn`.  Each call rounds the present parameters;
    the formats stay until `refresh` calibrates them anew.  Frozen statistics stay as they are.

    Parameters
    ----------
    model : SpectralCnn
        The network with its parameters, which are shared.
    calibration : array (n, ...)
        Calibration images or signals in a form that ``QuantNetwork.predict`` takes.
    formats : Formats
    """

    def __init__(self, model: SpectralCnn, calibration: ArrayLike, formats: Formats):
        super().__init__()
        self.model = model.eval()
        self.calibration, self.formats, self.raw = np.asarray(calibration), formats, _raw(model.network)
        self.refresh()

    def refresh(self) -> None:
        """Calibrate the formats with the present parameters."""
        self.qnet = quantise(self.model.network, self.model.parameters_numpy(), self.calibration, self.formats)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        network = self.model.network
        params = {name: value.astype(np.float64) for name, value in self.model.parameters_numpy().items()}
        qnet, form = self.qnet.renewed(params), source_format(network, self.formats.width)
        pixels = images.reshape(len(images), network.channels, *network.size).numpy().astype(np.float64)

        def visit(k: int, taken: tuple[_Edge, ...]) -> _Edge:
            y = self.model.at(k, tuple(values for values, _ in taken))
            words = _applied(qnet, k, [words for _, words in taken])
            return y if k in self.raw else _straight(y, qnet.stages[k], words), words

        source = self.model.maps(images), np.rint(pixels * 2.0**form.f)
        return walk(network.stages, source, visit)[0]


def _applied(qnet: QuantNetwork, k: int, taken: Sequence[np.ndarray]) -> np.ndarray:
    """Return the words that leave a stage, a few images at a time, so that they stay in the processor's cache."""
    starts = range(0, len(taken[0]), _CHUNK)
    return np.concatenate([qnet.apply(k, *(words[i : i + _CHUNK] for words in taken))[0] for i in starts])


def _raw(network: Network) -> set[int]:
    """Return the stages before the one that standardises the input, if one does so.

    Their values are standardised in torch, but not their words.  No parameter affects them.
    """
    raw = {-1} if network.standardise else set()
    for k, stage in enumerate(network.stages):
        if not stage.standardises and raw.issuperset(stage.sources):
            raw.add(k)
    return raw


class _Straight(torch.autograd.Function):
    """Replacement of values by others, with the gradient of the first ones where these count."""

    @staticmethod
    def forward(values: torch.Tensor, others: torch.Tensor, counts: torch.Tensor | None) -> torch.Tensor:
        """Return the other values."""
        return others.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        """Keep which values count; None stands for all of them."""
        ctx.counts = inputs[2]

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradient of the values."""
        (gradient,) = gradients
        if ctx.counts is None:
            return gradient, None, None
        if gradient.is_complex():
            return torch.view_as_complex(torch.view_as_real(gradient) * ctx.counts), None, None
        return gradient * ctx.counts, None, None


def _straight(y: torch.Tensor, op: Operation, words: np.ndarray) -> torch.Tensor:
    """Return the values of words, with the gradient of ``y`` where a word is not at an end of its range."""
    parts = np.stack([np.real(words), np.imag(words)], -1) if np.iscomplexobj(words) else words
    inside = (parts > op.format.low) & (parts < op.format.high)
    counts = None if inside.all() else torch.from_numpy(inside)
    return _Straight.apply(y, torch.from_numpy(op.format.value(words)).to(y.dtype), counts)
