"""Table of the twiddles of one octant, from which exchange and sign make those of the whole circle."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.model.fft.steps import table_words, twiddles

from ..base.numeric import delayed
from ..base.primitives import Ram
from ..base.stream import Complex
from ..base.targets import Target

__all__ = ["OctantTable"]


class OctantTable(wiring.Component):
    """Table of ``exp(-2 pi j exponent / size)`` in SQ(2, width - 2) that stores size/8 + 1 words.

    With ``exponent = o * size/8 + r``, cosine and sine of the first octant are read at r, or in odd octants at
    ``size/8 - r``; they are exchanged in octants 1, 2, 5, 6, and their signs follow the quadrant.

    Members
    -------
    exponent : In(range(size))
    o : Out(Complex(width))

    Timing
    ------
    ``cycles.OCTANT`` cycles: fold the exponent, read (two cycles), turn the word.
    """

    def __init__(self, *, size: int, width: int):
        self.size = size
        self.width = width
        super().__init__({
            "exponent": In(range(size)),
            "o": Out(Complex(width)),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        size, width = self.size, self.width
        eighth, bits = size // 8, (size // 8 - 1).bit_length()
        low, octant = self.exponent[:bits], self.exponent[bits:]
        address = Signal(range(eighth + 1), reset_less=True)
        m.d.sync += address.eq(Mux(octant[0], eighth - low, low))
        # The words are the twiddles of the first octant: cosine and -sine.
        words = table_words(twiddles(tuple(range(eighth + 1)), size, width), width)
        m.submodules.table = rom = Ram(width=2 * width, depth=eighth + 1, init=words, writable=False)
        m.d.comb += rom.read_address.eq(address)
        octant = delayed(m, octant, 1 + timing.RAM, "octant")
        real, imaginary = rom.read_data[:width], rom.read_data[width:]
        exchange = octant[0] ^ octant[1]
        # In octants 0 to 7: (c, -s), (s, -c), (-s, -c), (-c, -s), (-c, s), (-s, c), (s, c), (c, s).
        for part, straight, crossed, negative in (
            (self.o.re, real, imaginary, octant[0] ^ octant[2]), (self.o.im, imaginary, real, octant.xor()),
        ):
            out = Signal(width, name="turned", reset_less=True)
            value = Mux(exchange, crossed, straight)
            m.d.sync += out.eq((value ^ negative.replicate(width)) + negative)
            m.d.comb += part.eq(out)
        return m
