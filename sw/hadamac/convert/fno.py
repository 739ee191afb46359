"""Converter of the Fourier neural operators of the package neuraloperator: ``neuralop.models.FNO`` and ``TFNO``.

An FNO consists of a lifting of the channels, of Fourier layers, and of a projection (Li et al., ICLR 2021, section 4).
Their parts are layers of a network:

=============================  ======================================================================================
neuralop                       network
=============================  ======================================================================================
positional embedding "grid"    ``Pointwise(grid=True)``: coordinates are constants, and change biases only
lifting, projection            ``Pointwise`` and activations
spectral convolution and skip  ``SpectralConv(modes=..., pointwise=True)``: (R + W) X within the modes, W X beyond
channel MLP and its skip       ``Pointwise``, activation, ``Pointwise``; beside them ``Pointwise``; ``Add``
=============================  ======================================================================================

spectral convolution and skip  ``SpectralConv(modes=.., pointwise=True)``: (R + W) X within the modes, W X beyond
with the weight 0 at u = r.  Weights are independent of the grid.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..network.layers import Add, Pointwise, SpectralConv
from ..shapes import Pair, text
from .activations import activated, name_of
from .builder import Builder, Value
from .layout import field
from .registry import Unsupported, as_array, whole

__all__: list[str] = []

_PLAIN = {
    "domain_padding": (None, "domain_padding=None"),
    "complex_data": (False, "complex_data=False"),
}
"""Attributes of an FNO that have a layer only with one value, and what to write instead of others."""
_BLOCKS = {
    "norm": (None, "norm=None"),
    "preactivation": (False, "preactivation=False"),
    "stabilizer": (None, "stabilizer=None"),
}
"""The same of its blocks."""
_CONVS = {
    "separable": (False, "separable=False"),
    "resolution_scaling_factor": (None, "resolution_scaling_factor=None"),
}
"""The same of its spectral convolutions."""


def _check(it: torch.nn.Module, path: str, plain: dict[str, tuple[Any, str]]) -> None:
    """Raise Unsupported if an attribute of a module has a value that no layer has."""
    for name, (value, instead) in plain.items():
        given = getattr(it, name, value)
        if given is not None and given is not value and given != value:
            shown = type(given).__name__ if isinstance(given, torch.nn.Module) else given
            raise Unsupported(f"has {name} {shown} in {path}, which no layer has: use {instead}")


@whole("neuralop.models.fno.FNO")
def _fno(b: Builder, it: Any, x: Value) -> Value:
    """Return the answer of an FNO of one or two dimensions."""
    root = b.label
    _check(it, "itself", _PLAIN)
    blocks = it.fno_blocks
    _check(blocks, "fno_blocks", _BLOCKS)
    if it.n_dim != (1 if b.flat else 2):
        raise Unsupported(f"has {it.n_dim} dimensions, and gets {'signals' if b.flat else 'maps'}: use n_modes with "
                          f"{1 if b.flat else 2} numbers")
    if not x.whole or x.spectral:
        raise Unsupported(f"takes maps whose rows and columns are powers of two, and gets {text(x.real)}")
    x = _lifting(b, it, x, f"{root}_lifting")
    for k in range(it.n_layers):
        x = _block(b, blocks, k, x, f"{root}_block{k}")
    return _mlp(b, it.projection, x, f"{root}_projection")


def _lifting(b: Builder, it: Any, x: Value, label: str) -> Value:
    """Return the lifting of the input's channels, and of the coordinates if there is an embedding."""
    first = it.lifting.fcs[0]
    weight, bias = as_array(first.weight)[..., 0], as_array(first.bias)
    tensors = {}
    if it.positional_embedding is not None:
        limits = getattr(it.positional_embedding, "grid_boundaries", None)
        if limits is None or np.shape(limits) != (it.n_dim, 2):
            raise Unsupported(f"has the embedding {type(it.positional_embedding).__name__}: use positional_embedding="
                              "'grid' or None")
        if b.flat:
            raise Unsupported("has a grid of signals, whose samples have no coordinates in a network: use "
                              "positional_embedding=None")
        low, high = np.array(limits, dtype=np.float64).T
        coordinates = weight[:, x.channels :]
        tensors["grid"] = coordinates * (high - low)
        weight, bias = weight[:, : x.channels], bias + coordinates @ low
    if x.affine is not None:
        bias = bias + weight @ x.affine.shift
        weight = weight * x.affine.scale
    b.label = f"{label}0"
    x = Value(layer=x.layer, channels=x.channels, shape=x.shape, real=x.real, held=x.held)
    y = b.put(x, Pointwise, channels=len(weight), shape=(len(weight), *x.shape[1:]), grid=bool(tensors),
              tensors={"weight": weight, "bias": bias, **tensors})
    return _mlp(b, it.lifting, y, label, done=1)


