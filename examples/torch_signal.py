"""Compile a one-dimensional CNN of torch for signals that are floats (random weights here)."""

import numpy as np
import torch
from torch import nn

import hadamac

torch.manual_seed(1)
model = nn.Sequential(nn.Conv1d(2, 6, 7, padding=3), nn.ReLU(), nn.Conv1d(6, 6, 5, padding=4, dilation=2), nn.GELU(),
                      nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(6, 2))
t = np.arange(200) / 100
phases = np.random.default_rng(1).uniform(0, 6, (32, 2, 1))
signals = 1.5 * np.sin(2 * np.pi * 3 * t + phases)

artifact = hadamac.compile(model, signals, output="values")
with torch.no_grad():
    wanted = model.eval()(torch.from_numpy(signals).float()).numpy()
error = np.abs(artifact.predict(signals).values - wanted).max() / np.abs(wanted).max()
cost = hadamac.estimate(artifact.qnet)
print(f"input {artifact.qnet.network.format}, interval {cost.interval}, {cost.multipliers} multipliers")
print(f"words differ from torch by {100 * error:.1f} % of the largest value")
