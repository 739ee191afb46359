"""The study's toy against the thread's code as it was posted, line by line; its words; its page's figures."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from support.seeds import rng

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "study"))
import toy  # noqa: E402  (the study is no package)

RECORD = {row["variant"]: row for row in json.loads((ROOT / "docs" / "study" / "toy.json").read_text())}
VARIANTS = {variant.name: variant for variant in toy.VARIANTS}


def posted_pooling(vI, kernelRadius):
    """SpectralPooling; the index that is undefined there is ``centerIdx - kernelRadius : centerIdx + kernelRadius``."""
    numSamples = len(vI)
    centerIdx = int(np.ceil(numSamples / 2))
    vIdx = np.arange(centerIdx - kernelRadius, centerIdx + kernelRadius + 1) - 1  # there counted from 1
    vO = np.zeros(numSamples)
    vO[vIdx] = vI[vIdx]
    return vO


def posted_activation(vI, sigSlope):
    """SpectralActivation; mean and std as there, the latter with its divisor n - 1."""
    numSamples = len(vI)
    mean = sum(vI) / numSamples
    std = (sum((vI - mean) ** 2) / (numSamples - 1)) ** 0.5
    vO = (vI - mean) / std
    return 1 / (1 + np.exp(-sigSlope * vO))


def sigmoid(vI, sigSlope):
    return 1 / (1 + np.exp(-sigSlope * vI))


def posted():
    """The code's lines, but for figures."""
    vS1 = np.array([3, 1, 2, 1, 4, 1, 2, 1, 3])
    vS2 = np.array([1, 3, 1, 2, 1, 2, 1, 3, 1])
    vF1 = np.array([0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25, 0])
    vF2 = np.array([1, 0.75, 0.5, 0.25, 0, 0.25, 0.5, 0.75, 1])

    vS1F1 = vS1 * vF1
    vS1F1 = posted_activation(vS1F1, 1)
    vS1F1 = posted_pooling(vS1F1, 3)

    vS2F1 = vS2 * vF1
    vS2F1 = posted_activation(vS2F1, 1)
    vS2F1 = posted_pooling(vS2F1, 3)

    vS1F2 = vS1F1 * vF2
    vS1F2 = posted_activation(vS1F2, 1)
    vS1F2 = posted_pooling(vS1F2, 2)

    vS2F2 = vS2F1 * vF1
    vS2F2 = posted_activation(vS2F2, 1)
    vS2F2 = posted_pooling(vS2F2, 2)
    return vS1F2, vS2F2, vS1F2 / vS1, vS2F2 / vS2


def stages(vS, order, vF, vG):
    """Two stages of the posted functions in another order, nine bins throughout."""
    for vFilter, kernelRadius in ((vF, 3), (vG, 2)):
        vS = vS * vFilter
        for step in order:
            vS = step(vS, kernelRadius if step is posted_pooling else 1)
    return vS


def cropped(vS, vF, vG):
    """The bins outside dropped, the filter's middle seven in the second stage."""
    vS = posted_activation(vS * vF, 1)[1:8]
    return posted_activation(vS * vG[1:8], 1)[1:6]


def expected(name) -> list[np.ndarray]:
    """What leaves a variant, of each signal."""
    vF1, vF2 = toy.FILTERS
    if name == "as posted":
        return list(posted()[:2])
    if name == "true crop":
        return [cropped(vS, vF1, vF2) for vS in toy.SIGNALS]
    order = {"filter 2 for both": (posted_activation, posted_pooling), "without normalisation": (sigmoid, posted_pooling),
             "pool before activation": (posted_pooling, posted_activation)}[name]
    return [stages(vS, order, vF1, vF2) for vS in toy.SIGNALS]


def test_signals_and_filters_are_the_posted_ones():
    assert toy.SIGNALS.tolist() == [[3, 1, 2, 1, 4, 1, 2, 1, 3], [1, 3, 1, 2, 1, 2, 1, 3, 1]]
    assert toy.FILTERS.tolist() == [[0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25, 0], [1, 0.75, 0.5, 0.25, 0, 0.25, 0.5, 0.75, 1]]


@pytest.mark.parametrize("name", list(VARIANTS))
def test_floats_are_the_posted_code_s(name):
    variant = VARIANTS[name]
    floats = variant.chain.floats(toy.SIGNALS)
    for k, want in enumerate(expected(name)):
        np.testing.assert_allclose(floats[k, variant.channels[k]], want, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", list(VARIANTS))
def test_the_page_s_figures(name):
    """Floats and ratios of the record are the posted code's at the five kept bins, its words those of today."""
    row, variant = RECORD[name], VARIANTS[name]
    want = np.array([toy.middle(y, 5) for y in expected(name)])
    np.testing.assert_allclose(row["float"], want, rtol=0, atol=1e-12)
    np.testing.assert_allclose(row["ratio"], want / toy.SIGNALS[:, 2:7], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(row["fixed"], variant.of(variant.chain.values(toy.SIGNALS)))
    assert np.abs(np.array(row["fixed"]) - want).max(-1).tolist() == pytest.approx(row["error"]) and max(row["error"]) < 5e-4
    if name == "as posted":
        for k, ratio in enumerate(posted()[2:]):
            np.testing.assert_allclose(row["ratio"][k], ratio[2:7], rtol=0, atol=1e-12)
            assert not ratio[:2].any() and not ratio[7:].any()


def test_every_word_against_floats():
    """Of signals of no symmetry, at every bin of every chain; a small deviation enlarges the first stage's error."""
    signals = rng("toy").uniform(-4, 4, (50, 9))
    for chain in toy.CHAINS.values():
        np.testing.assert_allclose(chain.values(signals), chain.floats(signals), rtol=0, atol=4e-3)


def test_discarded_bins_act_through_mean_and_deviation_only():
    """Bins -3 and 3 exchanged leave both: not a word changes, nor, without normalisation, whatever they become."""
    signals = toy.beats(rng("coupled").uniform(0, 4, (20, 9)))
    places = [int(np.flatnonzero(toy.ORDER == b)[0]) for b in (1, 7)]  # bins -3 and 3
    exchanged, other = signals.copy(), signals.copy()
    exchanged[:, places] = signals[:, places[::-1]]
    other[:, places] = 8191
    for chain in toy.CHAINS.values():
        before, after, changed = (chain.words(x)[..., :5] for x in (signals, exchanged, other))
        np.testing.assert_array_equal(before, after, chain.name)
        assert (before == changed).all() == (chain.name == "plain"), chain.name


def test_which_discarded_bins_matter():
    """As the page says: by the normalisation, unless pooling comes before it; the first filter hides -4 and 4."""
    matter = {name: [row["changes"][k]["float"] > 0 for k in ("3", "4", "4 lifted")] for name, row in RECORD.items()}
    through = [True, False, True]
    assert matter == {"as posted": through, "filter 2 for both": through, "true crop": through,
                      "without normalisation": [False] * 3, "pool before activation": [True, False, False]}
    for row in RECORD.values():
        for change in row["changes"].values():
            assert change["words"] == (10 if change["float"] else 0)


def test_without_normalisation_the_order_makes_no_difference():
    plain = toy.CHAINS["plain"]
    swapped = toy.Chain("swapped", ("filter", "pool", "sigmoid"))
    for run in (plain.floats, plain.values):
        other = getattr(swapped, run.__name__)
        np.testing.assert_array_equal(toy.middle(run(toy.SIGNALS), 5), toy.middle(other(toy.SIGNALS), 5))
