"""A quantised network as a chain of blocks, and the top level with flat AXI4-Stream ports."""

from __future__ import annotations

from amaranth.hdl import Module, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadamac.cost.estimate import Plan, plan
from hadamac.model.crop import to_beats
from hadamac.model.fft.planar import Fft2dPlan
from hadamac.model.modrelu import ModRelu as ModReluPlan
from hadamac.model.quadratic import QuadraticPlan
from hadamac.quantised import network as quantised
from hadamac.quantised import Formats, QuantNetwork, QuantStage

from .base.stream import FrameGuard, chained, frames
from .fft.planar import Fft2d, RowPairs
from .layers.argmax import Argmax
from .layers.crop import Crop
from .layers.dense import Dense
from .layers.hadamard import Hadamard
from .layers.modrelu import ModRelu
from .layers.modulus import Modulus
from .layers.normalise import Normalise
from .layers.pwl import Pwl, Relu
from .layers.quadratic import Quadratic
from .layers.tile import MaxPool

__all__ = ["SpectralNetwork", "Top", "build_stages"]


def _block(s: QuantStage, formats: Formats, lanes: int) -> wiring.Component:
    """The block of a stage."""
    stage, op, width = s.stage, s.op, formats.width
    match op:
        case Fft2dPlan():
            return Fft2d(op, channels=stage.channels)
        case quantised.Product():
            weights = to_beats(op.weights).reshape(stage.channels, stage.inputs, -1)
            return Hadamard(weights=weights, bias=op.bias, shift=op.shift, lanes=lanes, width=width,
                            weight_width=formats.weight_width, loadable=False, real=stage.layer.real)
        case quantised.Relu():
            return Relu(width=width)
        case quantised.Table():
            return Pwl(op.table)
        case QuadraticPlan():
            return Quadratic(op)
        case ModReluPlan():
            return ModRelu(op, bins=stage.bins)
        case quantised.Modulus():
            return Modulus(width=width)
        case quantised.Normalised():
            return Normalise(op.plan, channels=stage.channels)
        case quantised.Crop():
            rows, columns = stage.shape_in
            return Crop(size=rows, radius=op.radius, columns=columns, width=width, channels=stage.channels)
        case quantised.Tile():
            return MaxPool(size=stage.size, width=width, channels=stage.channels)
    return Dense(weights=op.weights, bias=op.bias, shift=op.shift, lanes=lanes, width=width,
                 weight_width=formats.weight_width, out_width=formats.logit_width)


def build_stages(qnet: QuantNetwork, folding: Plan) -> list[tuple[str, wiring.Component]]:
    """The blocks in order, named as in the estimate."""
    stages = [("input", RowPairs(size=qnet.network.size, width=qnet.formats.width, shift=qnet.pixel_shift))]
    stages += [(s.stage.name, _block(s, qnet.formats, lanes)) for s, lanes in zip(qnet.stages, folding.lanes(qnet))]
    stages.append(("argmax", Argmax(classes=len(qnet.dense.weights), width=qnet.formats.logit_width)))
    return stages


class SpectralNetwork(wiring.Component):
    """The whole network.

    Parameters
    ----------
    qnet : QuantNetwork
    folding : Plan, optional
        Lanes per stage; :func:`hadamac.cost.estimate.plan` unless told.

    Members
    -------
    i : In(frames of unsigned(8)), size * size pixels, raster order
    o : Out(frames of signed(logit_width)), the logits, then the class
    overflow : Out(1)
        A word saturated somewhere since reset.
    frame_error : Out(1)
        An input frame was too short (filled with zeros) or too long (cut) since reset.

    Timing
    ------
    :func:`hadamac.cost.estimate.estimate`.
    """

    def __init__(self, qnet: QuantNetwork, *, folding: Plan | None = None):
        self.qnet, self.folding = qnet, folding or plan(qnet)
        self.stages = build_stages(qnet, self.folding)
        super().__init__({
            "i": In(frames(unsigned(8))), "o": Out(frames(signed(qnet.formats.logit_width))),
            "overflow": Out(1), "frame_error": Out(1),
        })

    def model(self, images):
        """uint8 images to (n, classes + 1): logits and class."""
        p = self.qnet.predict(images)
        return [[*row, c] for row, c in zip(p.logits.tolist(), p.classes.tolist())]

    def elaborate(self, platform):
        m = Module()
        m.submodules.guard = guard = FrameGuard(unsigned(8), length=self.qnet.network.size ** 2)
        wiring.connect(m, wiring.flipped(self.i), guard.i)
        m.d.comb += self.frame_error.eq(guard.error)
        wiring.connect(m, chained(m, self.stages, guard.o, self.overflow), wiring.flipped(self.o))
        return m


class Top(wiring.Component):
    """:class:`SpectralNetwork` with flat ports.

    Members
    -------
    s_axis_tdata : In(8), s_axis_tvalid, s_axis_tready, s_axis_tlast
        Pixels of an image, raster order, ``tlast`` with the last.
    m_axis_tdata : Out(signed 32), m_axis_tvalid, m_axis_tready, m_axis_tlast
        Logits, sign-extended, then the class with ``tlast``.
    status : Out(2)
        Sticky until reset: bit 0 overflow, bit 1 frame error.
    """

    def __init__(self, qnet: QuantNetwork, *, folding: Plan | None = None):
        self.network = SpectralNetwork(qnet, folding=folding)
        super().__init__({
            "s_axis_tdata": In(8), "s_axis_tvalid": In(1), "s_axis_tready": Out(1), "s_axis_tlast": In(1),
            "m_axis_tdata": Out(signed(32)), "m_axis_tvalid": Out(1), "m_axis_tready": In(1), "m_axis_tlast": Out(1),
            "status": Out(2),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.network = network = self.network
        m.d.comb += [
            network.i.payload.data.eq(self.s_axis_tdata), network.i.payload.last.eq(self.s_axis_tlast),
            network.i.valid.eq(self.s_axis_tvalid), self.s_axis_tready.eq(network.i.ready),
            self.m_axis_tdata.eq(network.o.payload.data), self.m_axis_tlast.eq(network.o.payload.last),
            self.m_axis_tvalid.eq(network.o.valid), network.o.ready.eq(self.m_axis_tready),
        ]
        m.d.sync += self.status.eq(self.status | (network.frame_error << 1) | network.overflow)
        return m
