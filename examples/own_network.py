"""Describe, quantise, estimate and emit a network of your own (random weights here)."""

import numpy as np

from hadamac import PRESETS, estimate, quantise, shipped_digits
from hadamac.network import Activation, Dense, Network, SpectralConv, SpectralPool
from hadamac_hw import network_verilog

network = Network(name="own", shape=(1, 32, 32), layers=(
    SpectralConv(channels=4, kernel=3), SpectralPool(size=8), Activation(), Dense(outputs=10)))
rng = np.random.default_rng(1)
params = {name: rng.normal(0, 0.2, shape) for name, shape in network.parameters.items()}
qnet = quantise(network, params, shipped_digits()[0][:100], PRESETS["default"])
cost = estimate(qnet)
print(f"latency {cost.latency}, interval {cost.interval}, {cost.multipliers} multipliers, "
      f"{cost.memory_bits} memory bits")
print(f"{len(network_verilog(qnet).splitlines())} lines of Verilog")
