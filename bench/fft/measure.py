"""Measurement of the Fmax and the area of stand-alone FFT cores."""

from __future__ import annotations

from pathlib import Path

from hadamac_hw.cores.library import core_text
from hadamac_hw.cores.standalone import fft_core

from ..synthesis import Flow, place

__all__ = ["measure"]

WRAPPER = Path(__file__).parent / "wrapper.v"


def measure(flow: Flow, seeds: list[int], build: Path, **parameters) -> dict:
    """Return the median Fmax, the Fmax of each seed and the cells of a 16-bit FFT in natural order."""
    core = fft_core("core", target=flow.target, width=16, **parameters)
    block = core.component.block
    placed = place(flow, core_text(core, platform=flow.target) + WRAPPER.read_text(), f"fft{block.plan.size}", seeds,
                   build)
    return {
        "core": "hadamac", "size": block.plan.size, "order": "natural", **placed.cells, "available": placed.available,
        "fmax": placed.fmax, "fmax_of_seed": placed.fmax_of_seed, "latency": block.latency, "interval": block.interval,
    }
