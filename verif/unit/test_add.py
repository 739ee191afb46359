"""Sums of maps and of bins: the plan against Python fractions, the operation and the layer against plain sums."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hadamac import timing
from hadamac.errors import DataError, DescriptionError
from hadamac.model.add import ALIGN, AddPlan
from hadamac.network import Activation, Add, Dense, Network, Pad, SpectralConv, SpectralPool
from hadamac.ops import evaluate
from hadamac.ops.add import Add as AddOperation
from hadamac.ops.add import takes_part
from hadamac.quantised import PRESETS, reference
from hadamac.quantised.artifact import Artifact, load, save
from hadamac.quantised.quantise import quantise
from hadamac.quantised.unpruned import unpruned
from support import direct, tiny
from support.seeds import refused, rng
from support.stimuli import limits


def plain(words, fractions, fraction: int, width: int) -> tuple[int, bool]:
    """Return the sum of integers by its definition in fractions, and whether it was saturated."""
    common = min(max(fractions), min(fractions) + 8)
    aligned = [Fraction(x) * Fraction(2) ** (common - f) for x, f in zip(words, fractions, strict=True)]
    total = sum(round(a) for a in aligned)  # round() takes ties to the even integer
    exact = round(Fraction(total) / Fraction(2) ** (common - fraction))
    low, high = limits(width)
    kept = max(low, min(high, exact))
    return kept, kept != exact


PLANS = {  # fraction bits of the inputs, of the sum, bits of a word
    "two alike": ((12, 12), 11, 16), "two alike, nothing dropped": ((12, 12), 12, 16), "one bit apart": ((12, 11), 11, 16),
    "as far apart as is exact": ((4, 4 + ALIGN), 3, 12), "one bit further": ((4, 5 + ALIGN), 6, 12),
    "far apart": ((2, 20, 9), 4, 10), "below zero": ((-6, -3), -7, 10), "eight": ((3, 4, 5, 6, 7, 3, 4, 5), 2, 10),
    "a narrow sum": ((10, 10), 0, 12), "all bits kept": ((4, 8), 8, 17), "odd": ((7, 9, 8), 5, 13),
}


def made(name: str) -> AddPlan:
    fractions, fraction, width = PLANS[name]
    return AddPlan(fractions=fractions, fraction=fraction, width=width)


def stimuli(plan: AddPlan, r, shape=(40, 3)) -> list[np.ndarray]:
    """Return frames of noise, loud and quiet, of both ends and zeros at random, and of each end and zero alone."""
    low, high = limits(plan.width)
    ends = np.array([low, high, 0, -1, 1])
    alone = np.broadcast_to(ends[:3, None], (len(plan.fractions), 3, *shape[1:]))
    noise = [r.integers(int(low * s), int(high * s), (len(plan.fractions), *shape), endpoint=True) for s in (1, 0.3, 0.01)]
    return list(np.concatenate([*noise, ends[r.integers(0, 5, (len(plan.fractions), *shape))], alone], 1).astype(float))


@pytest.mark.parametrize("name", list(PLANS))
def test_against_python_fractions(name):
    """Words and flags, of reals and of both parts of complex words."""
    plan, r = made(name), rng("add", name)
    real, imag = stimuli(plan, r), stimuli(plan, r)
    flags = {}
    for kind, x in {"real": real, "complex": [a + 1j * b for a, b in zip(real, imag)]}.items():
        y, flags[kind] = plan.run(*x)
        assert y.shape == x[0].shape and flags[kind].dtype == bool and flags[kind].shape == (len(y),)
        for n in range(len(y)):
            parts = {"real": [[v.real for v in x]], "complex": [[v.real for v in x], [v.imag for v in x]]}[kind]
            expected = [[plain([int(v[n, c]) for v in part], plan.fractions, plan.fraction, plan.width)
                         for c in range(y.shape[1])] for part in parts]
            for part, got in zip(expected, (y[n].real, y[n].imag)):
                assert got.tolist() == [value for value, _ in part], (n, kind)
            assert flags[kind][n] == any(over for part in expected for _, over in part)
    possible = any(plain([word] * len(x), plan.fractions, plan.fraction, plan.width)[1] for word in limits(plan.width))
    assert flags["real"].any() == possible and not flags["real"].all()
    assert (flags["complex"] >= flags["real"]).all()


@pytest.mark.parametrize("name", list(PLANS))
def test_the_error_is_what_the_roundings_explain(name):
    """Half an LSB of the sum, and half an LSB of the common format for every input that is finer than it."""
    plan = made(name)
    x = stimuli(plan, rng("error", name))
    y, over = plan.apply(*x)
    value = sum(v * 2.0**-f for v, f in zip(x, plan.fractions))
    finer = sum(f > plan.common for f in plan.fractions)
    bound = 2.0 ** -(plan.fraction + 1) * (plan.fraction < plan.common) + finer * 2.0 ** -(plan.common + 1)
    error = np.abs(y * 2.0**-plan.fraction - value)[~over]
    assert len(error) and error.max() <= bound
    assert error.max() > bound / 4 or bound == 0


@pytest.mark.parametrize("name", list(PLANS))
def test_no_sum_is_wider_than_the_plan_says(name):
    """At full scale of either sign the exact sum fits ``sum_width`` bits, and needs them."""
    plan = made(name)
    totals = []
    for word in limits(plan.width):
        totals.append(sum(round(Fraction(word) * Fraction(2) ** up) for up in plan.shifts))
    low, high = limits(plan.sum_width)
    assert low <= min(totals) and max(totals) <= high
    assert plan.sum_width <= plan.width + ALIGN + timing.tree(len(plan.fractions))
    if len(set(plan.fractions)) == 1 and len(plan.fractions) in (2, 4, 8):
        assert min(totals) == low


def test_the_common_format_is_limited():
    """Up to ALIGN bits finer than the coarsest input nothing is rounded before the sum; a finer one drops bits."""
    assert ALIGN == 8
    exact, rounded = made("as far apart as is exact"), made("one bit further")
    assert (exact.common, exact.shifts, exact.align) == (12, (8, 0), 1)
    assert (rounded.common, rounded.shifts, rounded.align) == (12, (8, -1), 2)
    # 1/2, 3/2 and 5/2 of the common LSB: ties go to the even integer, before the sum is made.
    plan = AddPlan(fractions=(4, 5 + ALIGN), fraction=12, width=12)
    y, over = plan.run(np.zeros((1, 6)), np.array([[1.0, 3, 5, -1, -3, -5]]))
    assert y.tolist() == [[0, 2, 2, 0, -2, -2]] and not over.any()


def test_ties_of_the_sum_go_to_even_and_both_ends_saturate():
    plan = AddPlan(fractions=(4, 4), fraction=3, width=8)
    a, b = np.array([[1.0], [1], [2], [-1], [-2], [127], [-128], [127]]), np.array([[0.0], [2], [3], [0], [-3], [127], [-128],
                                                                                  [-128]])
    y, over = plan.run(a, b)
    assert y.ravel().tolist() == [0, 2, 2, 0, -2, 127, -128, 0] and not over.any()
    plan = replace(plan, fraction=4)
    y, over = plan.run(a, b)
    assert y.ravel().tolist() == [1, 3, 5, -1, -5, 127, -128, -1]
    assert over.tolist() == [False] * 5 + [True, True, False]
    y, over = plan.run(a * 1j, b * 1j)
    assert y.imag.ravel().tolist() == [1, 3, 5, -1, -5, 127, -128, -1] and over.tolist() == [False] * 5 + [True, True, False]


def test_cycles_are_those_of_its_parts():
    """Align, a tree, round, compare and clip; two summands that need no rounding take four cycles, and the FIFO two."""
    assert [made(name).pipeline for name in ("two alike, nothing dropped", "two alike", "one bit further", "eight")] == [
        1 + 1 + 2, 1 + 1 + 3, 2 + 1 + 3, 1 + 3 + 3]
    plan = made("two alike")
    assert plan.latency == plan.pipeline + timing.fifo(plan.pipeline) and plan.multipliers == 0
    assert plan.memory_bits == timing.fifo_bits(33, plan.pipeline)
    early, late = np.array([3, 4, 5, 6]), np.array([7, 9, 10, 30])
    assert plan.together(early, late).tolist() == [7, 9, 10, 30]
    assert plan.together(early, np.array([3, -1, -1, 9])).tolist() == [3, 4, 5, 9]
    assert plan.arrivals(early, late).tolist() == (late + plan.latency).tolist()


@pytest.mark.parametrize(("options", "message"), [
    ({"fractions": (8,)}, "Add inputs must be from 2 to 8, not 1"),
    ({"fractions": (8,) * 9}, "Add inputs must be from 2 to 8, not 9"),
    ({"fractions": (8, 65)}, "Add fraction bits of an input must be an integer from -64 to 64, not 65"),
    ({"fractions": (8, 8.0)}, "Add fraction bits of an input must be an integer from -64 to 64, not 8.0"),
    ({"fractions": (True, 8)}, "Add fraction bits of an input must be an integer from -64 to 64, not True"),
    ({"fraction": 9}, "Add fraction bits must be an integer from -64 to 8, not 9"),
    ({"fraction": -65}, "Add fraction bits must be an integer from -64 to 8, not -65"),
    ({"fractions": (2, 30), "fraction": 11}, "Add fraction bits must be an integer from -64 to 10, not 11"),
    ({"width": 1}, "Add width must be an integer from 2 to 24, not 1"),
    ({"width": 25}, "Add width must be an integer from 2 to 24, not 25"),
])
def test_refusals(options, message):
    with refused(message, DescriptionError):
        AddPlan(**{"fractions": (8, 8), "fraction": 7, "width": 12} | options)


def test_words_beyond_the_ports_are_refused_in_any_input():
    plan, good = made("odd"), np.zeros((2, 3))
    for n in range(3):
        for bad in (4096, -4097, 0.5):
            x = [good.copy() for _ in range(3)]
            x[n][1, 2] = bad
            with refused(f"Add words must be integers from -4096 to 4095, not {bad}", DataError):
                plan.run(*x)


# The operation and the layer

CONV, DENSE = SpectralConv(channels=2, kernel=3, name="stem"), Dense(outputs=3)
NARROW = (CONV, SpectralPool(size=8), Pad(size=16, name="low"),
          Activation(function="tanh", domain="bins", inputs=("stem",), name="high"))


def sum_of(*layers, inputs) -> Network:
    return Network(name="sum", shape=(1, 16, 16), layers=(*layers, Add(inputs=inputs), DENSE))


def test_floats_are_a_plain_sum():
    """Of maps; and of bins, among which those of a smaller radius are the low ones and the others zero."""
    r = rng("floats")
    maps = sum_of(CONV, Activation(), Activation(function="gelu", name="b"), Activation(name="a", inputs=("activation0",)),
                  inputs=("a", "b"))
    stage = next(s for s in maps.stages if s.kind == "join")
    x, y = r.normal(size=(2, 3, 2, 16, 16))
    np.testing.assert_array_equal(evaluate(stage, {}, x, y), x + y)
    stage = next(s for s in sum_of(*NARROW, inputs=("low", "high")).stages if s.kind == "join")
    assert stage.radii_in == ((3, 3), (8, 8)) and stage.shape == (2, 16, 9)
    low, high = r.normal(size=(3, 2, 7, 4)) + 0j, r.normal(size=(3, 2, 16, 9)) * 1j
    got = evaluate(stage, {}, low, high)
    for u in range(-8, 8):
        for v in range(9):
            inside = low[:, :, u % 7, v] if abs(u) <= 3 and v <= 3 else 0
            np.testing.assert_array_equal(got[:, :, u % 16, v], high[:, :, u % 16, v] + inside)
    np.testing.assert_array_equal(got, evaluate(replace(stage, radii_in=(8, 3)), {}, high, low))


def test_the_beats_in_which_an_input_takes_part():
    """In the order of a stream, column by column: the low bins of the narrow input, every bin of the wide one."""
    stage = next(s for s in sum_of(*NARROW, inputs=("low", "high")).stages if s.kind == "join")
    mask = takes_part(stage, 0).reshape(2, 9, 16)
    assert takes_part(stage, 1).all() and mask.sum() == 2 * 7 * 4
    for v, k in np.ndindex(9, 16):
        assert (mask[:, v, k] == (v <= 3 and (k if k < 8 else k - 16) in range(-3, 4))).all()
    op = AddOperation(stage=stage, formats=PRESETS["default"], fraction=7,
                      plan=AddPlan(fractions=(8, 8), fraction=7, width=16))
    narrow, wide = np.arange(2 * 28) + 1000, np.arange(2 * 144)
    taken = op.taken(narrow, wide)
    assert [len(times) for times in taken] == [len(narrow), len(wide)]
    np.testing.assert_array_equal(taken[0], taken[1][takes_part(stage, 0)])
    assert (taken[1] >= wide).all() and (taken[0] >= narrow).all() and (np.diff(taken[1]) > 0).all()
    assert len(op.arrivals(narrow, wide)) == 2 * 144


def prepared(name: str, formats=PRESETS["default"]):
    network, r = tiny.residuals()[name], rng("residual", name)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 16)
    params = {k: v.astype(np.float32).astype(float) for k, v in params.items()}  # as an artifact stores them
    return network, params, images, quantise(network, params, images, formats)


@pytest.mark.parametrize("name", list(tiny.residuals()))
def test_every_sum_once_more_in_fractions(name):
    """From the words that other stages gave, with the formats that calibration chose."""
    _, _, images, q = prepared(name)
    values, sums = {-1: images[:2, None] * 2.0**q.pixel_shift}, 0
    fractions = {-1: q.formats.width - 1}
    for k, op in enumerate(q.stages):
        taken = [values[s] for s in op.stage.sources]
        values[k], over = op.apply(*taken)
        fractions[k] = op.fraction
        if isinstance(op, AddOperation):
            sums += 1
            assert op.plan.fractions == tuple(fractions[s] for s in op.stage.sources)
            assert op.plan.fraction == op.fraction == min(op.fraction, op.plan.common)
            whole = np.zeros((len(taken), *values[k].shape), dtype=complex)
            for n, x in enumerate(taken):
                rows = np.arange(x.shape[-2])
                if x.shape[-2] < values[k].shape[-2]:  # frequencies 0 .. r, -r .. -1
                    rows[x.shape[-1]:] -= x.shape[-2]
                whole[n][..., rows[:, None], np.arange(x.shape[-1])] = x
            for at in np.ndindex(values[k].shape):
                for part in (np.real, np.imag):
                    words = [int(part(w[at])) for w in whole]
                    got = part(values[k][at])
                    assert got == plain(words, op.plan.fractions, op.plan.fraction, q.formats.width)[0], (op.stage.name, at)
            assert not over.any()
    assert sums == {"nested": 2}.get(name, 1)


@pytest.mark.parametrize("name", list(tiny.residuals()))
def test_floats_words_and_artifacts_of_residual_networks(tmp_path, name):
    """Floats are the layers' own; words follow them, survive an artifact, and do not see the dead bins."""
    network, params, images, q = prepared(name)
    floats = reference.forward(network, params, images)
    expected = direct.forward(network, params, images)
    np.testing.assert_allclose(floats, expected, atol=1e-11 * abs(expected).max())
    prediction = q.predict(images)
    size = max(floats.std(), 0.1)
    assert np.sqrt(np.mean((q.edges["logits"].value(prediction.logits) - floats) ** 2)) < 0.08 * size
    save(Artifact(q, params), tmp_path / "a")
    again = load(tmp_path / "a")
    assert again.qnet.network == network and again.qnet.edges == q.edges
    np.testing.assert_array_equal(again.predict(images).logits, prediction.logits)
    np.testing.assert_array_equal(unpruned(q, params).predict(images).logits, prediction.logits)


