"""Hadamard product: the spectral convolution, with the scale of pooling and frozen statistics in its weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from .. import timing
from ..model.crop import crop, embed, kept_rows, live_shape, to_beats
from ..model.hadamard import HadamardPlan
from ..network.layers import Pointwise, SpectralConv
from ..network.layers.spectral_conv import taps
from ..network.spectra import hermitian, kernel_spectrum
from ..network.stage import Stage
from ..numeric import saturate
from ..shapes import text
from .base import Operation, Params
from .formats import Formats
from .weighted import Weighted

__all__ = ["Lanes", "Product", "product_weights"]


def _layer(stage: Stage) -> SpectralConv | Pointwise:
    """Return the layer of a stage, which is a convolution."""
    if not isinstance(stage.layer, (SpectralConv, Pointwise)):
        raise TypeError(f"Stage {stage.name} must belong to a SpectralConv or Pointwise layer")
    return stage.layer


def _real(stage: Stage) -> bool:
    """Return whether the weights of a stage are real."""
    layer = _layer(stage)
    return isinstance(layer, Pointwise) or layer.real


def _spectrum(stage: Stage, params: Params) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of a layer on the bins of a stage, and its bias, without scales and statistics."""
    layer, k, shape = _layer(stage), stage.index, (stage.rows, stage.columns)
    if isinstance(layer, Pointwise):
        weights = params[f"mix{k}.weight"][..., None, None] + np.zeros(shape, dtype=complex)
        return weights, params[f"mix{k}.bias"]
    if layer.kernel is None:
        free = params[f"conv{k}.spectrum"]
        weights = embed(hermitian(free[..., 0] + 1j * free[..., 1], stage.size), *shape)
        if layer.pointwise:
            weights = weights + params[f"conv{k}.pointwise"][..., None, None]
    else:
        weights = crop(kernel_spectrum(params[f"conv{k}.kernel"], stage.size), stage.bins_radius)
    return np.real(weights) + 0j if layer.real else weights, params[f"conv{k}.bias"]


def _index(stage: Stage) -> np.ndarray | None:
    """Return the number of the weights that each bin of a stream takes; None if no bins share weights.

    All bins share those of a Pointwise.  Those of a SpectralConv with modes and a matrix for every bin are numbered in
    the order of the stream, and the bins beyond the modes share the last ones.  So few bins that a new frame could
    overtake the lookup share none.
    """
    layer = _layer(stage)
    if isinstance(layer, Pointwise):
        return np.zeros(stage.bins, dtype=int)
    if not layer.pointwise or stage.bins <= timing.RAM:
        return None
    rows, columns = live_shape(stage.size, layer.free(stage))
    if (rows, columns) == (stage.rows, stage.columns):
        return None
    own = np.zeros((1, 1, stage.rows, stage.columns), dtype=bool)
    own[..., kept_rows(stage.rows, rows), :columns] = True
    own = to_beats(own)[0]
    return np.where(own, np.cumsum(own) - 1, own.sum())


