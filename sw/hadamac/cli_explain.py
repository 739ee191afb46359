"""``hadamac explain``: which frequencies a network's output can depend on, and what leaving out the others saves."""

from __future__ import annotations

from dataclasses import replace

from rich.table import Table

from . import timing
from .artifact import load
from .cli_options import ArtifactArgument, console
from .liveness import analyse, chain, sentence
from .model.fft2d import Fft2dPlan
from .quantised import QuantNetwork

__all__ = ["explain", "savings"]


def savings(qnet: QuantNetwork) -> dict[str, tuple[int, int]]:
    """``(pruned, unpruned)`` bins, complex weights, real multiplications and cycles of the forward transforms and
    products, where unpruned means every bin of the half-spectrum but the Nyquist ones."""
    rows = {"bins": [], "weights": [], "multiplications": [], "cycles": []}
    for g in qnet.groups:
        s = g.shape
        whole: Fft2dPlan = replace(g.forward, radius=s.size // 2 - 1)
        for name, of in (
            ("bins", lambda p, s=s: s.inputs * _bins(p)), ("weights", lambda p, s=s: s.inputs * s.outputs * _bins(p)),
            ("multiplications", lambda p, s=s: s.inputs * (_transform(p) + 4 * s.outputs * _bins(p))),
            ("cycles", lambda p, s=s: s.inputs * timing.fft2d_interval(p)),
        ):
            rows[name].append((of(g.forward), of(whole)))
    return {name: tuple(map(sum, zip(*pairs))) for name, pairs in rows.items()}


def _bins(plan: Fft2dPlan) -> int:
    return (2 * plan.radius + 1) * (plan.radius + 1)


def _transform(plan: Fft2dPlan) -> int:
    rows, columns = plan.size // 2, plan.radius + 1
    return plan.size * (rows * plan.row_plan.multipliers + columns * plan.column_plan.multipliers)


def explain(artifact: ArtifactArgument = None):
    """Say, edge by edge, which frequencies matter and why the others do not; and what pruning them saves."""
    network = load(artifact)
    edges = analyse(chain(network.qnet.network))
    table = Table("edge before", "bins", "live", "dead", "why")
    for edge in edges:
        if edge.live is None:
            table.add_row(edge.name, f"map {edge.size}x{edge.size}", "all", "", "")
        else:
            table.add_row(edge.name, f"{edge.size}x{edge.size // 2 + 1}", str(edge.live.sum()), str(edge.dead.sum()),
                          edge.why)
    console.print(table)
    console.print(sentence(edges), highlight=False)
    saved = Table("left out", "pruned", "all bins", "share")
    for name, (pruned, whole) in savings(network.qnet).items():
        saved.add_row(name, f"{pruned:,}", f"{whole:,}", f"{100 * pruned / whole:.0f} %")
    console.print(saved)
