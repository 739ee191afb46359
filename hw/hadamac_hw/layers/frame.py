"""Buffers at the beginning of a network: pixels to pairs of rows or channels.

:mod:`hadamac.model.frame` says what they store and has their cycles.  A beat of pixels holds the words of all channels
of a pixel, the first channel in the lowest bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.fft.pairs import pack_rows
from hadamac.model.fft.rows import pack_channels
from hadamac.model.frame import FramePlan
from hadamac.samples.padding import padded
from hadamac.shapes import Pair, as_pair

from ..base.block import Block, Example
from ..base.loops import nest
from ..base.numeric import delayed
from ..base.primitives import FarRam, Ram
from ..base.stream import Complex, Fifo, Frame, Halves, frames
from ..base.targets import Target

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["ChannelPair", "FramePairs", "RowPairs"]


def _check(what: str, bits: int, shift: int, width: int, sign: bool) -> None:
    """Raise DescriptionError unless pixels of ``bits`` bits, shifted up, fit words of ``width`` bits."""
    most = width - bits - (not sign)
    if not 0 <= shift <= most:
        raise DescriptionError(f"{what} shift must be from 0 to {most}, not {shift!r}")


def _word(pixel: Value, sign: bool, shift: int) -> Value:
    """Return the word that a pixel's bits become."""
    return (pixel.as_signed() if sign else pixel.as_unsigned()) << shift


