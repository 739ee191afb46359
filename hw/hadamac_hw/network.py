"""Circuit of a quantised network: a graph of blocks, and the top level with flat AXI4-Stream ports."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Module, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.cost.estimate import Plan, estimate, plan
from hadamac.quantised.network import QuantNetwork

from . import layers  # noqa: F401  (its blocks register themselves)
from .base.block import Block
from .base.circuits import circuit
from .base.stream import FrameGuard, frames
from .base.targets import Target
from .base.wire import Node, wire
from .fft.planar import RowPairs
from .layers.argmax import Argmax

__all__ = ["SpectralNetwork", "Top", "build_stages"]


def build_stages(qnet: QuantNetwork, folding: Plan) -> list[Node]:
    """Return the blocks in topological order, named as in the estimate.

    The first block forms row pairs of the pixels, and the last one finds the largest logit; between them there is one
    block for each stage of the network.
    """
    costs = estimate(qnet, folding).stages
    nodes = [Node("input", RowPairs(size=qnet.network.size, width=qnet.formats.width, shift=qnet.pixel_shift))]
    for op, lanes, cost in zip(qnet.stages, folding.lanes(qnet), costs[1:]):
        sources = tuple(source + 1 for source in op.stage.sources)
        nodes.append(Node(op.stage.name, circuit(op, lanes), sources, cost.skips))
    argmax = Argmax(classes=qnet.dense.plan.outputs, width=qnet.formats.logit_width)
    return [*nodes, Node("argmax", argmax, (len(nodes) - 1,))]


class SpectralNetwork(Block):
    """Circuit of a network, from pixels to logits and the class.

    Parameters
    ----------
    qnet : QuantNetwork
    folding : Plan, optional
        Number of lanes of each stage; the default is that of :func:`hadamac.cost.folding.plan`.

    Members
    -------
    i : In(frames of unsigned(8)), size * size pixels, raster order
    o : Out(frames of signed(logit_width)), the logits, then the class
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
        self.frame = (qnet.network.size**2, qnet.dense.plan.outputs + 1)
        super().__init__({
            "i": In(frames(unsigned(8))), "o": Out(frames(signed(qnet.formats.logit_width))),
            "overflow": Out(1), "frame_error": Out(1),
        })

    def model(self, images: np.ndarray) -> np.ndarray:
        """Return the logits and the class (n, classes + 1) that the circuit answers to uint8 images."""
        p = self.qnet.predict(images)
        return np.concatenate([p.logits, p.classes[:, None]], axis=1)

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.guard = guard = FrameGuard(unsigned(8), length=self.qnet.network.size ** 2)
        wiring.connect(m, wiring.flipped(self.i), guard.i)
        m.d.comb += self.frame_error.eq(guard.error)
        wiring.connect(m, wire(m, self.stages, guard.o, self.overflow), wiring.flipped(self.o))
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
    s_axis_tdata : In(8), s_axis_tvalid, s_axis_tready, s_axis_tlast
        Pixels of an image in raster order; ``tlast`` accompanies the last one.
    m_axis_tdata : Out(signed 32), m_axis_tvalid, m_axis_tready, m_axis_tlast
        Logits, extended to 32 bits by their sign, then the class with ``tlast``.
    status : Out(2)
        Flags that stay set until reset: bit 0 is overflow, bit 1 is frame error.
    """

    def __init__(self, qnet: QuantNetwork, *, folding: Plan | None = None):
        self.network = SpectralNetwork(qnet, folding=folding)
        super().__init__({
            "s_axis_tdata": In(8),
            "s_axis_tvalid": In(1),
            "s_axis_tready": Out(1),
            "s_axis_tlast": In(1),
            "m_axis_tdata": Out(signed(32)),
            "m_axis_tvalid": Out(1),
            "m_axis_tready": In(1),
            "m_axis_tlast": Out(1),
            "status": Out(2),
        })

    def elaborate(self, platform: Target | None) -> Module:
        m = Module()
        m.submodules.network = network = self.network
        m.d.comb += [
            network.i.payload.data.eq(self.s_axis_tdata),
            network.i.payload.last.eq(self.s_axis_tlast),
            network.i.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(network.i.ready),
            self.m_axis_tdata.eq(network.o.payload.data),
            self.m_axis_tlast.eq(network.o.payload.last),
            self.m_axis_tvalid.eq(network.o.valid),
            network.o.ready.eq(self.m_axis_tready),
        ]
        m.d.sync += self.status.eq(self.status | (network.frame_error << 1) | network.overflow)
        return m
