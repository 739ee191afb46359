"""Converters of the modules of :mod:`hadamac.nn`, which are layers of a network already.

Bins of torch may have a smaller radius than those that the network knows to be zero beyond it.  `Value.radius` is that
of torch in this case, and None otherwise.  Most layers keep zero bins zero, so that nothing has to be done; before the
others, a pool and a pad make the bins zero.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .. import nn
from ..network import layers
from ..network.spectra import fold_fft
from ..shapes import Pair, as_pair, least, text
from .activations import activated
from .builder import Builder, Value, least_size
from .layout import dense, field, in_space, placed, settled
from .linear import added
from .pooling import pooled
from .registry import Unsupported, as_array, module

__all__ = []

def _bins(x: Value, size: int | Pair | None = None) -> Value:
    """Return a value that has bins, of maps of a size; refuse others."""
    if not x.spectral:
        raise Unsupported("takes bins, and gets maps: use hadamac.nn.Transform before it")
    if size is not None and x.held != _size(x, size):
        raise Unsupported(f"is made for maps of {text(_size(x, size))}, and gets the bins of maps of {text(x.held)}")
    return x


def _size(x: Value, size: int | Pair) -> Pair:
    """Return the rows and columns of a module's field; an integer stands for the samples of a signal too."""
    return (1, size) if isinstance(size, int) and x.flat else as_pair(size)


def _within(x: Value, radius: Pair) -> Pair | None:
    """Return the radius of torch's bins if it is smaller than one that the network knows."""
    return x.radius if x.radius is not None and least(x.radius, radius) != radius else None


def _limited(b: Builder, x: Value) -> Value:
    """Return a value whose bins beyond its radius the network makes zero, too."""
    radius, affine = x.radius, x.affine
    if radius is None:
        return x
    x = replace(x, affine=None)  # a shift is at DC, which stays
    rows, columns = (min(2 * r + 1, n) for r, n in zip(radius, x.held))
    low = b.put(x, layers.SpectralPool, size=field((rows, columns)), real=(rows, columns))
    return replace(b.put(low, layers.Pad, size=field(x.held), real=x.held, clean=True), affine=affine)


@module(nn.Transform)
def _transform(b: Builder, it: nn.Transform, x: Value) -> Value:
    if in_space(x).held == (1, 1) or x.real != least_size(x.real, b.flat):
        raise Unsupported(f"takes maps whose rows and columns are powers of two, and gets maps of {text(x.real)}")
    x, radius = placed(b, x, x.real), as_pair(it.radius)
    everything = x.held[0] // 2, x.held[1] // 2
    limit = None if least(radius, everything) == everything else least(radius, everything)
    return replace(x, spectral=True, radius=limit)


@module(nn.Crop)
def _crop(b: Builder, it: nn.Crop, x: Value) -> Value:
    radius = _bins(x).radius
    return replace(x, radius=it.radius if radius is None else least(radius, it.radius))


@module(nn.Inverse)
def _inverse(b: Builder, it: nn.Inverse, x: Value) -> Value:
    x = _limited(b, _bins(x, it.size))
    shape = (x.channels, x.held[1]) if b.flat and len(x.shape) == 2 else (x.channels, *x.held)
    return replace(x, spectral=False, shape=shape)


@module(nn.SpectralConv)
def _convolution(b: Builder, it: nn.SpectralConv, x: Value) -> Value:
    if (it.before, it.after) != (1, 1):
        raise Unsupported("has scales of pools: use before=1 and after=1")
    x = settled(b, _bins(x, it.size))
    fields: dict[str, Any] = {"channels": it.outputs, "real": x.held, "radius": x.radius, "clean": True}
    weights = {"spectrum": it.spectrum} if it.kernel is None else {"kernel": it.kernel}
    size = None if it.kernel is None else it.kernel.shape[-1]
    if it.real:
        raise Unsupported("uses the real part of its spectrum only: use real=False")
    if it.modes is not None:
        modes = it.modes[1] if b.flat and isinstance(it.modes, tuple) else it.modes
        fields |= {"modes": modes, "pointwise": it.pointwise is not None}
    if it.pointwise is not None:
        weights["pointwise"] = it.pointwise
    return b.put(x, layers.SpectralConv, kernel=size, shape=(it.outputs, *x.shape[1:]), **fields,
                 tensors={name: as_array(tensor) for name, tensor in {**weights, "bias": it.bias}.items()})


