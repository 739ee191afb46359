"""Crop of a spectrum to its low frequencies, and the inverse, without multipliers, memory or latency.

The blocks count beats and pass, drop or insert them.  :mod:`hadamac.model.crop` defines the crop and the order of
beats; the rule for Nyquist bins is ``zero``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out

from hadamac.errors import DescriptionError
from hadamac.model import crop as model
from hadamac.ops import crop as operations
from hadamac.shapes import Pair, as_pair

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.loops import Number, foreseen
from ..base.stream import Complex, frames
from ..base.targets import Target

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Crop", "Expand"]


def _check(what: str, size: int, radius: int | Pair, columns: int | None, channels: int, width: int) -> Pair:
    """Return the radius as a pair; raise DescriptionError for parameters that a block called ``what`` cannot have."""
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise DescriptionError(f"{what} size must be a positive integer, not {size!r}")
    if isinstance(radius, int):
        if not 0 <= radius <= size // 2:
            raise DescriptionError(f"{what} radius must be an integer from 0 to {size // 2}, not {radius!r}")
    elif (not isinstance(radius, tuple) or len(radius) != 2 or not all(isinstance(r, int) for r in radius)
          or not 0 <= radius[0] <= size // 2 or radius[1] < 0):
        raise DescriptionError(f"{what} radius must be an integer from 0 to {size // 2}, or a pair whose first one is, "
                               f"not {radius!r}")
    r, s = as_pair(radius)
    if columns is not None and (not isinstance(columns, int) or columns <= s):
        raise DescriptionError(f"{what} columns must be an integer from {s + 1}, not {columns!r}")
    for name, value in (("channels", channels), ("width", width)):
        if not isinstance(value, int) or value < 1:
            raise DescriptionError(f"{what} {name} must be a positive integer, not {value!r}")
    return r, s


class Crop(Block):
    """Crop of half-spectra to the *live* bins, those with ``|u| <= r`` and ``v <= s``; the others are *dead*.

    Parameters
    ----------
    size : int
        Rows H of each column that arrive.
    radius : int or (int, int)
        The radius (r, s): 2 r + 1 rows of a column leave, or all H if r is H/2.  An integer n stands for (n, n).
    columns : int
        Columns of each channel that arrive, v = 0 .. columns - 1.
    channels, width : int
        Channels of a frame, and bits of each part of a bin.

    Members
    -------
    i : In(frames of Complex(width)), channels * columns * size beats, order (channel, v, u)
    o : Out(frames of Complex(width)), live bins only

    Timing
    ------
    The block is combinational: a live bin leaves in the cycle in which it arrives, and a dead bin is accepted and
    dropped.
    """

    latency = 0

    def __init__(self, *, size: int, radius: int | Pair, columns: int, width: int, channels: int = 1):
        self.radii = r, s = _check("Crop", size, radius, columns, channels, width)
        self.size, self.columns, self.channels, self.width = size, columns, channels, width
        self.interval = channels * columns * size
        self.frame = (self.interval, channels * (s + 1) * min(2 * r + 1, size))
        super().__init__({"i": In(frames(Complex(width))), "o": Out(frames(Complex(width)))})

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return the live bins of half-spectra (n, channels, size, columns)."""
        return model.crop(x, self.radii)

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        take = self.i.valid & self.i.ready
        r, s = self.radii

        def facts(channel: Number, v: Number, u: Number) -> tuple[Number, Number]:
            live = (v <= s) & ((u <= r) | (u >= self.size - r))
            return live, (channel == self.channels - 1) & (v == s) & self._final_row(u)

        live, last, _ = foreseen(m, take, self.channels, self.columns, self.size, facts=facts)
        m.d.comb += [
            self.o.valid.eq(self.i.valid & live),
            self.i.ready.eq(self.o.ready | ~live),
            self.o.payload.data.eq(self.i.payload.data),
            self.o.payload.last.eq(last),
        ]
        return m

    def _final_row(self, u: Number) -> Number:
        """Return whether row ``u`` is the last live row of a column."""
        return u == (self.size - 1 if self.radii[0] else 0)

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: crop of half-spectra of 32x32 maps to the bins |u|, v <= 7, with 16 bits."""
        yield Example("crop32", cls(size=32, radius=7, columns=17, width=16),
                      "crop of 32x17 half-spectra to |u|, v <= 7")


class Expand(Block):
    """Inverse of :class:`Crop` for its live columns, which inserts zeros for the rows that the crop dropped.

    Parameters
    ----------
    size : int
        Rows H of each column that leave.
    radius : int or (int, int)
        The radius (r, s) of the live bins: of each of s + 1 columns 2 r + 1 rows arrive, or H if r is H/2.  An integer
        n stands for (n, n).
    channels, width : int
        Channels of a frame, and bits of each part of a bin.

    Members
    -------
    i : In(frames of Complex(width)), live bins only, order (channel, v, u)
    o : Out(frames of Complex(width)), channels * (s + 1) * size beats

    Timing
    ------
    The block is combinational: a live bin leaves in the cycle in which it arrives, and ``i`` waits while zeros leave.
    """

    latency = 0

    def __init__(self, *, size: int, radius: int | Pair, width: int, channels: int = 1):
        self.radii = r, s = _check("Expand", size, radius, None, channels, width)
        self.size, self.channels, self.width = size, channels, width
        self.interval = channels * (s + 1) * size
        self.frame = (channels * (s + 1) * min(2 * r + 1, size), self.interval)
        super().__init__({"i": In(frames(Complex(width))), "o": Out(frames(Complex(width)))})

    def model(self, x: np.ndarray) -> np.ndarray:
        """Return half-spectra (n, channels, size, s + 1) of live bins."""
        return model.expand(x, self.size)

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        take = self.o.valid & self.o.ready
        (r, s), size = self.radii, self.size
        live, final = foreseen(m, take, self.channels, s + 1, size,
                               facts=lambda channel, v, u: [(u <= r) | (u >= size - r)])
        m.d.comb += [
            self.o.valid.eq(self.i.valid | ~live),
            self.i.ready.eq(self.o.ready & live),
            self.o.payload.last.eq(final),
        ]
        with m.If(live):
            m.d.comb += self.o.payload.data.eq(self.i.payload.data)
        return m

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: expansion of the bins |u|, v <= 7 to 16 rows a column, with 16 bits."""
        yield Example("expand16", cls(size=16, radius=7, width=16), "live bins |u|, v <= 7 to 16 rows a column")


@circuit.register(operations.Crop)
def _crop(op: operations.Crop, lanes: int) -> Crop:
    """Return the crop of a network."""
    stage, (rows, columns) = op.stage, op.stage.shape_in
    return Crop(size=rows, radius=stage.bins_radius, columns=columns, width=op.width, channels=stage.channels)
