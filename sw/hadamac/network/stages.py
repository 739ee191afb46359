"""The stages of a network's circuit: its steps, pruned to the bins that :mod:`hadamac.network.liveness` calls live.

Bins are arrays (..., rows, radius + 1): of a half-spectrum u in the order 0 .. radius, -radius .. -1 (all N rows where
radius = N/2, which means the whole half-spectrum with its Nyquist bins) and v = 0 .. radius.  Nothing else is computed.

Scales of pooling and padding, ``(M/N)**2``, are not computed either.  They go into the weights of a SpectralConv or
Dense that is linear to them, upstream or downstream; a Normalise cancels them; else, powers of two, they move the
binary point of a stage's output.  A scale does not pass a fork or a join: there it moves a binary point.

Stages stand in topological order, as steps do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ..errors import DescriptionError
from ..model.crop import live_shape
from .graph import Step, sources_of, users_of
from .layers import Layer, Normalise
from .liveness import Edge, analyse, low, needs

if TYPE_CHECKING:
    from .network import Network

__all__ = ["Stage", "orthonormal", "stages", "users_of_stages"]


@dataclass(frozen=True)
class Stage:
    """One part of the circuit.

    Attributes
    ----------
    kind : str
        transform, multiply, crop, inverse, point, tile, bin, normalise, join or linear
        (:data:`hadamac.network.graph.KINDS`).
    name, edge : str
        Names of the stage and, in a trace, of what leaves it.  ``edge`` is empty for an IFFT from which an activation
        alone takes: only what leaves the activation has a name.
    size : int
        N of the maps that come in or whose bins come in.
    radius : int or None
        Radius of the bins that leave, or of those that come in where maps leave; None between maps.
    inputs, channels : int
        Channels in and out.
    step : Step
    operation : str
        The operation of :mod:`hadamac.ops` that computes it.
    sources : tuple of int
        The stages that it takes from; -1 is the image.
    radii_in : tuple of int or None
        Radius of the bins that each source gives; None for maps.
    scale : Fraction
        Scale of the pools and pads that this stage takes over.
    before : Fraction
        The part of ``scale`` that stands upstream of a product: it multiplies the weights but not the bias.
    frozen : Step or None
        The Normalise that is folded into this product.
    absorbed : tuple of Step
        The pools, pads and the Normalise whose arithmetic this product's weights contain.
    """

    kind: str
    name: str
    edge: str
    size: int
    radius: int | None
    inputs: int
    channels: int
    step: Step
    operation: str = ""
    sources: tuple[int, ...] = (-1,)
    radii_in: tuple[int | None, ...] = (None,)
    scale: Fraction = Fraction(1)
    before: Fraction = Fraction(1)
    frozen: Step | None = None
    absorbed: tuple[Step, ...] = ()

    @property
    def bins_radius(self) -> int:
        """The radius of a stage of bins; ValueError for a stage of maps."""
        if self.radius is None:
            raise ValueError(f"Stage {self.name} is one of maps")
        return self.radius

    @property
    def radius_in(self) -> int | None:
        """Radius of the bins that the first source gives; None for maps."""
        return self.radii_in[0]

    @property
    def rows(self) -> int:
        """Rows of the bins that leave: values of u."""
        return live_shape(self.size, self.bins_radius)[0]

    @property
    def columns(self) -> int:
        """Columns of the bins that leave: values of v."""
        return self.bins_radius + 1

    @property
    def shape_in(self) -> tuple[int, int]:
        """Rows and columns of the bins that come in."""
        if self.radius_in is None:
            raise ValueError(f"Stage {self.name} takes maps")
        return live_shape(self.size, self.radius_in)

    @property
    def bins(self) -> int:
        """Number of bins of a channel that leave."""
        return self.rows * self.columns

    @property
    def spectral(self) -> bool:
        """Whether bins leave it."""
        return self.radius is not None and self.kind not in ("inverse", "linear")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what leaves it for one image: (channels, rows, columns) of bins, (channels, N, N) of maps."""
        if self.spectral:
            return self.channels, self.rows, self.columns
        size = self.size // 2 if self.kind == "tile" else self.size
        return self.channels, size, size

    @property
    def beats(self) -> int:
        """Beats of the stream that leaves it, one frame: bins, or row pairs of maps."""
        channels, rows, columns = self.shape
        return channels * rows * columns // (1 if self.spectral else 2)

    @property
    def after(self) -> Fraction:
        """Scale of the pools and pads downstream of a product: that of its bias."""
        return self.scale / self.before

    @property
    def places(self) -> int:
        """Places by which the scale moves the binary point; 0 where weights have it."""
        return 0 if self.kind in ("multiply", "linear") else _log2(self.scale)

    @property
    def layer(self) -> Layer | None:
        """The layer that it belongs to; None for a transform."""
        return self.step.layer

    @property
    def index(self) -> int:
        """Number of its layer among those of its type, by which parameters are named."""
        return self.step.index


