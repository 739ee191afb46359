# amaranth: UnusedElaboratable=no
"""The modulus against exact integers: every word of a small width, edges and random words of wide ones; refusals."""

from __future__ import annotations

from itertools import product
from math import isqrt

import numpy as np
import pytest

from hadamac import timing
from hadamac.errors import DescriptionError
from hadamac.model.modulus import ModulusPlan, hypotenuse
from hadamac_hw.layers.modulus import Hypotenuse, Modulus, PairModulus
from support.seeds import refused, rng
from support.stimuli import limits, uniform


def exact(a: int, b: int) -> int:
    """Return the integer nearest to the root, by integer arithmetic alone."""
    return (isqrt(4 * (a * a + b * b)) + 1) // 2


@pytest.mark.parametrize("width", [4, 7])
def test_every_word(width):
    low, high = limits(width)
    words = range(low, high + 1)
    z = np.array([complex(a, b) for a, b in product(words, words)]).reshape(-1, 1)
    y, overflow = ModulusPlan(width).run(z)
    roots = [exact(a, b) for a, b in product(words, words)]
    assert y.real.ravel().tolist() == [min(r, high) for r in roots] and not y.imag.any()
    assert overflow.tolist() == [r > high for r in roots]
    np.testing.assert_array_equal(Modulus(width=width).model(z), y)


def test_error_is_at_most_half_an_lsb():
    a, b = rng("modulus").integers(-(2**16), 2**16, (2, 100_000))
    a[:4], b[:4] = (-(2**16), 0, 1, 2**16 - 1), (-(2**16), 0, 0, -(2**16))
    y = hypotenuse(a, b)
    assert np.abs(y - np.hypot(a, b)).max() <= 0.5
    assert y[:4].tolist() == [92682, 0, 1, 92681]


def test_next_to_a_half():
    """Sums of squares on either side of ``(k + 1/2)**2`` are rounded right: there a root in floats would fail first."""
    k = np.arange(0, 2**17)
    d = np.stack([k * k + k, k * k + k + 1]).astype(float)
    np.testing.assert_array_equal(np.rint(np.sqrt(d)), [k, k + 1])
    sums = {(a, b): a * a + b * b for a in range(300) for b in range(a)}
    near = [words for words, d in sums.items() if isqrt(d) + isqrt(d) ** 2 in (d, d - 1)]
    assert len(near) > 100 and hypotenuse(*np.transpose(near)).tolist() == [exact(*words) for words in near]


@pytest.mark.parametrize("width", [10, 16, 17])
def test_pairs(width):
    x = uniform(rng("pairs", width), width, 3, 2, 2, 5)
    x[0] *= 0.5  # this frame's moduli fit
    x = np.trunc(x.real) + 1j * np.trunc(x.imag)
    x[1, 0, :, 0] = limits(width)[0] * (1 + 1j)
    y, overflow = ModulusPlan(width).run_pairs(x)
    high = limits(width)[1]
    for part, out in ((x.real, y.real), (x.imag, y.imag)):
        a, b = part[:, :, 0].astype(int).ravel().tolist(), part[:, :, 1].astype(int).ravel().tolist()
        assert out.ravel().tolist() == [min(exact(*words), high) for words in zip(a, b)]
    assert not overflow[0] and overflow[1]
    np.testing.assert_array_equal(PairModulus(width=width, beats=5, pairs=2).model(x), y)


@pytest.mark.parametrize("width", [3, 18, 8.0, None])
def test_widths_are_refused(width):
    for what, make in {"Hypotenuse": Hypotenuse, "Modulus": Modulus,
                       "PairModulus": lambda width: PairModulus(width=width, beats=2)}.items():
        with refused(f"{what} width must be an integer from 4 to 17, not {width!r}", DescriptionError):
            make(width=width)


@pytest.mark.parametrize("value", [0, -1, 2.0])
def test_counts_are_refused(value):
    for name in ("beats", "pairs"):
        with refused(f"PairModulus {name} must be a positive integer, not {value!r}", DescriptionError):
            PairModulus(**{"width": 8, "beats": 4, "pairs": 2} | {name: value})


def test_cycle_counts():
    block = PairModulus(width=16, beats=10, pairs=3)
    assert ModulusPlan(16).pipeline == 4 + 1 + 17 + 3
    assert (block.interval, block.frame, block.latency) == (60, (60, 30), 10 + 2 + 25 + timing.fifo(27))
    assert Modulus(width=8).latency == 17 + timing.fifo(17)
