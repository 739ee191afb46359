"""Where beats become an FFT's tokens: every frame N of them, and what each frame asks for kept by its number."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.model.fft import cycles
from hadamac.model.fft.plan import FftPlan

from ..base.numeric import delayed, reached
from ..base.primitives import Ram
from ..base.stream import Complex, frames
from .lag import Tokens

__all__ = ["Gate"]


class Gate(wiring.Component):
    """Beats to tokens, samples exchanged for an inverse.

    Parameters
    ----------
    user : int
        Bits that a frame's first beat carries: its direction, its schedule.  Without any, frames are taken as they
        come, all in the direction ``inverse``; with them, broken frames are mended
        (:class:`~hadamac_hw.fft.streaming.Fft`).
    flight : int
        Frames are numbered modulo this power of two.

    Members
    -------
    i : In(frames of Complex(width)), o : Out(Tokens(width))
    stop : In(1)
        The output FIFO's: ``cycles.STOP`` cycles later no token enters.
    number : In(range(flight)), setting : Out(user)
        ``timing.RAM`` cycles later, what that frame asked for: direction, and number of ones in its schedule.
    frame_error : Out(1)

    Timing: a beat taken in cycle c is a token in c + ``timing.GATE``, and ``cycles.MEND`` more if mended.
    """

    def __init__(self, plan: FftPlan, *, inverse: bool, user: int, flight: int):
        self.plan, self.inverse, self.user, self.flight = plan, inverse, user, flight
        setting = 1 + plan.stages.bit_length() if user > 1 else user
        super().__init__({
            "i": In(frames(Complex(plan.width), user)), "o": Out(Tokens(plan.width)), "stop": In(1),
            "number": In(range(flight)), "setting": Out(setting), "frame_error": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        token = self.o
        stop = delayed(m, self.stop, cycles.STOP, "stop")
        sample, ready = (Signal(Complex(self.plan.width), name=n, reset_less=True) for n in ("sample", "ready"))
        swap, blank = int(self.inverse), 0
        if self.user:
            swap, blank = self._guard(m, stop, sample)
        else:
            m.d.comb += self.i.ready.eq(~stop)
            m.d.sync += [token.valid.eq(self.i.valid & ~stop), sample.eq(self.i.payload.data)]
        m.d.sync += [token.step.eq(~stop), ready.eq(Mux(blank, 0, Mux(swap, Cat(sample.im, sample.re), sample)))]
        m.d.comb += token.data.eq(delayed(m, ready, cycles.LEAD - 1, "sample"))
        return m

    def _guard(self, m, stop, sample):
        """Make every frame N tokens.  Returns ``(swap, blank)`` for ``sample``.

        Two registers: in the first a beat is judged by its place in its frame, from the second it enters, and
        what is missing of its frame after it.  Both advance together, so each decision is a few terms deep.
        """
        size, bits = self.plan.size, self.plan.stages
        filling, fill, advance = Signal(), Signal(), Signal(init=1)
        judged, beat = (Signal.like(self.i.payload, name=n, reset_less=True) for n in ("judged", "beat"))
        valid, taken, place, begins, ends = Signal(), Signal(), Signal(range(size)), Signal(init=1), Signal()
        swallowing, short, wrong, first = Signal(), Signal(), Signal(), Signal()
        last, counts, before_end = judged.last, taken & ~swallowing, reached(m, place, size - 2)
        m.d.comb += self.i.ready.eq(advance)
        m.d.sync += [filling.eq(fill), advance.eq(~(fill | self.stop))]
        with m.If(advance):
            m.d.sync += [
                judged.eq(self.i.payload), taken.eq(self.i.valid), beat.eq(judged), valid.eq(counts),
                short.eq(counts & last & ~ends), wrong.eq(counts & (last ^ ends)), first.eq(begins),
            ]
            with m.If(taken):
                m.d.sync += swallowing.eq(~last & (swallowing | ends))
            with m.If(counts):
                m.d.sync += [begins.eq(last | ends), ends.eq(~last & ~begins & before_end)]
        # What is filled up counts too, so that place comes round by itself.
        with m.If(Mux(filling, ~stop, advance & counts)):
            m.d.sync += place.eq(place + 1)
        with m.If(wrong):
            m.d.sync += self.frame_error.eq(1)

        index, final, blank = Signal(range(size * self.flight)), Signal(), Signal()
        user = Signal(self.user, reset_less=True)
        enter, before_final = ~stop & (filling | valid), reached(m, index[:bits], size - 2)
        m.d.comb += fill.eq(Mux(filling, stop | ~final, advance & short))
        m.d.sync += [self.o.valid.eq(enter), sample.eq(beat.data), blank.eq(filling)]
        with m.If(enter):
            m.d.sync += [index.eq(index + 1), final.eq(before_final)]
        begun = enter & first & ~filling
        with m.If(begun):
            m.d.sync += user.eq(beat.user)
        m.submodules.settings = settings = Ram(width=len(self.setting), depth=self.flight)
        number, begun = delayed(m, index[bits:], 2, "number"), delayed(m, begun, 2, "begun")
        kept = user[0] if self.user == 1 else Cat(user[0], sum(user[1:]))
        m.d.comb += [
            settings.write_address.eq(number), settings.write_enable.eq(begun),
            settings.write_data.eq(delayed(m, kept, 1, "kept")), settings.read_address.eq(self.number),
            self.setting.eq(settings.read_data),
        ]
        return user[0], blank
