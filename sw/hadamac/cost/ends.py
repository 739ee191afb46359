"""Costs of the two ends of a network's circuit: the buffer before the first stage and that behind the last one."""

from __future__ import annotations

from ..model.frame import FramePlan, LinePlan, PassPlan, RasterPlan
from ..quantised.network import QuantNetwork

__all__ = ["input_plan", "output_plan"]


def input_plan(qnet: QuantNetwork) -> PassPlan | LinePlan | FramePlan:
    """Return the plan of the circuit that turns pixels, or samples, into the pairs that the first stages take."""
    network, width = qnet.network, qnet.formats.width
    bits, whole = network.input_format.bits, network.given == network.size
    if network.flat and whole and network.channels <= 2:
        return PassPlan(samples=network.size[1])
    if not network.flat and whole and network.channels == 1:
        return LinePlan(size=network.size, bits=bits, width=width)
    return FramePlan(given=network.given, size=network.size, channels=network.channels, bits=bits, width=width,
                     padding=network.padding)


def output_plan(qnet: QuantNetwork) -> RasterPlan | None:
    """Return the plan of the circuit that turns the maps of the last stage into pixels; None if no maps leave."""
    if qnet.network.output != "maps":
        return None
    stage = qnet.stages[-1].stage
    return RasterPlan(size=stage.size_out, channels=stage.channels, width=qnet.stages[-1].width)
