"""modReLU of bins: both parts times a gain from 0 to 1 that depends on the modulus.

Model: :mod:`hadamac.model.modrelu`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model import modrelu as model
from hadamac.model import rsqrt
from hadamac.ops import modrelu as operations

from ..base.block import Block, Example
from ..base.circuits import circuit
from ..base.loops import nest
from ..base.numeric import Requantiser, delayed
from ..base.primitives import Multiplier, Ram
from ..base.rescale import Rescaler
from ..base.stream import Complex, Fifo, frames
from ..base.targets import Target
from .rsqrt import Rsqrt

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["ModRelu"]


class ModRelu(Block):
    """modReLU, ``y = z max(0, |z| + b) / |z|``.

    Parameters
    ----------
    plan : hadamac.model.modrelu.ModRelu
        Word width, and a bias for each channel; the biases are a ROM.
    bins : int
        Bins of a channel.

    Members
    -------
    i, o : frames of Complex(plan.width), channels * bins beats, order (channel, bin)

    Timing
    ------
    One beat a cycle, ``interval = channels * bins`` cycles a frame; ``latency = pipeline + timing.fifo(pipeline)``
    cycles from beat to beat, with ``pipeline = plan.pipeline``.  Six multipliers: two for the squares, one for the
    root, one for the bias, two for the gain.

    Overflow: none, because the gain is at most 1.
    """

    plan: model.ModRelu

    def __init__(self, plan: model.ModRelu, *, bins: int):
        if not isinstance(bins, int) or bins < 1:
            raise DescriptionError(f"ModRelu bins must be a positive integer, not {bins!r}")
        self.plan, self.width, self.channels, self.bins = plan, plan.width, len(plan.bias), bins
        self.multipliers = plan.multipliers
        self.pipeline = plan.pipeline
        self.interval = self.channels * bins
        self.frame = (self.interval, self.interval)
        self.latency = self.pipeline + timing.fifo(self.pipeline)
        shape = frames(Complex(plan.width))
        super().__init__({"i": In(shape), "o": Out(shape)})

    def model(self, x: ArrayLike) -> np.ndarray:
        """Return the words for complex words x (n, channels, ...)."""
        return self.plan.run(x)[0]

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.fifo = fifo = Fifo(self.o.payload.shape(), inflight=self.pipeline)
        take, z = self.i.valid & self.i.ready, self.i.payload.data
        root = self._root(m, z)
        # Delay the counters until the bias and its root arrive together.
        delay = self.plan.root - timing.RAM
        counted = delayed(m, take, delay, "counted")
        (channel, _), final = nest(m, counted, self.channels, self.bins)
        left = self.pipeline - delay
        gain = self._gain(m, root, self._bias(m, channel))
        word = self._line(m, z.as_value())
        m.d.comb += [
            self.i.ready.eq(~fifo.stop),
            fifo.push.eq(delayed(m, counted, left, "push")),
            fifo.data.last.eq(delayed(m, final, left, "last")),
        ]
        for part in ("re", "im"):
            m.submodules[f"product_{part}"] = product = Multiplier(a_width=self.width, b_width=len(gain))
            m.submodules[f"round_{part}"] = rounder = Requantiser(self.plan.result, in_width=len(product.p))
            m.d.comb += [
                product.a.eq(Complex(self.width)(word)[part]),
                product.b.eq(gain),
                rounder.i.eq(product.p),
                fifo.data.data[part].eq(rounder.o),
            ]
        wiring.connect(m, fifo.o, wiring.flipped(self.o))
        return m

    def _root(self, m: Module, z: data.View) -> Rsqrt:
        """Return the circuit of the reciprocal modulus, whose results come ``plan.root`` cycles after z."""
        m.submodules.root = root = Rsqrt(self.plan.rsqrt)
        squares = []
        for part in ("re", "im"):
            m.submodules[f"square_{part}"] = square = Multiplier(a_width=self.width, b_width=self.width)
            m.d.comb += [
                square.a.eq(z[part]),
                square.b.eq(z[part]),
            ]
            squares.append(square.p[:-1])  # at most 2**(2 width - 2): the sign is 0
        total = Signal(2 * self.width, name="total", reset_less=True)
        m.d.sync += total.eq(squares[0] + squares[1])
        m.d.comb += root.i.eq(total)
        return root

    def _bias(self, m: Module, channel: Value) -> Value:
        """Return the channel's bias, ``timing.RAM`` cycles later."""
        mask = (1 << self.width) - 1
        m.submodules.bias = bias = Ram(
            width=self.width, depth=self.channels, init=[b & mask for b in self.plan.bias], writable=False)
        m.d.comb += bias.read_address.eq(channel)
        return bias.read_data.as_signed()

    def _gain(self, m: Module, root: Rsqrt, bias: Value) -> Signal:
        """Return ``max(0, 1 - |b| / |z|)``: the bias is negative, and so is its product with the root."""
        unit = rsqrt.FRACTION
        m.submodules.threshold = product = Multiplier(a_width=self.width, b_width=unit + 2)
        m.submodules.rescale = rescale = Rescaler(self.plan.threshold, in_width=len(product.p))
        m.d.comb += [
            product.a.eq(bias),
            product.b.eq(root.mantissa),
            rescale.i.eq(product.p),
            rescale.shift.eq(delayed(m, root.exponent, timing.MULTIPLIER, "exponent")),
        ]
        gain = Signal(signed(unit + 2), name="gain", reset_less=True)
        above = (rescale.o + (1 << unit)).as_signed()
        m.d.sync += gain.eq(Mux(above < 0, 0, above))
        return gain

    def _line(self, m: Module, word: Value) -> Value:
        """Return ``word`` after ``plan.wait`` cycles, from a memory whose read address is behind its write address."""
        depth = self.plan.line
        m.submodules.line = line = Ram(width=len(word), depth=depth)
        write = Signal(range(depth), name="write")
        read = Signal(range(depth), name="read", init=(timing.RAM - self.plan.wait) % depth)
        m.d.sync += [
            write.eq(write + 1),
            read.eq(read + 1),
        ]
        m.d.comb += [
            line.write_address.eq(write),
            line.write_data.eq(word),
            line.write_enable.eq(1),
            line.read_address.eq(read),
        ]
        return line.read_data

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterator[Example]:
        """Yield the library's core: 8 channels of the bins |u|, v <= 7, 16 bits."""
        block = cls(model.ModRelu(bias=(-256,) * 8, width=16), bins=120)
        yield Example("modrelu", block, "modReLU of 8 channels of 120 bins, bias -256")


@circuit.register(operations.ModRelu)
def _modrelu(op: operations.ModRelu, lanes: int) -> ModRelu:
    """Return the modReLU of a network."""
    return ModRelu(op.plan, bins=op.stage.bins)