@module(nn.Pointwise)
def _pointwise(b: Builder, it: nn.Pointwise, x: Value) -> Value:
    if (it.before, it.after) != (1, 1) or bool(it.pixels) != x.spectral:
        raise Unsupported("must have before=1, after=1, and pixels for bins alone")
    x = settled(b, x)
    tensors = {"weight": as_array(it.weight), "bias": as_array(it.bias)}
    if it.grid is not None:
        if it.ramps.shape[1:] != x.held:
            made = text(as_pair(it.ramps.shape[1:]))
            raise Unsupported(f"is made for the grid {made}, and gets maps of {text(x.held)}")
        tensors["grid"] = as_array(it.grid)
    clean = x.blank and not it.bias.any() and it.grid is None
    return b.put(x, layers.Pointwise, channels=len(it.bias), shape=(len(it.bias), *x.shape[1:]), radius=x.radius,
                 clean=clean, grid=it.grid is not None, tensors=tensors)


@module(nn.SpectralPool)
def _pool(b: Builder, it: nn.SpectralPool, x: Value) -> Value:
    x = _bins(x, it.size)
    size = _size(x, it.pool)
    radius = _within(x, ((size[0] - 1) // 2, (size[1] - 1) // 2))
    return b.put(settled(b, x), layers.SpectralPool, size=field(size), nyquist=it.nyquist, real=size, radius=radius,
                 clean=True)


@module(nn.Pad)
def _pad(b: Builder, it: nn.Pad, x: Value) -> Value:
    x = _bins(x, it.size)
    if it.nyquist != "zero" and it.size % 2 == 0:
        raise Unsupported(f"has the Nyquist rule {it.nyquist}: use zero, the rule of a network")
    size = _size(x, it.target)
    radius = _within(x, ((x.held[0] - 1) // 2, (x.held[1] - 1) // 2))
    return b.put(settled(b, x), layers.Pad, size=field(size), real=size, radius=radius, clean=True)


@module(nn.Function)
def _function(b: Builder, it: nn.Function, x: Value) -> Value:
    slope = {"slope": it.slope} if it.function == "leaky" else {}
    return activated(b, in_space(x), it.function, **slope)


@module(nn.Quadratic)
def _quadratic(b: Builder, it: nn.Quadratic, x: Value) -> Value:
    x, coefficients = settled(b, in_space(x)), as_array(it.coefficients)
    return b.put(x, layers.Activation, function="quadratic", tensors={"coefficients": coefficients},
                 clean=x.blank and coefficients[0] == 0)


def _of_bins(b: Builder, x: Value, function: str, **tensors: np.ndarray) -> Value:
    """Return a function of every bin, which keeps zero bins zero."""
    return b.put(settled(b, _bins(x)), layers.Activation, function=function, domain="bins", radius=x.radius, clean=True,
                 tensors=tensors)


@module(nn.SpectralFunction)
def _spectral_function(b: Builder, it: nn.SpectralFunction, x: Value) -> Value:
    return _of_bins(b, x, it.function)


@module(nn.ModRelu)
def _modrelu(b: Builder, it: nn.ModRelu, x: Value) -> Value:
    return _of_bins(b, x, "modrelu", bias=np.minimum(as_array(it.bias), 0))


@module(nn.Modulus)
def _modulus(b: Builder, it: nn.Modulus, x: Value) -> Value:
    return _of_bins(b, x, "modulus")


@module(nn.FrozenNormalise)
def _frozen(b: Builder, it: nn.FrozenNormalise, x: Value) -> Value:
    deviation = as_array(it.deviation)
    return b.scaled(_bins(x), 1 / deviation, -as_array(it.mean) / deviation)


@module(nn.MaxPool)
def _max_pool(b: Builder, it: nn.MaxPool, x: Value) -> Value:
    return pooled(b, in_space(x), 2)


@module(nn.Add)
def _add(b: Builder, it: nn.Add, *values: Value) -> Value:
    if any(value.radius is not None for value in values):
        values = tuple(_limited(b, value) for value in values)
    return added(b, *values)


@module(nn.MapDense)
def _map_dense(b: Builder, it: nn.MapDense, x: Value) -> Value:
    if in_space(x).real != it.size:
        raise Unsupported(f"is made for maps of {text(it.size)}, and gets maps of {text(x.real)}")
    weight = fold_fft(as_array(it.weight), it.size)
    return dense(b, x, weight.reshape(len(weight), -1), as_array(it.bias))


@module(nn.BinsDense)
def _bins_dense(b: Builder, it: nn.BinsDense, x: Value) -> Value:
    x = settled(b, _bins(x))
    if not b.in_bins(x):  # the dense layer would take maps
        x = b.put(x, layers.SpectralConv, channels=x.channels, kernel=1, radius=x.radius,
                  tensors={"kernel": np.eye(x.channels)[:, :, None, None], "bias": np.zeros(x.channels)})
    weight = as_array(it.weight) * as_array(it.parseval) * it.scale
    y = b.put(x, layers.Dense, outputs=len(weight), tensors={"weight": weight, "bias": as_array(it.bias)}, real=(1, 1),
              shape=(len(weight),), clean=True)
    return replace(y, spectral=False)
