"""The shell between a board's serial port and a core with AXI4-Stream ports.

The host sends a command and waits for the answer:

======================  ==========================================================================
host sends              shell answers
======================  ==========================================================================
``I``, then the pixels  ``R``, the status (a byte), then the core's words, low byte first
``V``                   ``V``, then `identification` in ASCII, then a newline
anything else           ``?``
======================  ==========================================================================

A pixel has as many bytes as the core's input, low byte first, and a word as many as its output.  If the pixels stop for
longer than the time-out, the shell ends the frame early, so that the core's frame guard fills it up, discards the words
that the core answers, and sends ``E``.  The next image is not affected.

The serial port needs no flow control: a byte takes ``10 * divisor`` (at least 40) clock cycles, and a core that waits
for an image takes one pixel in a few cycles.  The FIFO of 16 bytes is for the cycles in which the core is not ready,
and for a host that sends its next command before it has received the whole answer.
"""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Module, Mux, Shape, Signal, ValueLike, unsigned
from amaranth.lib import fifo, wiring
from amaranth.lib.wiring import In, Out

from hadamac.errors import DescriptionError

from ..base.slice import Slice
from ..base.targets import Target
from .octets import Octets
from .uart import UartReceiver, UartTransmitter, uart_divisor

__all__ = ["BoardShell"]

_CORE_MEMBERS = (
    "s_axis_tdata", "s_axis_tvalid", "s_axis_tready", "s_axis_tlast",
    "m_axis_tdata", "m_axis_tvalid", "m_axis_tready", "m_axis_tlast", "status",
)  # fmt: skip


