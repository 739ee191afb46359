# amaranth: UnusedElaboratable=no
"""Index of the largest logit: ties, negatives, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model.dense import argmax
from hadamac_hw.layers.argmax import Argmax
from support.seeds import refused, rng


@pytest.mark.parametrize(
    ("logits", "index"),
    [
        ([0, 0, 0], 0), ([1, 2, 2], 1), ([-5, -5, -4, -4], 2), ([-1, -2, -3], 0), ([-(2**23), -(2**23)], 0),
        ([-(2**23), 2**23 - 1, 2**23 - 1], 1), ([3, 1, 2, 3], 0),
    ],
)
def test_the_lowest_index_of_equals_wins(logits, index):
    assert argmax(np.array([logits])).tolist() == [index]


def test_against_a_plain_search():
    logits = rng("argmax").integers(-4, 4, (500, 7))
    expected = [row.index(max(row)) for row in logits.tolist()]
    assert argmax(logits).tolist() == expected
    block = Argmax(classes=7, width=24)
    assert block.model(logits).tolist() == expected
    assert (block.frame, block.interval, block.latency) == ((7, 8), 9, 0)
    assert argmax(logits[:0]).shape == (0,)


def test_refusals():
    for classes in (1, 128, 2.0, None):
        with refused(f"Argmax classes must be an integer from 2 to 127, not {classes!r}", DescriptionError):
            Argmax(classes=classes, width=8)
    Argmax(classes=127, width=8)
