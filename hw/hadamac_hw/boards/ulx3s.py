"""The board ULX3S (Radiona) with three sizes of ECP5.

Its pins are in ``constraints/ulx3s.lpf``.
"""

from __future__ import annotations

from amaranth.hdl import ClockDomain, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.errors import DescriptionError

from ..base.targets import Target
from .board import Board
from .ecp5 import ClockGenerator
from .shell import BoardShell

__all__ = ["BOARDS", "OSCILLATOR_MHZ", "BoardTop", "find_board"]

OSCILLATOR_MHZ = 25.0
"""Frequency of the board's oscillator in MHz."""

_SIZES = {85: (156, 83_640, 208), 45: (72, 43_848, 108), 25: (28, 24_288, 56)}
"""Multipliers, look-up tables and block RAMs of each size."""
_BLOCK_BITS = 18_432
"""Bits of a block RAM."""

BOARDS = {
    f"ulx3s-{size}f": Board(f"ulx3s-{size}f", f"--{size}k", "CABGA381", "6", "ulx3s.lpf", multipliers, luts,
                          blocks * _BLOCK_BITS, blocks)
    for size, (multipliers, luts, blocks) in _SIZES.items()
}
"""All boards by name."""


def find_board(name: str) -> Board:
    """Return the board of a name.

    Raises
    ------
    DescriptionError
        No board has this name; the message lists the names.
    """
    if name not in BOARDS:
        raise DescriptionError(f"Board must be one of {', '.join(BOARDS)}, not {name!r}")
    return BOARDS[name]


class BoardTop(wiring.Component):
    """Top of the board: a shell with the board's clock, reset, serial port and LEDs.

    Parameters
    ----------
    shell : BoardShell
        The shell and its core.  Its bit rate is wrong by as much as the PLL misses `clock_mhz` (at most 1 %).
    clock_mhz : float
        Frequency of the clock of the shell and its core.

    Members
    -------
    clk25 : In(1)
        The oscillator's clock.
    ftdi_txd : In(1), ftdi_rxd : Out(1)
        The serial port, with the USB chip's names: the FPGA receives ``txd``.
    btn_pwr_n : In(1)
        The button PWR, which is low when pressed and resets everything.
    led : Out(8)
        The LEDs, which show `BoardShell.leds`.
    """

    def __init__(self, shell: BoardShell, *, clock_mhz: float):
        self.shell = shell
        self.clock = ClockGenerator(input_mhz=OSCILLATOR_MHZ, output_mhz=clock_mhz)
        super().__init__(
            {"clk25": In(1), "ftdi_txd": In(1), "ftdi_rxd": Out(1), "btn_pwr_n": In(1), "led": Out(8)}
        )

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.domains.sync = ClockDomain("sync")
        m.submodules.clock = clock = self.clock
        m.submodules.shell = shell = self.shell
        m.d.comb += [
            clock.clock.eq(self.clk25),
            clock.reset.eq(~self.btn_pwr_n),
            shell.rx.eq(self.ftdi_txd),
            self.ftdi_rxd.eq(shell.tx),
            self.led.eq(shell.leds),
        ]
        return m
