# amaranth: UnusedElaboratable=no
"""Torch modules as circuits: bits, latency and interval of what `hadamac.compile` makes of them."""

from __future__ import annotations

import numpy as np
import pytest

import hadamac
from hadamac.network.source import source_frames
from hadamac_hw.base.emit import emit
from hadamac_hw.network import Top
from hadamac_hw.sim.case import run_case
from hadamac_hw.sim.verify import expected_words, sent_words
from support.seeds import rng

pytest.importorskip("torch")

import torch  # noqa: E402
from torch import nn  # noqa: E402


class Residual(nn.Module):
    """A sum of a convolution with zero padding and its input, and the mean of maps."""

    def __init__(self):
        super().__init__()
        self.stem, self.conv, self.norm = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1, bias=False), nn.BatchNorm2d(2)
        self.head = nn.Linear(2, 3)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = torch.relu(self.norm(self.conv(x)) + x)
        return self.head(x.mean((2, 3)))


MODELS = {
    "padded": (lambda: nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(),
                                     nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4)), (1, 12, 12)),
    "larger": (lambda: nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Conv2d(2, 2, 5, padding=2)), (1, 8, 8)),
    "residual": (Residual, (2, 8, 8)),
    "signals": (lambda: nn.Sequential(nn.Conv1d(3, 2, 5, padding=2), nn.ReLU(), nn.Conv1d(2, 3, 3, padding=1), nn.Tanh(), nn.Flatten(),
                                      nn.Linear(63, 3)), (3, 21)),
}


LONG = ("larger", "signals")
"""Models of whose kinds of stages the others have as many."""


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.soak] * (name in LONG)) for name in MODELS])
def test_bits_and_cycles(name):
    make, shape = MODELS[name]
    torch.manual_seed(2)
    images = rng("convert", name).integers(0, 256, (12, *shape)).astype(np.uint8)
    q = hadamac.compile(make(), images, name=name).qnet
    images, e = images[:4], hadamac.estimate(q)
    prediction = q.predict(images)
    results = run_case(emit(Top(q), f"torch_{name}"), f"torch_{name}", input=sent_words(q, source_frames(q.network, images)),
                       expected=expected_words(q, prediction), final={"status": int(prediction.overflow.any())},
                       expected_latency=e.latency, stalls=["none", "both"])
    starts = results["none"].output_cycles.reshape(len(images), -1)[:, 0]
    np.testing.assert_array_equal(np.diff(starts)[1:], e.interval)
