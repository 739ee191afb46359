# amaranth: UnusedElaboratable=no
"""Index of the largest logit as emitted: ties, negatives, the extremes."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac_hw.layers.argmax import Argmax
from support.cores import Core
from support.seeds import rng
from support.stimuli import limits


@pytest.mark.parametrize(("classes", "width"), [(2, 8), (11, 24)])
def test_core(classes, width):
    block = Argmax(classes=classes, width=width)
    core, r = Core(block, f"argmax{classes}"), rng("argmax", classes)
    low, high = limits(width)
    logits = np.concatenate([
        np.full((1, classes), low), np.full((1, classes), high), np.full((1, classes), -1),
        np.eye(classes, dtype=int) * 3 - 5,  # each class once, all negative
        low + np.eye(classes, dtype=int)[::-1],
        r.integers(-2, 2, (20, classes)),  # ties
        r.integers(low, high, (10, classes), endpoint=True),
        np.where(r.random((10, classes)) < 0.5, low, high),
    ])
    expected = [row.index(max(row)) for row in logits.tolist()]
    y = np.concatenate([logits, np.array(expected)[:, None]], axis=1)
    none = core.play_all(logits, y, np.zeros(len(logits)), interval=classes + 2)["none"]
    gaps = np.diff(none.output_cycles.reshape(-1, classes + 1))
    assert (gaps == [1] * (classes - 1) + [2]).all()
