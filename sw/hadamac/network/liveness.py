"""Liveness of bins: a proof of which bins an output can depend on, by a walk backwards through the network.

A network is a list of steps in topological order.  An *edge* is the input or the output of a step.  It carries maps or
half-spectra, with bins u mod H and v = 0 .. W/2; all channels of an edge are treated alike.

* A bin is *live* if the output can depend on it directly.
* It is *coupled* if the output can depend on it only through a few scalars, which are means and deviations.
* Otherwise it is *dead*.

The walk is sound.  It calls a bin dead only if, by the definitions of the steps, no later step can see the bin or the
bin is always zero.  A bin of an edge that several steps take is needed if any of them needs it.  Whether a live bin
really affects the output depends on the weights, which the walk does not examine.

:mod:`hadamac.network.graph` defines the steps, and :mod:`hadamac.network.layers` the layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..shapes import Pair
from .graph import Step, sources_of, users_of
from .layers import Normalise

__all__ = ["Edge", "analyse", "farthest", "low", "needs", "sentence"]

SPECTRAL = {"multiply", "band", "crop", "pad", "inverse", "bin", "normalise"}
"""Kinds of steps that take a spectrum."""
KEEP_ZEROS = {"multiply", "bin", "normalise"}
"""Kinds of steps whose output is zero in each bin in which their input is zero."""


@dataclass(frozen=True)
class Edge:
    """Edge of a network: what the input or a step passes on.

    Attributes
    ----------
    name : str
        The steps that take the edge, in words.
    size : (int, int)
        Rows H and columns W.
    live, coupled : bool array (H, W/2 + 1) or None
        Whether each bin is live, and whether it is coupled; None for maps.
    scalars : int
        Number of scalars through which coupled bins act.
    why : str
        The reason why bins are dead, in words.
    users : int
        Number of steps that take the edge.
    """

    name: str
    size: Pair
    live: np.ndarray | None
    coupled: np.ndarray | None
    scalars: int
    why: str
    users: int = 1

    @property
    def dead(self) -> np.ndarray | None:
        """The bins on which the output does not depend; None for maps."""
        return None if self.live is None or self.coupled is None else ~(self.live | self.coupled)


def farthest(mask: np.ndarray) -> Pair:
    """Return the greatest |u| and the greatest v of the bins of a mask; (0, 0) if it has none."""
    u = np.abs(_frequencies(len(mask)))
    return int(u[mask.any(1)].max(initial=0)), int(np.flatnonzero(mask.any(0)).max(initial=0))


def _half(size: Pair) -> Pair:
    """Return the rows and columns of the half-spectrum of maps of a size."""
    return size[0], size[1] // 2 + 1


def _frequencies(rows: int) -> np.ndarray:
    """Return the frequency u of every row."""
    return np.rint(np.fft.fftfreq(rows, 1 / rows)).astype(int)


def low(size: Pair, keeps: Pair) -> np.ndarray:
    """Return the half-spectrum mask (H, W/2 + 1) of the bins with ``|u| < keeps[0]/2`` and ``|v| < keeps[1]/2``."""
    u = np.abs(_frequencies(size[0]))[:, None]
    return (2 * u < keeps[0]) & (2 * np.arange(size[1] // 2 + 1) < keeps[1])


def _widened(mask: np.ndarray, size: Pair) -> np.ndarray:
    """Return the mask of the same frequencies in a larger spectrum."""
    out = np.zeros(_half(size), dtype=bool)
    for u, v in np.argwhere(mask):
        out[(u if 2 * u < len(mask) else u - len(mask)) % size[0], v] = True
    return out


def _folded(mask: np.ndarray, size: Pair) -> np.ndarray:
    """Return the mask of the frequencies that a smaller spectrum has."""
    return mask[_frequencies(size[0]) % len(mask)][:, : size[1] // 2 + 1]


def _zeros_after(step: Step, zero: np.ndarray | None) -> np.ndarray | None:
    """Return which output bins of a step are always zero, given those of its input; None if no bin is known to be."""
    if step.kind in KEEP_ZEROS:
        return zero
    if step.kind not in ("crop", "pad", "band"):
        return None
    if zero is None:
        zero = np.zeros(_half(step.size), dtype=bool)
    if step.kind == "crop":
        return _folded(zero, step.keeps) | ~low(step.keeps, step.keeps)
    if step.kind == "pad":
        return ~_widened(~zero & low(step.size, step.size), step.keeps)
    return zero | ~low(step.size, step.keeps)


def _forward(steps: Sequence[Step]) -> tuple[list[bool], list[np.ndarray | None]]:
    """Return, for the input and for every step, whether its output is a spectrum, and which bins are always zero."""
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
    """Need of a step for an edge that it takes.

    Attributes
    ----------
    live, coupled : bool array (H, W/2 + 1) or None
        Bins that the step needs, directly or through scalars; None for maps.
    through : frozenset of int
        Numbers of the normalising steps through which coupled bins act.
    why : str
        The reason why other bins are dead, in words.
    """

    live: np.ndarray | None = None
    coupled: np.ndarray | None = None
    through: frozenset[int] = frozenset()
    why: str = ""


def _together(wants: Sequence[_Want]) -> _Want:
    """Return the common need of several steps for an edge that all of them take."""
    spectra = [(w.live, w.coupled) for w in wants if w.live is not None and w.coupled is not None]
    if len(wants) == 1 or not spectra:
        return wants[0] if wants else _Want()
    live = np.logical_or.reduce([live for live, _ in spectra])
    coupled = np.logical_or.reduce([coupled for _, coupled in spectra]) & ~live
    through = frozenset().union(*(w.through for w in wants)) if coupled.any() else frozenset()
    return _Want(live, coupled, through, "; ".join(dict.fromkeys(w.why for w in wants)))


def _before(k: int, step: Step, after: _Want, spectral: bool, zero: np.ndarray | None) -> _Want:
    """Return the need of step ``k`` for an edge that it takes, given the need of later steps for its output."""
    if not spectral:  # a transform, a function or a linear layer of maps needs every pixel
        return _Want()
    if step.kind in ("inverse", "linear"):
        everything = np.ones(_half(step.size), dtype=bool)
        live, coupled, through, why = everything, ~everything, frozenset(), f"{step.what} mixes all bins"
    else:
        if after.live is None or after.coupled is None:  # the output is this step's spectrum
            size = step.keeps if step.kind in ("crop", "pad") else step.size
            whole = np.ones(_half(size), dtype=bool)
            after = _Want(whole, ~whole, frozenset(), "the output is the spectrum")
        live, coupled, through, why = _through(k, step, after, zero)
    if zero is not None and ((live | coupled) & zero).any():
        live, coupled = live & ~zero, coupled & ~zero
        why = f"{why}; what a crop, pad or band dropped is always zero"
    return _Want(live, coupled, through if coupled.any() else frozenset(), why)


def _through(k: int, step: Step, after: _Want,
             zero: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, frozenset[int], str]:
    """Return the parts of the need of a step that takes and gives bins: live, coupled, through and why."""
    live, coupled, through, why = after.live, after.coupled, after.through, after.why
    if live is None or coupled is None:
        raise ValueError(f"{step.what} must give bins where it takes bins")
    if step.kind == "crop":
        kept = low(step.size, step.keeps)
        live, coupled = _widened(live, step.size) & kept, _widened(coupled, step.size) & kept
        why = f"{step.what} discards {_beyond(step.keeps)}, and nothing between mixes bins"
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


def _beyond(keeps: Pair) -> str:
    """Return in words which frequencies a crop to a size discards."""
    rows, columns = (f">= {n / 2:g}" for n in keeps)
    if keeps[0] == 1 < keeps[1]:
        return f"|v| {columns}"
    return f"|u|, |v| {rows}" if rows == columns else f"|u| {rows} and |v| {columns}"


def _over_map(step: Step) -> bool:
    """Return whether a step normalises by statistics of the map, whose mean is the DC bin."""
    return isinstance(step.layer, Normalise) and step.layer.over == "map"


def _scalars(steps: Sequence[Step], through: Iterable[int]) -> int:
    """Return the number of statistics of normalising steps.

    They are a deviation of each channel and, for statistics over bins, its mean too.
    """
    return sum(steps[k].channels * (1 if _over_map(steps[k]) else 2) for k in through)


def _walk(steps: Sequence[Step]) -> tuple[list[_Want], list[list[_Want]]]:
    """Return the common need for every edge, and the need of every step for each edge that it takes."""
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
    """Return the edge that some steps take and need in this way."""
    name = " and ".join(dict.fromkeys(steps[k].what for k in users))
    scalars = _scalars(steps, want.through)
    return Edge(name, steps[users[0]].size, want.live, want.coupled, scalars, want.why, len(users))


def analyse(steps: Sequence[Step]) -> list[Edge]:
    """Return every edge of a network that a step takes: the input, then the output of every step but the last one.

    Parameters
    ----------
    steps : sequence of Step
        The steps in topological order.  The output of the last one is that of the network, and all of it is needed.
    """
    edges, users = _walk(steps)[0], users_of(steps)
    return [_edge(steps, taken, want) for taken, want in zip(users, edges)]


def needs(steps: Sequence[Step]) -> list[list[Edge]]:
    """Return, for every step and each edge that it takes, the edge as if no other step took it."""
    return [[_edge(steps, [k], want) for want in wants] for k, wants in enumerate(_walk(steps)[1])]


def sentence(edges: list[Edge]) -> str:
    """Return a sentence that says on which input frequencies the output can depend."""
    first = next((e for e in edges[:2] if e.live is not None), None)
    if edges[0].live is None and edges[0].users > 1:  # other steps than a transform take the image too
        first = None
    if first is None or first.live is None or first.coupled is None or first.live.all():
        return "The output depends on all input frequencies."  # true also if a function of pixels comes first
    live, coupled = first.live, first.coupled
    r, s = farthest(live)
    inside = low(first.size, (2 * r + 1, 2 * s + 1))
    limits = f"|u|, |v| <= {s}" if r == s else f"|u| <= {r}, |v| <= {s}"
    where = f"|v| <= {s}" if first.size[0] == 1 else limits
    where = where if (live == inside).all() else f"the {live.sum()} live bins"
    if not (live | coupled).all() and not coupled.any():
        return f"The output cannot depend on input frequencies beyond {where}."
    return f"The output depends on input frequencies beyond {where} only through {first.scalars} scalars."
