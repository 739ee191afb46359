"""Converters of dense layers, of batch normalisation and of arithmetic with numbers and between tensors."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ..network.layers import Add
from ..shapes import least
from .builder import Builder, Value
from .layout import dense, placed, settled
from .registry import Unsupported, as_array, function, method, module

__all__ = ["added"]


@module(torch.nn.Linear)
def _linear(b: Builder, it: torch.nn.Linear, x: Value) -> Value:
    if x.shape != (it.in_features,):
        raise Unsupported(f"takes {it.in_features} features, and gets a tensor of shape {x.shape}: use Flatten before "
                          "it")
    bias = np.zeros(it.out_features) if it.bias is None else as_array(it.bias)
    return dense(b, x, as_array(it.weight), bias)


@module(torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)
def _batch_norm(b: Builder, it: torch.nn.BatchNorm2d, x: Value) -> Value:
    if it.running_mean is None or it.running_var is None:
        raise Unsupported("has no running statistics: use track_running_stats=True, and train before compiling")
    if it.num_features != x.channels or x.features != x.channels and len(x.shape) == 1:
        raise Unsupported(f"has {it.num_features} features, and gets {x.channels} channels: normalise before Flatten")
    scale = 1 / np.sqrt(as_array(it.running_var) + it.eps)
    shift = -as_array(it.running_mean) * scale
    if it.affine:
        weight, bias = as_array(it.weight), as_array(it.bias)
        scale, shift = scale * weight, shift * weight + bias
    return b.scaled(x, scale, shift)


def _numbers(x: Value, other: Any) -> np.ndarray:
    """Return a number for each channel of a value: of a number, or of a constant tensor that has one of each."""
    array = as_array(other) if isinstance(other, torch.Tensor) else np.asarray(other, dtype=np.float64)
    axes = len(x.shape)
    shape = (1,) * (axes - array.ndim) + array.shape
    if len(shape) == axes + 1 and shape[0] == 1:
        shape = shape[1:]
    if len(shape) != axes or any(n != 1 for n in shape[1:]) or shape[0] not in (1, x.channels):
        raise Unsupported(f"has a constant of shape {array.shape} beside a tensor of shape {x.shape}: use one number, "
                          "or one for each channel")
    if shape[0] > 1 and x.channels != x.shape[0]:
        raise Unsupported("has a constant for each feature of flattened maps: compute before Flatten")
    return np.broadcast_to(array.reshape(-1), (x.channels,))


def _scaled(b: Builder, x: Value, scale: Any, shift: Any) -> Value:
    return b.scaled(x, _numbers(x, scale), _numbers(x, shift))


def added(b: Builder, *values: Value) -> Value:
    """Return the sum of tensors of one shape."""
    shapes = [value.shape for value in values]
    if len(set(shapes)) > 1:
        raise Unsupported(f"adds tensors of the shapes {' and '.join(map(str, shapes))}: make them equal")
    spectral = values[0].spectral
    if any(value.spectral != spectral for value in values):
        raise Unsupported("adds maps and bins: transform one of them")
    values = tuple(settled(b, value) for value in values)
    if len({value.layer for value in values}) < len(values):
        raise Unsupported("adds a tensor to itself: multiply it by 2")
    held = values[0].held
    for value in values[1:]:
        held = least(held, value.held)
    if any(value.held != held for value in values):
        values = tuple(value if value.held == held else placed(b, value, held) for value in values)
    first, *others = values
    radii = [value.radius for value in values if value.radius is not None]
    radius = (max(r[0] for r in radii), max(r[1] for r in radii)) if radii else None
    clean = all(value.blank for value in values)
    return b.put(first, Add, *others, clean=clean, radius=radius)


@function(operator.add, operator.iadd, torch.add)
@method("add", "add_", "__add__", "__radd__", "__iadd__")
def _add(b: Builder, input: Any, other: Any, alpha: float = 1) -> Value:
    if not isinstance(input, Value):
        input, other = other, input
    if not isinstance(other, Value):
        return _scaled(b, input, 1, np.asarray(_constant(other)) * alpha)
    if input.layer == other.layer and input.affine is None and other.affine is None and alpha == 1:
        return _scaled(b, input, 2, 0)
    return added(b, input, other if alpha == 1 else _scaled(b, other, alpha, 0))


@function(operator.sub, operator.isub, torch.sub)
@method("sub", "sub_")
def _sub(b: Builder, input: Any, other: Any, alpha: float = 1) -> Value:
    if not isinstance(input, Value):
        return _scaled(b, other, -alpha, _constant(input))
    if not isinstance(other, Value):
        return _scaled(b, input, 1, -np.asarray(_constant(other)) * alpha)
    return added(b, input, _scaled(b, other, -alpha, 0))


@function(operator.mul, operator.imul, torch.mul)
@method("mul", "mul_")
def _mul(b: Builder, input: Any, other: Any) -> Value:
    if not isinstance(input, Value):
        input, other = other, input
    if isinstance(other, Value):
        raise Unsupported("multiplies two tensors: a network adds them only")
    return _scaled(b, input, other, 0)


@function(operator.truediv, operator.itruediv, torch.div)
@method("div", "div_")
def _div(b: Builder, input: Any, other: Any) -> Value:
    if not isinstance(input, Value) or isinstance(other, Value):
        raise Unsupported("divides by a tensor: a network divides by constants only")
    return _scaled(b, input, 1 / np.asarray(_constant(other)), 0)


@function(operator.neg, torch.neg)
@method("neg")
def _neg(b: Builder, input: Value) -> Value:
    return _scaled(b, input, -1, 0)


def _constant(value: Any) -> np.ndarray:
    """Return a number or a constant tensor as an array."""
    return as_array(value) if isinstance(value, torch.Tensor) else np.asarray(value, dtype=np.float64)


def _as_it_is(b: Builder, it: torch.nn.Module, x: Value) -> Value:
    return x


module(torch.nn.Identity, torch.nn.Dropout, torch.nn.Dropout1d, torch.nn.Dropout2d)(_as_it_is)


@function(torch.nn.functional.dropout, torch.nn.functional.dropout2d)
@method("contiguous", "clone", "float")
def _unchanged(b: Builder, input: Value, *args: Any, **kwargs: Any) -> Value:
    return replace(input)
