"""Converters of pooling: the maximum of tiles, and the mean of whole maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from ..network.layers import SIZES, MaxPool
from ..shapes import text
from .builder import Builder, Value
from .layout import in_space, placed, settled
from .registry import Unsupported, function, method, module

__all__ = ["pooled"]

_F = torch.nn.functional


def _each(value: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """Return a number for each axis."""
    return (value,) * axes if isinstance(value, int) else tuple(value)


@function(_F.max_pool2d, torch.max_pool2d)
def pooled(b: Builder, input: Value, kernel_size: int | Sequence[int], stride: int | Sequence[int] | None = None,
           padding: int | Sequence[int] = 0, dilation: int | Sequence[int] = 1, ceil_mode: bool = False,
           return_indices: bool = False) -> Value:
    """Return the maximum of each tile of 2x2 pixels."""
    x = in_space(input)
    stride = kernel_size if stride is None or stride == [] else stride
    fields = [_each(field, 2) for field in (kernel_size, stride, padding, dilation)]
    if fields != [(2, 2), (2, 2), (0, 0), (1, 1)] or return_indices:
        raise Unsupported("is not the maximum of tiles of 2x2 pixels: use MaxPool2d(2)")
    if len(x.shape) != 3 or b.flat or x.held == (1, 1):
        raise Unsupported(f"takes maps of several rows, and gets a tensor of shape {x.shape}")
    rows, columns = x.real
    even = not (rows % 2 or columns % 2)
    if ceil_mode and not even:
        raise Unsupported(f"has ceil_mode and maps of {text(x.real)}: use even sizes")
    x = settled(b, x)
    if min(x.held) <= SIZES[0]:
        x = placed(b, x, (max(x.held[0], 2 * SIZES[0]), max(x.held[1], 2 * SIZES[0])))
    real = rows // 2, columns // 2
    return b.put(x, MaxPool, real=real, shape=(x.channels, *real), clean=x.blank and even)


@module(torch.nn.MaxPool2d)
def _max_pool_module(b: Builder, it: torch.nn.MaxPool2d, x: Value) -> Value:
    return pooled(b, x, it.kernel_size, it.stride, it.padding, it.dilation, it.ceil_mode, it.return_indices)


def _mean(b: Builder, x: Value, keep: bool = True) -> Value:
    """Return the means of maps, which the next layer will compute."""
    ones = (1,) * (len(x.shape) - 1)
    if len(x.shape) < 2:
        raise Unsupported(f"takes maps or signals, and gets a tensor of shape {x.shape}")
    return replace(in_space(x), mean=x.mean or x.held != (1, 1), shape=(x.channels, *ones) if keep else (x.channels,))


@function(_F.adaptive_avg_pool1d, _F.adaptive_avg_pool2d)
def _adaptive(b: Builder, input: Value, output_size: int | None | Sequence[int | None]) -> Value:
    axes = len(input.shape) - 1
    size = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * axes
    if tuple(size) != (1,) * axes:
        given = "x".join(map(str, size))
        raise Unsupported(f"averages to {given}: use a size of 1, or hadamac.nn.SpectralPool")
    return _mean(b, input)


@module(torch.nn.AdaptiveAvgPool1d, torch.nn.AdaptiveAvgPool2d)
def _adaptive_module(b: Builder, it: torch.nn.AdaptiveAvgPool2d, x: Value) -> Value:
    return _adaptive(b, x, it.output_size)


@function(_F.avg_pool2d, _F.avg_pool1d)
def _average(b: Builder, input: Value, kernel_size: int | Sequence[int], stride: int | Sequence[int] | None = None,
             padding: int | Sequence[int] = 0, ceil_mode: bool = False, count_include_pad: bool = True,
             divisor_override: int | None = None) -> Value:
    axes = len(input.shape) - 1
    if _each(kernel_size, axes) != input.shape[1:] or any(_each(padding, axes)) or divisor_override:
        raise Unsupported("averages parts of maps: use MaxPool2d(2), or AdaptiveAvgPool2d(1) for the mean of whole "
                          "maps")
    return _mean(b, input)


@module(torch.nn.AvgPool1d, torch.nn.AvgPool2d)
def _average_module(b: Builder, it: torch.nn.AvgPool2d, x: Value) -> Value:
    return _average(b, x, it.kernel_size, it.stride, it.padding)


@function(torch.mean)
@method("mean")
def _mean_of(b: Builder, input: Value, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Value:
    axes = len(input.shape) + 1
    given = [] if dim is None else [dim] if isinstance(dim, int) else list(dim)
    dims = sorted(d % axes for d in given)
    if dims != list(range(2, axes)) or not dims:
        raise Unsupported("is no mean of whole maps: use mean over the last axes, or AdaptiveAvgPool2d(1)")
    return _mean(b, input, keepdim)
