"""Converters of convolutions.

Torch computes a cross-correlation, ``y[p] = bias + sum_t w[t] x[p + t - before]``, where ``before`` pixels of padding
precede the map.  A SpectralConv computes the circular convolution ``y[p] = bias + sum_i k[i] x[p - (i - c)]`` with the
centre tap c, so that ``k[c + before - t] = w[t]``.  With ``c = max(before, taps - 1 - before)`` all taps have a place.

Padding with zeros is exact if maps have a border of zeros of at least the padding: what a tap reads beyond one edge of
the map are the zeros before the other edge.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from ..network.layers import Pointwise, SpectralConv
from ..shapes import Pair, most, text
from .builder import Builder, Value, least_size
from .layout import dense, in_space, placed, settled
from .registry import Unsupported, as_array, module

__all__ = ["convolved"]


@dataclass(frozen=True)
class _Kernel:
    """Kernel of a convolution of torch.

    Attributes
    ----------
    taps : float64 array (outputs, inputs, rows, columns)
    bias : float64 array (outputs,)
    before, after : (int, int)
        Padding before the first and after the last row and column.
    circular : bool
    """

    taps: np.ndarray
    bias: np.ndarray
    before: Pair
    after: Pair
    circular: bool

    @property
    def reach(self) -> Pair:
        """The greatest distance of a tap from the pixel of the result, in both directions."""
        rows, columns = (max(p, k - 1 - p) for p, k in zip(self.before, self.taps.shape[-2:]))
        return rows, columns

    def size_out(self, size: Pair) -> Pair:
        """Return rows and columns of the result."""
        rows, columns = (n + p + q - k + 1 for n, p, q, k in zip(size, self.before, self.after, self.taps.shape[-2:]))
        return rows, columns

    def turned(self, flat: bool) -> np.ndarray:
        """Return the kernel of a SpectralConv: with its centre tap in the middle and all taps in reverse order."""
        c = (0, self.reach[1]) if flat else (max(self.reach),) * 2
        out = np.zeros((*self.taps.shape[:2], 2 * c[0] + 1, 2 * c[1] + 1))
        rows, columns = (centre + p - np.arange(k) for centre, p, k in zip(c, self.before, self.taps.shape[-2:]))
        out[..., rows[:, None], columns] = self.taps
        return out


def _padding(it: torch.nn.Conv1d | torch.nn.Conv2d) -> tuple[list[int], list[int]]:
    """Return the padding before and after the maps, for each axis."""
    extent = [d * (k - 1) for d, k in zip(it.dilation, it.kernel_size)]
    if it.padding == "same":  # of an odd number the larger half comes after
        return [n // 2 for n in extent], [n - n // 2 for n in extent]
    each = [0] * len(extent) if isinstance(it.padding, str) else list(it.padding)
    return each, each


def _kernel(it: torch.nn.Conv1d | torch.nn.Conv2d) -> _Kernel:
    """Return the kernel of a module; groups and dilation become zeros in it."""
    if any(n != 1 for n in it.stride):
        stride = "x".join(map(str, it.stride))
        raise Unsupported(f"has the stride {stride}: use a stride of 1, and MaxPool2d(2) behind it")
    if it.padding_mode not in ("zeros", "circular"):
        raise Unsupported(f"has the padding mode {it.padding_mode}: use zeros or circular")
    weight = as_array(it.weight)
    outputs, inputs = it.out_channels // it.groups, it.in_channels // it.groups
    grouped = np.zeros((it.out_channels, it.in_channels, *weight.shape[2:]))
    for g in range(it.groups):
        rows = slice(g * outputs, (g + 1) * outputs)
        grouped[rows, g * inputs : (g + 1) * inputs] = weight[rows]
    extent = [d * (k - 1) + 1 for d, k in zip(it.dilation, it.kernel_size)]
    taps = np.zeros((*grouped.shape[:2], *extent))
    taps[(..., *(slice(None, None, d) for d in it.dilation))] = grouped
    before, after = _padding(it)
    if taps.ndim == 3:
        taps, before, after = taps[:, :, None], [0, *before], [0, *after]
    bias = np.zeros(len(taps)) if it.bias is None else as_array(it.bias)
    circular = it.padding_mode == "circular" and any((*before, *after))
    return _Kernel(taps, bias, (before[0], before[1]), (after[0], after[1]), circular)


def _size(b: Builder, x: Value, kernel: _Kernel, out: Pair) -> Pair:
    """Return the rows and columns of the maps on whose border no tap meets the other edge of the map."""
    reach = [1 if b.flat else 2 * max(kernel.reach) + 1, 2 * (kernel.reach[1] if b.flat else max(kernel.reach)) + 1]
    rows, columns = (max(n + p, n + q, m, k)
                     for n, p, q, m, k in zip(x.real, kernel.before, kernel.after, out, reach))
    return most(x.held, least_size((rows, columns), b.flat))


def convolved(b: Builder, x: Value, kernel: _Kernel) -> Value:
    """Return the convolution of maps or signals with a kernel."""
    x = in_space(x)
    if x.channels != kernel.taps.shape[1]:
        raise Unsupported(f"takes {kernel.taps.shape[1]} channels, and gets {x.channels}")
    out, single = kernel.size_out(x.real), kernel.taps.shape[-2:] == (1, 1)
    padded = any((*kernel.before, *kernel.after))
    if min(out) < 1:
        raise Unsupported(f"has a kernel larger than its maps of {text(x.real)}")
    if x.mean or x.held == (1, 1):
        if not single or padded:
            raise Unsupported("has a kernel of several pixels, and gets maps of one pixel: use a kernel of 1")
        return replace(dense(b, x, kernel.taps[..., 0, 0], kernel.bias), shape=(len(kernel.bias), *x.shape[1:]))
    if kernel.circular:
        if x.real != least_size(x.real, b.flat):
            raise Unsupported(f"has circular padding, and maps of {text(x.real)}: circular padding is exact where rows "
                              "and columns are powers of two; use zeros")
        if out != x.real:
            raise Unsupported(f"has circular padding that makes {text(out)} of {text(x.real)}: pad by half of the "
                              "kernel")
        if not x.whole:
            x = placed(b, settled(b, x), x.real)
    elif padded and x.affine is not None and x.affine.shift.any():
        x = settled(b, x)  # torch's padding is zero behind the shift
    taps, bias = kernel.taps, kernel.bias
    if x.affine is not None:
        bias = bias + np.einsum("ocyx,c->o", taps, x.affine.shift)
        taps = taps * x.affine.scale[:, None, None]
    x, kernel = replace(x, affine=None), replace(kernel, taps=taps, bias=bias)
    shape = (len(bias), out[1]) if b.flat else (len(bias), *out)
    if single and not padded:
        return b.put(x, Pointwise, channels=len(bias), shape=shape, clean=x.blank and not bias.any(),
                     tensors={"weight": taps[..., 0, 0], "bias": bias})
    if not kernel.circular:
        size = _size(b, x, kernel, out)
        if padded and not (x.blank and x.held == size):
            smaller = _size(b, replace(x, held=x.real), kernel, out)
            x = placed(b, x, size if x.blank else smaller)
        elif x.held != size:
            x = placed(b, x, size)
    turned = kernel.turned(b.flat)
    return b.put(x, SpectralConv, channels=len(bias), kernel=turned.shape[-1], real=out, shape=shape,
                 tensors={"kernel": turned, "bias": bias})


@module(torch.nn.Conv1d, torch.nn.Conv2d)
def _convolution(b: Builder, it: torch.nn.Conv1d | torch.nn.Conv2d, x: Value) -> Value:
    axes = len(it.kernel_size)
    if len(x.shape) != axes + 1:
        raise Unsupported(f"takes tensors of {axes + 1} axes besides that of the frames, and gets {x.shape}")
    return convolved(b, x, _kernel(it))
