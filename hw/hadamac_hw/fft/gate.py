"""Gate of a streaming FFT, where beats become tokens: N of them for every frame."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out

from hadamac.model.fft import cycles
from hadamac.model.fft.plan import FftPlan

from ..base.numeric import delayed, reached
from ..base.primitives import Ram
from ..base.stream import Complex, frames
from ..base.targets import Target
from .lag import Tokens

__all__ = ["Gate"]


class Gate(wiring.Component):
    """Gate that turns stream beats into pipeline tokens; for an inverse transform it swaps real and imaginary parts.

    Parameters
    ----------
    plan : FftPlan
    inverse : bool
        Direction of all frames, if their beats do not carry it.
    user : int
        Bits that a frame's first beat carries: its direction and its schedule.  Without any, every beat becomes a
        token whatever its ``last``, and all frames have the direction ``inverse``.  With them, frames of a wrong
        length are mended (:class:`~hadamac_hw.fft.streaming.Fft`), and the setting of each frame is kept.
    flight : int
        Frames are numbered modulo this power of two.

    Members
    -------
    i : In(frames of Complex(width))
    o : Out(Tokens(width))
    stop : In(1)
        The output FIFO's ``stop``: ``cycles.STOP`` cycles later no token enters.
    number : In(range(flight))
        Number of a frame whose setting is wanted.
    setting : Out
        The setting of that frame, ``timing.RAM`` cycles later: its direction, and above it the number of ones in its
        schedule.
    frame_error : Out(1)
        A frame of a wrong length was mended since reset.

    Timing
    ------
    A beat taken in cycle c is a token in cycle c + ``timing.GATE``, and ``cycles.MEND`` cycles later if frames are
    mended.
    """

    def __init__(self, plan: FftPlan, *, inverse: bool, user: int, flight: int):
        self.plan = plan
        self.inverse = inverse
        self.user = user
        self.flight = flight
        setting = 1 + plan.stages.bit_length() if user > 1 else user
        super().__init__({
            "i": In(frames(Complex(plan.width), user)),
            "o": Out(Tokens(plan.width)),
            "stop": In(1),
            "number": In(range(flight)),
            "setting": Out(setting),
            "frame_error": Out(1),
        })

    def elaborate(self, platform: Target | None) -> Module:
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

    def _guard(self, m: Module, stop: Value, sample: View) -> tuple[Value, Value]:
        """Make every frame N tokens; drive ``sample`` and return ``(swap, blank)`` for it.

        ``swap``: its parts are to be exchanged; ``blank``: it is to be replaced by zero.

        There are two registers.  In the first, ``judged``, a beat is judged by its place in its frame: ``begins`` and
        ``ends`` tell the first and the last place, ``counts`` that it belongs to its frame.  From the second, ``beat``,
        it enters the pipeline, followed by zeros (``filling``) if its frame was too ``short``; the surplus of a frame
        that is too long is ignored (``swallowing``).  Both registers advance together, so that each decision takes few
        logic levels.
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
                judged.eq(self.i.payload),
                taken.eq(self.i.valid),
                beat.eq(judged),
                valid.eq(counts),
                short.eq(counts & last & ~ends),
                wrong.eq(counts & (last ^ ends)),
                first.eq(begins),
            ]
            with m.If(taken):
                m.d.sync += swallowing.eq(~last & (swallowing | ends))
            with m.If(counts):
                m.d.sync += [begins.eq(last | ends), ends.eq(~last & ~begins & before_end)]
        # The zeros that fill up a frame are counted too, so that place is 0 again at the frame's end.
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
            settings.write_address.eq(number),
            settings.write_enable.eq(begun),
            settings.write_data.eq(delayed(m, kept, 1, "kept")),
            settings.read_address.eq(self.number),
            self.setting.eq(settings.read_data),
        ]
        return user[0], blank
