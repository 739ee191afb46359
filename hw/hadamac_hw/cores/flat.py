"""Stand-alone cores: a block with flat AXI4-Stream ports, its frames guarded.

``tdata`` holds the real part in the low half and the imaginary part above it, each sign-extended to
whole bytes; a real word likewise, alone.  Unsigned words are zero-extended.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Shape
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..base.stream import FrameGuard

__all__ = ["FlatTop", "bytes_of"]


def bytes_of(width: int) -> int:
    """Bits of a word padded to whole bytes."""
    return -(-width // 8) * 8


def _fields(shape) -> list:
    """``(name, shape)`` of the numbers in a beat's data."""
    if isinstance(shape, data.StructLayout):
        return [(name, field.shape) for name, field in shape]
    return [(None, Shape.cast(shape))]


def _tdata_width(shape) -> int:
    return sum(bytes_of(Shape.cast(part).width) for _, part in _fields(shape))


def _user(side) -> int:
    """User bits of a stream."""
    shape = side.payload.shape()
    return Shape.cast(shape["user"].shape).width if "user" in shape.members else 0


class FlatTop(wiring.Component):
    """A block as a core of its own.

    Parameters
    ----------
    block : Component
        With streams of frames ``i`` and ``o``; ``frame`` is ``(beats in, beats out)``, or None for a
        block that does not count.

    Members
    -------
    s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast
    s_axis_tuser, m_axis_tuser
        Only where the block's beats carry ``user`` bits.
    s_load_tdata, s_load_tvalid, s_load_tready; bank
        Only for a block with a loadable table, and with two of them; the fields of ``load`` from bit 0 up, not padded.
    overflow : Out(1)
        Something saturated since reset (constant 0 where nothing can).
    frame_error : Out(1)
        A frame was too short (filled with zeros) or too long (cut) since reset.

    Timing
    ------
    ``block.latency`` plus one cycle where frames are guarded here; a block with a ``frame_error`` of its own does so.
    """

    def __init__(self, block):
        self.block = block
        self.frame = getattr(block, "frame", None)
        members = {"overflow": Out(1), "frame_error": Out(1)}
        for prefix, side, flow in (("s_axis", block.i, In), ("m_axis", block.o, Out)):
            width = _tdata_width(side.payload.shape().members["data"])
            other = Out if flow is In else In
            members |= {f"{prefix}_tdata": flow(width), f"{prefix}_tvalid": flow(1), f"{prefix}_tready": other(1),
                        f"{prefix}_tlast": flow(1)}
            if user := _user(side):
                members[f"{prefix}_tuser"] = flow(user)
        if hasattr(block, "load"):
            members |= {"s_load_tdata": In(block.load.payload.shape().size), "s_load_tvalid": In(1),
                        "s_load_tready": Out(1)}
        if hasattr(block, "bank"):
            members["bank"] = In(1)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        m.submodules.block = block = self.block
        shape = block.i.payload.shape().members["data"]
        entry = block.i
        if hasattr(block, "frame_error"):
            m.d.comb += self.frame_error.eq(block.frame_error)
        elif self.frame is not None:
            m.submodules.guard = guard = FrameGuard(shape, length=self.frame[0], user=_user(block.i))
            wiring.connect(m, guard.o, block.i)
            m.d.comb += self.frame_error.eq(guard.error)
            entry = guard.i
        at = 0
        for name, part in _fields(shape):
            target = entry.payload.data if name is None else entry.payload.data[name]
            m.d.comb += target.eq(self.s_axis_tdata[at : at + Shape.cast(part).width])
            at += bytes_of(Shape.cast(part).width)
        shape = block.o.payload.shape().members["data"]
        padded = []
        for name, _ in _fields(shape):
            value = block.o.payload.data if name is None else block.o.payload.data[name]
            fill = bytes_of(len(value)) - len(value)
            padded.append(Cat(value, (value[-1] if value.shape().signed else value[:0]).replicate(fill)))
        m.d.comb += [
            entry.valid.eq(self.s_axis_tvalid), entry.payload.last.eq(self.s_axis_tlast),
            self.s_axis_tready.eq(entry.ready), self.m_axis_tdata.eq(Cat(*padded)),
            self.m_axis_tvalid.eq(block.o.valid), self.m_axis_tlast.eq(block.o.payload.last),
            block.o.ready.eq(self.m_axis_tready),
        ]
        if _user(block.i):
            m.d.comb += entry.payload.user.eq(self.s_axis_tuser)
        if _user(block.o):
            m.d.comb += self.m_axis_tuser.eq(block.o.payload.user)
        if hasattr(block, "overflow"):
            m.d.comb += self.overflow.eq(block.overflow)
        if hasattr(block, "load"):
            m.d.comb += [
                block.load.payload.eq(self.s_load_tdata), block.load.valid.eq(self.s_load_tvalid),
                self.s_load_tready.eq(block.load.ready),
            ]
        if hasattr(block, "bank"):
            m.d.comb += block.bank.eq(self.bank)
        return m
