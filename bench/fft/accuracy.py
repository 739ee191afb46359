"""Errors of the models of the FFTs compared with exact transforms, in output LSB.

The circuits compute the same bits, so their errors are the same.
"""

from __future__ import annotations

import numpy as np

from hadamac.errors import DescriptionError
from hadamac.model.fft.iterative import IterativePlan
from hadamac.model.fft.plan import FftPlan
from hadamac_hw.cores.standalone import fft_block

__all__ = ["FRAMES", "LEVELS", "WIDTHS", "figures", "iterative", "levels", "sweep", "table", "widths"]

FRAMES = 200
LEVELS = (-12, -18, -24, -30, -36, -40)
"""Levels of the Gaussian input, as complex RMS in dBFS."""
WIDTHS = range(4, 25)
"""Numbers of input bits that a core can have."""
SIZES = (64, 256, 1024, 4096)
SWEPT = 1024
SMALL = 256


def _words(re, im, full: float) -> np.ndarray:
    return np.clip(np.rint(re), -full, full - 1) + 1j * np.clip(np.rint(im), -full, full - 1)


def gaussian(size: int, width: int, level: float, seed: int, frames: int = FRAMES) -> np.ndarray:
    """Return Gaussian noise of a level in dBFS, (frames, size)."""
    rng, full = np.random.default_rng([seed, size, round(-level)]), 2.0 ** (width - 1)
    sigma = full * 10 ** (level / 20) / 2**0.5  # of a part
    return _words(rng.normal(0, sigma, (frames, size)), rng.normal(0, sigma, (frames, size)), full)


def stimuli(size: int, width: int, seed: int) -> dict[str, np.ndarray]:
    """Return complex test signals of integral words, (frames, size), by name."""
    rng, full = np.random.default_rng([seed, size]), 2.0 ** (width - 1)
    shape = (FRAMES, size)
    tone = rng.uniform(0, size, (FRAMES, 1)) * np.arange(size) / size + rng.uniform(0, 1, (FRAMES, 1))
    sine = (full - 1) * np.exp(2j * np.pi * tone)
    return {
        "Gaussian -12 dBFS": gaussian(size, width, -12, seed),
        "uniform, full scale": _words(rng.uniform(-full, full, shape), rng.uniform(-full, full, shape), full),
        "complex sine, full scale": _words(sine.real, sine.imag, full),
    }


def errors(plan: FftPlan | IterativePlan, x: np.ndarray, loaded: int | None = None) -> dict:
    """Return RMS error and bias in output LSB, SQNR in dB, and the number of frames that saturated.

    ``loaded`` is the number of ones in the schedule that is loaded with every frame, if the plan needs one.
    """
    y, overflow, exponent = plan.run(x, False, loaded)
    scale = 2.0 ** -exponent[:, None]
    exact = np.fft.fft(x) * scale
    e = y - exact
    return {
        "rms": float(np.sqrt((np.abs(e) ** 2).mean())),
        "bias_re": float(e.real.mean()), "bias_im": float(e.imag.mean()),
        # Frames can have different exponents, so their values are compared and not their words.
        "sqnr": float(10 * np.log10((np.abs(exact / scale) ** 2).sum() / (np.abs(e / scale) ** 2).sum())),
        "overflow": int(overflow.sum()), "frames": len(x),
    }


def table(sizes: tuple[int, ...], seed: int) -> list[dict]:
    """Return the errors for every size and every signal, with 16 bits at scale 1/N."""
    rows = []
    for size in sizes:
        plan = FftPlan(size=size, width=16, twiddle_width=18)
        for name, x in stimuli(size, 16, seed).items():
            rows.append({"size": size, "input": name} | errors(plan, x))
    return rows


def levels(size: int, seed: int) -> dict[str, list[float]]:
    """Return the SQNR over the level of a Gaussian input of 16 bits, by scaling."""
    plans = {
        "fixed scale 1/N, 16 bits out": FftPlan(size=size, width=16, twiddle_width=18),
        "block exponent, 16 bits out": FftPlan(size=size, width=16, twiddle_width=18, scaling="block"),
        "full growth": FftPlan(size=size, width=16, twiddle_width=18, scaling="full"),
    }
    return {name: [errors(plan, gaussian(size, 16, level, seed, 60))["sqnr"] for level in LEVELS]
            for name, plan in plans.items()}


CORES = {
    "fixed scale 1/N": ("streaming", "schedule"), "loaded schedule, scale 1/N": ("streaming", "run-time"),
    "block exponent": ("streaming", "block"), "full growth": ("streaming", "full"),
    "iterative, scale 1/N": ("iterative", "schedule"),
}
"""Architecture and scaling of each core, by its name."""


def widths(sizes: tuple[int, ...], seed: int) -> dict[str, dict[str, dict[str, list]]]:
    """Return SQNR and RMS error over the width of a Gaussian input of -12 dBFS, by size and by name of a core.

    The cores are those of the generic target.  The value is None if there is no such core.
    """
    return {str(size): {name: _over_widths(size, *core, seed) for name, core in CORES.items()} for size in sizes}


def _over_widths(size: int, architecture: str, scaling: str, seed: int) -> dict[str, list]:
    rows = []
    for width in WIDTHS:
        try:
            plan = fft_block(architecture, size=size, width=width, scaling=scaling).plan
        except DescriptionError:
            rows.append({})
            continue
        x = gaussian(size, width, -12, seed, max(16, 16384 // size))
        rows.append(errors(plan, x, plan.stages if scaling == "run-time" else None))
    return {key: [row.get(key) for row in rows] for key in ("sqnr", "rms")}


def sweep(size: int, seed: int) -> dict[str, list[dict]]:
    """Return RMS error and SQNR over the number of guard bits, for some widths of a Gaussian input."""
    out = {}
    for width in (10, 12, 14, 16):
        x = gaussian(size, width, -12, seed, 60)
        out[str(width)] = [
            {"guard": guard} | errors(FftPlan(size=size, width=width, twiddle_width=18, guard=guard), x)
            for guard in range(5)
        ]
    return out


def iterative(size: int, seed: int) -> list[dict]:
    """Return the errors of the iterative core with operands for the multiplier of an iCE40."""
    plan = IterativePlan(size=size, width=16)
    return [{"size": size, "input": name} | errors(plan, x) for name, x in stimuli(size, 16, seed).items()]


def figures(seed: int) -> dict:
    """Return all figures of the page on accuracy, by their names in fft.json."""
    return {
        "seed": seed, "accuracy": table(SIZES, seed), "sweep": sweep(SWEPT, seed), "levels": levels(SWEPT, seed),
        "iterative": iterative(SMALL, seed), "widths": widths((64, SWEPT), seed),
    }
