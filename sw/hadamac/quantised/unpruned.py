"""Quantised network that also computes the bins which pruning leaves out, to show that they do not matter.

Its transforms compute whole half-spectra, its products have weights on every bin, and a crop follows wherever the
network has a pool.  The words of live bins and the logits are those of the pruned network, bit for bit.  Dead bins may
additionally report an overflow.
"""

from __future__ import annotations

from dataclasses import replace

from ..network.stage import Stage
from ..network.stages import stages
from ..ops.base import Operation, Params
from ..ops.crop import Crop
from .network import QuantNetwork, fractions_in

__all__ = ["unpruned"]


def unpruned(qnet: QuantNetwork, params: Params) -> QuantNetwork:
    """Return ``qnet`` with every bin that its layers define; the float ``params`` give the weights of dead bins."""
    out: list[Operation] = []
    pruned = {op.stage.name: op for op in qnet.stages if op.stage.kind != "crop"}  # crops are made anew
    for stage in stages(qnet.network, prune=False):
        op = _cropped(qnet, stage, out) if stage.kind == "crop" else pruned[stage.name].unpruned(stage, params)
        out.append(op)
    return replace(qnet, stages=tuple(out))


def _cropped(qnet: QuantNetwork, stage: Stage, before: list[Operation]) -> Operation:
    """Return a crop of the output of an earlier operation; the scale of the pool moves the binary point.

    Its words have the width of that operation, unless the formats give it one of its own.
    """
    source = before[stage.sources[0]]
    formats = qnet.formats.of(stage.name) if stage.name in qnet.formats.stages else source.formats
    (fraction,) = fractions_in([source.format], formats.width)
    return Crop(stage=stage, formats=formats, fraction=fraction - stage.places)