def _mlp(b: Builder, it: Any, x: Value, label: str, done: int = 0) -> Value:
    """Return what a channel MLP makes of a value, to which its first ``done`` convolutions have been applied."""
    for k, conv in enumerate(it.fcs):
        b.label = f"{label}{k}"
        if k >= done:
            weight = as_array(conv.weight)[..., 0]
            bias = np.zeros(len(weight)) if conv.bias is None else as_array(conv.bias)
            x = _mixed(b, x, weight, bias)
        if k < len(it.fcs) - 1:
            x = activated(b, x, name_of(it.non_linearity))
    return x


def _mixed(b: Builder, x: Value, weight: np.ndarray, bias: np.ndarray) -> Value:
    """Return a mixture of channels."""
    return b.put(x, Pointwise, channels=len(weight), shape=(len(weight), *x.shape[1:]),
                 tensors={"weight": weight, "bias": bias})


def _block(b: Builder, it: Any, k: int, x: Value, label: str) -> Value:
    """Return the output of Fourier layer ``k``, which ends with an activation unless it is the last one."""
    conv, last = it.convs[k], k == it.n_layers - 1
    path = f"fno_blocks.convs[{k}]"
    _check(conv, path, _CONVS)
    skip = None if it.fno_skips is None else _skip(it.fno_skips[k], x.channels, f"fno_blocks.fno_skips[{k}]")
    spectrum, modes = _spectrum(conv)
    bias = np.zeros(len(spectrum)) if conv.bias is None else as_array(conv.bias).reshape(-1)
    tensors = {"spectrum": spectrum}
    if skip is not None:
        tensors["pointwise"], bias = skip[0], bias + skip[1]
    b.label = label
    y = b.put(x, SpectralConv, channels=len(bias), shape=(len(bias), *x.shape[1:]),
              modes=modes[1] if b.flat else field(modes), pointwise=skip is not None,
              tensors=tensors | {"bias": bias})
    if not last:
        y = activated(b, y, name_of(it.non_linearity))
    if it.use_channel_mlp:
        y = _mlp(b, it.channel_mlp[k], y, f"{label}_mlp")
        if it.channel_mlp_skips is not None:
            weight, offset = _skip(it.channel_mlp_skips[k], x.channels, f"fno_blocks.channel_mlp_skips[{k}]")
            b.label = f"{label}_skip"
            y = b.put(y, Add, _mixed(b, x, weight, offset))
    return y if last else activated(b, y, name_of(it.non_linearity))


def _skip(it: Any, channels: int, path: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights (outputs, inputs) and the bias of a skip connection."""
    if isinstance(it, torch.nn.Identity):
        return np.eye(channels), np.zeros(channels)
    inner = getattr(it, "conv", it)
    weight = as_array(inner.weight)
    if isinstance(inner, torch.nn.Conv1d) and inner.kernel_size == (1,):
        matrix = weight[..., 0]
    elif weight.size == channels:  # soft gating: one factor for each channel
        matrix = np.diag(weight.reshape(-1))
    else:
        raise Unsupported(f"has the skip {type(it).__name__} in {path}: use 'linear', 'soft-gating' or 'identity'")
    return matrix, np.zeros(len(matrix)) if inner.bias is None else as_array(inner.bias).reshape(-1)


def _spectrum(conv: Any) -> tuple[np.ndarray, Pair]:
    """Return the free spectrum (outputs, inputs, rows, columns, 2) of a spectral convolution, and its modes."""
    given = conv.weight
    tensor: torch.Tensor = given.to_tensor() if hasattr(given, "to_tensor") else given
    weight = as_array(tensor.real) + 1j * as_array(tensor.imag)
    starts = [most - n for most, n in zip(conv.max_n_modes, conv.n_modes)]
    cuts = [slice(start // 2, -start // 2) if start else slice(None) for start in starts[:-1]]
    weight = weight[(..., *cuts, slice(None, weight.shape[-1] - starts[-1]))]
    weight = weight[:, :, None] if weight.ndim == 3 else weight
    rows, columns = weight.shape[2:]
    r = rows // 2
    full = np.zeros((weight.shape[1], weight.shape[0], 2 * r + 1, columns), dtype=complex)
    full[:, :, np.arange(-r, rows - r)] = weight.transpose(1, 0, 2, 3)
    return np.stack([np.real(full), np.imag(full)], -1), (r, columns - 1)
