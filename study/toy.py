"""One-dimensional toy network of the discussion, with two stages of filter, normalisation, sigmoid and pooling.

It is computed in floats, in words and on simulated RTL.  Its signals and filters have nine real numbers each, which are
the bins -4 .. 4 of a centred spectrum.  They happen to be even, but nothing here uses that: they are not halves of
conjugate-symmetric spectra, and each of the nine bins counts once.

Pooling keeps the bins -3 .. 3 and then -2 .. 2.  As posted, it writes zeros to the others, so that all stages have nine
bins.  The normalisation after that takes the mean and the deviation of a sample (divisor n - 1) of all nine, including
these zeros.

The circuit is a chain of hadamac's blocks.  Bins flow in the order 0, -1, 1, -2, 2, ..., so that the bins that a
pooling drops come last.  `SpectralPool` and `SpectralPad`, which drop and append the last beats of a channel, see n
bins as the half-spectrum of a signal of 2 n - 1 samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.model.hadamard import hadamard
from hadamac.model.normalise import NormalisePlan
from hadamac.model.nyquist import PadPlan, PoolPlan
from hadamac.model.pwl.fitting import FUNCTIONS, fit
from hadamac.model.pwl.table import PwlTable
from hadamac.numeric import SQ, pack, unpack
from hadamac_hw.base.block import Block
from hadamac_hw.base.emit import emit
from hadamac_hw.base.stream import Complex, chained, frames
from hadamac_hw.cores.flat import FlatTop
from hadamac_hw.layers.hadamard import Hadamard
from hadamac_hw.layers.normalise import Normalise
from hadamac_hw.layers.pwl import Pwl
from hadamac_hw.layers.spectral_pool import SpectralPad, SpectralPool
from hadamac_hw.sim.case import run_case

__all__ = ["CHAINS", "FILTERS", "KEPT", "LIFTED", "SIGNALS", "VARIANTS", "Chain", "Toy", "Variant", "measure", "middle",
           "simulate"]

Plan = np.ndarray | NormalisePlan | PwlTable | PoolPlan | PadPlan
"""Plan of a block; weights are an array."""

SIGNALS = np.array([[3, 1, 2, 1, 4, 1, 2, 1, 3], [1, 3, 1, 2, 1, 2, 1, 3, 1]], dtype=float)
FILTERS = np.array([[0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25, 0], [1, 0.75, 0.5, 0.25, 0, 0.25, 0.5, 0.75, 1]])
LIFTED = np.maximum(FILTERS, [[0.25], [0]])
"""The filters, with 1/4 where the first one is zero: at the bins -4 and 4, which the first pooling drops."""
KEPT = (9, 7, 5)
"""Number of bins at the input, after the first pooling and after the second pooling."""
FORMAT, WEIGHT = SQ(4, 12), SQ(2, 6)
ORDER = np.argsort(np.abs(np.arange(KEPT[0]) - KEPT[0] // 2), kind="stable")
"""Index of the bin in each beat of a channel."""
POSTED = ("filter", "normalise", "sigmoid", "pool")


@cache
def table() -> PwlTable:
    """Return the sigmoid in 16 segments."""
    return fit(FUNCTIONS["sigmoid"], segments=16, format=FORMAT).table


def middle(x: np.ndarray, size: int) -> np.ndarray:
    """Return the ``size`` bins around the centre of the last axis."""
    edge = (x.shape[-1] - size) // 2
    return x[..., edge : x.shape[-1] - edge]


@dataclass(frozen=True)
class Chain:
    """Two stages of the toy network in one order, as floats, plans and words.

    Attributes
    ----------
    name : str
        Name of the chain.
    order : tuple of str
        Order of the steps in both stages.
    crops : bool
        Whether pooling drops bins; otherwise it writes zeros to them.
    second : tuple of int
        Filters of the second stage, one for each channel; the filter of the first stage is filter 0.
    """

    name: str
    order: tuple[str, ...] = POSTED
    crops: bool = False
    second: tuple[int, ...] = (1,)

    def floats(self, signals: np.ndarray, filters: np.ndarray = FILTERS) -> np.ndarray:
        """Return the output (n, channels, 9), or (n, channels, 5) if pooling crops, for signals (n, 9)."""
        x = signals[:, None]
        for keep, numbers in zip(KEPT[1:], ((0,), self.second)):
            for step in self.order:
                if step == "filter":
                    x = x * middle(filters[list(numbers)], x.shape[-1])
                elif step == "normalise":
                    x = (x - x.mean(-1, keepdims=True)) / x.std(-1, ddof=1, keepdims=True)
                elif step == "sigmoid":
                    x = FUNCTIONS["sigmoid"].of(x)
                else:
                    edge = 0 if self.crops else (x.shape[-1] - keep) // 2
                    x = np.pad(middle(x, keep), [(0, 0), (0, 0), (edge, edge)])
        return x

    def plans(self, filters: np.ndarray = FILTERS) -> list[tuple[str, Plan]]:
        """Return the name and the plan of every block; the plan of a product is its weights (outputs, 1, bins)."""
        bins, width = KEPT[0], FORMAT.width
        plans: list[tuple[str, Plan]] = []
        for stage, (keep, numbers) in enumerate(zip(KEPT[1:], ((0,), self.second))):
            for step in self.order:
                if step == "filter":
                    plan = WEIGHT.quantise(filters[list(numbers)][:, None, ORDER[:bins]])
                elif step == "normalise":
                    plan = NormalisePlan(multiplicity=(1,) * bins, width=width, fraction=FORMAT.f, over="bins",
                                         correction=1)
                elif step == "sigmoid":
                    plan = table()
                else:
                    plan = PoolPlan(size=2 * bins - 1, keep=2 * keep - 1, width=width, dimensions=1)
                plans.append((f"{step}{stage}", plan))
                if step == "pool" and self.crops:
                    bins = keep
                elif step == "pool":
                    pad = PadPlan(size=2 * keep - 1, to=2 * bins - 1, width=width, dimensions=1)
                    plans.append((f"zeros{stage}", pad))
        return plans

    def words(self, x: np.ndarray, filters: np.ndarray = FILTERS) -> np.ndarray:
        """Return the words (n, channels, 9 or 5) of the circuit for words (n, 9); bins are in the order of beats."""
        x = x[:, None].astype(complex)
        for _, plan in self.plans(filters):
            if isinstance(plan, np.ndarray):
                shift = [WEIGHT.f] * len(plan)
                x = hadamard(x[..., None], plan[..., None] + 0j, np.zeros(len(plan)), shift, FORMAT.width)[0][..., 0]
            else:
                x = plan.run(x.real if isinstance(plan, PwlTable) else x)[0] + 0j
        return x.real

    def values(self, signals: np.ndarray, filters: np.ndarray = FILTERS) -> np.ndarray:
        """Return the values of the words, in the shape of :meth:`floats`."""
        y = self.words(beats(signals), filters)
        return FORMAT.value(y[..., np.argsort(ORDER[: y.shape[-1]])])


CHAINS = {chain.name: chain for chain in (
    Chain("posted", second=(1, 0)),
    Chain("crop", crops=True),
    Chain("plain", ("filter", "sigmoid", "pool")),
    Chain("pool_first", ("filter", "pool", "normalise", "sigmoid")),
)}


@dataclass(frozen=True)
class Variant:
    """Variant of the toy network: a chain, and the channel that is the second stage of each signal."""

    name: str
    chain: Chain
    channels: tuple[int, int] = (0, 0)

    def of(self, y: np.ndarray) -> np.ndarray:
        """Return the five kept bins of both signals, (2, 5), from a chain's output (2, channels, bins)."""
        return middle(np.stack([y[k, channel] for k, channel in enumerate(self.channels)]), KEPT[-1])


