"""The ULX3S board (Radiona), with the three sizes of ECP5 it is sold with.

Pins stand in ``constraints/ulx3s.lpf``.
"""

from __future__ import annotations

from collections.abc import Callable

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .board import Board
from .ecp5 import ClockGenerator
from .shell import BoardShell

__all__ = ["BOARDS", "Ulx3sTop"]

OSCILLATOR_MHZ = 25.0

BOARDS = tuple(
    Board(
        name=f"ulx3s-{size}f",
        device=f"LFE5U-{size}F",
        flag=f"--{size}k",
        package="CABGA381",
        speed="6",
        constraints="ulx3s.lpf",
        oscillator_mhz=OSCILLATOR_MHZ,
        top=lambda shell, freq_mhz: Ulx3sTop(shell, freq_mhz=freq_mhz),
    )
    for size in (85, 45, 25)
)


class Ulx3sTop(wiring.Component):
    """A shell with the board's clock, reset, serial port and lamps.

    Parameters
    ----------
    shell : callable
        Given the clock's true frequency in Hz, returns the `BoardShell`.
    freq_mhz : float
        Wanted clock.

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

    def __init__(self, shell: Callable[[float], BoardShell], *, freq_mhz: float):
        self.clock = ClockGenerator(input_mhz=OSCILLATOR_MHZ, output_mhz=freq_mhz)
        self.freq_mhz = self.clock.output_mhz
        self.shell = shell(self.freq_mhz * 1e6)
        super().__init__(
            {"clk25": In(1), "ftdi_txd": In(1), "ftdi_rxd": Out(1), "btn_pwr_n": In(1), "led": Out(8)}
        )

    def elaborate(self, platform):
        m = Module()
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
