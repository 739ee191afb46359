"""UART, 8 data bits, no parity, one stop bit, as stream producer and consumer."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from hadamac.errors import DescriptionError

__all__ = ["UartReceiver", "UartTransmitter", "uart_divisor"]

MINIMUM_DIVISOR = 4
"""Clock cycles per bit below which the middle of a bit is not found well enough."""

MAXIMUM_ERROR = 0.02
"""Bit-rate error at which the tenth bit is still sampled inside itself, the other side's error included."""


def uart_divisor(clock_hz: float, baud: int) -> int:
    """Clock cycles per bit.

    Raises
    ------
    DescriptionError
        The clock gives no divisor that hits the bit rate within 2 %.
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
    """Bytes from a serial line.

    Parameters
    ----------
    divisor : int
        Clock cycles per bit.

    Members
    -------
    rx : In(1)
        The line, asynchronous; high when idle.
    o : Out(stream of 8)
        Bytes.
    error : Out(1)
        Sticky until reset: a stop bit was low, or a byte came before the one before it was taken (it is lost).

    Timing
    ------
    A byte is offered in the middle of its stop bit, and must be taken within ``10 * divisor`` cycles.
    """

    def __init__(self, *, divisor: int):
        self.divisor = _check_divisor(divisor)
        super().__init__({"rx": In(1, init=1), "o": Out(stream.Signature(8)), "error": Out(1)})

    def elaborate(self, platform):
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        timer = Signal(range(self.divisor))
        bits = Signal(range(11))  # bits still to be sampled: start, 8 data, stop
        shift = Signal(8)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(bits == 0):
            with m.If(~line):
                m.d.sync += [bits.eq(10), timer.eq(self.divisor // 2 - 1)]
        with m.Elif(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Else():
            m.d.sync += [timer.eq(self.divisor - 1), bits.eq(bits - 1)]
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
    """Bytes onto a serial line.

    Parameters
    ----------
    divisor : int
        Clock cycles per bit.

    Members
    -------
    i : In(stream of 8)
        Bytes.
    tx : Out(1)
        The line; high when idle and in reset.

    Timing
    ------
    One byte every ``10 * divisor`` cycles, and one cycle between bytes.
    """

    def __init__(self, *, divisor: int):
        self.divisor = _check_divisor(divisor)
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        timer = Signal(range(self.divisor))
        bits = Signal(range(11))  # bits still to be ended
        shift = Signal(9, init=0x1FF)
        m.d.comb += self.i.ready.eq(bits == 0)
        with m.If(bits == 0):
            with m.If(self.i.valid):
                m.d.sync += [self.tx.eq(0), shift.eq(Cat(self.i.payload, 1)), bits.eq(10), timer.eq(self.divisor - 1)]
        with m.Elif(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Else():
            m.d.sync += [Cat(self.tx, shift).eq(Cat(shift, 1)), bits.eq(bits - 1), timer.eq(self.divisor - 1)]
        return m
