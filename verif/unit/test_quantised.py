"""Bit-exact prediction: batches, traces, and the whole network again in Python integers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hadamac.errors import DataError
from hadamac.quantised import PRESETS
from hadamac.quantised.network import CHUNK
from support import tiny
from support.seeds import refused, rng


def make(name: str, preset: str = "default"):
    network = {"one": tiny.one_group, "two": tiny.two_groups}[name]()
    r = rng("quantised", name, preset)
    return tiny.quantised(network, r, preset), tiny.images(network, r, 2 * CHUNK + 7)


def test_an_image_s_answer_does_not_depend_on_its_batch():
    q, images = make("two")
    whole = q.predict(images, trace=True)
    assert whole.logits.shape == (107, 5) and whole.logits.dtype == np.int64
    assert whole.classes.shape == whole.overflow.shape == (107,) and whole.overflow.dtype == bool
    for k in (0, CHUNK - 1, CHUNK, 2 * CHUNK, 106):
        alone = q.predict(images[k : k + 1], trace=True)
        assert (alone.logits[0] == whole.logits[k]).all() and alone.classes[0] == whole.classes[k]
        for edge, words in alone.trace.items():
            np.testing.assert_array_equal(words[0], whole.trace[edge][k], edge)
    shuffled = q.predict(images[::-1])
    np.testing.assert_array_equal(shuffled.logits, whole.logits[::-1])
    assert shuffled.trace == {}


def test_shapes_and_types_of_a_trace():
    q, images = make("two")
    trace = q.predict(images[:3], trace=True).trace
    assert {name: (w.shape, w.dtype.kind) for name, w in trace.items()} == {
        "image": ((3, 1, 16, 16), "i"), "spectrum0": ((3, 1, 7, 4), "c"), "product0": ((3, 2, 7, 4), "c"),
        "map0": ((3, 2, 8, 8), "i"), "spectrum1": ((3, 2, 3, 2), "c"), "product1": ((3, 4, 3, 2), "c"),
        "map1": ((3, 4, 4, 4), "i"), "logits": ((3, 5), "i"),
    }
    assert list(q.edges) == list(trace)
    np.testing.assert_array_equal(trace["image"][:, 0], images[:3].astype(int) << 7)
    assert trace["map0"].min() >= 0


def test_no_image_at_all():
    q, images = make("one")
    none = q.predict(images[:0], trace=True)
    assert none.logits.shape == (0, 3) and none.classes.shape == none.overflow.shape == (0,)
    assert none.trace["map0"].shape == (0, 2, 4, 4)


def test_smaller_images_are_centred():
    q, images = make("two")
    padded = np.pad(images[:4, 2:-2, 2:-2], ((0, 0), (2, 2), (2, 2)))
    np.testing.assert_array_equal(q.predict(images[:4, 2:-2, 2:-2]).logits, q.predict(padded).logits)


@pytest.mark.parametrize("preset", list(PRESETS))
def test_hadamard_relu_and_dense_once_more_in_integers(preset):
    """From the traced spectra on, each edge from the one before, by the definition, in fractions."""
    q, images = make("two", preset)
    trace = q.predict(images[:5], trace=True).trace
    low, high = -(2 ** (q.formats.width - 1)), 2 ** (q.formats.width - 1) - 1
    for k in range(2):
        x, y, g = trace[f"spectrum{k}"], trace[f"product{k}"], q[f"hadamard{k}"].plan
        for n, o, u, v in np.ndindex(y.shape):
            parts = [int(g.bias[o]) if u == v == 0 else 0, 0]
            for c in range(x.shape[1]):
                a, w = x[n, c, u, v], g.weights[o, c, u, v]
                parts[0] += int(a.real) * int(w.real) - int(a.imag) * int(w.imag)
                parts[1] += int(a.real) * int(w.imag) + int(a.imag) * int(w.real)
            exact = [max(low, min(high, round(Fraction(p) / Fraction(2) ** int(g.shift[o])))) for p in parts]
            assert [y[n, o, u, v].real, y[n, o, u, v].imag] == exact
        maps, _ = q[f"ifft{k}"].run(y)
        np.testing.assert_array_equal(trace[f"map{k}"], np.where(maps < 0, 0, maps))
    last = trace["map1"].reshape(5, -1).tolist()
    for n, m in enumerate(last):
        for o, w in enumerate(q.dense.plan.weights.reshape(5, -1).tolist()):
            exact = sum(int(a) * int(b) for a, b in zip(m, w)) + int(q.dense.plan.bias[o])
            assert trace["logits"][n, o] == round(Fraction(exact) / Fraction(2) ** int(q.dense.plan.shift[o]))


def test_overflow_is_told_per_image():
    q, images = make("two")
    assert not q.predict(images).overflow.any()
    q["hadamard0"].plan.shift[...] -= 8  # products 256 times too loud for their format; black images stay black
    q["hadamard0"].plan.bias[...] = 0
    got = q.predict(images)
    assert got.overflow.any() and not got.overflow.all()
    for k in range(0, 107, 13):
        assert q.predict(images[k : k + 1]).overflow[0] == got.overflow[k]


def test_refusals():
    q, images = make("one")
    np.testing.assert_array_equal(q.predict(images.astype(int)).logits, q.predict(images).logits)
    with refused("Images must be integers from 0 to 255, the words of uint8, not -1 at [0, 0, 0]", DataError):
        q.predict(np.full((1, 8, 8), -1))
    with refused("Images must be of type uint8 (0 to 255), a wider integer type or floats from 0 to 1, not bool", DataError):
        q.predict(images > 0)
    fit = "Images must have the shape (n, 8, 8) or (n, 4, 4), with or without an axis of 1 channel"
    with refused(f"{fit}, not (8, 8): a single one needs a first axis of 1", DataError):
        q.predict(images[0])
    with refused(f"{fit}, not (1, 28, 28)", DataError):
        q.predict(np.zeros((1, 28, 28), np.uint8))
