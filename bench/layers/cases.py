"""Blocks that are measured: words of 16 bits, 16 channels, maps of 32 x 32 or 16 x 16, bins up to radius 7."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hadamac.model.add import AddPlan
from hadamac.model.canvas import CanvasPlan
from hadamac.model.fft.planar import Fft2dPlan
from hadamac.model.modrelu import ModRelu as ModReluPlan
from hadamac.model.normalise import NormalisePlan, live_multiplicity
from hadamac.model.nyquist import PadPlan, PoolPlan
from hadamac.model.pool import RULES
from hadamac.model.pwl.fitting import FUNCTIONS, fit
from hadamac.model.quadratic import quadratic_plan
from hadamac.numeric import SQ
from hadamac.scattering.plan import scattering_plan
from hadamac_hw.base.block import Block
from hadamac_hw.fft.planar import Fft2d
from hadamac_hw.layers.add import Add
from hadamac_hw.layers.argmax import Argmax
from hadamac_hw.layers.canvas import Canvas
from hadamac_hw.layers.crop import Crop, Expand
from hadamac_hw.layers.dense import Dense
from hadamac_hw.layers.frame import RowPairs
from hadamac_hw.layers.hadamard import Hadamard
from hadamac_hw.layers.modrelu import ModRelu
from hadamac_hw.layers.modulus import Modulus, PairModulus
from hadamac_hw.layers.normalise import Normalise
from hadamac_hw.layers.pwl import Pwl, Relu
from hadamac_hw.layers.quadratic import Quadratic
from hadamac_hw.layers.spectral_pool import SpectralPad, SpectralPool
from hadamac_hw.layers.tile import Decimate, MaxPool
from hadamac_hw.scattering import Scattering

__all__ = ["CASES", "CHANNELS", "Case", "FORMAT", "SEED", "SEGMENTS", "WIDTH", "counts"]

WIDTH, CHANNELS, LANES, SEGMENTS, SEED = 16, 16, 4, 16, 1
SIZE, POOLED, RADIUS, ANGLES = 32, 16, 7, 4
ROWS = 2 * RADIUS + 1
BINS = ROWS * (RADIUS + 1)
FORMAT = SQ(4, WIDTH - 4)
"""Format of the words of an activation; its tables span -8 to 8."""


@dataclass(frozen=True)
class Case:
    """Measurement: its name, a function that makes the block, and its description in the table."""

    name: str
    block: Callable[[], Block]
    what: str


def _rng() -> np.random.Generator:
    """Return random numbers for weights and biases, which must not all be equal because some become logic."""
    return np.random.default_rng(SEED)


def _hadamard(real: bool) -> Hadamard:
    rng = _rng()
    parts = rng.integers(-128, 128, (2, CHANNELS, CHANNELS, BINS))
    bias, shift = rng.integers(-(1 << 18), 1 << 18, CHANNELS), rng.integers(7, 11, CHANNELS)
    return Hadamard(weights=parts[0] + (0 if real else 1j) * parts[1], bias=bias, shift=shift, lanes=LANES, width=WIDTH,
                    loadable=False, real=real)


def _dense(*shape: int) -> Dense:
    rng = _rng()
    weights, bias = rng.integers(-128, 128, (10, CHANNELS, *shape)), rng.integers(-(1 << 18), 1 << 18, 10)
    return Dense(weights=weights, bias=bias, shift=rng.integers(3, 6, 10), lanes=10, width=WIDTH)


def _pwl(function: str, loadable: bool = False) -> Pwl:
    return Pwl(fit(FUNCTIONS[function], segments=SEGMENTS, format=FORMAT).table, loadable=loadable)


def _modrelu() -> ModRelu:
    bias = tuple(-int(b) for b in _rng().integers(0, 1 << 12, CHANNELS))
    return ModRelu(ModReluPlan(bias=bias, width=WIDTH), bins=BINS)


def _scattering() -> Scattering:
    images = _rng().integers(0, 256, (4, POOLED, POOLED), dtype=np.uint8)
    return Scattering(plan=scattering_plan(images, size=POOLED, angles=ANGLES))


def _normalise(over: str) -> Normalise:
    count = POOLED**2 if over == "map" else None
    plan = NormalisePlan(multiplicity=live_multiplicity(RADIUS), count=count, width=WIDTH, fraction=10, over=over)
    return Normalise(plan=plan, channels=CHANNELS)


_BINS = f"{CHANNELS} channels of {ROWS} x {RADIUS + 1} bins"
_MAPS = f"{CHANNELS} channels of {SIZE} x {SIZE}"
_FULL = {n: f"{CHANNELS} channels of {n} x {n // 2 + 1} bins" for n in (SIZE, POOLED)}
_TABLE = f"two words per beat, {FORMAT}, {SEGMENTS} segments at most"

CASES = {case.name: case for case in (
    Case("row-pairs", lambda: RowPairs(size=SIZE, width=WIDTH, shift=WIDTH - 9), f"{SIZE} x {SIZE} pixels of 8 bits"),
    Case("fft2d", lambda: Fft2d(Fft2dPlan(size=SIZE, radius=RADIUS, width=WIDTH), channels=CHANNELS),
         f"{_MAPS} to {ROWS} x {RADIUS + 1} bins"),
    Case("ifft2d", lambda: Fft2d(Fft2dPlan(size=POOLED, radius=RADIUS, width=WIDTH, inverse=True), channels=CHANNELS),
         f"{_BINS} to maps of {POOLED} x {POOLED}"),
    Case("hadamard", lambda: _hadamard(False), f"{_BINS} to {CHANNELS} channels, weights of 8 bits, L = {LANES}"),
    Case("hadamard-real", lambda: _hadamard(True), "the same with real weights"),
    Case("crop", lambda: Crop(size=SIZE, radius=RADIUS, columns=SIZE // 2 + 1, width=WIDTH, channels=CHANNELS),
         f"{_FULL[SIZE]} to {ROWS} x {RADIUS + 1}"),
    Case("expand", lambda: Expand(size=POOLED, radius=RADIUS, width=WIDTH, channels=CHANNELS),
         f"{_BINS} to {POOLED} x {RADIUS + 1}"),
    *(Case(f"pool-{rule}", lambda rule=rule: SpectralPool(
        PoolPlan(size=SIZE, keep=POOLED, width=WIDTH, nyquist=rule), channels=CHANNELS),
        f"{_FULL[SIZE]} to {POOLED} x {POOLED // 2 + 1}") for rule in RULES),
    *(Case(f"pad-{rule}", lambda rule=rule: SpectralPad(
        PadPlan(size=POOLED, to=SIZE, width=WIDTH, nyquist=rule), channels=CHANNELS),
        f"{_FULL[POOLED]} to {SIZE} x {SIZE // 2 + 1}") for rule in RULES),
    Case("max-pool", lambda: MaxPool(size=SIZE, width=WIDTH, channels=CHANNELS), f"{_MAPS} to {POOLED} x {POOLED}"),
    Case("decimate", lambda: Decimate(size=SIZE, width=WIDTH, channels=CHANNELS), f"{_MAPS} to {POOLED} x {POOLED}"),
    Case("canvas", lambda: Canvas(CanvasPlan(size=(POOLED, POOLED), keep=(POOLED - 2,) * 2, to=(SIZE, SIZE),
                                             channels=CHANNELS), width=WIDTH),
         f"{POOLED - 2} x {POOLED - 2} pixels of {CHANNELS} channels of {POOLED} x {POOLED} in {SIZE} x {SIZE}"),
    Case("add", lambda: Add(AddPlan(fractions=(8, 11), fraction=8, width=WIDTH), size=POOLED, radius=RADIUS,
                            channels=CHANNELS), f"two times {_BINS}, SQ(8,8) and SQ(5,11) to SQ(8,8)"),
    Case("relu", lambda: Relu(width=WIDTH), "two words per beat"),
    *(Case(f"pwl-{name}", lambda name=name: _pwl(name), _TABLE) for name in FUNCTIONS if name != "relu"),
    Case("pwl-loadable", lambda: _pwl("sigmoid", True), f"{_TABLE}, mirrored, loaded at run time"),
    Case("quadratic", lambda: Quadratic(plan=quadratic_plan((0.1, 0.5, 0.25), in_format=FORMAT, out_format=FORMAT)),
         f"two words per beat, {FORMAT}"),
    Case("modrelu", _modrelu, _BINS),
    Case("modulus", lambda: Modulus(width=WIDTH), "one complex word per beat"),
    Case("pair-modulus", lambda: PairModulus(width=WIDTH, beats=POOLED**2 // 2, pairs=CHANNELS // 2),
         f"{CHANNELS // 2} pairs of {POOLED} x {POOLED} maps"),
    Case("scattering", _scattering, f"{POOLED} x {POOLED} pixels of 8 bits, J = 2, A = {ANGLES}, weights of 12 bits"),
    Case("normalise-bins", lambda: _normalise("bins"), _BINS),
    Case("normalise-map", lambda: _normalise("map"), _BINS),
    Case("dense", lambda: _dense(8, 8), f"{CHANNELS} channels of 8 x 8 to 10 logits, weights of 8 bits, L = 10"),
    Case("dense-bins", lambda: _dense(7, 4, 2), f"{CHANNELS} channels of 7 x 4 bins to 10 logits, the same"),
    Case("argmax", lambda: Argmax(classes=10, width=24), "10 logits of 24 bits"),
)}  # fmt: skip
"""By name."""


def counts(block: Block) -> dict[str, int | None]:
    """Return the multipliers, the latency, and the interval of a frame, None for a block that passes a beat a cycle."""
    return {"multipliers": block.multipliers, "latency": block.latency, "interval": block.interval}