@pytest.mark.parametrize("preset", ["halving", "compact"])
def test_other_formats(preset):
    """Without calibration, and with words of ten bits."""
    for name in ("low_pass", "normalise", "nested"):
        _, params, images, q = prepared(name, PRESETS[preset])
        np.testing.assert_array_equal(unpruned(q, params).predict(images).logits, q.predict(images).logits)


def test_a_sum_with_nothing_has_the_words_of_the_other():
    """A convolution whose weights are zero adds zeros, whatever its format."""
    network = Network(name="zero", shape=(1, 16, 16), layers=(
        CONV, Activation(name="map"), SpectralConv(channels=2, name="dead"), Activation(name="zeros"),
        Add(inputs=("map", "zeros")), DENSE))
    r = rng("zero")
    params, images = tiny.parameters(network, r), tiny.images(network, r, 8)
    params |= {"conv1.spectrum": params["conv1.spectrum"] * 0, "conv1.bias": np.zeros(2)}
    q = quantise(network, params, images, PRESETS["default"])
    trace = q.predict(images, trace=True).trace
    exact = trace["map0"] / 2.0 ** (q.edges["map0"].f - q["add0"].fraction)
    np.testing.assert_array_equal(trace["sum0"], np.rint(exact))


@pytest.mark.parametrize("name", list(tiny.residuals()))
def test_torch_is_the_reference(torch, name):
    """Up to the rounding of single precision."""
    from hadamac.nn import SpectralCnn

    network, params, images, _ = prepared(name)
    model = SpectralCnn(network)
    model.load_numpy(params)
    with torch.no_grad():
        got = model(torch.from_numpy(images.astype(np.float32) / 256)).numpy()
    expected = reference.forward(network, params, images)
    np.testing.assert_allclose(got, expected, atol=1e-5 * max(1, abs(expected).max()))
