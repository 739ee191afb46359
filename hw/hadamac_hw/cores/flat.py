"""Blocks as stand-alone cores with flat AXI4-Stream ports and guarded frames.

The low part of ``tdata`` is the real part of a word, the part above it the imaginary part; each is sign-extended to
whole bytes.  The ``tdata`` of a real word is that word, sign-extended to whole bytes; unsigned words are zero-extended.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, Shape, ShapeLike, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import Flow, In, Out

from hadamac.errors import DescriptionError

from ..base.block import Block
from ..base.guard import FrameGuard
from ..base.stream import bytes_of
from ..base.targets import Target

__all__ = ["FlatTop"]


def _layout(side: stream.Interface) -> data.StructLayout:
    """Return the layout of a stream's beats."""
    return side.payload.shape()


def _numbers(side: stream.Interface) -> Iterator[tuple[str | int | None, Shape]]:
    """Yield the name and the shape of each number in a beat's data; a single number has no name."""
    shape: ShapeLike = _layout(side).members["data"]
    if isinstance(shape, data.StructLayout | data.ArrayLayout):
        for name, field in shape:
            yield name, Shape.cast(field.shape)
    else:
        yield None, Shape.cast(shape)


def _number(side: stream.Interface, name: str | int | None) -> Value:
    """Return one number of a beat's data."""
    return side.payload.data if name is None else side.payload.data[name]


def _user(side: stream.Interface) -> int:
    """Return the number of ``user`` bits of a stream's beats."""
    layout = _layout(side)
    return Shape.cast(layout["user"].shape).width if "user" in layout.members else 0


def _ports(prefix: str, side: stream.Interface, forth: Flow, back: Flow) -> dict[str, wiring.Member]:
    """Return the flat ports of a stream; those of ``valid`` have the direction ``forth``."""
    ports = {
        f"{prefix}_tdata": forth(sum(bytes_of(shape.width) for _, shape in _numbers(side))),
        f"{prefix}_tvalid": forth(1),
        f"{prefix}_tready": back(1),
        f"{prefix}_tlast": forth(1),
    }
    if user := _user(side):
        ports[f"{prefix}_tuser"] = forth(user)
    return ports


class FlatTop(wiring.Component):
    """A block as a core of its own.

    Parameters
    ----------
    block : Block
        A block with one output stream, and one input stream or several.

    Members
    -------
    s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast
        The input stream.  For a block with several, the ports are ``s_axis0_tdata``, .., ``s_axis1_tdata``, ..
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast
        The output stream.
    s_axis_tuser, m_axis_tuser
        Exist only if the block's beats carry ``user`` bits.
    s_load_tdata, s_load_tvalid, s_load_tready
        Exist only if the block has a loadable table; the fields of ``load`` from bit 0 up, not padded.
    bank
        Exists only if the block has two loadable tables.
    overflow : Out(1)
        A word saturated since reset; constant 0 for a block in which none can.
    frame_error : Out(1)
        A frame on an input stream was too short (and filled with zeros) or too long (and cut) since reset.

    Timing
    ------
    ``block.latency``, and one cycle more if the frames are guarded here.  They are guarded here if the block counts
    beats and has no ``frame_error`` of its own.
    """

    def __init__(self, block: Block):
        if len(block.output_streams) != 1:
            raise DescriptionError(f"FlatTop needs a block with one output stream, not {len(block.output_streams)}")
        self.block = block
        self.frame = block.frame
        self.guarded = block.beats_in is not None and not block.offers("frame_error")
        count = len(block.input_streams)
        self.prefixes = ["s_axis"] if count == 1 else [f"s_axis{k}" for k in range(count)]
        members = {"overflow": Out(1), "frame_error": Out(1)}
        for prefix, side in zip(self.prefixes, block.input_streams):
            members |= _ports(prefix, side, In, Out)
        members |= _ports("m_axis", block.output_streams[0], Out, In)
        if block.offers("load"):
            members |= {
                "s_load_tdata": In(block.load.payload.shape().size),
                "s_load_tvalid": In(1),
                "s_load_tready": Out(1),
            }
        if block.offers("bank"):
            members["bank"] = In(1)
        super().__init__(members)

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.block = block = self.block
        if block.offers("frame_error"):
            m.d.comb += self.frame_error.eq(block.frame_error)
        for prefix, entry in zip(self.prefixes, self._entries(m)):
            self._connect_input(m, prefix, entry)
        self._connect_output(m, block.output_streams[0])
        if block.offers("overflow"):
            m.d.comb += self.overflow.eq(block.overflow)
        if block.offers("load"):
            m.d.comb += [
                block.load.payload.eq(self.s_load_tdata),
                block.load.valid.eq(self.s_load_tvalid),
                self.s_load_tready.eq(block.load.ready),
            ]
        if block.offers("bank"):
            m.d.comb += block.bank.eq(self.bank)
        return m

    def _entries(self, m: Module) -> list[stream.Interface]:
        """Return the streams that the flat inputs feed: those of the block, or those of guards before them."""
        inputs, beats = self.block.input_streams, self.block.beats_in
        if beats is None or not self.guarded:
            return inputs
        entries, errors = [], []
        for k, (side, length) in enumerate(zip(inputs, beats, strict=True)):
            guard = FrameGuard(_layout(side).members["data"], length=length, user=_user(side))
            m.submodules["guard" if len(inputs) == 1 else f"guard{k}"] = guard
            wiring.connect(m, guard.o, side)
            entries.append(guard.i)
            errors.append(guard.error)
        m.d.comb += self.frame_error.eq(reduce(or_, errors))
        return entries

    def _connect_input(self, m: Module, prefix: str, entry: stream.Interface) -> None:
        """Connect the flat ports of an input stream."""
        tdata = getattr(self, f"{prefix}_tdata")
        low = 0
        for name, shape in _numbers(entry):
            m.d.comb += _number(entry, name).eq(tdata[low : low + shape.width])
            low += bytes_of(shape.width)
        m.d.comb += [
            entry.valid.eq(getattr(self, f"{prefix}_tvalid")),
            entry.payload.last.eq(getattr(self, f"{prefix}_tlast")),
            getattr(self, f"{prefix}_tready").eq(entry.ready),
        ]
        if _user(entry):
            m.d.comb += entry.payload.user.eq(getattr(self, f"{prefix}_tuser"))

    def _connect_output(self, m: Module, side: stream.Interface) -> None:
        """Connect the flat ports of the output stream."""
        padded = []
        for name, shape in _numbers(side):
            value = _number(side, name)
            fill = bytes_of(shape.width) - shape.width
            padded.append(Cat(value, (value[-1] if shape.signed else value[:0]).replicate(fill)))
        m.d.comb += [
            self.m_axis_tdata.eq(Cat(*padded)),
            self.m_axis_tvalid.eq(side.valid),
            self.m_axis_tlast.eq(side.payload.last),
            side.ready.eq(self.m_axis_tready),
        ]
        if _user(side):
            m.d.comb += self.m_axis_tuser.eq(side.payload.user)
