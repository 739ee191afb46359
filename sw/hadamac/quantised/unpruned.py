"""A quantised network with the bins that pruning left out put back: proof by running that they do not matter.

Transforms give whole half-spectra, products have weights on every bin, and crops stand where pools are.  The words of
live bins are those of the pruned network, and so are the logits, bit for bit.  Dead bins may additionally report an
overflow.
"""

from __future__ import annotations

from dataclasses import replace

from ..network.stage import Stage
from ..network.stages import stages
from ..ops.base import Operation, Params
from ..ops.crop import Crop
from .network import QuantNetwork

__all__ = ["unpruned"]


def unpruned(qnet: QuantNetwork, params: Params) -> QuantNetwork:
    """Return ``qnet`` with every bin that its layers define; ``params`` give the weights of dead bins."""
    out: list[Operation] = []
    pruned = {op.stage.name: op for op in qnet.stages if op.stage.kind != "crop"}  # crops are where pools are
    for stage in stages(qnet.network, prune=False):
        op = _cropped(qnet, stage, out) if stage.kind == "crop" else pruned[stage.name].unpruned(stage, params)
        out.append(op)
    return replace(qnet, stages=tuple(out))


def _cropped(qnet: QuantNetwork, stage: Stage, before: list[Operation]) -> Operation:
    """Return the crop of what an earlier operation gives, whose scale moves the binary point."""
    fraction = before[stage.sources[0]].fraction - stage.places
    return Crop(stage=stage, formats=qnet.formats, fraction=fraction)
