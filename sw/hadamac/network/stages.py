"""Division of a network into stages, pruned to the bins that :mod:`hadamac.network.liveness` proves to be live.

Stages stand in topological order, as steps do.  A stage of bins computes no bins but those that a later stage needs.

The scales of pooling and padding, ratios of numbers of pixels, are not computed either.  A scale is multiplied into the
weights of a SpectralConv, Pointwise or Dense before or after it, if everything between them is linear.  A Normalise
cancels it.  Otherwise it must be a power of two, and it moves the binary point of the output of a stage.  At a fork or
a join, a scale always moves the binary point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce

from ..errors import DescriptionError
from ..shapes import Pair, least, most
from .graph import Description, Step, graph, sources_of, users_of
from .layers import Normalise
from .liveness import Edge, analyse, farthest, needs
from .stage import Stage

__all__ = ["stages"]


def _radius(edge: Edge) -> Pair | None:
    """Return the radius of the smallest rectangle of low bins that has all bins that an edge needs; None for maps.

    The bins form such a rectangle, unless a fork leads to pools or bands of different shapes.
    """
    return None if edge.dead is None else farthest(~edge.dead)


def _joined(radii: Sequence[Pair | None]) -> Pair | None:
    """Return the radius of the smallest rectangle that contains those of several spectra; None for maps."""
    known = [radius for radius in radii if radius is not None]
    return reduce(most, known) if known else None


def _power_of_two(x: Fraction) -> bool:
    """Return whether a number is a power of two, with a positive or negative exponent."""
    return x.numerator & (x.numerator - 1) == 0 and x.denominator & (x.denominator - 1) == 0


def _unpruned(steps: Sequence[Step]) -> list[Pair | None]:
    """Return the radius after every step of a network that is not pruned: only pools, pads and bands drop bins."""
    out: list[Pair | None] = []
    for k, step in enumerate(steps):
        radius = _joined([out[source] if source >= 0 else None for source in sources_of(steps, k)])
        if step.kind == "transform":
            radius = step.size[0] // 2, step.size[1] // 2
        elif step.kind == "inverse":
            radius = None
        elif step.kind in ("crop", "band", "pad") and radius is not None:
            rows, columns = step.size if step.kind == "pad" else step.keeps
            radius = least(radius, ((rows - 1) // 2, (columns - 1) // 2))
        out.append(radius)
    return out


@dataclass(frozen=True)
class _Flow:
    """Output of a step.

    Attributes
    ----------
    stage : int
        Number of the stage that computes it.
    radius : (int, int) or None
        Radius of its bins; None for maps.
    channels : int
    size : (int, int)
        Rows and columns.
    pending : Fraction
        The product of the scales upstream that no stage applies yet.
    absorber : int or None
        Number of the product upstream whose weights can contain a scale, because nothing else takes its output.
    raw : bool
        Whether it is a linear function of an input that is still to be standardised.
    """

    stage: int
    radius: Pair | None
    channels: int
    size: Pair
    pending: Fraction = Fraction(1)
    absorber: int | None = None
    raw: bool = False


_LINEAR = ("transform", "crop", "pad", "band", "multiply", "mix", "linear")
"""Kinds of steps that may come between the input and the product that standardises it, or are that product."""


class _Builder:
    """Construction of the stages, one step of the graph after the other."""

    def __init__(self, network: Description, steps: Sequence[Step], prune: bool):
        self.steps = steps
        self.stages: list[Stage] = []
        self.counts: dict[str, int] = {}
        self.users = users_of(steps)
        self.flows: dict[int, _Flow] = {
            -1: _Flow(-1, None, network.channels, network.size, raw=network.standardise)}
        self.wants = [[_radius(e) for e in edges] for edges in needs(steps)] if prune else None
        end = _unpruned(steps)[-1] if steps[-1].kind == "transform" else None  # all of it is the answer
        self.radii = [*map(_radius, analyse(steps)[1:]), end] if prune else _unpruned(steps)

    def build(self) -> tuple[Stage, ...]:
        """Return the stages."""
        for k, step in enumerate(self.steps):
            flow = self._after(k, step, [self._before(k, n) for n in range(len(sources_of(self.steps, k)))])
            radius = self.radii[k]
            if radius is not None and flow.radius is not None and least(radius, flow.radius) != flow.radius:
                flow = self._crop(flow, step, least(radius, flow.radius))
            if len(self.users[k + 1]) > 1:
                flow = self._settle(flow, step.what)
            self.flows[k] = flow
        end = self._settle(self.flows[len(self.steps) - 1], "the output")
        self._check_raw(end, "the output")
        return tuple(self.stages)

    def _before(self, k: int, n: int) -> _Flow:
        """Return the ``n``-th input of step ``k``.

        If other steps take the same edge and need more bins of it, the input is cropped to those that this step needs.
        """
        source = sources_of(self.steps, k)[n]
        flow = self.flows[source]
        want = self.wants[k][n] if self.wants is not None else None
        if want is not None and flow.radius is not None and least(want, flow.radius) != flow.radius:
            step = self.steps[k]
            flow = self._crop(flow, Step("crop", step.size, f"crop before {step.what}", channels=flow.channels),
                              least(want, flow.radius))
        return flow

    def _add(self, step: Step, *flows: _Flow, radius: Pair | None = None, scale: Fraction = Fraction(1)) -> int:
        """Add the stage of a step, and return its number; its weights contain ``scale``, that of the pools upstream."""
        stem, edge = step.stem, step.edge
        if stem != "dense":  # there is only one
            stem = f"{stem}{self._count(stem)}"
            edge = "" if self._is_unnamed(step) else f"{edge}{self._count('edge ' + edge)}"
        sources, radii = tuple(flow.stage for flow in flows), tuple(flow.radius for flow in flows)
        self.stages.append(Stage(step.kind, stem, edge, step.size, radius, flows[0].channels, step.channels, step,
                                 step.operation, sources, radii, scale, scale,
                                 standardises=flows[0].raw and step.kind in ("multiply", "mix", "linear")))
        return len(self.stages) - 1

    def _check_raw(self, flow: _Flow, what: str) -> None:
        """Raise DescriptionError if a flow's input is still to be standardised where this is no longer possible."""
        if flow.raw:
            raise DescriptionError(f"Network standardise must be false where {what} comes before a SpectralConv, "
                                   "Pointwise or Dense, into whose weights the mean and deviation are folded")

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

    def _crop(self, flow: _Flow, step: Step, radius: Pair) -> _Flow:
        """Add a crop of the spectrum that leaves ``step`` or enters it, and return the cropped spectrum."""
        name, edge = f"crop{self._count('crop')}", f"cropped{self._count('edge cropped')}"
        self.stages.append(Stage("crop", name, edge, step.size, radius, flow.channels, flow.channels, step, "crop",
                                 (flow.stage,), (flow.radius,)))
        return replace(flow, stage=len(self.stages) - 1, radius=radius)

    def _apply_scale(self, stage: int, scale: Fraction) -> None:
        """Multiply the scale that a stage applies."""
        self.stages[stage] = replace(self.stages[stage], scale=self.stages[stage].scale * scale)

    def _settle(self, flow: _Flow, what: str) -> _Flow:
        """Apply the pending scale of a flow, as places of the binary point of the stage that computes it."""
        if flow.pending != 1:
            if not _power_of_two(flow.pending):
                raise DescriptionError(
                    "Pooling or padding by a factor that is no power of two needs a SpectralConv or Pointwise beside "
                    f"it, before {what} follows")
            if self._shared(flow):
                flow = self._crop(flow, Step("crop", flow.size, "scale", channels=flow.channels), flow.radius or (0, 0))
            self._apply_scale(flow.stage, flow.pending)
        return replace(flow, pending=Fraction(1), absorber=None)

    def _shared(self, flow: _Flow) -> bool:
        """Return whether the output of a flow's stage also goes to users to which the pending scale does not apply."""
        givers = [k for k, other in self.flows.items() if other.stage == flow.stage]
        return any(len(self.users[k + 1]) > 1 for k in givers)

    def _after(self, k: int, step: Step, flows: list[_Flow]) -> _Flow:
        """Return the output of a step, and add its stage if it has one."""
        flow = flows[0]
        if step.kind not in _LINEAR:
            for taken in flows:
                self._check_raw(taken, step.what)
        match step.kind:
            case "crop" | "pad":
                scale = Fraction(step.keeps[0] * step.keeps[1], step.size[0] * step.size[1])
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
            case "multiply" | "mix":
                stage = self._add(step, flow, radius=flow.radius, scale=flow.pending)
                return _Flow(stage, flow.radius, step.channels, step.size, absorber=stage)
            case "transform":
                return replace(flow, stage=self._add(step, flow, radius=self.radii[k]), radius=self.radii[k])
            case "inverse":
                return replace(flow, stage=self._add(step, flow, radius=flow.radius), radius=None)
            case "point" | "tile" | "bin":
                flow = self._settle(flow, step.what)
                stage = self._add(step, flow, radius=flow.radius)
                return replace(flow, stage=stage, size=self.stages[stage].size_out)
            case "canvas":  # a scale passes: zeros stay zeros
                return replace(flow, stage=self._add(step, flow), size=step.keeps)
            case "normalise":
                flow = replace(flow, pending=Fraction(1), absorber=None)
                stage = self._add(step, flow, radius=flow.radius)
                self._check_correction(step, flow)
                return replace(flow, stage=stage)
            case "join":
                settled = [self._settle(f, step.what) for f in flows]
                radius = _joined([f.radius for f in settled])
                return _Flow(self._add(step, *settled, radius=radius), radius, step.channels, step.size)
            case _:
                stage = self._add(step, flow, radius=flow.radius, scale=flow.pending)
                return _Flow(stage, None, step.channels, (1, 1))

    def _absorb(self, product: int, step: Step) -> None:
        """Note that the weights of a product contain the arithmetic of a step."""
        stage = self.stages[product]
        self.stages[product] = replace(stage, absorbed=(*stage.absorbed, step))

    def _check_correction(self, step: Step, flow: _Flow) -> None:
        """Raise DescriptionError for a Normalise whose variance would have the divisor 0."""
        layer = step.layer
        if isinstance(layer, Normalise) and layer.correction:
            if step.size == (1, 1) if layer.over == "map" else flow.radius == (0, 0):
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
