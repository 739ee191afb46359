"""Top of a board: a shell with the board's clock, reset, serial port and LEDs."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockDomain, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..base.targets import Target
from .board import Board
from .family import ClockGenerator
from .shell import BoardShell

__all__ = ["BoardTop"]


class BoardTop(wiring.Component):
    """Top of a board.  Its ports are those that the board's file in ``constraints/`` places on pins.

    Parameters
    ----------
    board : Board
    shell : BoardShell
        The shell and its core.  Its bit rate is wrong by as much as the PLL misses `clock_mhz` (at most 1 %).
    clock_mhz : float
        Frequency of the clock of the shell and its core.

    Members
    -------
    clk : In(1)
        The oscillator's clock.
    rx : In(1), tx : Out(1)
        The serial port, from the FPGA's side.
    button : In(1)
        A button, which resets everything; not on every board.
    led : Out(number of LEDs)
        The LEDs, which show bits of `BoardShell.leds`.
    """

    def __init__(self, board: Board, shell: BoardShell, *, clock_mhz: float):
        self.board, self.shell = board, shell
        self.clock = ClockGenerator(board.family, input_mhz=board.oscillator_mhz, output_mhz=clock_mhz)
        members = {"clk": In(1), "rx": In(1), "tx": Out(1), "led": Out(len(board.leds))}
        super().__init__(members if board.button is None else members | {"button": In(1)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.domains.sync = ClockDomain("sync")
        m.submodules.clock = clock = self.clock
        m.submodules.shell = shell = self.shell
        lamps = Cat(shell.leds[bit] for bit in self.board.leds)
        m.d.comb += [
            clock.clock.eq(self.clk),
            shell.rx.eq(self.rx),
            self.tx.eq(shell.tx),
            self.led.eq(~lamps if self.board.leds_low else lamps),
        ]
        if self.board.button is not None:
            m.d.comb += clock.reset.eq(self.button if self.board.button else ~self.button)
        return m
