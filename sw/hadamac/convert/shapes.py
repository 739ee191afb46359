"""Converters of changes of shape: a network has none, but its dense layers take maps as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import torch

from .builder import Builder, Value
from .layout import in_space
from .registry import Unsupported, function, method, module

__all__ = ["FRAMES"]


class _Frames(int):
    """Number of frames, which a program may pass from the shape of one tensor to that of another."""


FRAMES = _Frames(-1)
"""The number of frames in shapes of tensors."""


def _reshaped(x: Value, shape: tuple[int, ...]) -> Value:
    """Return a value in another shape, without the axis of frames, if it can have it."""
    x = in_space(x)
    if -1 in shape:
        known = prod(n for n in shape if n != -1)
        shape = tuple(x.features // known if n == -1 else n for n in shape)
    kept = [n for n in x.shape if n != 1]
    if shape != (x.features,) and [n for n in shape if n != 1] != kept:
        raise Unsupported(f"makes the shape {shape} of {x.shape}: only Flatten is possible")
    return replace(x, shape=shape)


@function(torch.flatten)
@method("flatten")
def _flatten(b: Builder, input: Value, start_dim: int = 0, end_dim: int = -1) -> Value:
    axes = len(input.shape) + 1
    if start_dim % axes != 1 or end_dim % axes != axes - 1:
        raise Unsupported("flattens other axes than all of a frame: use flatten(1)")
    return _reshaped(input, (input.features,))


@module(torch.nn.Flatten)
def _flatten_module(b: Builder, it: torch.nn.Flatten, x: Value) -> Value:
    return _flatten(b, x, it.start_dim, it.end_dim)


@function(torch.reshape)
@method("view", "reshape")
def _view(b: Builder, input: Value, *shape: Any) -> Value:
    sizes = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    frames, *rest = sizes
    if not rest or not (isinstance(frames, _Frames) or frames == -1 and -1 not in rest):
        raise Unsupported("changes the axis of the frames: use flatten(1)")
    return _reshaped(input, tuple(int(n) for n in rest))


@function(torch.squeeze)
@method("squeeze")
def _squeeze(b: Builder, input: Value, dim: Any = None) -> Value:
    axes = len(input.shape) + 1
    dims = range(1, axes) if dim is None else [d % axes for d in (dim if isinstance(dim, Sequence) else (dim,))]
    return _reshaped(input, tuple(n for k, n in enumerate(input.shape, 1) if k not in dims or n != 1))


@method("size")
def _size(b: Builder, input: Value, dim: int | None = None) -> Any:
    sizes = (FRAMES, *input.shape)
    return sizes if dim is None else sizes[dim]
