"""Command ``hadamac plan``: the folding of a network for a board."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from hadamac.checks import choice
from hadamac.errors import DescriptionError
from hadamac.progress import Progress

from .options import ArtifactArgument, GridOption, console, opened

__all__ = ["plan"]


def plan(
    artifact: ArtifactArgument = None,
    board: Annotated[str, typer.Option(help="Name of the board.")] = "ulx3s-85f",
    interval: Annotated[int | None, typer.Option(
        min=1, show_default=False, help="Most cycles for each frame, for the objective area.")] = None,
    max_multipliers: Annotated[int | None, typer.Option(
        min=1, show_default=False, help="Most multipliers. The default is all of the board's.")] = None,
    objective: Annotated[str | None, typer.Option(
        show_default=False, help="speed (the shortest interval that fits) or area (the smallest circuit). The default "
        "is area with --interval, and speed without.")] = None,
    grid: GridOption = None,
) -> None:
    """Choose lanes and transforms of every stage for a board, and print what they take and what would be faster."""
    from hadamac_hw.boards.catalogue import find_board
    from hadamac_hw.boards.planner import Planner

    objective = objective or ("speed" if interval is None else "area")
    choice("Objective", objective, ("speed", "area"))
    if objective == "speed" and interval is not None:
        raise DescriptionError(f"Interval must be left out for the objective speed, not be {interval}")
    network, found = opened(artifact, grid), find_board(board)
    with Progress(1, console).phase(f"Plan {network.qnet.network.name} for {board}") as bar:
        planner = Planner(network.qnet, found, max_multipliers=max_multipliers, progress=bar.label)
        planned = planner.fastest() if objective == "speed" else planner.smallest(interval)
    table = Table("stage", "circuit", "interval", "MUL", "BRAM", "LUT", "FF",
                  caption="MUL: multipliers; BRAM: block RAMs; LUT, FF: look-up tables and flip-flops, estimated")
    for column in table.columns[2:]:
        column.justify = "right"
    for row in planned.rows:
        cells = row.cells
        table.add_row(row.name, row.choice, *(f"{n:,}" for n in (
            row.interval, cells.multipliers, cells.blocks, cells.luts, cells.ffs)))
    table.add_section()
    total, costs = planned.cells, planned.estimate
    table.add_row("with shell", "", *(f"{n:,}" for n in (
        costs.interval, costs.multipliers, total.blocks, total.luts, total.ffs)))
    table.add_row(f"of {board}", "", "", *(f"{n:,}" for n in (found.multipliers, found.blocks, found.luts)))
    console.print(table)
    slowest = [stage.name for stage in costs.stages if stage.interval == costs.interval]
    console.print(f"{found.clock_mhz * 1e6 / costs.interval:,.0f} frames a second at {found.clock_mhz:g} MHz; latency "
                  f"{costs.latency:,} cycles\nbottleneck: {', '.join(slowest)}; faster with: {planned.relief}",
                  soft_wrap=True)
