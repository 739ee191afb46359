"""A quantised network with the bins that pruning left out put back: what shows that they do not matter.

Transforms give whole half-spectra, products have weights on every bin, and crops stand where pools are.  The words of
live bins are those of the pruned network, and so are the logits, bit for bit.  An overflow may be flagged that the
pruned network has not: of a dead bin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..model.crop import live_rows
from ..model.fft.planar import Fft2dPlan
from ..network.stages import Stage, stages
from ..numeric import saturate
from .network import Crop, Product, QuantNetwork, QuantStage
from .reference import product_weights

__all__ = ["unpruned"]


def _product(stage: Stage, op: Product, params: Mapping, width: int) -> Product:
    """The same words on live bins; on the others those of the kernel (of a free spectrum, of none: zero)."""
    weights = np.zeros((stage.channels, stage.inputs, stage.rows, stage.radius + 1), dtype=np.complex128)
    if stage.layer.kernel is not None:
        exact = product_weights(stage, params)[0] * 2.0 ** op.exponent[:, None, None, None]
        weights = saturate(np.rint(exact), width)
    r = op.weights.shape[-1] - 1
    weights[:, :, live_rows(stage.rows, r), : r + 1] = op.weights
    return replace(op, weights=weights)


def unpruned(qnet: QuantNetwork, params: Mapping) -> QuantNetwork:
    """``qnet`` with every bin that its layers define; ``params`` give the weights of dead bins."""
    out, fraction = [], 0
    ops = {s.stage.name: s for s in qnet.stages if s.stage.kind != "crop"}  # crops are where pools are
    for stage in stages(qnet.network, prune=False):
        if stage.kind == "crop":
            op, fraction = Crop(radius=stage.radius), fraction - stage.places
        else:
            pruned = ops[stage.name]
            op, fraction = pruned.op, pruned.fraction + pruned.stage.places - stage.places
            if isinstance(op, Fft2dPlan) and not op.inverse:
                op = replace(op, radius=stage.radius)
            elif isinstance(op, Product):
                op = _product(stage, op, params, qnet.formats.weight_width)
        out.append(QuantStage(stage=stage, op=op, fraction=fraction))
    return replace(qnet, stages=tuple(out))
