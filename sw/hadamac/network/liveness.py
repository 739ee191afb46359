"""Proof of which bins an output can depend on: a walk backwards through the network, edge by edge.

A network is a list of steps in topological order; an *edge* is what leaves the input or a step.  It carries maps or
half-spectra (bins u mod N, v = 0 .. N/2, one set for all channels).  A bin is *live* if the output can depend on it
directly, *coupled* if it can only through a few scalars (means, deviations), else *dead*.  The walk is sound: a step
lets a bin die only where its definition says that nothing after it can see the bin, or that the bin is always zero; a
bin that several steps take is wanted if any of them wants it.  Whether a live bin does matter is up to weights, at
which the walk does not look.

Definitions of the steps: :mod:`hadamac.network.graph`; of the layers: :mod:`hadamac.network.layers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .graph import Step, sources_of, users_of
from .layers import Normalise

__all__ = ["Edge", "analyse", "low", "needs", "sentence"]

SPECTRAL = {"multiply", "band", "crop", "pad", "inverse", "bin", "normalise"}
"""Kinds of steps that take a spectrum."""
KEEP_ZEROS = {"multiply", "bin", "normalise"}
"""Kinds of steps that keep a zero bin zero."""


@dataclass(frozen=True)
class Edge:
    """One edge of the network.

    Attributes
    ----------
    name : str
        The steps that take from it, in words.
    size : int
    live, coupled : bool array (N, N/2 + 1) or None
        Bins of a spectrum; None for maps.
    scalars : int
        The number of scalars through which coupled bins act.
    why : str
        The reason why bins are dead.
    users : int
        The number of steps that take from it.
    """

    name: str
    size: int
    live: np.ndarray | None
    coupled: np.ndarray | None
    scalars: int
    why: str
    users: int = 1

    @property
    def dead(self) -> np.ndarray | None:
        """The bins on which the output does not depend; None for maps."""
        return None if self.live is None or self.coupled is None else ~(self.live | self.coupled)


def low(size: int, keeps: int) -> np.ndarray:
    """Return the half-spectrum mask (N, N/2 + 1) of the bins with ``|u|, |v| < keeps/2``."""
    u = np.abs(np.fft.fftfreq(size, 1 / size))[:, None]
    return (2 * u < keeps) & (2 * np.arange(size // 2 + 1) < keeps)


def _widened(mask: np.ndarray, size: int) -> np.ndarray:
    """Return a mask of a cropped spectrum as one of the spectrum before the crop: the same frequencies."""
    out = np.zeros((size, size // 2 + 1), dtype=bool)
    for u, v in np.argwhere(mask):
        out[(u if 2 * u < len(mask) else u - len(mask)) % size, v] = True
    return out


def _folded(mask: np.ndarray, size: int) -> np.ndarray:
    """Return a mask of a larger spectrum at the frequencies of a smaller one."""
    u = np.rint(np.fft.fftfreq(size, 1 / size)).astype(int)
    return mask[u % len(mask)][:, : size // 2 + 1]


def _zeros_after(step: Step, zero: np.ndarray | None) -> np.ndarray | None:
    """Return the bins after a step that are always zero, from those before it; None if none is known to be."""
    if step.kind in KEEP_ZEROS:
        return zero
    if step.kind not in ("crop", "pad", "band"):
        return None
    if zero is None:
        zero = np.zeros((step.size, step.size // 2 + 1), dtype=bool)
    if step.kind == "crop":
        return _folded(zero, step.keeps) | ~low(step.keeps, step.keeps)
    if step.kind == "pad":
        return ~_widened(~zero & low(step.size, step.size), step.keeps)
    return zero | ~low(step.size, step.keeps)


def _forward(steps: Sequence[Step]) -> tuple[list[bool], list[np.ndarray | None]]:
    """Return for the input and every step: whether it gives a spectrum, and which of its bins are always zero."""
    spectral: list[bool] = [steps[0].kind in SPECTRAL]
    zeros: list[np.ndarray | None] = [None]
    for k, step in enumerate(steps):
        taken = [source + 1 for source in sources_of(steps, k)]
        if step.kind == "join":
            spectral.append(spectral[taken[0]])
            known = [zero for zero in (zeros[e] for e in taken) if zero is not None]
            zeros.append(np.logical_and.reduce(known) if len(known) == len(taken) else None)
        else:
            spectral.append(step.kind in SPECTRAL - {"inverse"} or step.kind == "transform")
            zeros.append(_zeros_after(step, zeros[taken[0]]))
    return spectral, zeros


@dataclass(frozen=True)
class _Want:
    """The bins of an edge that a step wants, the normalising steps through which coupled ones act, and the reason."""

    live: np.ndarray | None = None
    coupled: np.ndarray | None = None
    through: frozenset[int] = frozenset()
    why: str = ""


def _together(wants: Sequence[_Want]) -> _Want:
    """Return what several steps want of the edge that they all take."""
    spectra = [(w.live, w.coupled) for w in wants if w.live is not None and w.coupled is not None]
    if len(wants) == 1 or not spectra:
        return wants[0] if wants else _Want()
    live = np.logical_or.reduce([live for live, _ in spectra])
    coupled = np.logical_or.reduce([coupled for _, coupled in spectra]) & ~live
    through = frozenset().union(*(w.through for w in wants)) if coupled.any() else frozenset()
    return _Want(live, coupled, through, "; ".join(dict.fromkeys(w.why for w in wants)))


def _before(k: int, step: Step, after: _Want, spectral: bool, zero: np.ndarray | None) -> _Want:
    """Return what step ``k`` wants of an edge that it takes, from what is wanted of the edge that it gives."""
    if not spectral:  # a transform, a function or a linear layer of maps sees every pixel
        return _Want()
    if step.kind in ("inverse", "linear"):
        everything = np.ones((step.size, step.size // 2 + 1), dtype=bool)
        live, coupled, through, why = everything, ~everything, frozenset(), f"{step.what} mixes all bins"
    else:
        if after.live is None or after.coupled is None:  # the output is this step's spectrum
            size = step.keeps if step.kind in ("crop", "pad") else step.size
            whole = np.ones((size, size // 2 + 1), dtype=bool)
            after = _Want(whole, ~whole, frozenset(), "the output is the spectrum")
        live, coupled, through, why = _through(k, step, after, zero)
    if zero is not None and ((live | coupled) & zero).any():
        live, coupled = live & ~zero, coupled & ~zero
        why = f"{why}; what a crop, pad or band dropped is always zero"
    return _Want(live, coupled, through if coupled.any() else frozenset(), why)


def _through(k: int, step: Step, after: _Want, zero: np.ndarray | None):
    """Return live and coupled bins before a step of bins, the normalising steps they act through, and the reason."""
    live, coupled, through, why = after.live, after.coupled, after.through, after.why
    if live is None or coupled is None:
        raise ValueError(f"{step.what} gives maps, and takes bins")
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
        coupled = ~live if zero is None else ~live & ~zero
        through = through | {k} if coupled.any() else through
        mean = "a" if _over_map(step) else "a mean and a"
        why = f"{step.what} couples all bins by {mean} deviation of each channel"
    return live, coupled, through, why


def _over_map(step: Step) -> bool:
    """Return whether a step normalises by statistics of the map, whose mean is the DC bin alone."""
    return isinstance(step.layer, Normalise) and step.layer.over == "map"


def _scalars(steps: Sequence[Step], through: Iterable[int]) -> int:
    """Return the number of statistics of normalising steps: a deviation of each channel, and a mean of bins."""
    return sum(steps[k].channels * (1 if _over_map(steps[k]) else 2) for k in through)


def _walk(steps: Sequence[Step]) -> tuple[list[_Want], list[list[_Want]]]:
    """Return what is wanted of every edge, and what every step wants of each edge that it takes."""
    spectral, zeros = _forward(steps)
    edges: list[list[_Want]] = [[] for _ in range(len(steps) + 1)]
    wants: list[list[_Want]] = [[] for _ in steps]
    for k in reversed(range(len(steps))):
        after = _together(edges[k + 1][::-1])
        for source in sources_of(steps, k):
            want = _before(k, steps[k], after, spectral[source + 1], zeros[source + 1])
            wants[k].append(want)
            edges[source + 1].append(want)
    return [_together(edge[::-1]) for edge in edges[:-1]], wants


def _edge(steps: Sequence[Step], users: list[int], want: _Want) -> Edge:
    name = " and ".join(dict.fromkeys(steps[k].what for k in users))
    scalars = _scalars(steps, want.through)
    return Edge(name, steps[users[0]].size, want.live, want.coupled, scalars, want.why, len(users))


def analyse(steps: Sequence[Step]) -> list[Edge]:
    """Return every edge that a step takes: the input, then what leaves each step but the last, whose all is wanted.

    Parameters
    ----------
    steps : sequence of Step
        In topological order; the last one gives the output.
    """
    edges, users = _walk(steps)[0], users_of(steps)
    return [_edge(steps, taken, want) for taken, want in zip(users, edges)]


def needs(steps: Sequence[Step]) -> list[list[Edge]]:
    """Return for every step what it alone wants of each edge that it takes."""
    return [[_edge(steps, [k], want) for want in wants] for k, wants in enumerate(_walk(steps)[1])]


def sentence(edges: list[Edge]) -> str:
    """Return in words what the output cannot see of the spectrum that the input or a first transform gives."""
    first = next((e for e in edges[:2] if e.live is not None), None)
    if edges[0].live is None and edges[0].users > 1:  # more than a transform takes the image
        first = None
    if first is None or first.live is None or first.coupled is None or first.live.all():
        return "The output depends on all input frequencies."  # or a function of pixels comes first, and mixes all bins
    live, coupled = first.live, first.coupled
    u = np.abs(np.fft.fftfreq(first.size, 1 / first.size)).astype(int)[:, None] + 0 * np.arange(first.size // 2 + 1)
    radius = int(max(u[live].max(initial=0), np.argwhere(live)[:, 1].max(initial=0)))
    inside = low(first.size, 2 * radius + 1)
    where = f"|u|, |v| <= {radius}" if (live == inside).all() else f"the {live.sum()} live bins"
    if not (live | coupled).all() and not coupled.any():
        return f"The output cannot depend on input frequencies beyond {where}."
    return f"The output depends on input frequencies beyond {where} only through {first.scalars} scalars."
