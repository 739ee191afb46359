"""Console and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hadamac.console import make_console
from hadamac.cost.estimate import Plan, plan
from hadamac.quantised.artifact import Artifact

__all__ = ["ArtifactArgument", "IntervalOption", "SeedOption", "console", "folding"]

console = make_console()
"""Console that all commands print to."""

ArtifactArgument = Annotated[
    Path | None,
    typer.Argument(help="Directory of the artifact. The default is the shipped MNIST network.", show_default=False),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of all random numbers.")]
IntervalOption = Annotated[
    int | None,
    typer.Option("--interval", min=1, show_default=False,
                 help="Most cycles for each frame. A longer interval needs fewer lanes, and so fewer multipliers. The "
                      "default is the shortest interval."),
]


def folding(artifact: Artifact, interval: int | None) -> Plan:
    """Return the fewest lanes of every stage that reach an interval; by default the shortest interval."""
    return plan(artifact.qnet, interval)
