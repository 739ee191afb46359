"""Emit a stand-alone FFT core and compare its model with numpy.fft."""

import numpy as np

from hadamac_hw import Fft, FlatTop, emit

fft = Fft(size=256, width=16)
verilog = emit(FlatTop(fft), "fft256")
print(f"fft256: {len(verilog.splitlines())} lines of Verilog, latency {fft.latency} cycles, interval {fft.interval}, "
      f"{fft.multipliers} multipliers")

rng = np.random.default_rng(1)
x = np.rint(rng.normal(0, 2**13, (20, 256, 2))) @ [1, 1j]
error = fft.model(x) - np.fft.fft(x) / 256
print(f"RMS error {np.sqrt((abs(error) ** 2).mean()):.3f} LSB (output rounding alone: 0.408)")
