"""Check of the planner's cells: what it estimates beside what nextpnr counted, for blocks and for a whole network.

Run ``python -m bench.cells`` for the blocks of docs/benchmarks/layers.json, or with a bitstream's directory and its
network, for example ``python -m bench.cells build/bitstream/ulx3s-25f watch-128 --interval 8192``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import hadamac
from hadamac_hw.base.targets import ECP5
from hadamac_hw.boards.catalogue import find_board
from hadamac_hw.boards.planner import Planner
from hadamac_hw.cost.cells import cells_of

from .layers.cases import CASES

ROWS = Path("docs/benchmarks/layers.json")


def main(
    bitstream: Annotated[Path | None, typer.Argument(help="Directory that hadamac bitstream wrote.")] = None,
    network: Annotated[str, typer.Argument(help="Its network.")] = "mnist-32",
    board: Annotated[str, typer.Option(help="Its board, with an ECP5.")] = "ulx3s-85f",
    interval: Annotated[int | None, typer.Option(help="Its interval, if it was asked for.")] = None,
) -> None:
    """Print the table."""
    table = Table("circuit", "look-up tables", "estimated", "flip-flops", "estimated")

    def row(name: str, luts: int, ffs: int, cells) -> None:
        table.add_row(name, f"{luts:,}", f"{cells.luts:,} ({cells.luts / max(luts, 1) - 1:+.0%})",
                      f"{ffs:,}", f"{cells.ffs:,} ({cells.ffs / max(ffs, 1) - 1:+.0%})")

    if bitstream is None:
        for measured in json.loads(ROWS.read_text())["rows"]:
            block = CASES[measured["name"]].block()
            row(measured["name"], measured["comb"], measured["ff"], cells_of(block, ECP5))
    else:
        planner = Planner(hadamac.load(network).qnet, find_board(board))
        planned = planner.fastest() if interval is None else planner.smallest(interval)
        used = {name: cell["used"] for name, cell in
                json.loads((bitstream / "report.json").read_text())["utilization"].items()}
        row(network, used["TRELLIS_COMB"], used["TRELLIS_FF"], planned.cells)
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
