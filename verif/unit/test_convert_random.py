"""Random torch modules, of which every one that is converted equals its network, and none is refused without reason."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hadamac
from hadamac.errors import DescriptionError
from hadamac.quantised import reference

pytest.importorskip("torch")

import torch  # noqa: E402
from torch import nn  # noqa: E402

from hadamac.convert.check import TOLERANCE, answers  # noqa: E402

ACTIVATIONS = (nn.ReLU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Hardswish, nn.Hardtanh)


class Sum(nn.Module):
    """A residual connection around a module, or around two."""

    def __init__(self, inner: nn.Module, other: nn.Module):
        super().__init__()
        self.inner, self.other = inner, other

    def forward(self, x):
        return self.inner(x) + self.other(x)


def normalised(channels: int, flat: bool) -> nn.Module:
    it = nn.BatchNorm1d(channels) if flat else nn.BatchNorm2d(channels)
    it.running_mean.normal_(0, 0.3)
    it.running_var.uniform_(0.5, 2)
    return it


def same(draw, inputs: int, outputs: int, size: tuple[int, ...]) -> nn.Module:
    """A convolution that keeps the size."""
    flat, kernel = len(size) == 1, draw(st.sampled_from((1, 3, 5)))
    ring = all(n & (n - 1) == 0 for n in size) and draw(st.booleans())
    return (nn.Conv1d if flat else nn.Conv2d)(inputs, outputs, kernel, padding="same", bias=draw(st.booleans()),
                                              padding_mode="circular" if ring else "zeros")


@st.composite
def models(draw) -> tuple[nn.Module, tuple[int, ...]]:
    """A module and the shape of its frames."""
    torch.manual_seed(draw(st.integers(0, 10**6)))
    flat = draw(st.booleans())
    size = (draw(st.integers(16, 40)),) if flat else (draw(st.integers(6, 17)), draw(st.integers(6, 17)))
    channels = first = draw(st.integers(1, 3))
    shape, modules = (first, *size), []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(("same", "same", "valid", "sum", "pool", "norm", "act", "act")))
        if kind == "same":
            outputs = draw(st.integers(1, 3))
            modules.append(same(draw, channels, outputs, size))
            channels = outputs
        elif kind == "valid":
            kernel, padding = draw(st.integers(1, 4)), draw(st.integers(0, 2))
            size = tuple(n + 2 * padding - kernel + 1 for n in size)
            modules.append((nn.Conv1d if flat else nn.Conv2d)(channels, channels, kernel, padding=padding))
        elif kind == "sum":
            inner = nn.Sequential(same(draw, channels, channels, size), draw(st.sampled_from(ACTIVATIONS))())
            modules.append(Sum(inner, draw(st.sampled_from((nn.Identity(), same(draw, channels, channels, size))))))
        elif kind == "pool" and not flat and min(size) >= 2:
            modules.append(nn.MaxPool2d(2))
            size = tuple(n // 2 for n in size)
        elif kind == "norm":
            modules.append(normalised(channels, flat))
        else:
            modules.append(draw(st.sampled_from(ACTIVATIONS))())
    if draw(st.booleans()):
        mean = nn.AdaptiveAvgPool1d(1) if flat else nn.AdaptiveAvgPool2d(1)
        modules += [mean, nn.Flatten(), nn.Linear(channels, 3)]
    else:
        modules += [nn.Flatten(), nn.Linear(channels * int(np.prod(size)), 3)]
    return nn.Sequential(*modules), shape


@settings(max_examples=40, deadline=None, derandomize=True)
@given(models())
def test_random_modules(given):
    model, shape = given
    x = np.random.default_rng(1).integers(0, 256, (3, *shape)).astype(np.uint8)
    try:
        artifact = hadamac.compile(model, x)
    except DescriptionError as e:  # a kernel with its padding may be larger than tiny maps
        assert "SpectralConv kernel must be at most" in str(e), e
        return
    got, want = reference.forward(artifact.qnet.network, artifact.params, x), answers(model, (x / 255).astype(np.float32))
    np.testing.assert_allclose(got, want, rtol=0, atol=TOLERANCE * abs(want).max())
