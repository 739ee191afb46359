"""Guard at the input of a circuit, after which every frame has its length."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.errors import DescriptionError

from .slice import Slice
from .stream import frames
from .targets import Target

__all__ = ["FrameGuard"]


class FrameGuard(wiring.Component):
    """Filter that makes every frame exactly ``length`` beats long, so that no block after it needs to check.

    A frame whose ``last`` comes early is filled up with zero beats.  A frame without ``last`` at beat ``length`` is cut
    there, and its surplus is dropped up to and including its ``last``.  Both set ``error`` until reset; the next frame
    passes unchanged.

    Parameters
    ----------
    shape : shape-like
        A beat's data.
    length : int
        Beats of a frame.
    user : int
        Bits of ``user``; 0 for a stream without.

    Members
    -------
    i, o : In, Out(frames of shape)
    error : Out(1)
        A frame was too short or too long since reset.

    Timing
    ------
    A beat that is accepted in cycle c is offered in cycle c + 1; one beat a cycle.
    """

    LATENCY = timing.GUARD

    def __init__(self, shape: ShapeLike, *, length: int, user: int = 0):
        if not isinstance(length, int) or length < 1:
            raise DescriptionError(f"FrameGuard length must be a positive integer, not {length!r}")
        self.length, self.user = length, user
        super().__init__({"i": In(frames(shape, user)), "o": Out(frames(shape, user)), "error": Out(1)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.end = end = Slice(self.o.payload.shape().members["data"], self.user)
        wiring.connect(m, end.o, wiring.flipped(self.o))
        passes = end.i
        index, final = Signal(range(self.length)), Signal(init=self.length == 1)  # final is known when index gets there
        m.d.comb += passes.payload.last.eq(final)
        with m.If(passes.valid & passes.ready & (self.length > 1)):
            m.d.sync += [index.eq(Mux(final, 0, index + 1)), final.eq(index == self.length - 2)]
        beat, last = self.i.payload, self.i.payload.last
        with m.FSM():
            with m.State("PASS"):
                m.d.comb += [passes.valid.eq(self.i.valid), self.i.ready.eq(passes.ready),
                             passes.payload.data.eq(beat.data)]
                if self.user:
                    m.d.comb += passes.payload.user.eq(beat.user)
                with m.If(passes.valid & passes.ready & (last != final)):
                    m.d.sync += self.error.eq(1)
                    with m.If(last):
                        m.next = "FILL"
                    with m.Else():
                        m.next = "SWALLOW"
            with m.State("FILL"):
                m.d.comb += passes.valid.eq(1)
                with m.If(passes.ready & final):
                    m.next = "PASS"
            with m.State("SWALLOW"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid & last):
                    m.next = "PASS"
        return m