VARIANTS = (
    Variant("as posted", CHAINS["posted"], (0, 1)),
    Variant("filter 2 for both", CHAINS["posted"]),
    Variant("true crop", CHAINS["crop"]),
    Variant("without normalisation", CHAINS["plain"]),
    Variant("pool before activation", CHAINS["pool_first"]),
)


def beats(signals: np.ndarray) -> np.ndarray:
    """Return signals (n, 9) as words in the order of beats."""
    return FORMAT.quantise(signals)[:, ORDER]


class Toy(Block):
    """Circuit with the blocks of a chain, one after the other.

    Members
    -------
    i : In(frames of Complex(16)), 9 beats
    o : Out(frames of Complex(16)), channels * 9 beats, or channels * 5 if pooling crops
    """

    def __init__(self, chain: Chain):
        self.blocks, channels, width = [], 1, FORMAT.width
        for name, plan in chain.plans():
            match plan:
                case np.ndarray():
                    channels = len(plan)
                    block = Hadamard(weights=plan, bias=[0] * channels, shift=[WEIGHT.f] * channels, lanes=1,
                                     width=width, weight_width=WEIGHT.width, loadable=False, real=True)
                case PwlTable():
                    block = Pwl(plan, real=True)
                case _:
                    kind = {NormalisePlan: Normalise, PoolPlan: SpectralPool, PadPlan: SpectralPad}[type(plan)]
                    block = kind(plan, channels=channels)
            self.blocks.append((name, block))
        self.frame = (KEPT[0], channels * (KEPT[-1] if chain.crops else KEPT[0]))
        shape = frames(Complex(width))
        super().__init__({"i": In(shape), "o": Out(shape)})

    def elaborate(self, platform):
        m = Module()
        wiring.connect(m, chained(m, self.blocks, wiring.flipped(self.i)), wiring.flipped(self.o))
        return m


