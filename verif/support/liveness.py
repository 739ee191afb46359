"""The check that liveness is sound and tight, for tests of squares, rectangles and rows."""

from __future__ import annotations

import numpy as np

from hadamac.network.liveness import analyse

from .bins import evaluate, reaches, within

__all__ = ["check_every_bin"]


def check_every_bin(steps, r) -> int:
    """Change every bin of every spectrum edge, alone: the output changes if and only if the bin is not dead.

    Return the number of bins that were changed.
    """
    seen = 0
    for k, edge in enumerate(analyse(steps)):
        if edge.live is None:
            continue
        rest, limit = steps[k:], reaches(steps)[k]
        before = np.fft.rfft2(r.normal(size=edge.size))
        zero = ~within(edge.size, edge.size if limit is None else limit)
        before[zero] = 0
        assert edge.dead[zero].all(), "an always-zero bin is dead"
        want = evaluate(rest, before, 5, limit)[-1]
        for u, v in np.argwhere(~zero):
            changed = before.copy()
            changed[u, v] += 0.37
            same = np.array_equal(evaluate(rest, changed, 5, limit)[-1], want)
            assert same == edge.dead[u, v], (k, edge.name, u, v)
            seen += 1
    return seen
