"""Converters of activations: the functions of pixels that the tables of the circuit have."""

from __future__ import annotations

from typing import Any

import torch

from ..model.pwl.fitting import FUNCTIONS as TABLES
from ..network.layers import Activation
from .builder import Builder, Value
from .layout import in_space, settled
from .registry import Unsupported, function, method, module

__all__ = ["activated", "name_of"]

_F = torch.nn.functional
_ZERO = {name for name, table in TABLES.items() if float(table.of(0.0)) == 0}  # pyright: ignore[reportArgumentType]
"""Functions with f(0) = 0, which keep a border of zeros."""
_PLAIN = {
    "relu": ((torch.nn.ReLU,), (torch.relu, torch.relu_, _F.relu, _F.relu_), ("relu", "relu_")),
    "sigmoid": ((torch.nn.Sigmoid,), (torch.sigmoid, _F.sigmoid), ("sigmoid", "sigmoid_")),
    "tanh": ((torch.nn.Tanh,), (torch.tanh, _F.tanh), ("tanh", "tanh_")),
    "silu": ((torch.nn.SiLU,), (_F.silu,), ()),
    "hard-sigmoid": ((torch.nn.Hardsigmoid,), (_F.hardsigmoid,), ()),
    "hard-swish": ((torch.nn.Hardswish,), (_F.hardswish,), ()),
}
"""Modules, functions and methods of functions without parameters, by their names in a table."""


def activated(b: Builder, x: Value, name: str, **fields: Any) -> Value:
    """Return a function of every pixel; ``fields`` are further ones of the layer."""
    x = settled(b, in_space(x))
    return b.put(x, Activation, function=name, clean=x.blank and name in _ZERO, **fields)


def name_of(of: Any) -> str:
    """Return the name in a table of a function that a module calls, for example ``torch.nn.functional.gelu``."""
    for name, (modules, functions, _) in {**_PLAIN, "gelu": ((torch.nn.GELU,), (_F.gelu,), ())}.items():
        if of in functions or type(of) in modules and getattr(of, "approximate", "none") == "none":
            return name
    raise Unsupported(f"has the activation {getattr(of, '__name__', type(of).__name__)}: use gelu, {', '.join(_PLAIN)}")


def _register(name: str) -> None:
    """Register the converters of a function without parameters."""
    modules, functions, methods = _PLAIN[name]

    def of_module(b: Builder, it: torch.nn.Module, x: Value) -> Value:
        return activated(b, x, name)

    def of_tensor(b: Builder, input: Value, inplace: bool = False) -> Value:
        return activated(b, input, name)

    module(*modules)(of_module)
    function(*functions)(of_tensor)
    method(*methods)(of_tensor)


for _name in _PLAIN:
    _register(_name)


@function(_F.gelu)
def _gelu(b: Builder, input: Value, approximate: str = "none") -> Value:
    if approximate != "none":
        raise Unsupported(f"approximates GELU by {approximate}: use approximate='none'")
    return activated(b, input, "gelu")


@module(torch.nn.GELU)
def _gelu_module(b: Builder, it: torch.nn.GELU, x: Value) -> Value:
    return _gelu(b, x, it.approximate)


@function(_F.leaky_relu, _F.leaky_relu_)
def _leaky(b: Builder, input: Value, negative_slope: float = 0.01, inplace: bool = False) -> Value:
    if negative_slope == 0:
        return activated(b, input, "relu")
    if not 0 < negative_slope < 1:
        raise Unsupported(f"has the negative slope {negative_slope:g}: use one from 0 to less than 1")
    return activated(b, input, "leaky", slope=float(negative_slope))


@module(torch.nn.LeakyReLU)
def _leaky_module(b: Builder, it: torch.nn.LeakyReLU, x: Value) -> Value:
    return _leaky(b, x, it.negative_slope)


@function(_F.hardtanh, _F.hardtanh_)
def _hardtanh(b: Builder, input: Value, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Value:
    if (min_val, max_val) != (-1, 1):
        raise Unsupported(f"clips to {min_val:g} and {max_val:g}: use Hardtanh(), which clips to -1 and 1, or ReLU")
    return activated(b, input, "hard-tanh")


@module(torch.nn.Hardtanh)
def _hardtanh_module(b: Builder, it: torch.nn.Hardtanh, x: Value) -> Value:
    return _hardtanh(b, x, it.min_val, it.max_val)


@function(torch.clamp, torch.clip)
@method("clamp", "clip", "clamp_")
def _clamp(b: Builder, input: Value, min: Any = None, max: Any = None) -> Value:
    if min == 0 and max is None:
        return activated(b, input, "relu")
    if min is None or max is None:
        raise Unsupported("clips on one side only, and not at 0: use ReLU or Hardtanh()")
    return _hardtanh(b, input, min, max)
