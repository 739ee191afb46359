"""Conversion of the modules of hadamac.nn, alone and among torch's, and of whole networks."""

from __future__ import annotations

import numpy as np
import pytest

import hadamac
from hadamac.quantised import reference
from support import tiny
from support.seeds import rng

pytest.importorskip("torch")

import torch  # noqa: E402
from torch import nn  # noqa: E402

from hadamac import nn as own  # noqa: E402
from hadamac.convert.check import TOLERANCE, answers  # noqa: E402


class Bins(nn.Module):
    """Bins of maps through some modules, and back."""

    def __init__(self, *modules, size=16, radius=8, end=16):
        super().__init__()
        self.inside = nn.Sequential(own.Transform(radius=radius), *modules, own.Inverse(size=end))

    def forward(self, x):
        return self.inside(x)


class Skip(nn.Module):
    """A sum of bins of different radii."""

    def __init__(self):
        super().__init__()
        self.fft, self.low, self.conv = own.Transform(radius=8), own.Crop(radius=3), own.SpectralConv(2, 2, size=16, radius=3, kernel=3)
        self.add, self.back = own.Add(size=16, radius=8), own.Inverse(size=16)

    def forward(self, x):
        bins = self.fft(x)
        return self.back(self.add(bins, self.conv(self.low(bins))))


def conv(inputs, outputs, radius, kernel=3, size=16):
    return own.SpectralConv(inputs, outputs, size=size, radius=radius, kernel=kernel)


TAIL = [nn.ReLU(), nn.Flatten()]
MODELS = {
    "convolution": lambda: nn.Sequential(Bins(conv(2, 3, 8)), *TAIL, nn.Linear(768, 3)),
    "free spectrum": lambda: nn.Sequential(Bins(conv(2, 3, 8, None)), *TAIL, nn.Linear(768, 3)),
    "low bins": lambda: nn.Sequential(Bins(conv(2, 3, 4), radius=4), *TAIL, nn.Linear(768, 3)),
    "low bins of a free spectrum": lambda: nn.Sequential(Bins(conv(2, 3, 4, None), radius=4), *TAIL, nn.Linear(768, 3)),
    "low bins alone": lambda: nn.Sequential(Bins(radius=5), *TAIL, nn.Linear(512, 3)),
    "crop": lambda: nn.Sequential(Bins(conv(2, 3, 8), own.Crop(radius=2)), *TAIL, nn.Linear(768, 3)),
    "pool": lambda: nn.Sequential(Bins(conv(2, 3, 8), own.SpectralPool(size=16, pool=8), end=8), *TAIL, nn.Linear(192, 3)),
    "pool of low bins": lambda: nn.Sequential(Bins(conv(2, 3, 2), own.SpectralPool(size=16, pool=8), radius=2, end=8), *TAIL,
                                              nn.Linear(192, 3)),
    "pad": lambda: nn.Sequential(Bins(conv(2, 1, 8), own.Pad(size=16, to=32), end=32), *TAIL, nn.Linear(1024, 3)),
    "functions of bins": lambda: nn.Sequential(Bins(conv(2, 3, 8), own.SpectralFunction("tanh", size=16), own.ModRelu(3, size=16),
                                                    own.Modulus(), conv(3, 2, 8)), *TAIL, nn.Linear(512, 3)),
    "pointwise": lambda: nn.Sequential(own.Pointwise(2, 3), own.Function("gelu"), Bins(own.Pointwise(3, 2, pixels=256)), nn.Flatten(),
                                       nn.Linear(512, 3)),
    "frozen": lambda: nn.Sequential(Bins(conv(2, 3, 8), own.FrozenNormalise(3, size=16, radius=8)), *TAIL, nn.Linear(768, 3)),
    "maps": lambda: nn.Sequential(Bins(conv(2, 3, 8)), own.Quadratic(), own.MaxPool(), own.MapDense(3, 4, size=8)),
    "dense on bins": lambda: nn.Sequential(own.Transform(radius=8), conv(2, 3, 8), own.SpectralPool(size=16, pool=8),
                                           own.BinsDense(3, 4, size=8, radius=3)),
    "dense on the input's bins": lambda: nn.Sequential(own.Transform(radius=3), own.BinsDense(2, 4, size=16, radius=3)),
    "sum of radii": lambda: nn.Sequential(Skip(), *TAIL, nn.Linear(512, 3)),
    "among torch's": lambda: nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), Bins(conv(3, 2, 8)), nn.GELU(),
                                           nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3)),
    "maps out": lambda: Bins(conv(2, 2, 8), own.SpectralPool(size=16, pool=8), end=8),
    "bins out": lambda: nn.Sequential(own.Transform(radius=8), conv(2, 2, 8)),
}


@pytest.mark.parametrize("name", list(MODELS))
def test_modules(name):
    torch.manual_seed(3)
    model, r = MODELS[name](), rng("own", name)
    for it in model.modules():
        for parameter in it.parameters(recurse=False):
            if parameter.ndim == 1:
                nn.init.normal_(parameter, 0, 0.1)
        if isinstance(it, own.FrozenNormalise):
            it.mean.normal_(0, 0.2)
            it.deviation.uniform_(0.5, 2)
    x = r.integers(0, 256, (5, 2, 16, 16)).astype(np.uint8)
    artifact = hadamac.compile(model, x)
    got, want = reference.forward(artifact.qnet.network, artifact.params, x), answers(model, (x / 255).astype(np.float32))
    np.testing.assert_allclose(got, want, rtol=0, atol=TOLERANCE * abs(want).max())
    assert artifact.predict(x).words.shape == want.shape


@pytest.mark.parametrize("name", ["pool_relu", "modulus", "pointwise", "canvas"])
def test_a_whole_network_is_itself(name):
    network = tiny.kinds()[name]
    torch.manual_seed(3)
    model, x = own.SpectralCnn(network), tiny.images(network, rng("whole", name), 8)
    artifact = hadamac.compile(model, x, classes=("a", "b", "c"))
    assert artifact.qnet.network is network and artifact.classes == ("a", "b", "c")
    for key, value in model.parameters_numpy().items():
        np.testing.assert_array_equal(artifact.params[key], value)
