"""Registry of converters: functions that add the layers of one call of a torch module, function or method.

A converter takes the builder, the module (if it is one of modules), and the arguments of the call, in which tensors are
of the class `Value`.  It returns a `Value`.  `Unsupported` is raised for what has no layer: a part of a sentence that
says what it is and what would serve instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..errors import DescriptionError

__all__ = ["FUNCTIONS", "METHODS", "MODULES", "Unsupported", "WHOLE", "as_array", "function", "method", "module",
           "module_converter", "whole"]

Converter = Callable[..., Any]
"""Type of a converter."""
MODULES: dict[type[torch.nn.Module], Converter] = {}
"""Converters of modules, by the class; they convert derived classes too, which therefore must not compute another
function."""
WHOLE: dict[str, Converter] = {}
"""Converters of modules of packages that need not be installed, by the full name of the class, as in `whole`."""
FUNCTIONS: dict[Callable[..., Any], Converter] = {}
"""Converters of functions."""
METHODS: dict[str, Converter] = {}
"""Converters of methods of tensors, by name."""


class Unsupported(DescriptionError):
    """Error for a call that has no layer; the message is completed with the path of the module."""


def as_array(tensor: torch.Tensor) -> np.ndarray:
    """Return a tensor of numbers as a float64 array."""
    return tensor.detach().cpu().double().numpy()


def module(*classes: type[torch.nn.Module]) -> Callable[[Converter], Converter]:
    """Return a decorator that registers ``convert(builder, module, *args)`` for classes of modules."""

    def register(convert: Converter) -> Converter:
        MODULES.update(dict.fromkeys(classes, convert))
        return convert

    return register


def whole(*names: str) -> Callable[[Converter], Converter]:
    """Return a decorator that registers ``convert(builder, module, *args)`` for classes by their full names.

    A name is that of the module and of the class, for example ``neuralop.models.fno.FNO``.  The converter gets the
    whole submodule, and its inside is not traced.
    """

    def register(convert: Converter) -> Converter:
        WHOLE.update(dict.fromkeys(names, convert))
        return convert

    return register


def function(*functions: Callable[..., Any]) -> Callable[[Converter], Converter]:
    """Return a decorator that registers ``convert(builder, *args, **kwargs)`` for functions."""

    def register(convert: Converter) -> Converter:
        FUNCTIONS.update(dict.fromkeys(functions, convert))
        return convert

    return register


def method(*names: str) -> Callable[[Converter], Converter]:
    """Return a decorator that registers ``convert(builder, tensor, *args, **kwargs)`` for methods of tensors."""

    def register(convert: Converter) -> Converter:
        METHODS.update(dict.fromkeys(names, convert))
        return convert

    return register


def module_converter(it: torch.nn.Module) -> Converter | None:
    """Return the converter of a module, which is that of its class or of the nearest class above it; None without."""
    for cls in type(it).__mro__:
        convert = MODULES.get(cls) or WHOLE.get(f"{cls.__module__}.{cls.__qualname__}")
        if convert is not None:
            return convert
    return None
