"""Register slice of a stream, which separates the paths of ``valid`` and of ``ready`` of the two circuits beside it."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing

from .stream import frames
from .targets import Target

__all__ = ["Slice"]


class Slice(wiring.Component):
    """Buffer of two beats, in which every output is a register, so that no path leads through it.

    Parameters
    ----------
    shape : shape-like
        A beat's data.
    user : int
        Bits of ``user``; 0 for a stream without.

    Members
    -------
    i, o : In, Out(frames of shape)

    Timing
    ------
    A beat that is accepted in cycle c is offered in cycle c + ``timing.SLICE``; one beat a cycle.
    """

    LATENCY = timing.SLICE

    def __init__(self, shape: ShapeLike, user: int = 0):
        super().__init__({"i": In(frames(shape, user)), "o": Out(frames(shape, user))})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        ready, valid = Signal(init=1), Signal()
        skid, payload = Signal.like(self.i.payload, reset_less=True), Signal.like(self.i.payload, reset_less=True)
        m.d.comb += [self.i.ready.eq(ready), self.o.valid.eq(valid), self.o.payload.eq(payload)]
        with m.If(~valid | self.o.ready):
            m.d.sync += [valid.eq(self.i.valid | ~ready), payload.eq(Mux(ready, self.i.payload, skid)), ready.eq(1)]
        with m.Elif(self.i.valid & ready):
            m.d.sync += ready.eq(0)
        with m.If(ready):
            m.d.sync += skid.eq(self.i.payload)
        return m
