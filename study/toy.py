"""The thread's one-dimensional toy, twice filter - normalise - sigmoid - crop: floats, words and simulated RTL.

Its vectors of nine are spectra about their centre; all of them are even, so their half-spectra of five real bins,
0 .. 4, say the same.  Pooling keeps seven bins of nine, then five, that is four and three of a half-spectrum, and does
not scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.model.hadamard import hadamard
from hadamac.model.normalise import NormalisePlan
from hadamac.model.nyquist import PoolPlan
from hadamac.model.pwl_fit import FUNCTIONS, fit
from hadamac.numeric import SQ, pack, unpack
from hadamac_hw.bench.case import run_case
from hadamac_hw.emit import emit
from hadamac_hw.flat import FlatTop
from hadamac_hw.hadamard import Hadamard
from hadamac_hw.normalise import Normalise
from hadamac_hw.pwl import Pwl
from hadamac_hw.spectral_pool import SpectralPool
from hadamac_hw.stream import Complex, chained, frames

__all__ = ["FILTERS", "SIGNALS", "VARIANTS", "measure"]

SIGNALS = np.array([[3, 1, 2, 1, 4, 1, 2, 1, 3], [1, 3, 1, 2, 1, 2, 1, 3, 1]])[:, 4:].astype(float)
FILTERS = np.array([[0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25, 0], [1, 0.75, 0.5, 0.25, 0, 0.25, 0.5, 0.75, 1]])[:, 4:]
FORMAT, WEIGHT = SQ(4, 12), SQ(2, 6)
SIZES = (9, 7, 5)


@dataclass(frozen=True)
class Variant:
    """In which order, and whether with normalisation; the filters of the two stages."""

    name: str
    order: tuple[str, ...]
    filters: tuple[int, int] = (0, 1)


VARIANTS = (
    Variant("as posted", ("filter", "normalise", "sigmoid", "crop")),
    Variant("filter 1 twice", ("filter", "normalise", "sigmoid", "crop"), (0, 0)),
    Variant("without normalisation", ("filter", "sigmoid", "crop")),
    Variant("crop first", ("filter", "crop", "normalise", "sigmoid")),
)


def _weights(size: int) -> np.ndarray:
    """How many of the nine a bin of the half-spectrum stands for."""
    return np.array([1] + [2] * (size // 2))


def float_toy(variant: Variant, x: np.ndarray) -> np.ndarray:
    """Half-spectra (n, 5) to (n, 3)."""
    for stage, which in enumerate(variant.filters):
        size = SIZES[stage]
        for step in variant.order:
            if step == "filter":
                x = x * FILTERS[which, : x.shape[-1]]  # the second filter's middle: it has nine, the signal seven
            elif step == "crop":
                size = SIZES[stage + 1]
                x = x[:, : size // 2 + 1]
            elif step == "normalise":
                w = _weights(size)
                x = x - (w * x).sum(-1, keepdims=True) / size
                x = x / np.sqrt((w * x**2).sum(-1, keepdims=True) / size)
            else:
                x = FUNCTIONS["sigmoid"].of(x)
    return x


class Toy(wiring.Component):
    """The blocks of a variant in a row; ``model`` is the composition of theirs."""

    def __init__(self, variant: Variant):
        self.blocks = []
        table = fit(FUNCTIONS["sigmoid"], segments=16, format=FORMAT).table
        for stage, which in enumerate(variant.filters):
            size = SIZES[stage]
            for step in variant.order:
                if step == "filter":
                    words = WEIGHT.quantise(FILTERS[which, : size // 2 + 1])[None, None]
                    block = Hadamard(weights=words, bias=[0], shift=[WEIGHT.f], lanes=1, width=FORMAT.width,
                                     weight_width=WEIGHT.width, loadable=False, real=True)
                elif step == "crop":
                    block = SpectralPool(PoolPlan(size=size, keep=size - 2, width=FORMAT.width, dimensions=1))
                    size -= 2
                elif step == "normalise":
                    block = Normalise(NormalisePlan(multiplicity=tuple(_weights(size).tolist()), width=FORMAT.width,
                                                         fraction=FORMAT.f, over="bins"))
                else:
                    block = Pwl(table, real=True)
                self.blocks.append((f"{step}{stage}", block))
        self.frame = (SIZES[0] // 2 + 1, SIZES[-1] // 2 + 1)
        shape = frames(Complex(FORMAT.width))
        super().__init__({"i": In(shape), "o": Out(shape)})

    def model(self, x: np.ndarray) -> np.ndarray:
        """Words (n, 5), complex with imaginary part 0, to (n, 3)."""
        x = x[:, None].astype(complex)
        for _, block in self.blocks:
            match block:
                case Hadamard():
                    weights = block.weights[..., None]
                    x = hadamard(x[..., None], weights, block.bias, block.shift, block.width)[0][..., 0]
                case Pwl():
                    x = block.table.run(x.real)[0] + 0j
                case _:
                    x = block.plan.run(x)[0]
        return x[:, 0]

    def elaborate(self, platform):
        m = Module()
        wiring.connect(m, chained(m, self.blocks, wiring.flipped(self.i)), wiring.flipped(self.o))
        return m


def _simulated(toy: Toy, words: np.ndarray, name: str, build: Path) -> np.ndarray:
    """What the emitted Verilog gives for frames of words; raises where it differs from the model."""
    result = run_case(
        emit(FlatTop(toy), name), name, input=pack(words, FORMAT.width), expected=pack(toy.model(words), FORMAT.width),
        lanes=2, stalls=["none"], build_dir=build)
    return unpack(np.array(result["none"].words), FORMAT.width).reshape(len(words), -1)


def measure(build: Path) -> list[dict]:
    """A row for each variant: outputs of both signals in floats, words and RTL, and what the discarded bins change."""
    rows = []
    swapped = [SIGNALS]  # each signal with the other's bins where the second crop drops them, then where the first does
    for size in SIZES[2:0:-1]:
        changed = SIGNALS.copy()
        changed[:, size // 2 + 1 : size // 2 + 2] = SIGNALS[::-1, size // 2 + 1 : size // 2 + 2]
        swapped.append(changed)
    for variant in VARIANTS:
        toy = Toy(variant)
        signals = np.concatenate(swapped)
        words = FORMAT.quantise(signals) + 0j
        rtl = _simulated(toy, words, "toy_" + variant.name.replace(" ", "_"), build)
        fixed, exact = toy.model(words), float_toy(variant, signals)
        values = FORMAT.value(fixed.real)
        rows.append({
            "variant": variant.name, "order": list(variant.order), "filters": [f + 1 for f in variant.filters],
            "float": exact[:2].tolist(), "fixed": values[:2].tolist(), "rtl_is_fixed": bool((rtl == fixed).all()),
            "error": float(np.abs(values - exact).max()), "ratio": (exact[0] / exact[1]).tolist(),
            "ratio_fixed": (values[0] / values[1]).tolist(),
            "second": float(np.abs(exact[2:4] - exact[:2]).max()), "first": float(np.abs(exact[4:] - exact[:2]).max()),
            "second_words": int((fixed[2:4] != fixed[:2]).sum()), "first_words": int((fixed[4:] != fixed[:2]).sum()),
        })
    return rows
