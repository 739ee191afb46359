"""UART with 8 data bits, no parity and one stop bit: a receiver that feeds a stream, a transmitter that takes one."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from hadamac.errors import DescriptionError

from ..base.targets import Target

__all__ = ["UartReceiver", "UartTransmitter", "uart_divisor"]

MINIMUM_DIVISOR = 4
"""Least clock cycles per bit; with fewer, the middle of a bit is not found precisely enough."""

MAXIMUM_ERROR = 0.02
"""Largest relative error of the bit rate.

Even if the other side's rate is wrong by as much in the other direction, the tenth bit is still sampled within itself.
"""


def uart_divisor(clock_hz: float, baud: int) -> int:
    """Return the clock cycles per bit.

    Raises
    ------
    DescriptionError
        No divisor of the clock gives the bit rate within 2 %.
    """
    divisor = round(clock_hz / baud) if baud > 0 else 0
    if divisor < MINIMUM_DIVISOR or abs(clock_hz / divisor / baud - 1) > MAXIMUM_ERROR:
        raise DescriptionError(
            f"UART rate must divide the clock of {clock_hz:.0f} Hz within 2 % and be at most "
            f"{clock_hz // MINIMUM_DIVISOR:.0f} baud, not {baud} baud"
        )
    return divisor


def _check_divisor(divisor: int) -> int:
    if not isinstance(divisor, int) or isinstance(divisor, bool) or divisor < MINIMUM_DIVISOR:
        raise DescriptionError(f"UART divisor must be an integer of at least {MINIMUM_DIVISOR}, not {divisor!r}")
    return divisor


class UartReceiver(wiring.Component):
    """Receiver of bytes on a serial line.

    Parameters
    ----------
    divisor : int
        Clock cycles per bit.

    Members
    -------
    rx : In(1)
        The line, asynchronous; high when idle.
    o : Out(stream of 8)
        The bytes.
    error : Out(1)
        Since reset a stop bit was low, or a byte was lost because the byte before it had not been taken.

    Timing
    ------
    A byte is offered from the middle of its stop bit on, and must be taken within ``10 * divisor`` cycles.
    """

    def __init__(self, *, divisor: int):
        self.divisor = _check_divisor(divisor)
        super().__init__({"rx": In(1, init=1), "o": Out(stream.Signature(8)), "error": Out(1)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        timer, due = Signal(range(self.divisor)), Signal()  # due: the timer is at 0, which is known a cycle ahead
        bits = Signal(range(11))  # the number of bits that are still to be sampled: start, 8 data, stop
        shift = Signal(8)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(bits == 0):
            with m.If(~line):
                m.d.sync += [bits.eq(10), timer.eq(self.divisor // 2 - 1), due.eq(0)]
        with m.Elif(~due):
            m.d.sync += [timer.eq(timer - 1), due.eq(timer == 1)]
        with m.Else():
            m.d.sync += [timer.eq(self.divisor - 1), due.eq(0), bits.eq(bits - 1)]
            with m.If(bits == 10):
                with m.If(line):  # a glitch, not a start bit
                    m.d.sync += bits.eq(0)
            with m.Elif(bits == 1):
                with m.If(~line | (self.o.valid & ~self.o.ready)):
                    m.d.sync += self.error.eq(1)
                with m.Else():
                    m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(shift)]
            with m.Else():
                m.d.sync += shift.eq(Cat(shift[1:], line))
        return m


class UartTransmitter(wiring.Component):
    """Transmitter of bytes on a serial line.

    Parameters
    ----------
    divisor : int
        Clock cycles per bit.

    Members
    -------
    i : In(stream of 8)
        The bytes.
    tx : Out(1)
        The line; high when idle and in reset.

    Timing
    ------
    One byte every ``10 * divisor`` cycles, and one cycle between bytes.
    """

    def __init__(self, *, divisor: int):
        self.divisor = _check_divisor(divisor)
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        timer, due = Signal(range(self.divisor)), Signal()  # due: the timer is at 0, which is known a cycle ahead
        bits = Signal(range(11))  # the number of bits that have not yet ended
        idle = Signal(init=1)
        shift = Signal(9, init=0x1FF)
        m.d.comb += self.i.ready.eq(idle)
        with m.If(idle):
            m.d.sync += [timer.eq(self.divisor - 1), due.eq(0), bits.eq(10)]
            with m.If(self.i.valid):
                m.d.sync += [self.tx.eq(0), shift.eq(Cat(self.i.payload, 1)), idle.eq(0)]
        with m.Elif(~due):
            m.d.sync += [timer.eq(timer - 1), due.eq(timer == 1)]
        with m.Else():
            m.d.sync += [Cat(self.tx, shift).eq(Cat(shift, 1)), bits.eq(bits - 1), idle.eq(bits == 1),
                         timer.eq(self.divisor - 1), due.eq(0)]
        return m
