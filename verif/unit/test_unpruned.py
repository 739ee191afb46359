"""The same answer with every dead bin put back: what pruning leaves out cannot be seen."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.model.crop import kept_rows, live_shape
from hadamac.network.stages import stages
from hadamac.ops import evaluate
from hadamac.ops.product import product_weights
from hadamac.quantised import PRESETS
from hadamac.quantised.artifact import Artifact
from hadamac.quantised.quantise import quantise
from hadamac.quantised.unpruned import unpruned
from hadamac_cli.explain import savings
from support import tiny
from support.direct import source
from support.seeds import rng

KINDS = tiny.every() | tiny.shapes()
PRUNED = [name for name, n in KINDS.items() if [s.radius for s in n.stages] != [s.radius for s in stages(n, prune=False)]]


def prepared(name: str, preset: str = "default", r=None):
    network, r = KINDS[name], r or rng("unpruned", name)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 24)
    return params, images, quantise(network, params, images, PRESETS[preset])


def test_most_kinds_are_pruned():
    assert set(KINDS) - set(PRUNED) == {"whole", "max_pool", "low_pass", "maps"} | {"norm", "fno", "fno1", "end1", "ends"}


@pytest.mark.parametrize("name", list(KINDS))
def test_logits_are_identical(name):
    """And so are the words of every edge on live bins; on the others there are words that matter to nobody."""
    params, images, q = prepared(name)
    whole = unpruned(q, params)
    a, b = q.predict(images, trace=True), whole.predict(images, trace=True)
    np.testing.assert_array_equal(a.logits, b.logits)
    np.testing.assert_array_equal(a.classes, b.classes)
    dead = 0
    for edge, words in a.trace.items():
        if edge.startswith("cropped"):  # crops of pools, which stand elsewhere
            continue
        more = b.trace[edge]
        if np.iscomplexobj(words) and more.shape != words.shape:
            live = more[..., kept_rows(more.shape[-2], words.shape[-2]), : words.shape[-1]]
            dead += np.count_nonzero(more) - np.count_nonzero(live)
            more = live
        np.testing.assert_array_equal(words, more, edge)
    assert bool(dead) == (name in PRUNED)


@pytest.mark.parametrize("preset", ["halving", "compact"])
def test_of_other_formats(preset):
    for name in ("pool_relu", "tanh_bins", "frozen"):
        params, images, q = prepared(name, preset)
        np.testing.assert_array_equal(q.predict(images).logits, unpruned(q, params).predict(images).logits)


@pytest.mark.parametrize("name", PRUNED)
def test_dead_bins_hold_what_the_layers_define(name):
    """Every edge of the unpruned network follows the unpruned float network; of free spectra, whose dead bins nothing
    defines, they are zero."""
    # Always the same: formats are made for live bins, and with other weights dead ones may saturate.
    params, images, q = prepared(name, r=np.random.default_rng(3))
    whole = unpruned(q, params)
    trace, values = whole.predict(images, trace=True).trace, {-1: source(KINDS[name], images)}
    for k, s in enumerate(whole.stages):
        stage, taken = s.stage, [values[source] for source in s.stage.sources]
        if f"conv{stage.index}.spectrum" in params and stage.kind == "multiply":
            free = params[f"conv{stage.index}.spectrum"]
            more = np.zeros((*free.shape[:2], stage.rows, stage.columns, 2))
            more[:, :, kept_rows(stage.rows, free.shape[-3]), : free.shape[-2]] = free
            x = evaluate(stage, params | {f"conv{stage.index}.spectrum": more}, *taken)
        else:
            x = evaluate(stage, params, *taken)
        values[k] = x
        if stage.edge:
            value = whole.edges[stage.edge].value(trace[stage.edge])
            # Rectified maps may hold a few pixels only: errors beside what came in, not beside what was left.
            error, size = np.sqrt((abs(value - x) ** 2).mean()), np.sqrt((abs(x) ** 2).mean())
            assert error < max(0.06 * size, 0.01), stage.edge


def test_weights_of_dead_bins_are_the_kernel_s():
    """Frozen statistics and scales included, also behind a band limit; rounded like the live ones, saturated if larger."""
    params, _, q = prepared("frozen")
    limit = 2 ** (q.formats.weight_width - 1)
    for s in unpruned(q, params).of_kind("multiply"):
        exact = product_weights(s.stage, params)[0] * 2.0 ** s.exponent[:, None, None, None]
        assert s.plan.weights.shape == (2, s.stage.inputs, *live_shape(s.stage.size, s.stage.radius))
        for part, want in ((s.plan.weights.real, exact.real), (s.plan.weights.imag, exact.imag)):
            np.testing.assert_array_equal(part, np.clip(np.rint(want), -limit, limit - 1))


@pytest.mark.parametrize("name", list(KINDS))
def test_savings(name):
    """Pruning never costs; what it saves is told as (pruned, unpruned)."""
    params, _, q = prepared(name)
    saved = savings(Artifact(q, params))
    assert list(saved) == ["bins", "weights", "multiplications", "bits of memory", "cycles of latency", "cycles per image"]
    for what, (pruned, whole) in saved.items():
        assert pruned <= whole, what
    assert (saved["bins"][0] < saved["bins"][1]) == (name in PRUNED)
    assert saved["bins"][0] == sum(s.bins for s in q.stages if s.stage.kind != "crop")
