"""The build of a quantised network's bitstream for a board."""

from __future__ import annotations

import os
from math import prod
from pathlib import Path

from rich.console import Console

from hadamac import __version__
from hadamac.cost.estimate import Plan, estimate
from hadamac.errors import FitError
from hadamac.files.writing import check_directory, make_directory
from hadamac.progress import Progress
from hadamac.quantised.network import QuantNetwork

from ..base.emit import emit
from ..cores.library import network_name
from ..network import Top
from .bitstream import DIRECTORY, Report, build_bitstream
from .board import Board
from .catalogue import find_board
from .planner import Planner
from .ration import rationed
from .shell import BoardShell
from .top import BoardTop

__all__ = ["BAUD", "board_verilog", "build_board"]

BAUD = 1_000_000
"""Bit rate of the serial port."""


def board_verilog(qnet: QuantNetwork, name: str, folding: Plan, board: Board, clock_mhz: float) -> str:
    """Return the Verilog of a board's top: pins, PLL, shell and network.

    If it has more block RAMs than the board, more of its short memories become LUT RAM, as many as need be.
    """
    def make() -> BoardTop:
        shell = BoardShell(
            Top(qnet, folding=folding), pixels=prod(qnet.network.given), clock_hz=clock_mhz * 1e6, baud=BAUD,
            identification=f"hadamac {__version__} {qnet.network.name}",
        )
        return BoardTop(board, shell, clock_mhz=clock_mhz)

    target = board.family.target
    return emit(make(), name, platform=rationed(make, target, board.blocks) if target.blocks else target)


def build_board(qnet: QuantNetwork, board_name: str, out: str | os.PathLike[str], *, folding: Plan | None = None,
                seed: int = 1, clock_mhz: float | None = None, console: Console | None = None) -> Report:
    """Emit the Verilog of a network on a board, build its bitstream, and print the figures.

    Parameters
    ----------
    qnet
        The network.
    board_name
        Name of the board.
    out
        The directory to be written.
    folding
        Lanes of each stage; by default those of the fastest plan that fits (:mod:`hadamac_hw.boards.planner`).
    seed
        Seed of nextpnr.
    clock_mhz
        The network's clock, which the board's PLL makes to within 1 %; by default that of the board.
    console
        The console to print on; by default standard output.
    """
    board = find_board(board_name)
    clock_mhz = board.family.output_mhz(board.oscillator_mhz, board.clock_mhz if clock_mhz is None else clock_mhz)
    directory = Path(out)
    make_directory(directory.parent)
    check_directory(directory, marker=DIRECTORY)
    job = Progress(2 if folding else 3, console)
    if folding is None:
        with job.phase(f"Plan for {board.name}") as bar:
            planned = Planner(qnet, board, progress=bar.label).fastest()
            folding = planned.folding
            bar.say(f"{planned.estimate.interval:,} cycles a frame, {planned.estimate.multipliers} multipliers")
    cost = estimate(qnet, folding)
    for what, need, limit in (("multipliers", cost.multipliers, board.multipliers),
                              ("bits of memory", cost.memory_bits, board.memory_bits)):
        if need > limit:
            raise FitError(f"Network {qnet.network.name} needs {need} {what}, {board.name} has {limit}; "
                           "try a larger board or a longer --interval")
    top = f"{network_name(qnet)}_{board.name.replace('-', '_')}"
    with job.phase("Emit Verilog"):
        text = board_verilog(qnet, top, folding, board, clock_mhz)
    with job.phase(f"Build for {board.name}, seed {seed} (minutes)") as bar:
        report = build_bitstream(text, top, board, directory, clock_mhz=clock_mhz, seed=seed, progress=bar.label)
        for kind in sorted(report.used):
            bar.say(f"{kind:<16}{report.used[kind]:>7,} of {report.available[kind]:,}")
        for clock, (achieved, needed) in report.fmax.items():
            bar.say(f"Fmax {achieved:.1f} MHz on {clock}, needed {needed:.1f}")
            bar.say(f"{achieved * 1e6 / cost.interval:,.0f} images a second at Fmax (Fmax / interval of "
                    f"{cost.interval}), {clock_mhz * 1e6 / cost.interval:,.0f} at {clock_mhz:g} MHz")
        bar.say(f"Wrote {report.bitstream}")
    return report
