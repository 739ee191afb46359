"""Console and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hadamac.console import make_console
from hadamac.cost.estimate import Plan, plan
from hadamac.cost.folding import TRANSFORMS
from hadamac.quantised.artifact import SHIPPED, Artifact

__all__ = ["TRANSFORMS", "ArtifactArgument", "IntervalOption", "SeedOption", "TransformsOption", "console", "folding"]

console = make_console()
"""Console that all commands print to."""

ArtifactArgument = Annotated[
    Path | None,
    typer.Argument(show_default=False, help="Directory of the artifact, or the name of a shipped one: "
                   f"{', '.join(SHIPPED)}. The default is {SHIPPED[0]}."),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of all random numbers.")]
IntervalOption = Annotated[
    int | None,
    typer.Option("--interval", min=1, show_default=False,
                 help="Most cycles for each frame. A longer interval needs fewer lanes, and so fewer multipliers. The "
                      "default is the shortest interval."),
]


TransformsOption = Annotated[
    str,
    typer.Option("--transforms", help=f"Circuit of the transforms: {' or '.join(TRANSFORMS)}. Iterative ones are "
                 "smaller and slower, and give the same words."),
]


def folding(artifact: Artifact, interval: int | None, transforms: str = TRANSFORMS[0]) -> Plan:
    """Return the fewest lanes of every stage that reach an interval; by default the shortest interval."""
    return plan(artifact.qnet, interval, transforms)
