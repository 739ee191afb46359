# amaranth: UnusedElaboratable=no
"""The study's toy as emitted: both signals through the blocks of the code as posted, word for word."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from hadamac_hw.sim.case import BUILD_DIR

sys.path.append(str(Path(__file__).parents[2] / "study"))
import toy  # noqa: E402  (the study is no package)


def test_posted():
    """One circuit: its channels are the two filters of the second stage, so that it holds what each signal meets."""
    chain, words = toy.CHAINS["posted"], toy.beats(toy.SIGNALS)
    got = toy.simulate(chain, toy.SIGNALS, BUILD_DIR, ("none", "both"))
    assert got.shape == (2, 2, 9)
    np.testing.assert_array_equal(got.real, chain.words(words))
    assert not got.imag.any() and not got[..., 5:].any() and got[..., :5].all()
