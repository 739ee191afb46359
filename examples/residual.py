"""Describe a network with a residual connection, and see what its skip buffer costs (random weights here)."""

import numpy as np

from hadamac import PRESETS, estimate, quantise, shipped_digits
from hadamac.network import Activation, Add, Dense, Network, SpectralConv, SpectralPool

network = Network(name="residual", shape=(1, 32, 32), layers=(
    SpectralConv(channels=4, kernel=3), SpectralPool(size=16), Activation(name="stem"),
    SpectralConv(channels=4, kernel=3), Activation(), SpectralConv(channels=4, kernel=3, name="branch"),
    Add(inputs=("stem", "branch")), Activation(), SpectralPool(size=8), Dense(outputs=10)))
rng = np.random.default_rng(1)
params = {name: rng.normal(0, 0.2, shape) for name, shape in network.parameters.items()}
cost = estimate(quantise(network, params, shipped_digits()[0][:100], PRESETS["default"]))
for stage in cost.stages:
    buffers = [f"a skip buffer of {skip.depth} words" for skip in stage.skips if skip]
    print(f"{stage.name:12} first output in cycle {stage.first_output:5}", *buffers)
print(f"latency {cost.latency}, interval {cost.interval}, {cost.memory_bits} memory bits")