class RowPairs(Block):
    """Raster of pixels of one channel turned into row pairs: row 2k waits in a line buffer for row 2k+1.

    Parameters
    ----------
    size : int or (int, int)
        Rows and columns of an image; an integer n stands for (n, n).
    pixel_width, width, shift : int
        A pixel p of ``pixel_width`` bits becomes the word ``p << shift`` of ``width`` bits.
    sign : bool
        Whether pixels are signed.

    Members
    -------
    i : In(frames of unsigned(pixel_width)), H * W beats
    o : Out(frames of Complex(width)), H/2 * W beats

    Timing
    ------
    One pixel a cycle; the first pair leaves ``W + RAM + FIFO`` cycles after the first pixel arrived.
    """

    def __init__(self, *, size: int | Pair, width: int, shift: int, pixel_width: int = 8, sign: bool = False):
        _check("RowPairs", pixel_width, shift, width, sign)
        self.size = rows, columns = as_pair(size)
        self.width = width
        self.shift = shift
        self.pixel_width = pixel_width
        self.sign = sign
        self.interval = rows * columns
        self.frame = (rows * columns, rows * columns // 2)
        self.latency = columns + timing.RAM + timing.FIFO
        super().__init__({"i": In(frames(unsigned(pixel_width))), "o": Out(frames(Complex(width)))})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the row pairs (..., H/2, W) of images (..., H, W)."""
        return pack_rows(np.asarray(x) * 2.0**self.shift)

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        rows, columns = self.size
        m.submodules.fifo = fifo = Fifo(Frame(Complex(self.width)), inflight=timing.RAM)
        m.submodules.line = line = Ram(width=self.pixel_width, depth=columns)
        take = Signal()
        m.d.comb += [self.i.ready.eq(~fifo.stop), take.eq(self.i.valid & self.i.ready)]
        (row, x), final = nest(m, take, rows, columns)
        odd, pixel = row[0], self.i.payload.data
        m.d.comb += [
            line.write_address.eq(x),
            line.write_data.eq(pixel),
            line.write_enable.eq(take & ~odd),
            line.read_address.eq(x),
            fifo.push.eq(delayed(m, take & odd, timing.RAM, "push")),
            fifo.data.last.eq(delayed(m, final, timing.RAM, "final")),
            fifo.data.data.re.eq(_word(line.read_data, self.sign, self.shift)),
            fifo.data.data.im.eq(_word(delayed(m, pixel, timing.RAM, "pixel"), self.sign, self.shift)),
        ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the core of this block in the Verilog library."""
        yield Example("row_pairs32", cls(size=32, width=16, shift=7), "raster of 32x32 pixels to row pairs")


class ChannelPair(Block):
    """Samples of one or two channels, which are channel pairs already; the imaginary part of one channel is 0.

    Parameters
    ----------
    samples, channels : int
    bits, width, shift : int
        A sample p of ``bits`` bits becomes the word ``p << shift`` of ``width`` bits.
    sign : bool
        Whether samples are signed.

    Members
    -------
    i : In(frames of unsigned(channels * bits)), o : Out(frames of Complex(width))

    Timing
    ------
    Combinational.
    """

    def __init__(self, *, samples: int, channels: int, bits: int, width: int, shift: int, sign: bool):
        _check("ChannelPair", bits, shift, width, sign)
        self.bits, self.width, self.shift, self.sign, self.channels = bits, width, shift, sign, channels
        self.interval = samples
        self.frame = (samples, samples)
        super().__init__({"i": In(frames(unsigned(channels * bits))), "o": Out(frames(Complex(width)))})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the pairs (n, 1, 1, samples) of signals (n, channels, 1, samples)."""
        return pack_channels(np.asarray(x) * 2.0**self.shift)

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        for part, k in zip(("re", "im"), range(self.channels)):
            sample = self.i.payload.data.word_select(k, self.bits)
            m.d.comb += self.o.payload.data[part].eq(_word(sample, self.sign, self.shift))
        m.d.comb += [
            self.o.valid.eq(self.i.valid),
            self.o.payload.last.eq(self.i.payload.last),
            self.i.ready.eq(self.o.ready),
        ]
        return m


class FramePairs(Block):
    """Double buffer of frames of pixels, read as row pairs or channel pairs of one map after the other, with a border.

    Parameters
    ----------
    plan : FramePlan
    shift : int
        A channel's word p becomes the word ``p << shift``.
    sign : bool
        Whether words are signed.

    Members
    -------
    i : In(frames of unsigned(channels * bits)), one beat for each pixel, in raster order
    o : Out(frames of Complex(width)), order (channel, row pair, x), or (pair of channels, x)

    Timing
    ------
    ``interval`` is that of the plan; a read is pushed into the FIFO ``plan.pipeline`` cycles later.
    """

    def __init__(self, plan: FramePlan, *, shift: int, sign: bool):
        _check("FramePairs", plan.bits, shift, plan.width, sign)
        self.plan: FramePlan = plan
        self.shift, self.sign = shift, sign
        self.interval = plan.interval
        self.frame = (plan.writes, plan.reads)
        self.latency = plan.writes + plan.pipeline + timing.fifo(plan.pipeline)
        super().__init__({"i": In(frames(unsigned(plan.channels * plan.bits))), "o": Out(frames(Complex(plan.width)))})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the pairs of frames (n, channels, rows, columns)."""
        maps = padded(np.asarray(x), self.plan.size, self.plan.padding) * 2.0**self.shift
        return pack_channels(maps) if self.plan.flat else pack_rows(maps)

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        plan = self.plan
        m.submodules.halves = halves = Halves()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=plan.pipeline)
        take, step = self.i.valid & self.i.ready, Signal()
        m.d.comb += [self.i.ready.eq(halves.writable), step.eq(halves.readable & ~fifo.stop)]
        (y, x), filled = nest(m, take, *plan.given, name="write")
        (channel, pair, column), final = nest(m, step, *plan.loops, name="read")
        m.d.comb += [halves.filled.eq(take & filled), halves.emptied.eq(step & final)]
        numbers, odd, there, column = self._places(m, pair, column)
        looked_up = timing.RAM if plan.padded else 0
        half = delayed(m, halves.read_half, looked_up, "half")
        words = []
        for k, number in zip(range(plan.banks), numbers):
            m.submodules[f"bank{k}"] = bank = FarRam(width=plan.channels * plan.bits, depth=plan.depth)
            m.d.comb += [
                bank.write_address.eq(self._address(y[1:] if plan.banks == 2 else Const(0, 1), x, halves.write_half)),
                bank.write_data.eq(self.i.payload.data),
                bank.write_enable.eq(take & (y[0] == k if plan.banks == 2 else 1)),
                bank.read_address.eq(self._address(number, column, half)),
            ]
            words.append(bank.read_data)
        channel = delayed(m, channel, plan.pipeline - 1, "channel")
        for k, part in enumerate(("re", "im")):
            source = words[0]
            if plan.banks == 2:
                source = Mux(delayed(m, odd[k], timing.FAR, f"odd{k}"), words[1], words[0])
            present = delayed(m, there[k], timing.FAR, f"there{k}")
            if plan.flat:
                number = 2 * channel + k
                present = present & (number < plan.channels)
            else:
                number = channel
            pixel = Signal(plan.bits, name=f"pixel_{part}", reset_less=True)
            m.d.sync += pixel.eq(Mux(present, self._selected(source, number), 0))
            m.d.comb += fifo.data.data[part].eq(_word(pixel, self.sign, self.shift))
        m.d.comb += [
            fifo.push.eq(delayed(m, step, plan.pipeline, "push")),
            fifo.data.last.eq(delayed(m, final, plan.pipeline, "final")),
        ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _selected(self, word: Value, number: Value) -> Value:
        """Return the word of one channel."""
        return word.word_select(number, self.plan.bits) if self.plan.channels > 1 else word

    def _address(self, pair: Value, column: Value, half: Value) -> Value:
        """Return an address in a memory, in which each number has bits of its own."""
        rows, columns = self.plan.address_bits
        return Cat(column[:columns], pair[:rows], half)

    def _places(self, m: Module, pair: Value, column: Value) -> tuple[list[Value], list[Value], list[Value], Value]:
        """Return where a pair of pixels is stored, ``timing.RAM`` cycles later if there is a border.

        These are the number of the row in each memory; for both pixels whether the row is an odd one, and whether the
        pixel is no zero of the border; and the number of the column.
        """
        plan = self.plan
        if not plan.padded:
            return [pair, pair], [Const(0, 1), Const(1, 1)], [Const(1, 1), Const(1, 1)], column
        rows, columns = plan.address_bits
        m.submodules.columns = table = Ram(width=plan.column_bits, depth=plan.size[1], init=plan.column_table(),
                                           writable=False)
        m.d.comb += table.read_address.eq(column)
        inside = table.read_data[columns]
        if plan.flat:
            return [Const(0, 1)], [Const(0, 1)] * 2, [inside, inside], table.read_data[:columns]
        m.submodules.rows = lines = Ram(width=plan.row_bits, depth=plan.size[0] // 2, init=plan.row_table(),
                                        writable=False)
        m.d.comb += lines.read_address.eq(pair)
        word = lines.read_data
        facts = word[2 * rows :]
        return ([word[:rows], word[rows : 2 * rows]], [facts[0], facts[2]], [facts[1] & inside, facts[3] & inside],
                table.read_data[:columns])

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the core of this block in the Verilog library."""
        plan = FramePlan(given=(28, 28), size=(32, 32), channels=3, bits=8, width=16, padding="mirror")
        yield Example("frame_pairs_rgb28", cls(plan, shift=7, sign=False),
                      "raster of 28x28 RGB pixels to row pairs of 32x32 maps, border mirrored")
