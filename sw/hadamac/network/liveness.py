"""Which bins an output can depend on: a proof by walking a network backwards, edge by edge.

A *chain* is a list of steps between edges.  An edge carries maps or half-spectra (bins u mod N, v = 0 .. N/2, one
set for all channels).  A bin is *live* if the output can depend on it directly, *coupled* if it can only
through a few scalars (means, deviations), else *dead*.  The walk is sound: a step lets a bin die only where its
definition says that nothing behind it can see the bin, or that the bin is always zero.  Whether a live bin does
matter is up to weights, which the walk does not look at.

Definitions of the steps: :mod:`hadamac.network.graph`; of the layers: :mod:`hadamac.network.layers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .graph import Step

__all__ = ["Edge", "analyse", "low", "sentence"]

SPECTRAL = {"multiply", "band", "crop", "pad", "inverse", "bin", "normalise"}
"""What takes a spectrum."""


@dataclass(frozen=True)
class Edge:
    """What stands before a step: its name, masks (N, N/2 + 1) of a spectrum (None of maps), and why bins are dead."""

    name: str
    size: int
    live: np.ndarray | None
    coupled: np.ndarray | None
    scalars: int
    why: str

    @property
    def dead(self) -> np.ndarray | None:
        return None if self.live is None else ~(self.live | self.coupled)


def low(size: int, keeps: int) -> np.ndarray:
    """Half-spectrum mask of the bins with ``|u|, |v| < keeps/2``."""
    u = np.abs(np.fft.fftfreq(size, 1 / size))[:, None]
    return (2 * u < keeps) & (2 * np.arange(size // 2 + 1) < keeps)


def _widened(mask: np.ndarray, size: int) -> np.ndarray:
    """A mask of a cropped spectrum as one of the spectrum before the crop: the same frequencies."""
    out = np.zeros((size, size // 2 + 1), dtype=bool)
    for u, v in np.argwhere(mask):
        out[(u if 2 * u < len(mask) else u - len(mask)) % size, v] = True
    return out


def _folded(mask: np.ndarray, size: int) -> np.ndarray:
    """A mask of a larger spectrum at the frequencies of a smaller one."""
    u = np.rint(np.fft.fftfreq(size, 1 / size)).astype(int)
    return mask[u % len(mask)][:, : size // 2 + 1]


def _forward(steps: Sequence[Step]) -> tuple[list[bool], list[np.ndarray | None]]:
    """Of the edge before each step: whether it carries a spectrum, and which of its bins are always zero."""
    carries, spectral, zeros, zero = [], steps[0].kind in SPECTRAL, [], None
    for step in steps:
        carries.append(spectral)
        zeros.append(zero)
        spectral = step.kind in SPECTRAL - {"inverse"} or step.kind == "transform"
        if zero is None and step.kind in ("crop", "pad", "band"):
            zero = np.zeros((step.size, step.size // 2 + 1), dtype=bool)
        if step.kind == "crop":
            zero = _folded(zero, step.keeps) | ~low(step.keeps, step.keeps)
        elif step.kind == "pad":
            zero = ~_widened(~zero & low(step.size, step.size), step.keeps)
        elif step.kind == "band":
            zero = zero | ~low(step.size, step.keeps)
        elif step.kind not in ("multiply", "bin", "normalise"):  # which leave a bin that is zero so
            zero = None
    return carries, zeros


def analyse(steps: Sequence[Step]) -> list[Edge]:
    """The edge before every step, first to last; the output behind the last one is wanted whole."""
    edges, live, coupled, scalars, why = [], None, None, 0, ""
    for step, spectral, zero in zip(reversed(steps), *map(reversed, _forward(steps))):
        everything = np.ones((step.size, step.size // 2 + 1), dtype=bool)
        if not spectral:  # a transform, a function or a linear layer of maps sees every pixel
            live, coupled, scalars, why = None, None, 0, ""
        elif step.kind in ("inverse", "linear"):
            live, coupled, scalars, why = everything, ~everything, 0, f"{step.what} mixes all bins"
        else:
            if live is None:  # the output is this step's spectrum
                after = step.keeps if step.kind in ("crop", "pad") else step.size
                live = np.ones((after, after // 2 + 1), dtype=bool)
                coupled, why = ~live, "the output is the spectrum"
            if step.kind == "crop":
                kept = low(step.size, step.keeps)
                live, coupled = _widened(live, step.size) & kept, _widened(coupled, step.size) & kept
                why = f"{step.what} discards |u|, |v| >= {step.keeps / 2:g}, and nothing between mixes bins"
            elif step.kind == "pad":
                kept = low(step.size, step.size)
                live, coupled = _folded(live, step.size) & kept, _folded(coupled, step.size) & kept
            elif step.kind == "band":
                kept = low(step.size, step.keeps)
                live, coupled = live & kept, coupled & kept
                why = f"{step.what} makes the others zero, and nothing between mixes bins"
            elif step.kind == "normalise":
                over_map = getattr(step.layer, "over", "bins") == "map"  # its mean is DC alone
                coupled = ~live if zero is None else ~live & ~zero
                if coupled.any():
                    scalars += step.channels if over_map else 2 * step.channels
                why = f"{step.what} couples all bins by {'a' if over_map else 'a mean and a'} deviation of each channel"
        if zero is not None and spectral and ((live | coupled) & zero).any():
            live, coupled = live & ~zero, coupled & ~zero
            why = f"{why}; what a crop, pad or band dropped is always zero"
        if coupled is None or not coupled.any():
            scalars = 0
        edges.append(Edge(step.what, step.size, live, coupled, scalars, why))
    return edges[::-1]


def sentence(edges: list[Edge]) -> str:
    """What the output cannot see of the input's spectrum, in words: of the edge behind a first transform, if any."""
    first = next((e for e in edges[:2] if e.live is not None), None)
    if first is None or first.live.all():  # or a function of pixels comes first, and mixes all bins
        return "The output depends on all input frequencies."
    u = np.abs(np.fft.fftfreq(first.size, 1 / first.size)).astype(int)[:, None] + 0 * np.arange(first.size // 2 + 1)
    radius = int(max(u[first.live].max(initial=0), np.argwhere(first.live)[:, 1].max(initial=0)))
    inside = low(first.size, 2 * radius + 1)
    where = f"|u|, |v| <= {radius}" if (first.live == inside).all() else f"the {first.live.sum()} live bins"
    if first.dead.any() and not first.coupled.any():
        return f"The output cannot depend on input frequencies beyond {where}."
    return f"The output depends on input frequencies beyond {where} only through {first.scalars} scalars."
