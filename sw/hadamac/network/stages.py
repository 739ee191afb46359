"""The stages of a network's circuit: its steps, pruned to the bins that :mod:`hadamac.network.liveness` calls live.

Bins are arrays (..., rows, radius + 1): of a half-spectrum u in the order 0 .. radius, -radius .. -1 (all N rows where
radius = N/2, which means the whole half-spectrum with its Nyquist bins) and v = 0 .. radius.  Nothing else is computed.

Scales of pooling and padding, ``(M/N)**2``, are not computed either.  They go into the weights of a SpectralConv or
Dense that is linear to them, before or behind; a Normalise over all cancels them; else, powers of two, they move the
binary point of a stage's output.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ..errors import DescriptionError
from ..model.crop import live_shape
from .graph import Step, chain
from .layers import SpectralConv
from .liveness import analyse, low

__all__ = ["Stage", "orthonormal", "stages"]

NAMES = {"transform": "fft", "multiply": "hadamard", "inverse": "ifft", "crop": "crop", "tile": "max_pool",
         "normalise": "normalise", "linear": "dense"}
EDGES = {"transform": "spectrum", "multiply": "product", "inverse": "map", "crop": "cropped", "tile": "pooled",
         "normalise": "normalised", "bin": "bins", "point": "map", "linear": "logits"}


@dataclass(frozen=True)
class Stage:
    """One part of the circuit.

    Attributes
    ----------
    kind : str
        transform, multiply, crop, inverse, point, tile, bin, normalise or linear.
    name, edge : str
        Of the stage; of what leaves it, in a trace.  ``edge`` is empty where an activation follows an IFFT: only what
        leaves the activation has a name.
    size : int
        N of the maps that come in or whose bins come in.
    radius : int or None
        Of the bins that leave, or of those that came where maps leave; None between maps.
    inputs, channels : int
        Channels in and out.
    step : Step
    scale, before : Fraction
        Of pools and pads that this stage takes over; of those before a product, whose scale its bias has not.
    frozen : Step or None
        The Normalise folded into this product.
    came : int or None
        Radius of the bins that come in.
    """

    kind: str
    name: str
    edge: str
    size: int
    radius: int | None
    inputs: int
    channels: int
    step: Step
    scale: Fraction = Fraction(1)
    before: Fraction = Fraction(1)
    frozen: Step | None = None
    came: int | None = None

    @property
    def rows(self) -> int:
        """Rows of the bins that leave: u."""
        return live_shape(self.size, self.radius)[0]

    @property
    def shape_in(self) -> tuple[int, int]:
        """Rows and columns of the bins that come in."""
        return live_shape(self.size, self.came)

    @property
    def bins(self) -> int:
        """Bins of a channel that leave."""
        return self.rows * (self.radius + 1)

    @property
    def behind(self) -> Fraction:
        """Scale of the pools and pads behind a product: its bias's."""
        return self.scale / self.before

    @property
    def places(self) -> int:
        """By how many places the scale moves the binary point; 0 where weights have it."""
        return 0 if self.kind in ("multiply", "linear") else _log2(self.scale)

    @property
    def layer(self):
        return self.step.layer

    @property
    def index(self) -> int:
        """Of its layer among those of its type: what parameters are named by."""
        return self.step.index


def _log2(scale: Fraction) -> int:
    """Of a power of two."""
    return scale.numerator.bit_length() - scale.denominator.bit_length()


def orthonormal(size: int) -> int:
    """P: the power of two not below ``size``, by which a spectrum is as large as its map."""
    return 1 << (size - 1).bit_length()


def _radius(edge) -> int | None:
    """The square of bins that an edge needs; its liveness is always one."""
    if edge.live is None:
        return None
    wanted = ~edge.dead
    if wanted.all():
        return edge.size // 2
    radius = int(np.argwhere(wanted)[:, 1].max())
    if not (wanted == low(edge.size, 2 * radius + 1)).all():
        raise AssertionError(f"{edge.name}: bins that are wanted are no square")
    return radius


def _power_of_two(x: Fraction) -> bool:
    return x.numerator & (x.numerator - 1) == 0 and x.denominator & (x.denominator - 1) == 0


