"""Making of an artifact from the layers of a builder, or from a network that is one already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import DescriptionError
from ..model.crop import embed, kept_rows
from ..network.layers import Dense
from ..network.network import Network
from .builder import PREFIXES, Builder, Value, least_size
from .layout import dense, placed, settled

__all__ = ["described", "last_value"]


def last_value(b: Builder, x: Value) -> Value:
    """Return what a model answers as the output of a last layer, on which nothing is still to be computed."""
    b.label = "answer"
    if x.spectral:
        return settled(b, x)
    if len(x.shape) == 1:
        made = b.made.get(x.layer)
        ends = made is not None and isinstance(made.layer, Dense) and not x.affine and not x.mean and x.held == (1, 1)
        return x if ends else dense(b, x, np.eye(x.features), np.zeros(x.features))
    x = settled(b, x)
    if x.held == (1, 1):
        raise DescriptionError(f"model answers the shape {x.shape}: use Flatten at its end, for a vector")
    return placed(b, x, least_size(x.real, b.flat))


def described(b: Builder, last: Value, *, name: str, shape: Sequence[int], format: str,
              output: str) -> tuple[Network, dict[str, np.ndarray]]:
    """Return the network of a builder's layers and its parameters in float32."""
    made = b.layers(last)
    names = [each.layer.name for each in made]
    layers = []
    for k, each in enumerate(made):
        before = names[k - 1] if k else "input"
        plain = each.layer.inputs == (before,)
        layers.append(replace(each.layer, inputs=None) if plain else each.layer)
    try:
        network = Network(name=name, shape=tuple(shape), layers=tuple(layers), format=format, output=output,
                          padding="end")
    except DescriptionError as e:
        raise DescriptionError(f"model has a network that is refused: {e}") from None
    counts: dict[str, int] = {}
    params: dict[str, np.ndarray] = {}
    for each in made:
        kind = each.layer.type
        index = counts[kind] = counts.get(kind, -1) + 1
        prefix = f"{PREFIXES[kind]}{index}" if kind in PREFIXES else f"hidden{index}"
        if kind == Dense.type and each is made[-1]:
            prefix = "dense"
        for end, tensor in each.tensors.items():
            key = f"{prefix}.{end}"
            params[key] = _fitted(tensor, network.parameters[key]).astype(np.float32)
    return network, params


def _fitted(tensor: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return weights on bins with the bins that a stage has: those that are missing are zero."""
    if tensor.shape == shape or len(shape) != 5:
        return tensor
    out = np.moveaxis(tensor, -1, 0)
    rows, columns = shape[2:4]
    out = out[..., :columns]
    if rows < out.shape[-2]:
        out = out[..., kept_rows(out.shape[-2], rows), :]
    return np.moveaxis(embed(out, rows, columns), 0, -1)
