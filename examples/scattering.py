"""A wavelet scattering front-end: planned on digits, compared with floats, emitted."""

import numpy as np

from hadamac import shipped_digits
from hadamac.images import as_images
from hadamac.scattering import scatter, scattering_plan
from hadamac_hw import FlatTop, Scattering, emit

images = as_images(shipped_digits()[0][:40], 32)[:, ::2, ::2]
plan = scattering_plan(images[:20], size=16, angles=4)
exact, words = scatter(images[20:] / 256, angles=4), plan.run(images[20:])
error = plan.values(words.words) - exact
print(f"{exact.shape[1]} maps of {exact.shape[2]} x {exact.shape[3]}; "
      f"SQNR {10 * np.log10((exact**2).sum() / (error**2).sum()):.1f} dB")
block = Scattering(plan=plan)
verilog = emit(FlatTop(block), "scattering16")
print(f"{len(verilog.splitlines())} lines of Verilog, {block.multipliers} multipliers, "
      f"a frame every {block.interval} cycles")