class _Builder:
    """Stages so far, the radius that flows, and the scale that waits for a linear stage."""

    def __init__(self):
        self.stages: list[Stage] = []
        self.radius: int | None = None
        self.pending = Fraction(1)
        self.linear: int | None = None
        self.counts: dict[str, int] = {}

    def add(self, kind: str, step: Step, inputs: int, *, size: int | None = None, radius: int | None = None) -> None:
        name = NAMES.get(kind) or step.layer.function
        index, self.counts[name] = self.counts.get(name, 0), self.counts.get(name, 0) + 1
        stem = EDGES[kind]
        count = self.counts.get("edge " + stem, 0)
        self.counts["edge " + stem] = count + 1
        last = kind == "linear"
        self.stages.append(Stage(kind, name if last else f"{name}{index}", stem if last else f"{stem}{count}",
                                 size or step.size, radius, inputs, step.channels, step, came=self.radius))
        self.radius = radius

    def merge_inverse(self) -> None:
        """An activation follows: the IFFT's edge has no name, and the activation's takes it."""
        if self.stages and self.stages[-1].kind == "inverse":
            self.stages[-1] = replace(self.stages[-1], edge="")
            self.counts["edge map"] -= 1

    def scaled(self, by: Fraction) -> None:
        if self.linear is not None:
            self.stages[self.linear] = replace(self.stages[self.linear], scale=self.stages[self.linear].scale * by)
        else:
            self.pending *= by

    def absorb(self) -> None:
        """The stage just added is linear, and takes what waits."""
        self.stages[-1] = replace(self.stages[-1], scale=self.pending, before=self.pending)
        self.pending = Fraction(1)

    def settle(self, step: Step) -> None:
        """A function comes that is not linear: what waits must become a place of the binary point."""
        if self.pending != 1:
            if not _power_of_two(self.pending):
                raise DescriptionError(
                    f"Pooling or padding by a factor that is no power of two needs a SpectralConv beside it, before "
                    f"{step.what} follows")
            self.stages[-1] = replace(self.stages[-1], scale=self.stages[-1].scale * self.pending)
            self.pending = Fraction(1)
        self.linear = None


def _unpruned(steps: list[Step]) -> list[int | None]:
    """Radius behind every step if only a pool, pad or band drops bins."""
    out, radius = [], None
    for step in steps:
        if step.kind == "transform":
            radius = step.size // 2
        elif step.kind in ("crop", "band"):
            radius = min(radius, (step.keeps - 1) // 2)
        elif step.kind == "pad":
            radius = min(radius, (step.size - 1) // 2)
        elif step.kind == "inverse":
            radius = None
        out.append(radius)
    return out


def stages(network, *, prune: bool = True) -> tuple[Stage, ...]:
    """The stages of a network, first to last; without ``prune`` every bin is computed up to where a pool drops it."""
    steps = chain(network)
    behind = [_radius(e) for e in analyse(steps)[1:]] + [None] if prune else _unpruned(steps)
    b, channels = _Builder(), network.channels
    for step, radius in zip(steps, behind):
        inputs, channels = channels, step.channels
        match step.kind:
            case "crop" | "pad":
                b.scaled(Fraction(step.keeps, step.size) ** 2)
            case "multiply" if isinstance(step.layer, SpectralConv):
                b.add("multiply", step, inputs, radius=b.radius)
                b.absorb()
                b.linear = len(b.stages) - 1
            case "multiply":  # a band limit's crop may stand between
                b.stages[b.linear] = replace(b.stages[b.linear], frozen=step)
            case "transform":
                b.add("transform", step, inputs, radius=radius)
            case "inverse":
                came = b.radius
                b.add("inverse", step, inputs)
                b.stages[-1] = replace(b.stages[-1], radius=came)
            case "point" | "tile" | "bin":
                b.settle(step)
                if step.kind == "point":
                    b.merge_inverse()
                b.add(step.kind, step, inputs, radius=b.radius)
            case "normalise":
                b.pending, b.linear = Fraction(1), None
                b.add("normalise", step, inputs, radius=b.radius)
                if step.layer.correction and (step.size if step.layer.over == "map" else b.radius + 1) == 1:
                    raise DescriptionError("Normalise correction must be 0 where there is only one value, not 1")
            case "linear":
                b.add("linear", step, inputs, radius=b.radius)
                b.absorb()
        if radius is not None and b.radius is not None and radius < b.radius:
            b.add("crop", step, channels, radius=radius)
    return tuple(b.stages)
