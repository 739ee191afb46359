"""Command ``hadamac explain``: the frequencies that the output can depend on, and what pruning the others saves."""

from __future__ import annotations

from rich.table import Table

from hadamac.cost.estimate import estimate
from hadamac.network.liveness import analyse, sentence
from hadamac.quantised.artifact import Artifact
from hadamac.quantised.unpruned import unpruned
from hadamac.shapes import text

from .options import ArtifactArgument, GridOption, console, opened

__all__ = ["explain", "savings"]


def savings(artifact: Artifact) -> dict[str, tuple[int, ...]]:
    """Return costs by name, each as ``(pruned, unpruned)``.

    These are the numbers of bins, stored weights and multiplications per image, and the bits of memory and the cycles
    of the circuit.
    """
    pair = artifact.qnet, unpruned(artifact.qnet, artifact.params)
    estimates = [estimate(q) for q in pair]
    counts = {"bins": lambda op: 0 if op.stage.kind == "crop" else op.bins,  # A crop computes no bins.
              "weights": lambda op: op.weights, "multiplications": lambda op: op.multiplications}
    rows = {name: tuple(sum(map(count, q.stages)) for q in pair) for name, count in counts.items()}
    return rows | {
        "bits of memory": tuple(e.memory_bits for e in estimates),
        "cycles of latency": tuple(e.latency for e in estimates),
        "cycles per image": tuple(e.interval for e in estimates),
    }


def explain(artifact: ArtifactArgument = None, grid: GridOption = None) -> None:
    """Show for every edge which frequencies matter, why the others do not, and what pruning them saves.

    A live bin can change the output directly. A coupled bin can change it only through the mean and the deviation of
    a normalisation. A dead bin cannot change it.
    """
    network = opened(artifact, grid)
    edges = analyse(network.qnet.network.steps)
    table = Table("edge before", "bins", "live", "coupled", "dead", "reason")
    for edge in edges:
        if edge.live is None or edge.coupled is None or edge.dead is None:
            table.add_row(edge.name, f"map {text(edge.size)}", "all", "", "", "")
        else:
            table.add_row(edge.name, text((edge.size[0], edge.size[1] // 2 + 1)), str(edge.live.sum()),
                          str(edge.coupled.sum() or ""), str(edge.dead.sum()),
                          edge.why)
    console.print(table)
    console.print(sentence(edges))
    saved = Table("what pruning saves", "live bins", "all bins", "share")
    for name, (pruned, whole) in savings(network).items():
        saved.add_row(name, f"{pruned:,}", f"{whole:,}", f"{100 * pruned / whole:.0f} %" if whole else "")
    console.print(saved)
