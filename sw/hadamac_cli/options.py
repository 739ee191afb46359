"""What the commands share: console, options, and what several of them derive from options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hadamac.console import make_console
from hadamac.quantised.artifact import Artifact

__all__ = ["ArtifactArgument", "IntervalOption", "SeedOption", "console", "folding"]

console = make_console()

ArtifactArgument = Annotated[
    Path | None, typer.Argument(help="Artifact directory; the shipped MNIST network unless given.", show_default=False)
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of everything random.")]
IntervalOption = Annotated[
    int | None, typer.Option("--interval", min=1, help="Cycles a frame may take; fewer lanes for a longer one.")
]


def folding(artifact: Artifact, interval: int | None):
    from hadamac.cost.estimate import plan

    return plan(artifact.qnet, interval)
