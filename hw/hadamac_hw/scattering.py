"""Circuit of a wavelet scattering of images, of orders 0 and 1 with two scales, as chains of blocks.

The bit-exact model is :mod:`hadamac.scattering.model`.  All paths begin with the same transform.  The whole circuit
therefore has this transform only once and forks its half-spectrum to the paths, each of which continues with filters,
transforms and moduli of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.ops.base import Operation
from hadamac.scattering.model import ScatteringPlan, beat_times, pixel_times

from . import layers  # noqa: F401  (its blocks register themselves)
from .base.block import Block
from .base.circuits import circuit
from .base.fork import Concatenate, Fork
from .base.stream import Complex, Fifo, Frame, chained, frames
from .base.targets import Target
from .fft import planar  # noqa: F401  (likewise)
from .layers.frame import RowPairs

__all__ = ["Scattering", "ScatteringPath"]


def _pixels(plan: ScatteringPlan) -> RowPairs:
    """Return the block that forms row pairs of words from the pixels of an image."""
    return RowPairs(size=plan.size, width=plan.width, shift=plan.pixel_shift)


def _chain(plan: ScatteringPlan, stages: Iterable[Operation], *, pixels: bool) -> list[tuple[str, Block, int]]:
    """Return the blocks of successive operations, each with its name and its number of cycles for an image.

    With ``pixels``, the block that forms row pairs of the pixels comes first.
    """
    out: list[tuple[str, Block, int]] = [("pixels", _pixels(plan), plan.size**2)] if pixels else []
    return out + [(f"{k}_{op.stage.name}", circuit(op, 1), op.interval(1)) for k, op in enumerate(stages)]


class ScatteringPath(Block):
    """One path of a scattering: order 0, or all angles of one scale of order 1.

    Parameters
    ----------
    plan : ScatteringPlan
    path : int
        0 for order 0; 1 and 2 for the scales j = 0 and j = 1 of order 1.
    spectrum : bool
        Whether the input is the half-spectrum that the first transform of the path would give, instead of the image.

    Members
    -------
    i : In(frames of unsigned(8)), N * N pixels in raster order
        With ``spectrum``, In(frames of Complex(width)), N (N/2 + 1) bins in the order (v, u).
    o : Out(frames of Complex(width)), row pairs of N/4 x N/4 maps, order (angle, row pair, x)
    overflow : Out(1)
        High if a word has saturated since reset.

    Timing
    ------
    ``interval`` is the cycles of a frame: of order 0 the number of beats that arrive, N * N pixels or N (N/2 + 1)
    bins; otherwise ``plan.interval``.  ``latency`` is the cycles from the first beat in to the first beat out of a
    frame without gaps; :func:`hadamac.scattering.model.beat_times` computes it.
    """

    def __init__(self, *, plan: ScatteringPlan, path: int, spectrum: bool = False):
        if isinstance(path, bool) or not isinstance(path, int) or not 0 <= path <= 2:
            raise DescriptionError(f"ScatteringPath path must be an integer from 0 to 2, not {path!r}")
        self.plan, self.path, self.spectrum = plan, path, bool(spectrum)
        self.stages = plan.paths[path].stages[self.spectrum :]
        beats = plan.size * (plan.size // 2 + 1) if self.spectrum else plan.size**2
        chain = _chain(plan, self.stages, pixels=not self.spectrum)
        self.blocks = [(name, block) for name, block, _ in chain]
        self.interval = max(cycles for _, _, cycles in chain)
        self.multipliers = sum(block.multipliers for _, block in self.blocks)
        self.frame = (beats, self.stages[-1].stage.beats)
        self.latency = int(beat_times(self.stages, np.arange(beats) if self.spectrum else pixel_times(plan.size))[0])
        super().__init__({
            "i": In(frames(Complex(plan.width) if self.spectrum else unsigned(8))),
            "o": Out(frames(Complex(plan.width))), "overflow": Out(1),
        })

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return maps of words (n, 1 or L, N/4, N/4).

        Parameters
        ----------
        x : uint8 array (n, N, N), or complex128 array (n, 1, N, N/2 + 1) with ``spectrum``
            Images, or half-spectra.
        """
        x = np.asarray(x) if self.spectrum else np.asarray(x)[:, None] * 2.0**self.plan.pixel_shift
        for stage in self.stages:
            x = stage.run(x)[0]
        return x

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        wiring.connect(m, chained(m, self.blocks, wiring.flipped(self.i), self.overflow), wiring.flipped(self.o))
        return m


class Scattering(Block):
    """Circuit of a scattering, which computes all 1 + 2 L maps of an image.

    Parameters
    ----------
    plan : ScatteringPlan

    Members
    -------
    i : In(frames of unsigned(8)), N * N pixels in raster order
    o : Out(frames of Complex(width)), (1 + 2 L) * N * N / 32 row pairs of N/4 x N/4 maps, order (order 0, j = 0, j = 1;
        angle, row pair, x); formats ``plan.formats``
    overflow : Out(1)
        High if a word has saturated since reset.

    Timing
    ------
    ``interval = plan.interval`` is the cycles from the end of a frame to the end of the next one if neither side waits.
    ``latency`` is the cycles from the first pixel in to the first beat out.  The maps of order 0 and of j = 1 wait in
    FIFOs, each large enough for a frame, for the maps of j = 0, whose path is the longest.  No path therefore delays
    another.
    """

    def __init__(self, *, plan: ScatteringPlan):
        self.plan = plan
        transform = plan.paths[0].stages[0]
        self.blocks = [("pixels", _pixels(plan)), ("transform", circuit(transform, 1))]
        self.paths = [ScatteringPath(plan=plan, path=k, spectrum=True) for k in range(3)]
        self.interval = max(plan.size**2, transform.interval(1), *(path.interval or 0 for path in self.paths))
        self.multipliers = sum(part.multipliers for part in (self.blocks[1][1], *self.paths))
        self.lengths = tuple(path.stages[-1].stage.beats for path in self.paths)
        self.frame = (plan.size**2, sum(self.lengths))
        first = beat_times(plan.paths[0].stages, pixel_times(plan.size))
        self.latency = int(first[0]) + timing.fifo(self.lengths[0])
        super().__init__({"i": In(frames(unsigned(8))), "o": Out(frames(Complex(plan.width))), "overflow": Out(1)})

    def model(self, images: np.ndarray) -> np.ndarray:
        """Return the maps (n, 1 + 2 L, N/4, N/4) of words for uint8 images (n, N, N)."""
        return self.plan.run(images).words

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        word = Complex(self.plan.width)
        m.submodules.fork = fork = Fork(word, branches=3)
        m.submodules.join = join = Concatenate(word, lengths=self.lengths)
        wiring.connect(m, chained(m, self.blocks, wiring.flipped(self.i), self.overflow), fork.i)
        for k, (path, bins, maps) in enumerate(zip(self.paths, fork.output_streams, join.input_streams)):
            m.submodules[f"path{k}"] = path
            wiring.connect(m, bins, path.i)
            with m.If(path.overflow):
                m.d.comb += self.overflow.eq(1)
            if path.path == 1:
                wiring.connect(m, path.o, maps)
                continue
            m.submodules[f"buffer{k}"] = buffer = Fifo(Frame(word), inflight=self.lengths[k])
            m.d.comb += [
                path.o.ready.eq(~buffer.stop),
                buffer.push.eq(path.o.valid & ~buffer.stop),
                buffer.data.eq(path.o.payload),
            ]
            wiring.connect(m, buffer.o, maps)
        wiring.connect(m, join.o, wiring.flipped(self.o))
        return m
