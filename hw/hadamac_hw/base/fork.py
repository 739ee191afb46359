"""Distribution of a stream to several streams, and concatenation of the frames of several streams."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, ShapeLike, Signal
from amaranth.lib.wiring import In, Out

from hadamac.errors import DescriptionError

from .block import Block
from .stream import frames
from .targets import Target

__all__ = ["Concatenate", "Fork"]


class Fork(Block):
    """Fork of a stream: every beat goes to each of several streams, exactly once.

    Parameters
    ----------
    shape : shape-like
        Shape of a beat's data.
    branches : int
        Number of output streams.

    Members
    -------
    i : In(frames of shape); o0, o1, .. : Out(frames of shape)

    Timing
    ------
    The block is combinational.  Each branch may take a beat in a different cycle; it is then offered nothing until all
    branches have taken that beat.  No ``valid`` depends on a ``ready``.
    """

    def __init__(self, shape: ShapeLike, *, branches: int):
        if isinstance(branches, bool) or not isinstance(branches, int) or branches < 1:
            raise DescriptionError(f"Fork branches must be a positive integer, not {branches!r}")
        self.branches = branches
        super().__init__({"i": In(frames(shape))} | {f"o{k}": Out(frames(shape)) for k in range(branches)})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        taken = [Signal(name=f"taken{k}") for k in range(self.branches)]
        passed = [before | o.ready for before, o in zip(taken, self.output_streams)]
        m.d.comb += self.i.ready.eq(Cat(*passed).all())
        for before, after, o in zip(taken, passed, self.output_streams):
            m.d.comb += [o.payload.eq(self.i.payload), o.valid.eq(self.i.valid & ~before)]
            m.d.sync += before.eq(self.i.valid & after & ~self.i.ready)
        return m


class Concatenate(Block):
    """Concatenation of a frame of the first stream, a frame of the second, and so on, to one frame.

    Parameters
    ----------
    shape : shape-like
        Shape of a beat's data.
    lengths : tuple of int
        Number of beats of a frame of each stream.

    Members
    -------
    i0, i1, .. : In(frames of shape), whose ``last`` is ignored
    o : Out(frames of shape), sum(lengths) beats

    Timing
    ------
    The block is combinational; each stream waits until it is its turn.
    """

    def __init__(self, shape: ShapeLike, *, lengths: tuple[int, ...]):
        self.lengths = tuple(lengths)
        bad = [n for n in self.lengths if isinstance(n, bool) or not isinstance(n, int) or n < 1]
        if bad or not self.lengths:
            raise DescriptionError(f"Concatenate lengths must be positive integers, at least one, not {lengths!r}")
        super().__init__({f"i{k}": In(frames(shape)) for k in range(len(self.lengths))} | {"o": Out(frames(shape))})

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        turn, beat = Signal(range(max(len(self.lengths), 2))), Signal(range(max(2, *self.lengths)))
        final = len(self.lengths) - 1
        for k, (i, length) in enumerate(zip(self.input_streams, self.lengths)):
            with m.If(turn == k):
                end = beat == length - 1
                m.d.comb += [
                    self.o.payload.data.eq(i.payload.data), self.o.payload.last.eq(end if k == final else 0),
                    self.o.valid.eq(i.valid), i.ready.eq(self.o.ready),
                ]
                with m.If(i.valid & self.o.ready):
                    m.d.sync += beat.eq(beat + 1)
                    with m.If(end):
                        m.d.sync += [beat.eq(0), turn.eq(0 if k == final else k + 1)]
        return m
