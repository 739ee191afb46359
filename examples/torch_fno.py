"""Compile a Fourier neural operator of neuraloperator, and use the same weights on two grids (random weights here).

It needs ``pip install torch neuraloperator==2.0.0``.
"""

import numpy as np
import torch
from neuralop.models import FNO

import hadamac
from hadamac.quantised.grid import on_grid

torch.manual_seed(1)
model = FNO(n_modes=(4, 4), hidden_channels=6, in_channels=1, out_channels=1, n_layers=2).eval()
y, x = np.mgrid[:32, :32] / 32
phases = np.random.default_rng(1).uniform(0, 6, (8, 1, 1, 1))
fine = np.sin(2 * np.pi * (y + 2 * x) + phases)

artifact = hadamac.compile(model, fine[..., ::2, ::2], name="operator")
for grid in (16, 32):
    frames = fine[..., :: 32 // grid, :: 32 // grid]
    there = on_grid(artifact, grid, frames)
    with torch.no_grad():
        wanted = model(torch.from_numpy(frames).float()).numpy()
    error = np.linalg.norm(there.predict(frames).values - wanted) / np.linalg.norm(wanted)
    cost = hadamac.estimate(there.qnet)
    print(f"{grid}x{grid}: words differ from torch by {100 * error:.2f} %; one frame every {cost.interval} cycles, "
          f"{cost.multipliers} multipliers")
