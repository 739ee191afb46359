"""Wavelet scattering of images, orders 0 and 1, two scales, as chains of blocks.

Model: :mod:`hadamac.scattering.model`.  All paths begin with the same transform, so the whole circuit has it once and
forks its half-spectrum; each path goes on with filters, transforms and moduli of its own.
"""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.crop import to_beats
from hadamac.model.fft.planar import Fft2dPlan
from hadamac.scattering.model import Filters, Moduli, ScatteringPlan, ScatteringStage
from hadamac.scattering.plan import beat_times, pixel_times

from .base.fork import Concatenate, Fork
from .base.stream import Complex, Fifo, Frame, chained, frames
from .fft.planar import Fft2d, RowPairs
from .layers.hadamard import Hadamard
from .layers.modulus import PairModulus
from .layers.tile import Decimate

__all__ = ["Scattering", "ScatteringPath"]


def _block(stage: ScatteringStage, plan: ScatteringPlan) -> tuple[wiring.Component, int]:
    """The block of a stage, and its cycles an image."""
    op, size, channels, width = stage.op, stage.size, stage.channels, plan.width
    match op:
        case Fft2dPlan():
            block = Fft2d(op, channels=channels)
        case Filters():  # a channel is a frame of its own: blocks count their beats
            filters = len(op.weights)
            block = Hadamard(weights=to_beats(op.weights).reshape(filters, 1, -1), bias=[0] * filters,
                             shift=[op.shift] * filters, lanes=1, width=width, weight_width=plan.weight_width,
                             loadable=False, real=op.real)
            return block, channels * block.interval
        case Moduli():
            block = PairModulus(width=width, beats=size * size // 2, pairs=channels // 2)
        case _:
            block = Decimate(size=size, width=width, channels=channels)
    return block, block.interval


def _pixels(plan: ScatteringPlan) -> RowPairs:
    return RowPairs(size=plan.size, width=plan.width, shift=plan.pixel_shift)


class _Chain(wiring.Component):
    """Blocks that are ``add``-ed, to be connected one behind the other."""

    interval, multipliers = 0, 0

    def add(self, name: str, block, cycles: int | None = None):
        """Takes a block over; ``cycles`` a frame unless they are its interval."""
        self.blocks.append((name, block))
        self.interval = max(self.interval, block.interval if cycles is None else cycles)
        self.multipliers += getattr(block, "multipliers", 0)
        return block


class ScatteringPath(_Chain):
    """One path: order 0, or all angles of a scale.

    Parameters
    ----------
    plan : ScatteringPlan
    path : int
        0, 1, 2: order 0, j = 0, j = 1.
    spectrum : bool
        The half-spectrum that the path's first transform gives comes in, not the image.

    Members
    -------
    i : In(frames of unsigned(8)), N * N pixels in raster order
        With ``spectrum`` In(frames of Complex(width)), N (N/2 + 1) bins in order (v, u).
    o : Out(frames of Complex(width)), row pairs of N/4 x N/4 maps, order (angle, row pair, x)
    overflow : Out(1)
        A word saturated since reset.

    Timing
    ------
    ``interval`` cycles a frame: for order 0 the N * N pixels, or N (N/2 + 1) bins; else
    ``timing.scattering_interval(N, L)``.  ``latency``: first beat in to first beat out of a frame without gaps,
    :func:`hadamac.scattering.plan.beat_times`.
    """

    def __init__(self, *, plan: ScatteringPlan, path: int, spectrum: bool = False):
        if isinstance(path, bool) or not isinstance(path, int) or not 0 <= path <= 2:
            raise DescriptionError(f"ScatteringPath path must be an integer from 0 to 2, not {path!r}")
        self.plan, self.path, self.spectrum, self.blocks = plan, path, bool(spectrum), []
        self.stages = plan.paths[path].stages[self.spectrum :]
        beats = plan.size * (plan.size // 2 + 1) if self.spectrum else plan.size**2
        if not self.spectrum:
            self.add("pixels", _pixels(plan))
        for k, stage in enumerate(self.stages):
            self.add(f"{k}_{stage.name}", *_block(stage, plan))
        self.frame = (beats, self.blocks[-1][1].frame[1])
        self.latency = int(beat_times(self.stages, np.arange(beats) if self.spectrum else pixel_times(plan.size))[0])
        super().__init__({
            "i": In(frames(Complex(plan.width) if self.spectrum else unsigned(8))),
            "o": Out(frames(Complex(plan.width))), "overflow": Out(1),
        })

    def model(self, x):
        """Images uint8 (n, N, N), or half-spectra (n, 1, N, N/2 + 1), to maps (n, 1 or L, N/4, N/4) of words."""
        x = np.asarray(x) if self.spectrum else np.asarray(x)[:, None] * 2.0**self.plan.pixel_shift
        for stage in self.stages:
            x = stage.op.run(x)[0]
        return x

    def elaborate(self, platform):
        m = Module()
        wiring.connect(m, chained(m, self.blocks, wiring.flipped(self.i), self.overflow), wiring.flipped(self.o))
        return m


class Scattering(_Chain):
    """All 1 + 2 L maps of an image.

    Parameters
    ----------
    plan : ScatteringPlan

    Members
    -------
    i : In(frames of unsigned(8)), N * N pixels in raster order
    o : Out(frames of Complex(width)), (1 + 2 L) * N * N / 32 row pairs of N/4 x N/4 maps, order (order 0, j = 0, j = 1;
        angle, row pair, x); formats ``plan.formats``
    overflow : Out(1)
        A word saturated since reset.

    Timing
    ------
    ``interval = timing.scattering_interval(N, L)`` cycles from the end of a frame to that of the next while neither
    side waits; ``latency``: first pixel in to first beat out.  The maps of order 0 and of j = 1 wait in FIFOs of a
    frame for those of j = 0, whose path is the longest: no path holds up another.
    """

    def __init__(self, *, plan: ScatteringPlan):
        self.plan, self.blocks = plan, []
        self.add("pixels", _pixels(plan))
        transform = plan.paths[0].stages[0]
        self.add("transform", *_block(transform, plan))
        self.paths = [ScatteringPath(plan=plan, path=k, spectrum=True) for k in range(3)]
        self.interval = max(self.interval, *(path.interval for path in self.paths))
        self.multipliers += sum(path.multipliers for path in self.paths)
        self.lengths = tuple(path.frame[1] for path in self.paths)
        self.frame = (plan.size**2, sum(self.lengths))
        first = beat_times(plan.paths[0].stages, pixel_times(plan.size))
        self.latency = int(first[0]) + timing.fifo(self.lengths[0])
        super().__init__({"i": In(frames(unsigned(8))), "o": Out(frames(Complex(plan.width))), "overflow": Out(1)})

    def model(self, images):
        """Images uint8 (n, N, N) to maps (n, 1 + 2 L, N/4, N/4) of words."""
        return self.plan.run(images).words

    def elaborate(self, platform):
        m = Module()
        word = Complex(self.plan.width)
        m.submodules.fork = fork = Fork(word, branches=3)
        m.submodules.join = join = Concatenate(word, lengths=self.lengths)
        wiring.connect(m, chained(m, self.blocks, wiring.flipped(self.i), self.overflow), fork.i)
        for k, (path, bins, maps) in enumerate(zip(self.paths, fork.outputs, join.inputs)):
            m.submodules[f"path{k}"] = path
            wiring.connect(m, bins, path.i)
            with m.If(path.overflow):
                m.d.comb += self.overflow.eq(1)
            if path.path == 1:
                wiring.connect(m, path.o, maps)
                continue
            m.submodules[f"buffer{k}"] = buffer = Fifo(Frame(word), inflight=self.lengths[k])
            m.d.comb += [
                path.o.ready.eq(~buffer.stop), buffer.push.eq(path.o.valid & ~buffer.stop),
                buffer.data.eq(path.o.payload),
            ]
            wiring.connect(m, buffer.o, maps)
        wiring.connect(m, join.o, wiring.flipped(self.o))
        return m