def users_of_stages(stages: Sequence[Stage]) -> list[list[int]]:
    """Return the stages that take from the image (first) and from every stage."""
    users: list[list[int]] = [[] for _ in range(len(stages) + 1)]
    for k, stage in enumerate(stages):
        for source in stage.sources:
            users[source + 1].append(k)
    return users


def _log2(scale: Fraction) -> int:
    """Return the logarithm of a power of two."""
    return scale.numerator.bit_length() - scale.denominator.bit_length()


def orthonormal(size: int) -> int:
    """Return P, the power of two not below ``size``, by which a spectrum is as large as its map."""
    return 1 << (size - 1).bit_length()


def _radius(edge: Edge) -> int | None:
    """Return the radius of the square of bins that an edge needs; its liveness is always one."""
    if edge.dead is None:
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


def _unpruned(steps: Sequence[Step]) -> list[int | None]:
    """Return the radius after every step if only a pool, pad or band drops bins."""
    out: list[int | None] = []
    for k, step in enumerate(steps):
        known = [r for r in (out[source] if source >= 0 else None for source in sources_of(steps, k)) if r is not None]
        radius = max(known, default=None)
        if step.kind == "transform":
            radius = step.size // 2
        elif step.kind == "inverse":
            radius = None
        elif step.kind in ("crop", "band", "pad") and radius is not None:
            radius = min(radius, ((step.size if step.kind == "pad" else step.keeps) - 1) // 2)
        out.append(radius)
    return out


@dataclass(frozen=True)
class _Flow:
    """The result of a step.

    Attributes
    ----------
    stage : int
        The stage that gives it; -1 is the image.
    radius : int or None
        Radius of its bins; None for maps.
    channels, size : int
    pending : Fraction
        The scale of pools and pads that has no place in a stage yet.
    absorber : int or None
        The product upstream whose weights can take a scale, because nothing else takes its result.
    """

    stage: int
    radius: int | None
    channels: int
    size: int
    pending: Fraction = Fraction(1)
    absorber: int | None = None


class _Builder:
    """The stages so far, and what every step gives."""

    def __init__(self, network: Network, steps: Sequence[Step], prune: bool):
        self.steps = steps
        self.stages: list[Stage] = []
        self.counts: dict[str, int] = {}
        self.users = users_of(steps)
        self.flows: dict[int, _Flow] = {-1: _Flow(-1, None, network.channels, network.size)}
        self.wants = [[_radius(e) for e in edges] for edges in needs(steps)] if prune else None
        self.radii = [*map(_radius, analyse(steps)[1:]), None] if prune else _unpruned(steps)

    def build(self) -> tuple[Stage, ...]:
        """Return the stages."""
        for k, step in enumerate(self.steps):
            flow = self._after(k, step, [self._before(k, n) for n in range(len(sources_of(self.steps, k)))])
            radius = self.radii[k]
            if radius is not None and flow.radius is not None and radius < flow.radius:
                flow = self._crop(flow, step, radius)
            if len(self.users[k + 1]) > 1:
                flow = self._settle(flow, step)
            self.flows[k] = flow
        return tuple(self.stages)

    def _before(self, k: int, n: int) -> _Flow:
        """Return what step ``k`` takes as its ``n``-th; of an edge that others take too only the bins it wants."""
        source = sources_of(self.steps, k)[n]
        flow = self.flows[source]
        want = self.wants[k][n] if self.wants is not None else None
        if want is not None and flow.radius is not None and want < flow.radius:
            step = self.steps[k]
            flow = self._crop(flow, Step("crop", step.size, f"crop before {step.what}", channels=flow.channels), want)
        return flow

    def _add(self, step: Step, *flows: _Flow, radius: int | None = None, scale: Fraction = Fraction(1)) -> int:
        """Add the stage of a step, and return its number; ``scale``: that of the pools upstream, for its weights."""
        stem, edge = step.stem, step.edge
        if step.kind != "linear":
            stem = f"{stem}{self._count(stem)}"
            edge = "" if self._is_unnamed(step) else f"{edge}{self._count('edge ' + edge)}"
        sources, radii = tuple(flow.stage for flow in flows), tuple(flow.radius for flow in flows)
        self.stages.append(Stage(step.kind, stem, edge, step.size, radius, flows[0].channels, step.channels, step,
                                 step.operation, sources, radii, scale, scale))
        return len(self.stages) - 1

    def _is_unnamed(self, step: Step) -> bool:
        """Return whether a step is an IFFT from which a function of pixels alone takes."""
        if step.kind != "inverse":
            return False
        users = self.users[self.steps.index(step) + 1]
        return [self.steps[k].kind for k in users] == ["point"]

    def _count(self, name: str) -> int:
        self.counts[name] = self.counts.get(name, -1) + 1
        return self.counts[name]

    def _crop(self, flow: _Flow, step: Step, radius: int) -> _Flow:
        """Add a crop of the spectrum that leaves ``step``, or enters it."""
        name, edge = f"crop{self._count('crop')}", f"cropped{self._count('edge cropped')}"
        self.stages.append(Stage("crop", name, edge, step.size, radius, flow.channels, flow.channels, step, "crop",
                                 (flow.stage,), (flow.radius,)))
        return replace(flow, stage=len(self.stages) - 1, radius=radius)

    def _change(self, stage: int, **fields) -> None:
        self.stages[stage] = replace(self.stages[stage], **fields)

    def _settle(self, flow: _Flow, step: Step) -> _Flow:
        """Return the flow with its pending scale moved into the binary point of the stage that gives it."""
        if flow.pending != 1:
            if not _power_of_two(flow.pending):
                raise DescriptionError(
                    f"Pooling or padding by a factor that is no power of two needs a SpectralConv beside it, before "
                    f"{step.what} follows")
            if self._shared(flow):
                flow = self._crop(flow, Step("crop", flow.size, "scale", channels=flow.channels), flow.radius or 0)
            self._change(flow.stage, scale=self.stages[flow.stage].scale * flow.pending)
        return replace(flow, pending=Fraction(1), absorber=None)

    def _shared(self, flow: _Flow) -> bool:
        """Return whether other branches, without the scale, take from the stage that gives a flow."""
        givers = [k for k, other in self.flows.items() if other.stage == flow.stage]
        return any(len(self.users[k + 1]) > 1 for k in givers)

    def _after(self, k: int, step: Step, flows: list[_Flow]) -> _Flow:
        """Return what a step gives, and add its stage if it has one."""
        flow = flows[0]
        match step.kind:
            case "crop" | "pad":
                scale = Fraction(step.keeps, step.size) ** 2
                flow = replace(flow, size=step.keeps)
                if flow.absorber is None:
                    return replace(flow, pending=flow.pending * scale)
                product = self.stages[flow.absorber]
                self._change(flow.absorber, scale=product.scale * scale, absorbed=(*product.absorbed, step))
                return flow
            case "band":
                return flow
            case "multiply" if isinstance(step.layer, Normalise):
                if flow.absorber is None:
                    raise AssertionError(f"{step.what} has no product to be folded into")
                product = self.stages[flow.absorber]
                self._change(flow.absorber, frozen=step, absorbed=(*product.absorbed, step))
                return flow
            case "multiply":
                stage = self._add(step, flow, radius=flow.radius, scale=flow.pending)
                return _Flow(stage, flow.radius, step.channels, step.size, absorber=stage)
            case "transform":
                return replace(flow, stage=self._add(step, flow, radius=self.radii[k]), radius=self.radii[k])
            case "inverse":
                return replace(flow, stage=self._add(step, flow, radius=flow.radius), radius=None)
            case "point" | "tile" | "bin":
                flow = self._settle(flow, step)
                stage = self._add(step, flow, radius=flow.radius)
                return replace(flow, stage=stage, size=step.size // 2 if step.kind == "tile" else step.size)
            case "normalise":
                flow = replace(flow, pending=Fraction(1), absorber=None)
                stage = self._add(step, flow, radius=flow.radius)
                self._check_correction(step, flow)
                return replace(flow, stage=stage)
            case "join":
                settled = [self._settle(f, step) for f in flows]
                radius = max((f.radius for f in settled if f.radius is not None), default=None)
                return _Flow(self._add(step, *settled, radius=radius), radius, step.channels, step.size)
            case _:
                stage = self._add(step, flow, radius=flow.radius, scale=flow.pending)
                return _Flow(stage, flow.radius, step.channels, step.size)

    def _check_correction(self, step: Step, flow: _Flow) -> None:
        layer = step.layer
        if isinstance(layer, Normalise) and layer.correction:
            values = step.size if layer.over == "map" else (flow.radius or 0) + 1
            if values == 1:
                raise DescriptionError("Normalise correction must be 0 where there is only one value, not 1")


def stages(network: Network, *, prune: bool = True) -> tuple[Stage, ...]:
    """Return the stages of a network in topological order.

    Without ``prune`` every bin is computed up to where a pool drops it.
    """
    return _Builder(network, network.steps, prune).build()