def simulate(chain: Chain, signals: np.ndarray, build: Path, stalls: tuple[str, ...] = ("none",)) -> np.ndarray:
    """Return the words of the emitted Verilog, shaped like :meth:`Chain.words`; raise if they are not the model's."""
    name, words = f"toy_{chain.name}", beats(signals)
    expected = chain.words(words)
    result = run_case(
        emit(FlatTop(Toy(chain)), name), name, input=pack(words + 0j, FORMAT.width), lanes=2, stalls=stalls,
        expected=pack(expected.reshape(len(words), -1) + 0j, FORMAT.width), build_dir=build)
    return unpack(np.array(result[stalls[0]].words), FORMAT.width).reshape(expected.shape)


def without(signals: np.ndarray, bin: int) -> np.ndarray:
    """Return signals whose bins ``-bin`` and ``bin`` are zero."""
    out, centre = signals.copy(), signals.shape[-1] // 2
    out[:, [centre - bin, centre + bin]] = 0
    return out


def measure(build: Path) -> list[dict]:
    """Return a row for each variant: the kept bins of both signals in floats and words, and what the others change.

    This raises if the words are not those of the simulated Verilog of every chain.
    """
    for chain in CHAINS.values():
        simulate(chain, np.concatenate([SIGNALS, without(SIGNALS, 3), without(SIGNALS, 4)]), build)
    rows = []
    for variant in VARIANTS:
        chain, of = variant.chain, variant.of
        exact, fixed = of(chain.floats(SIGNALS)), of(chain.values(SIGNALS))
        entry = middle(SIGNALS, KEPT[-1])
        row = {
            "variant": variant.name, "order": list(chain.order), "crops": chain.crops,
            "filters": [[1, chain.second[channel] + 1] for channel in variant.channels],
            "float": exact.tolist(), "fixed": fixed.tolist(), "ratio": (exact / entry).tolist(),
            "ratio_fixed": (fixed / entry).tolist(), "error": np.abs(fixed - exact).max(-1).tolist(), "changes": {},
        }
        for name, bin, filters in (("3", 3, FILTERS), ("4", 4, FILTERS), ("4 lifted", 4, LIFTED)):
            reduced = without(SIGNALS, bin)
            a, b = (of(chain.floats(x, filters)) for x in (SIGNALS, reduced))
            p, q = (of(chain.values(x, filters)) for x in (SIGNALS, reduced))
            row["changes"][name] = {"float": float(np.abs(a - b).max()), "words": int((p != q).sum())}
        rows.append(row)
    return rows
