"""Circuit of a quantised network: a graph of blocks, and the top level with flat AXI4-Stream ports."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Module, ShapeLike, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hadamac.cost.ends import input_plan, output_plan
from hadamac.cost.estimate import Plan, estimate, plan
from hadamac.model.crop import to_beats
from hadamac.model.frame import FramePlan, LinePlan
from hadamac.quantised.network import Prediction, QuantNetwork

from . import layers  # noqa: F401  (its blocks register themselves)
from .base.block import Block
from .base.circuits import circuit
from .base.guard import FrameGuard
from .base.resize import Resize
from .base.slice import Slice
from .base.stream import Complex, bytes_of, frames
from .base.targets import Target
from .base.wire import Node, wire
from .fft import planar  # noqa: F401  (the transforms register themselves)
from .layers.argmax import Argmax
from .layers.frame import ChannelPair, FramePairs, RowPairs
from .layers.raster import Raster

__all__ = ["WORD", "SpectralNetwork", "Top", "answer_beats", "build_stages"]

WORD = 32
"""Bits of a logit, value or class on the output port."""


def _entry(qnet: QuantNetwork) -> RowPairs | FramePairs | ChannelPair:
    """Return the block that turns pixels or samples into the pairs that the first stages take."""
    entry, network = input_plan(qnet), qnet.network
    width, sign, shift = qnet.formats.width, network.input_format.signed, qnet.pixel_shift
    if isinstance(entry, FramePlan):
        return FramePairs(entry, shift=shift, sign=sign)
    bits = network.input_format.bits
    if isinstance(entry, LinePlan):
        return RowPairs(size=entry.size, width=width, shift=shift, pixel_width=bits, sign=sign)
    return ChannelPair(samples=entry.samples, channels=network.channels, bits=bits, width=width, shift=shift, sign=sign)


def build_stages(qnet: QuantNetwork, folding: Plan) -> list[Node]:
    """Return the blocks in topological order, named as in the estimate.

    The first block forms pairs of the pixels or samples.  A block for each stage of the network follows, with a Resize
    before it where words change their width.  The last one
    finds the largest logit, or turns maps into pixels; there is none for values and bins.
    """
    costs = estimate(qnet, folding).stages
    nodes, places = [Node("input", _entry(qnet))], {-1: 0}
    for k, (op, lanes, cost) in enumerate(zip(qnet.stages, folding.lanes(qnet), costs[1:])):
        sources = [places[source] for source in op.stage.sources]
        for n, resize in enumerate(qnet.resizes(k)):
            if resize is not None:
                nodes.append(Node(f"{op.stage.name}_resize{n}", Resize(resize), (sources[n],)))
                sources[n] = len(nodes) - 1
        nodes.append(Node(op.stage.name, circuit(op, lanes), tuple(sources), cost.skips))
        places[k] = len(nodes) - 1
    maps = output_plan(qnet)
    if maps is not None:
        nodes.append(Node("output", Raster(maps), (len(nodes) - 1,)))
    elif qnet.network.output == "classes":
        argmax = Argmax(classes=qnet.dense.plan.outputs, width=qnet.formats.logit_width)
        nodes.append(Node("argmax", argmax, (len(nodes) - 1,)))
    return nodes


def answer_beats(qnet: QuantNetwork, prediction: Prediction) -> np.ndarray:
    """Return the numbers that the circuit sends for a prediction, int64 (n, beats, numbers of a beat).

    A beat has one number, a logit, the class or a value; the channels of a pixel; or the parts of a bin.
    """
    words, output = prediction.words, qnet.network.output
    if output == "maps":
        return np.moveaxis(words, 1, -1).reshape(len(words), -1, words.shape[1])
    if output == "bins":
        beats = to_beats(words)
        return np.stack([np.real(beats), np.imag(beats)], -1).astype(np.int64)
    if output == "classes":
        words = np.concatenate([words, prediction.classes[:, None]], axis=1)
    return words[..., None]


def _answer(qnet: QuantNetwork) -> tuple[ShapeLike, int, int]:
    """Return the shape of a beat that leaves, the numbers in it, and the bits of each of them on the port."""
    output, width = qnet.network.output, qnet.stages[-1].width
    if output == "maps":
        channels = qnet.stages[-1].stage.channels
        return data.ArrayLayout(signed(width), channels), channels, bytes_of(width)
    if output == "bins":
        return Complex(width), 2, bytes_of(width)
    return signed(width), 1, WORD


class SpectralNetwork(Block):
    """Circuit of a network, from pixels or samples to its answer.

    Parameters
    ----------
    qnet : QuantNetwork
    folding : Plan, optional
        Number of lanes of each stage; the default is that of :func:`hadamac.cost.folding.plan`.

    Members
    -------
    i : In(frames of unsigned(channels * bits)), a beat for each pixel or sample, in raster order
        The words of all channels, the first in the lowest bits.
    o : Out(frames)
        For classes signed(logit_width), the logits and then the class; for values the same without a class; for maps
        arrays of signed(width), the channels of a pixel, in raster order; for bins Complex(width), order (channel, v,
        u).
    overflow : Out(1)
        High if a word of any stage has saturated since reset.
    frame_error : Out(1)
        High if an input frame has been too short or too long since reset.  A short frame is filled with zeros, and the
        surplus of a long one is dropped.

    Timing
    ------
    :func:`hadamac.cost.estimate.estimate` computes ``latency`` and ``interval``; simulations check them to the cycle.
    """

    def __init__(self, qnet: QuantNetwork, *, folding: Plan | None = None):
        self.qnet, self.folding = qnet, folding or plan(qnet)
        self.stages = build_stages(qnet, self.folding)
        e = estimate(qnet, self.folding)
        self.latency, self.interval, self.multipliers = e.latency, e.interval, e.multipliers
        rows, columns = qnet.network.given
        answer, network = self.stages[-1].block.frame, qnet.network
        beats = answer[1] if answer is not None else qnet.stages[-1].stage.beats
        self.pixels = rows * columns
        self.frame = (self.pixels, beats)
        self.pixel = unsigned(network.channels * network.input_format.bits)
        super().__init__({
            "i": In(frames(self.pixel)), "o": Out(frames(_answer(qnet)[0])), "overflow": Out(1), "frame_error": Out(1),
        })

    def model(self, images: np.ndarray) -> np.ndarray:
        """Return the numbers (n, beats, numbers of a beat) that the circuit answers to images or signals."""
        return answer_beats(self.qnet, self.qnet.predict(images))

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.guard = guard = FrameGuard(self.pixel, length=self.pixels)
        wiring.connect(m, wiring.flipped(self.i), guard.i)
        m.d.comb += self.frame_error.eq(guard.error)
        m.submodules.end = end = Slice(_answer(self.qnet)[0])
        wiring.connect(m, wire(m, self.stages, guard.o, self.overflow), end.i)
        wiring.connect(m, end.o, wiring.flipped(self.o))
        return m


class Top(wiring.Component):
    """Top level of the emitted Verilog: a :class:`SpectralNetwork` with flat ports.

    Parameters
    ----------
    qnet : QuantNetwork
    folding : Plan, optional
        Number of lanes of each stage; the default is that of :func:`hadamac.cost.folding.plan`.

    Members
    -------
    s_axis_tdata : In, s_axis_tvalid, s_axis_tready, s_axis_tlast
        Pixels of an image in raster order, or samples; ``tlast`` accompanies the last one.  The words of all channels
        of a pixel, each in whole bytes, the first channel in the lowest ones.
    m_axis_tdata : Out, m_axis_tvalid, m_axis_tready, m_axis_tlast
        For classes, logits, and then the class with ``tlast``; for values these: 32 bits each.  For maps, the pixels in
        raster order with the words of all channels, for bins both parts of each, the real one in the lower bits: each
        in whole bytes.  Words are extended by their sign.
    status : Out(2)
        Flags that stay set until reset: bit 0 is overflow, bit 1 is frame error.
    """

    def __init__(self, qnet: QuantNetwork, *, folding: Plan | None = None):
        self.network = SpectralNetwork(qnet, folding=folding)
        self.channels, self.bits = qnet.network.channels, qnet.network.input_format.bits
        _, self.numbers, self.word = _answer(qnet)
        super().__init__({
            "s_axis_tdata": In(self.channels * bytes_of(self.bits)),
            "s_axis_tvalid": In(1),
            "s_axis_tready": Out(1),
            "s_axis_tlast": In(1),
            "m_axis_tdata": Out(signed(self.word) if self.numbers == 1 else self.numbers * self.word),
            "m_axis_tvalid": Out(1),
            "m_axis_tready": In(1),
            "m_axis_tlast": Out(1),
            "status": Out(2),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.network = network = self.network
        step = bytes_of(self.bits)
        fields = [self.s_axis_tdata[k * step : k * step + self.bits] for k in range(self.channels)]
        m.d.comb += [
            network.i.payload.data.eq(Cat(*fields)),
            network.i.payload.last.eq(self.s_axis_tlast),
            network.i.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(network.i.ready),
            self.m_axis_tdata.eq(self._answer(network.o.payload.data)),
            self.m_axis_tlast.eq(network.o.payload.last),
            self.m_axis_tvalid.eq(network.o.valid),
            network.o.ready.eq(self.m_axis_tready),
        ]
        m.d.sync += self.status.eq(self.status | (network.frame_error << 1) | network.overflow)
        return m

    def _answer(self, beat: Value | data.View) -> Value:
        """Return the port's data for a beat: each number extended by its sign."""
        if isinstance(beat, Value):
            return beat
        layout = beat.shape()
        names = ("re", "im") if isinstance(layout, data.StructLayout) else range(self.numbers)
        words = [beat[name] for name in names]
        return Cat(*(Cat(word, word[-1].replicate(self.word - len(word))) for word in words))
