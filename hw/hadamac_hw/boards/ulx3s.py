"""The ULX3S board (Radiona), with the three sizes of ECP5 that hadamac's networks are built for.

Pins stand in ``constraints/ulx3s.lpf``.
"""

from __future__ import annotations

from amaranth.hdl import ClockDomain, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.errors import DescriptionError

from .board import Board
from .ecp5 import ClockGenerator
from .shell import BoardShell

__all__ = ["BOARDS", "BoardTop", "find_board"]

OSCILLATOR_MHZ = 25.0


_SIZES = {85: (156, 83_640, 208), 45: (72, 43_848, 108), 25: (28, 24_288, 56)}
_BLOCK_BITS = 18_432

BOARDS = {
    f"ulx3s-{size}f": Board(f"ulx3s-{size}f", f"--{size}k", "CABGA381", "6", "ulx3s.lpf", multipliers, luts,
                          blocks * _BLOCK_BITS)
    for size, (multipliers, luts, blocks) in _SIZES.items()
}
"""All boards by name."""


def find_board(name: str) -> Board:
    """The board of that name.

    Raises
    ------
    DescriptionError
        With the names that exist.
    """
    if name not in BOARDS:
        raise DescriptionError(f"Board must be one of {', '.join(BOARDS)}, not {name!r}")
    return BOARDS[name]


class BoardTop(wiring.Component):
    """A shell with the board's clock, reset, serial port and lamps.

    Parameters
    ----------
    shell : BoardShell
        Made for the clock that `clock_mhz` gives, which must be one that the PLL hits exactly, or its bit rate is off
        by as much (at most 1 %).
    clock_mhz : float
        Clock of the shell and its core.

    Members
    -------
    clk25 : In(1)
        Oscillator.
    ftdi_txd : In(1), ftdi_rxd : Out(1)
        Serial port, named as the USB chip names them: the FPGA receives ``txd``.
    btn_pwr_n : In(1)
        Button PWR, low when pressed: reset.
    led : Out(8)
        As `BoardShell.leds`.
    """

    def __init__(self, shell: BoardShell, *, clock_mhz: float):
        self.shell = shell
        self.clock = ClockGenerator(input_mhz=OSCILLATOR_MHZ, output_mhz=clock_mhz)
        super().__init__(
            {"clk25": In(1), "ftdi_txd": In(1), "ftdi_rxd": Out(1), "btn_pwr_n": In(1), "led": Out(8)}
        )

    def elaborate(self, platform):
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
