"""Division of a network into stages, pruned to the bins that :mod:`hadamac.network.liveness` proves to be live.

Stages stand in topological order, as steps do.  A stage of bins computes no bins but those that a later stage needs.

The scales of pooling and padding, ``(M/N)**2``, are not computed either.  A scale is multiplied into the weights of a
SpectralConv or Dense before or after it, if everything between them is linear.  A Normalise cancels it.  Otherwise it
must be a power of two, and it moves the binary point of the output of a stage.  At a fork or a join, a scale always
moves the binary point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ..errors import DescriptionError
from .graph import Description, Step, graph, sources_of, users_of
from .layers import Normalise
from .liveness import Edge, analyse, low, needs
from .stage import Stage

__all__ = ["stages"]


def _radius(edge: Edge) -> int | None:
    """Return the radius of the bins that an edge needs, which always form a square; None for maps."""
    if edge.dead is None:
        return None
    wanted = ~edge.dead
    if wanted.all():
        return edge.size // 2
    radius = int(np.argwhere(wanted)[:, 1].max())
    if not (wanted == low(edge.size, 2 * radius + 1)).all():
        raise AssertionError(f"{edge.name}: the bins that are needed do not form a square")
    return radius


def _power_of_two(x: Fraction) -> bool:
    """Return whether a number is a power of two, with a positive or negative exponent."""
    return x.numerator & (x.numerator - 1) == 0 and x.denominator & (x.denominator - 1) == 0


def _unpruned(steps: Sequence[Step]) -> list[int | None]:
    """Return the radius after every step of a network that is not pruned: only pools, pads and bands drop bins."""
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
    """Output of a step.

    Attributes
    ----------
    stage : int
        Number of the stage that computes it.
    radius : int or None
        Radius of its bins; None for maps.
    channels, size : int
        Number of channels, and N.
    pending : Fraction
        The product of the scales upstream that no stage applies yet.
    absorber : int or None
        Number of the product upstream whose weights can contain a scale, because nothing else takes its output.
    """

    stage: int
    radius: int | None
    channels: int
    size: int
    pending: Fraction = Fraction(1)
    absorber: int | None = None


class _Builder:
    """Construction of the stages, one step of the graph after the other."""

    def __init__(self, network: Description, steps: Sequence[Step], prune: bool):
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
        """Return the ``n``-th input of step ``k``.

        If other steps take the same edge and need more bins of it, the input is cropped to those that this step needs.
        """
        source = sources_of(self.steps, k)[n]
        flow = self.flows[source]
        want = self.wants[k][n] if self.wants is not None else None
        if want is not None and flow.radius is not None and want < flow.radius:
            step = self.steps[k]
            flow = self._crop(flow, Step("crop", step.size, f"crop before {step.what}", channels=flow.channels), want)
        return flow

    def _add(self, step: Step, *flows: _Flow, radius: int | None = None, scale: Fraction = Fraction(1)) -> int:
        """Add the stage of a step, and return its number; its weights contain ``scale``, that of the pools upstream."""
        stem, edge = step.stem, step.edge
        if step.kind != "linear":
            stem = f"{stem}{self._count(stem)}"
            edge = "" if self._is_unnamed(step) else f"{edge}{self._count('edge ' + edge)}"
        sources, radii = tuple(flow.stage for flow in flows), tuple(flow.radius for flow in flows)
        self.stages.append(Stage(step.kind, stem, edge, step.size, radius, flows[0].channels, step.channels, step,
                                 step.operation, sources, radii, scale, scale))
        return len(self.stages) - 1

    def _is_unnamed(self, step: Step) -> bool:
        """Return whether a step is an IFFT whose only user is a function of single pixels."""
        if step.kind != "inverse":
            return False
        users = self.users[self.steps.index(step) + 1]
        return [self.steps[k].kind for k in users] == ["point"]

    def _count(self, name: str) -> int:
        """Return how often a name has been counted before."""
        self.counts[name] = self.counts.get(name, -1) + 1
        return self.counts[name]

    def _crop(self, flow: _Flow, step: Step, radius: int) -> _Flow:
        """Add a crop of the spectrum that leaves ``step`` or enters it, and return the cropped spectrum."""
        name, edge = f"crop{self._count('crop')}", f"cropped{self._count('edge cropped')}"
        self.stages.append(Stage("crop", name, edge, step.size, radius, flow.channels, flow.channels, step, "crop",
                                 (flow.stage,), (flow.radius,)))
        return replace(flow, stage=len(self.stages) - 1, radius=radius)

    def _apply_scale(self, stage: int, scale: Fraction) -> None:
        """Multiply the scale that a stage applies."""
        self.stages[stage] = replace(self.stages[stage], scale=self.stages[stage].scale * scale)

    def _settle(self, flow: _Flow, step: Step) -> _Flow:
        """Apply the pending scale of a flow, as places of the binary point of the stage that computes it."""
        if flow.pending != 1:
            if not _power_of_two(flow.pending):
                raise DescriptionError(
                    f"Pooling or padding by a factor that is no power of two needs a SpectralConv beside it, before "
                    f"{step.what} follows")
            if self._shared(flow):
                flow = self._crop(flow, Step("crop", flow.size, "scale", channels=flow.channels), flow.radius or 0)
            self._apply_scale(flow.stage, flow.pending)
        return replace(flow, pending=Fraction(1), absorber=None)

    def _shared(self, flow: _Flow) -> bool:
        """Return whether the output of a flow's stage also goes to users to which the pending scale does not apply."""
        givers = [k for k, other in self.flows.items() if other.stage == flow.stage]
        return any(len(self.users[k + 1]) > 1 for k in givers)

    def _after(self, k: int, step: Step, flows: list[_Flow]) -> _Flow:
        """Return the output of a step, and add its stage if it has one."""
        flow = flows[0]
        match step.kind:
            case "crop" | "pad":
                scale = Fraction(step.keeps, step.size) ** 2
                flow = replace(flow, size=step.keeps)
                if flow.absorber is None:
                    return replace(flow, pending=flow.pending * scale)
                self._apply_scale(flow.absorber, scale)
                self._absorb(flow.absorber, step)
                return flow
            case "band":
                return flow
            case "multiply" if isinstance(step.layer, Normalise):
                if flow.absorber is None:
                    raise AssertionError(f"{step.what} must follow a product, whose weights contain it")
                self.stages[flow.absorber] = replace(self.stages[flow.absorber], frozen=step)
                self._absorb(flow.absorber, step)
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

    def _absorb(self, product: int, step: Step) -> None:
        """Note that the weights of a product contain the arithmetic of a step."""
        stage = self.stages[product]
        self.stages[product] = replace(stage, absorbed=(*stage.absorbed, step))

    def _check_correction(self, step: Step, flow: _Flow) -> None:
        """Raise DescriptionError for a Normalise whose variance would have the divisor 0."""
        layer = step.layer
        if isinstance(layer, Normalise) and layer.correction:
            values = step.size if layer.over == "map" else (flow.radius or 0) + 1
            if values == 1:
                raise DescriptionError("Normalise correction must be 0 where there is only one value, not 1")


def stages(network: Description, *, prune: bool = True) -> tuple[Stage, ...]:
    """Return the stages of a network in topological order.

    Parameters
    ----------
    network : hadamac.network.network.Network
    prune : bool
        Whether bins that cannot affect the output are left out.  Otherwise every bin is computed until a pool, pad or
        band drops it.
    """
    return _Builder(network, graph(network), prune).build()
