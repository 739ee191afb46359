"""Error of the FFT's model (and so, bit for bit, of its circuit) against exact transforms, in output LSB."""

from __future__ import annotations

import numpy as np

from hadamac.model.fft import FftPlan

FRAMES = 200


def stimuli(size: int, width: int, seed: int, frames: int = FRAMES) -> dict[str, np.ndarray]:
    """Named complex test signals of integral words, (frames, size)."""
    rng, full = np.random.default_rng([seed, size]), 2.0 ** (width - 1)

    def words(re, im):
        return np.clip(np.rint(re), -full, full - 1) + 1j * np.clip(np.rint(im), -full, full - 1)

    sigma = full * 10 ** (-12 / 20) / 2**0.5  # of a part, so that the complex RMS is -12 dBFS
    shape = (frames, size)
    tone = rng.uniform(0, size, (frames, 1)) * np.arange(size) / size + rng.uniform(0, 1, (frames, 1))
    sine = (full - 1) * np.exp(2j * np.pi * tone)
    return {
        "Gaussian -12 dBFS": words(rng.normal(0, sigma, shape), rng.normal(0, sigma, shape)),
        "uniform, full scale": words(rng.uniform(-full, full, shape), rng.uniform(-full, full, shape)),
        "complex sine, full scale": words(sine.real, sine.imag),
    }


def errors(plan: FftPlan, x: np.ndarray) -> dict:
    """RMS error and bias in output LSB, SQNR in dB, and how many frames saturated."""
    y, overflow, _ = plan.run(x)
    exact = np.fft.fft(x) * 2.0**-plan.scale
    e = y - exact
    return {
        "rms": float(np.sqrt((np.abs(e) ** 2).mean())),
        "bias_re": float(e.real.mean()), "bias_im": float(e.imag.mean()),
        "sqnr": float(10 * np.log10((np.abs(exact) ** 2).sum() / (np.abs(e) ** 2).sum())),
        "overflow": int(overflow.sum()), "frames": len(x),
    }


def table(sizes: list[int], seed: int) -> list[dict]:
    """Every size with every stimulus, 16 bits, scale 1/N."""
    rows = []
    for size in sizes:
        plan = FftPlan(size=size, width=16, twiddle_width=18)
        for name, x in stimuli(size, 16, seed).items():
            rows.append({"size": size, "input": name} | errors(plan, x))
    return rows


def sweep(size: int, seed: int) -> dict[str, list[dict]]:
    """RMS error and SQNR over guard bits, for some widths, Gaussian input."""
    out = {}
    for width in (10, 12, 14, 16):
        x = stimuli(size, width, seed, 60)["Gaussian -12 dBFS"]
        out[str(width)] = [
            {"guard": guard} | errors(FftPlan(size=size, width=width, twiddle_width=18, guard=guard), x)
            for guard in range(5)
        ]
    return out