class BoardShell(wiring.Component):
    """A core that is connected to a serial port by a UART.

    Parameters
    ----------
    core : Component
        The core, with the members ``s_axis_t{data,valid,ready,last}`` (pixels of whole bytes),
        ``m_axis_t{data,valid,ready,last}`` (words of whole bytes) and ``status`` (up to 8 sticky bits).
    pixels : int
        Pixels of an image.
    clock_hz : float
        Frequency of the ``sync`` domain.
    baud : int
        Bit rate of the serial port.
    identification : str
        Answer to ``V``, in printable ASCII.
    timeout_s : float
        Longest pause between two pixels of an image, in seconds.

    Members
    -------
    rx : In(1), tx : Out(1)
        Input and output of the serial port.
    leds : Out(8)
        Bits 0 to 3: low bits of the last word of the last frame (the class); bit 4: busy; bit 5: a byte was lost or
        damaged; bits 6 and 7: low bits of `status`.

    Timing
    ------
    An image takes ``10 * divisor`` cycles a byte and the core's latency; most of it is the serial port's time.
    """

    def __init__(self, core: wiring.Component, *, pixels: int, clock_hz: float, baud: int = 1_000_000,
                 identification: str = "hadamac", timeout_s: float = 0.1):
        members = core.signature.members if isinstance(core, wiring.Component) else ()
        missing = [member for member in _CORE_MEMBERS if member not in members]
        if missing:
            raise DescriptionError(f"The core of a board shell must have the member {missing[0]}")
        if not isinstance(pixels, int) or isinstance(pixels, bool) or pixels < 2:
            raise DescriptionError(f"Pixels of an image must be an integer of at least 2, not {pixels!r}")
        if not identification or not identification.isascii() or not identification.isprintable():
            raise DescriptionError(f"Identification of a board shell must be printable ASCII, not {identification!r}")
        if not timeout_s * clock_hz >= 1:
            raise DescriptionError(f"Time-out of a board shell must be at least one clock cycle, not {timeout_s!r} s")
        for member in ("s_axis_tdata", "m_axis_tdata"):
            bits = Shape.cast(core.signature.members[member].shape).width
            if bits % 8:
                raise DescriptionError(f"The core of a board shell must have whole bytes on {member}, not {bits} bits")
        self.core = core
        self.pixels = pixels
        self.clock_hz = clock_hz
        self.baud = baud
        self.identification = identification
        self.divisor = uart_divisor(clock_hz, baud)
        self.timeout = round(timeout_s * clock_hz)
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1), "leds": Out(8)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.core = core = self.core
        m.submodules.receiver = receiver = UartReceiver(divisor=self.divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(divisor=self.divisor)
        m.submodules.fifo = bytes_in = fifo.SyncFIFOBuffered(width=8, depth=16)
        m.submodules.byte = byte = Slice(8)
        given = byte.o
        m.d.comb += [
            byte.i.valid.eq(bytes_in.r_rdy), byte.i.payload.data.eq(bytes_in.r_data), bytes_in.r_en.eq(byte.i.ready),
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            bytes_in.w_data.eq(receiver.o.payload),
            bytes_in.w_en.eq(receiver.o.valid),
            receiver.o.ready.eq(bytes_in.w_rdy),
        ]
        # What enters and leaves the shell's logic is in registers: it crosses the device in cycles of its own.  A byte
        # of the serial port takes many cycles, so a register may be free again a cycle after its word was taken.
        m.submodules.octets = octets = Octets(len(core.m_axis_tdata))
        m.submodules.octet = octet = Slice(8)
        wiring.connect(m, octets.o, octet.i)
        pixel_held, answer_held = Signal(), Signal()
        pixel_data, pixel_last, answer_data = Signal(len(core.s_axis_tdata)), Signal(), Signal(8)
        m.d.comb += [
            core.s_axis_tvalid.eq(pixel_held), core.s_axis_tdata.eq(pixel_data), core.s_axis_tlast.eq(pixel_last),
            octets.i.valid.eq(core.m_axis_tvalid), core.m_axis_tready.eq(octets.i.ready),
            octets.i.payload.data.eq(core.m_axis_tdata), octets.i.payload.last.eq(core.m_axis_tlast),
            transmitter.i.valid.eq(answer_held), transmitter.i.payload.eq(answer_data),
        ]
        with m.If(core.s_axis_tready):
            m.d.sync += pixel_held.eq(0)
        with m.If(transmitter.i.ready):
            m.d.sync += answer_held.eq(0)
        idle, quiet = Signal(), Signal()  # quiet: in the cycle before, a pixel was waited for
        status = Signal(8)
        m.d.comb += status.eq(core.status)
        m.d.sync += self.leds.eq(octets.final[:4] | (~idle << 4) | (receiver.error << 5) | (status[:2] << 6))

        def say(value: ValueLike) -> None:
            m.d.sync += [answer_held.eq(1), answer_data.eq(value)]

        count = Signal(range(self.pixels))
        pause, late = Signal(range(self.timeout + 1)), Signal()  # late: the pause was too long, two cycles before
        text = f"V{self.identification}\n".encode()
        letters = Array(Const(byte, unsigned(8)) for byte in text)
        at, letter = Signal(range(len(text))), Signal(8)
        m.d.sync += letter.eq(letters[at])
        pixel_bytes = len(core.s_axis_tdata) // 8
        part = Signal(range(pixel_bytes))
        held = Signal(max(8 * (pixel_bytes - 1), 1))  # the bytes of a pixel that have come before its last one
        m.d.sync += [quiet.eq(0), pause.eq(Mux(quiet, pause + 1, 0)), late.eq(quiet & (pause == self.timeout))]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [idle.eq(1), given.ready.eq(1)]
                m.d.sync += [count.eq(0), at.eq(0), part.eq(0)]
                with m.If(given.valid):
                    with m.Switch(given.payload.data):
                        with m.Case(ord("I")):
                            m.next = "IMAGE"
                        with m.Case(ord("V")):
                            m.next = "LETTER"
                        with m.Default():
                            m.next = "UNKNOWN"
            with m.State("UNKNOWN"):
                with m.If(~answer_held):
                    say(ord("?"))
                    m.next = "IDLE"
            with m.State("LETTER"):  # its letter is read in this cycle
                m.next = "NAME"
            with m.State("NAME"):
                with m.If(~answer_held):
                    say(letter)
                    m.d.sync += at.eq(at + 1)
                    m.next = "LETTER"
                    with m.If(at == len(text) - 1):
                        m.next = "IDLE"
            with m.State("IMAGE"):
                final, whole = count == self.pixels - 1, part == pixel_bytes - 1
                m.d.comb += given.ready.eq(~pixel_held)
                m.d.sync += quiet.eq(~given.valid)
                with m.If(given.valid):
                    with m.If(~pixel_held & ~whole):
                        m.d.sync += [held.eq(Cat(held[8:], given.payload.data)), part.eq(part + 1)]
                    with m.Elif(~pixel_held):
                        m.d.sync += [
                            pixel_held.eq(1), pixel_last.eq(final), count.eq(Mux(final, 0, count + 1)), part.eq(0),
                            pixel_data.eq(Cat(held, given.payload.data) if pixel_bytes > 1 else given.payload.data),
                        ]
                        with m.If(final):
                            m.next = "RESULT"
                with m.Elif(late):
                    m.next = "CUT"
            with m.State("CUT"):  # send one more pixel, because tlast comes with a pixel
                with m.If(~pixel_held):
                    m.d.sync += [pixel_held.eq(1), pixel_last.eq(1), part.eq(0)]
                    m.next = "DISCARD"
            with m.State("DISCARD"):
                m.d.comb += octet.o.ready.eq(1)
                with m.If(octet.o.valid & octet.o.payload.last):
                    m.next = "FAILED"
            with m.State("FAILED"):
                with m.If(~answer_held):
                    say(ord("E"))
                    m.next = "IDLE"
            with m.State("RESULT"):
                with m.If(octet.o.valid & ~answer_held):
                    say(ord("R"))
                    m.next = "STATUS"
            with m.State("STATUS"):
                with m.If(~answer_held):
                    say(status)
                    m.next = "WORDS"
            with m.State("WORDS"):
                m.d.comb += octet.o.ready.eq(~answer_held)
                with m.If(octet.o.valid & ~answer_held):
                    say(octet.o.payload.data)
                    with m.If(octet.o.payload.last):
                        m.next = "IDLE"
        return m
