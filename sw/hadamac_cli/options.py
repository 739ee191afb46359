"""Console and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hadamac.console import make_console
from hadamac.cost.estimate import Plan, plan
from hadamac.cost.folding import TRANSFORMS
from hadamac.errors import DataError
from hadamac.quantised.artifact import SHIPPED, Artifact, load
from hadamac.quantised.grid import on_grid

__all__ = ["TRANSFORMS", "ArtifactArgument", "GridOption", "IntervalOption", "SeedOption", "TransformsOption",
           "console", "folding", "opened"]

console = make_console()
"""Console that all commands print to."""

ArtifactArgument = Annotated[
    Path | None,
    typer.Argument(show_default=False, help="Directory of the artifact, or the name of a shipped one: "
                   f"{', '.join(SHIPPED)}. The default is {SHIPPED[0]}."),
]
GridOption = Annotated[
    str | None,
    typer.Option("--grid", show_default=False, metavar="ROWSxCOLUMNS",
                 help="Size of the frames, for a network whose weights do not depend on it, such as a Fourier neural "
                      "operator. The default is the size that the artifact was made for."),
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


def opened(artifact: Path | None, grid: str | None = None) -> Artifact:
    """Return the artifact that a command works on, for another size of frames if one is given."""
    network = load(artifact)
    if grid is None:
        return network
    parts = grid.lower().split("x")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise DataError(f"Grid must be ROWSxCOLUMNS, for example 32x32, not {grid!r}")
    return on_grid(network, (int(parts[0][:6]), int(parts[1][:6])))