def product_weights(stage: Stage, params: Params) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights (outputs, inputs, rows, columns) and the bias (outputs,) of a product.

    The weights contain the scale and, if there are any, the frozen statistics.  The bias is in units of the map of the
    product: ``after * bias * pixels`` is added to the DC bin.  A product that standardises the input divides its
    weights by the deviation of each input channel, and its bias contains what they make of the means.
    """
    weights, bias = _spectrum(stage, params)
    if stage.standardises:
        weights = weights / params["input.deviation"][:, None, None]
        bias = bias - np.real(weights[..., 0, 0]) @ params["input.mean"]
    if stage.frozen is not None:
        mean, deviation = (params[f"norm{stage.frozen.index}.{name}"] for name in ("mean", "deviation"))
        weights, bias = weights / deviation[:, None, None, None], (bias - mean) / deviation
    return weights * float(stage.scale), bias


def _kernel(stage: Stage, layer: SpectralConv) -> str:
    """Return the weights of a convolution in words."""
    if layer.kernel is not None:
        return text(taps(layer.kernel, stage.size), "×")
    if layer.modes is None:
        return "free"
    rows, columns = live_shape(stage.size, layer.free(stage))
    return f"{text((rows, 2 * columns - 1), '×')} modes" + (" + 1×1" if layer.pointwise else "")


@dataclass(frozen=True, kw_only=True, eq=False)
class Lanes(Weighted):
    """A product whose lanes share the input channels."""

    plan: HadamardPlan

    @property
    def framed(self) -> bool:
        """True: a sum needs all input channels."""
        return True

    @property
    def lanes(self) -> Sequence[int]:
        """Numbers of lanes: the divisors of the number of input channels."""
        return [p for p in range(1, self.plan.inputs + 1) if self.plan.inputs % p == 0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Product(Lanes):
    """Product ``Y[o] = after (before sum_c W[o,c] X[c] + bias[o] N*N [DC])``, accumulated over input channels c.

    ``before`` and ``after`` are the scales of the pools upstream and downstream.
    """

    complex_weights: ClassVar[bool] = True
    plan: HadamardPlan

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the product, whose weights contain the scale."""
        weights, bias = product_weights(stage, params)
        # For each bin there is one small matrix product, (n, c) x (c, o); matmul takes the bins as the first axes.
        y = np.matmul(x[0].transpose(2, 3, 0, 1), weights.transpose(2, 3, 1, 0)).transpose(2, 3, 0, 1)
        y[..., 0, 0] += bias * stage.pixels * float(stage.after)
        return y

    @classmethod
    def floats(cls, stage: Stage, params: Params) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights on bins, and the bias in units of the DC bin."""
        weights, bias = product_weights(stage, params)
        return weights, bias * float(stage.after) * stage.pixels

    @classmethod
    def planned(cls, stage: Stage, formats: Formats, words: dict[str, np.ndarray]) -> HadamardPlan:
        """Return the plan with the words of weights, biases and shifts."""
        return HadamardPlan(weights=words["weight"], bias=words["bias"], shift=words["shift"], width=formats.width,
                            weight_width=formats.weight_width, real=_real(stage), index=_index(stage))

    @classmethod
    def shape_of(cls, stage: Stage) -> tuple[int, ...]:
        """Return the shape of the weights: (outputs, inputs, rows, columns)."""
        return stage.channels, stage.inputs, stage.rows, stage.columns

    @property
    def words(self) -> np.ndarray:
        """Words of the weights (outputs, inputs, rows, columns)."""
        return self.plan.weights

    @property
    def stored(self) -> np.ndarray:
        """Words as an artifact holds them: those that bins share once, (outputs, inputs, sets), or `words`."""
        return self.words if self.plan.index is None else self.plan.stored

    @classmethod
    def stored_shape(cls, stage: Stage) -> tuple[int, ...]:
        """Return the shape of `stored`."""
        index = _index(stage)
        return cls.shape_of(stage) if index is None else (stage.channels, stage.inputs, int(index.max()) + 1)

    @classmethod
    def spread(cls, stage: Stage, stored: np.ndarray) -> np.ndarray:
        """Return `words`, for what an artifact holds."""
        index = _index(stage)
        if index is None:
            return stored
        return np.swapaxes(stored[..., index].reshape(*stored.shape[:2], stage.columns, stage.rows), -1, -2)

    @property
    def what(self) -> list[str]:
        """Description of the layer, then of the frozen statistics, pools and pads that its weights contain."""
        stage, layer = self.stage, _layer(self.stage)
        if isinstance(layer, Pointwise):
            out = [f"Pointwise {stage.inputs}→{stage.channels}"]
        else:
            out = [f"SpectralConv {stage.inputs}→{stage.channels}, {_kernel(stage, layer)}"]
        if stage.standardises:
            out.append("standardises the input")
        if stage.frozen is not None:
            out.append("Normalise, frozen")
        names = {"crop": "SpectralPool", "pad": "Pad"}
        steps = [step for step in stage.absorbed if step.kind in names]
        return out + [f"{names[step.kind]} {text(step.size)}→{text(step.keeps)}" for step in steps]

    @property
    def caption(self) -> str:
        """The same in a few words, for a picture."""
        return "× weights"

    @property
    def weights(self) -> int:
        """Number of real weights: those of the live bins, and one bias for each output channel.

        The live bins of a real kernel are half of a Hermitian rectangle, in which each pair of conjugate bins counts
        once.
        """
        stage, real = self.stage, _real(self.stage)
        layer = _layer(stage)
        if isinstance(layer, Pointwise):
            return stage.channels * (stage.inputs + 1)
        rows, columns = live_shape(stage.size, layer.free(stage))
        reals = rows * min(2 * columns - 1, stage.size[1])
        return stage.channels * (stage.inputs * (((reals + 1) // 2 if real else reals) + layer.pointwise) + 1)

    @property
    def multiplications(self) -> int:
        """Number of multiplications for an image: four for a complex product, or two for one by a real weight."""
        return (2 if _real(self.stage) else 4) * self.stage.inputs * self.bins

    @property
    def multiplications_in_space(self) -> int:
        """Number of multiplications of a convolution at full resolution; free spectra are as large as maps."""
        stage, layer = self.stage, _layer(self.stage)
        kernel = 1 if isinstance(layer, Pointwise) else layer.kernel
        rows, columns = stage.size if kernel is None else taps(kernel, stage.size)
        return rows * columns * stage.inputs * stage.channels * stage.pixels

    def unpruned(self, stage: Stage, params: Params) -> Operation:
        """Return the product with weights on every bin: those of the kernel, or zero if the spectrum is free."""
        weights = np.zeros((stage.channels, stage.inputs, stage.rows, stage.columns), dtype=np.complex128)
        layer = _layer(stage)
        if isinstance(layer, Pointwise) or layer.kernel is not None or layer.pointwise:
            exact = product_weights(stage, params)[0] * 2.0 ** self.exponent[:, None, None, None]
            weights = saturate(np.rint(exact), self.formats.weight_width)
        rows, columns = self.plan.weights.shape[-2:]
        weights[:, :, kept_rows(stage.rows, rows), :columns] = self.plan.weights
        return replace(super().unpruned(stage, params),
                       plan=replace(self.plan, weights=weights, index=_index(stage)))
