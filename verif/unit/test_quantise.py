"""Quantisation: formats, schedules, and how closely the integer network follows the float one."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DataError, DescriptionError, FitError
from hadamac.model.crop import crop
from hadamac.network import Activation, Dense, Network, Normalise, SpectralConv, SpectralPool
from hadamac.network.spectra import kernel_spectrum
from hadamac.ops.calibration import calibrate
from hadamac.quantised import PRESETS, Formats
from hadamac.quantised.quantise import quantise
from hadamac.quantised.reference import forward, traced
from support import tiny
from support.seeds import refused, rng

NETWORKS = {"one": tiny.one_group(), "two": tiny.two_groups()}
FINE = Formats(width=17, weight_width=16, twiddle_width=18, calibrated=True)


def prepared(name: str, formats: Formats):
    # Always the same: how well a format suits depends on the weights, and the bounds below are measured ones.
    network, r = NETWORKS[name], np.random.default_rng(len(name))
    params, images = tiny.parameters(network, r), tiny.images(network, r, 64)
    return network, params, images, quantise(network, params, images, formats)


# Relative error (rms over rms) that an edge may have.  8-bit weights cost one per cent a layer; 10-bit words with
# their headroom 3 %; without calibration the bins of the second layer keep two fraction bits.
BOUNDS = {"default": 0.05, "halving": 0.1, "compact": 0.1}


def size_of(edge: str, trace: dict) -> float:
    """Root mean square of an edge; of a map, before ReLU took half or all of it away (by Parseval)."""
    if not edge.startswith("map"):
        return np.sqrt(np.mean(np.abs(trace[edge]) ** 2))
    bins = np.abs(trace[edge.replace("map", "product")]) ** 2
    both = np.where(np.arange(bins.shape[-1]) == 0, 1, 2)  # a bin of v > 0 stands for its conjugate too
    return np.sqrt((bins * both).sum((-2, -1)).mean()) / trace[edge].shape[-1] ** 2


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.parametrize("name", list(NETWORKS))
def test_every_edge_follows_the_float_network(name, preset):
    network, params, images, q = prepared(name, PRESETS[preset])
    wanted = traced(network, params, images)
    got = q.predict(images, trace=True)
    assert not got.overflow.any()
    assert set(got.trace) == {"image", *wanted}
    for edge, values in wanted.items():
        error = q.edges[edge].value(got.trace[edge]) - values
        assert np.sqrt(np.mean(np.abs(error) ** 2)) < BOUNDS[preset] * size_of(edge, wanted), edge
    np.testing.assert_array_equal(q.edges["image"].value(got.trace["image"])[:, 0], images / 256)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_fine_formats_leave_rounding_noise_only(name):
    """With 16-bit weights each edge is off by a few of its LSB: rounding here, amplified rounding of before."""
    network, params, images, q = prepared(name, FINE)
    wanted = traced(network, params, images)
    got = q.predict(images, trace=True)
    for edge, values in wanted.items():
        error = np.abs(q.edges[edge].value(got.trace[edge]) - values) * 2.0 ** q.edges[edge].f
        assert np.sqrt(np.mean(error**2)) < 10, edge
    assert np.abs(q.edges["spectrum0"].value(got.trace["spectrum0"]) - wanted["spectrum0"]).max() * 2.0**q.edges["spectrum0"].f < 2


@pytest.mark.parametrize("formats", [PRESETS["default"], FINE], ids=["default", "fine"])
@pytest.mark.parametrize("name", list(tiny.every()))
def test_every_kind_follows_the_float_network(name, formats):
    """Beside the edge's size, or the size of what a ReLU left nothing of: 8 % with 8-bit weights, 1 % with 16-bit ones, of
    which the tables of functions have most."""
    network, r = tiny.every()[name], np.random.default_rng(len(name))
    params, images = tiny.parameters(network, r), tiny.images(network, r, 24)
    q = quantise(network, params, images, formats)
    wanted = traced(network, params, images)
    got = q.predict(images, trace=True)
    assert not got.overflow.any() and set(got.trace) == {"image", *wanted} and list(q.edges) == list(got.trace)
    share = 0.08 if formats.weight_width == 8 else 0.01
    for edge, values in wanted.items():
        words = got.trace[edge]
        error = np.abs(q.edges[edge].value(words) - values)
        size = np.sqrt(np.mean(np.abs(values) ** 2))
        assert np.sqrt(np.mean(error**2)) < share * max(size, 0.1), edge
        parts = np.stack([words.real, words.imag])
        assert q.edges[edge].low <= parts.min() and parts.max() <= q.edges[edge].high, edge


def test_scales_of_two_move_the_binary_point():
    """A pool beside no weights costs nothing: words as they were, fraction bits for their new value."""
    layers = SpectralConv(channels=2, kernel=3), Activation(function="modulus", domain="bins"), SpectralPool(size=8)
    network = Network(name="point", shape=(1, 16, 16), layers=(*layers, Activation(), Dense(outputs=3)))
    r = rng("point")
    q = quantise(network, tiny.parameters(network, r), tiny.images(network, r, 16), PRESETS["default"])
    stages = {s.stage.name: s for s in q.stages}
    assert [n for n, s in stages.items() if s.stage.places] == ["ifft0"] and stages["ifft0"].stage.places == -2
    assert stages["modulus0"].fraction == stages["hadamard0"].fraction
    assert stages["ifft0"].fraction == stages["modulus0"].fraction + 6 - q["ifft0"].plan.scale + 2
    assert stages["relu0"].fraction == stages["ifft0"].fraction


@pytest.mark.parametrize("over", ["bins", "map"])
def test_a_correction_reaches_the_words(over):
    """Of 49 bins or 64 pixels: the plan has it, and the words are the float network's, which they leave without it."""
    network = Network(name="sample", shape=(1, 16, 16), layers=(
        SpectralConv(channels=2, kernel=3), SpectralPool(size=8), Normalise(over=over, correction=1), Dense(outputs=3)))
    r = rng("sample", over)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 8)[::2]
    q = quantise(network, params, images, FINE)
    plan = q["normalise0"].plan
    assert (plan.correction, plan.count) == (1, 64 if over == "map" else 49)
    words = q.predict(images, trace=True).trace["normalised0"] * 2.0 ** -q.edges["normalised0"].f
    floats = traced(network, params, images)["normalised0"]
    assert abs(np.abs(words).sum() / np.abs(floats).sum() - 1) < 0.001 < 1 - (1 - 1 / plan.count) ** 0.5


@pytest.mark.parametrize("name", ["normalise_pool", "modulus", "max_pool"])
def test_calibration_images_without_anything_to_normalise(name):
    """Black images have no deviation, nor what follows them a value: some format, and nothing is refused."""
    network, r = tiny.kinds()[name], rng("black", name)
    params = tiny.parameters(network, r)
    q = quantise(network, params, np.zeros((2, 16, 16), np.uint8), Formats())
    plan = q["normalise0"].plan
    assert 0 <= plan.fraction <= 15
    prediction = q.predict(np.zeros((2, 16, 16), np.uint8), trace=True)
    assert not prediction.overflow.any()


@pytest.mark.parametrize("function", ["gelu", "silu", "hard-swish", "leaky", "tanh"])
def test_a_black_frame_stays_black(function):
    """A function that is 0 at 0 gives 0, and so there is nothing that a normalisation could raise."""
    chain = SpectralConv(channels=2, kernel=3), Activation(function=function), Normalise(), SpectralPool(size=4)
    network, r = Network(name="black", shape=(1, 8, 8), layers=(*chain, Dense(outputs=3))), rng("black", function)
    params = tiny.parameters(network, r) | {"conv0.bias": np.zeros(2), "dense.bias": np.zeros(3)}
    q = quantise(network, params, tiny.images(network, r, 16), PRESETS["default"])
    black = q.predict(np.zeros((1, 8, 8), np.uint8), trace=True)
    assert not any(words.any() for words in black.trace.values())


@pytest.mark.parametrize("preset", list(PRESETS))
def test_words_and_formats(preset):
    network, params, images, q = prepared("two", PRESETS[preset])
    formats = PRESETS[preset]
    got = q.predict(images, trace=True)
    for edge, words in got.trace.items():
        parts = np.concatenate([np.real(words).ravel(), np.imag(words).ravel()])
        assert q.edges[edge].low <= parts.min() and parts.max() <= q.edges[edge].high, edge
        np.testing.assert_array_equal(parts, np.rint(parts))
    limit = 2 ** (formats.weight_width - 1)
    fraction = {s.stage.name: s.fraction for s in q.stages}
    for k, s in enumerate(q.of_kind("multiply")):
        product, inverse, (size, _), pool = s.plan, q[f"ifft{k}"].plan, s.stage.size, s.stage.size[0] // 2
        spectra = crop(kernel_spectrum(params[f"conv{k}.kernel"], (size, size)), s.stage.radius) * (pool / size) ** 2
        parts = np.concatenate([product.weights.real, product.weights.imag], 1)
        # One power of two per output channel, the largest: half of the range is used, all of it fits.
        assert parts.min() >= -limit and parts.max() < limit
        assert (np.abs(parts).max((1, 2, 3)) >= limit / 2 - 0.5).all()
        np.testing.assert_allclose(product.weights, spectra * 2.0 ** s.exponent[:, None, None, None],
                                   atol=0.5 * 2**0.5)
        assert fraction[f"fft{k}"] == (fraction[f"relu{k - 1}"] if k else formats.width - 1) - q[f"fft{k}"].plan.scale
        assert fraction[f"ifft{k}"] == fraction[f"hadamard{k}"] + 2 * (pool.bit_length() - 1) - inverse.scale
        assert fraction[f"relu{k}"] == fraction[f"ifft{k}"]
        np.testing.assert_array_equal(product.shift, fraction[f"fft{k}"] + s.exponent - fraction[f"hadamard{k}"])
        bias = params[f"conv{k}.bias"] * pool**2 * 2.0 ** (s.exponent + fraction[f"fft{k}"])
        np.testing.assert_array_equal(product.bias, np.rint(bias))
        assert q.edges[f"map{k}"].width == formats.width
    assert q.pixel_shift == formats.width - 9


def test_headroom_is_left_above_the_calibration_images():
    for headroom in (1.0, 1.25, 2.0, 4.0):
        network, params, images, q = prepared("two", Formats(calibrated=True, headroom=headroom))
        trace = traced(network, params, images)
        for k in range(2):
            z = trace[f"product{k}"]
            peak = max(np.abs(z.real).max(), np.abs(z.imag).max()) * 2.0 ** q.edges[f"product{k}"].f
            assert 2.0**14 / headroom < peak <= 2.0**15 / headroom


def test_contrast_beyond_the_calibration_is_flagged_not_wrapped():
    network, params, images, _ = prepared("two", FINE)
    q = quantise(network, params, images // 16, Formats(calibrated=True, headroom=1.0))
    got = q.predict(images, trace=True)
    assert got.overflow.any()
    words = got.trace["product0"]
    assert np.abs(words.real).max() <= 2**15 and np.abs(words.imag).max() <= 2**15


@pytest.mark.parametrize("inverse", (False, True))
@pytest.mark.parametrize("size", (4, 8, 32))
def test_calibrate(size, inverse):
    """The scaled transform, and a shift exactly where the largest value would leave the word."""
    x = rng("calibrate", size).normal(0, 3000, (20, 3, size)) + 1j * rng("im", size).normal(0, 3000, (20, 3, size))
    exact = np.fft.ifft(x) * size if inverse else np.fft.fft(x)
    for width in (14, 16, 20, 40):
        schedule, y = calibrate(x, width, 1.5, inverse)
        assert len(schedule) == size.bit_length() - 1 and set(schedule) <= {0, 1}
        np.testing.assert_allclose(y, exact * 2.0 ** -sum(schedule), rtol=1e-9, atol=1e-6)
        if width >= 16:
            assert max(np.abs(y.real).max(), np.abs(y.imag).max()) * 1.5 <= 2.0 ** (width - 1)
    assert schedule == (0,) * len(schedule)
    assert calibrate(x, 10, 1.5, inverse)[0] == (1,) * len(schedule)


def test_halving_preset_needs_no_calibration_for_its_transforms():
    _, _, _, q = prepared("two", PRESETS["halving"])
    transforms = [s.plan for s in q.stages if s.stage.kind in ("transform", "inverse")]
    assert len(transforms) == 4
    for plan in transforms:
        assert plan.row_plan.schedule == (1,) * plan.row_plan.stages == plan.column_plan.schedule


def test_refusals():
    network, params, images, _ = prepared("two", FINE)
    formats = PRESETS["default"]
    nan = params["conv1.kernel"].copy()
    nan[1, 1, 2, 0] = np.nan
    for changed, message in (
        ({"conv1.kernel": nan}, "Parameter conv1.kernel must be finite, not nan"),
        ({"dense.bias": np.full(5, np.inf)}, "Parameter dense.bias must be finite, not inf"),
        ({"conv0.kernel": np.zeros((2, 1, 5, 5))}, "Parameter conv0.kernel must have the shape (2, 1, 3, 3), not (2, 1, 5, 5)"),
        ({"conv0.bias": np.array(["a", "b"])}, "Parameter conv0.bias must be real numbers, not <U1"),
        ({"conv7.bias": np.zeros(2)},
         f"Parameters must be {', '.join(network.parameters)}, not 'conv7.bias'"),
    ):
        with refused(message, DataError):
            quantise(network, params | changed, images, formats)
    with refused("Calibration needs at least one image, not 0", DataError):
        quantise(network, params, images[:0], formats)
    with refused("Images must be of type uint8 (0 to 255), a wider integer type or floats from 0 to 1, not int8", DataError):
        quantise(network, params, images.astype(np.int8), formats)
    with refused("Images of floats must be from 0 to 1, or whole numbers from 0 to 255, not numbers with fractions from 0.0 to "
                 "127.5", DataError):
        quantise(network, params, images / 2, formats)
    with refused("Images must have the shape (n, 16, 16) or (n, 12, 12), with or without an axis of 1 channel, not "
                 "(64, 16, 8)", DataError):
        quantise(network, params, images[:, :, :8], formats)


@pytest.mark.parametrize("layer, channel", [("conv0.kernel", 1), ("conv1.kernel", 3), ("dense.weight", 2)])
def test_a_nearly_dead_channel_is_quantised_as_a_dead_one(layer, channel):
    """Whatever its weights: their words become smaller, in the end zero, and nothing else changes."""
    network, params, images, _ = prepared("two", FINE)
    stage = {"conv0": "hadamard0", "conv1": "hadamard1", "dense": "dense"}[layer.split(".")[0]]
    logits = []
    for factor in (0, 1e-300, 1e-30, 1e-8):
        weights = params[layer].copy()
        weights[channel] *= factor
        q = quantise(network, params | {layer: weights}, images, PRESETS["default"])
        plan = q[stage].plan
        assert plan.shift[channel] <= 31 and np.abs(plan.bias).max() < 2**47
        assert factor == 1e-8 or not plan.weights[channel].any()
        logits.append(q.predict(images).logits)
        np.testing.assert_array_equal(logits[-1], logits[0])


def test_a_dead_output_with_a_large_bias():
    """Its bias needs the bits that the exponent of its weights would take."""
    network, params, images, _ = prepared("one", FINE)
    weights, bias = params["dense.weight"].copy(), params["dense.bias"].copy()
    weights[1] *= 1e-9
    bias[1] = 20000.0
    q = quantise(network, params | {"dense.weight": weights, "dense.bias": bias}, images, PRESETS["default"])
    assert 2**46 <= q["dense"].plan.bias[1] < 2**47
    np.testing.assert_array_equal(q.edges["logits"].value(q.predict(images).logits)[:, 1], 20000.0)


def test_a_layer_that_calibration_says_nothing_of():
    """Black images without a bias, and a channel far larger than the other: some format, and nothing is refused."""
    network, params, images, _ = prepared("one", FINE)
    params = params | {"conv0.bias": np.zeros(2)}
    for factor in (0, 1, 1e12):
        kernel = params["conv0.kernel"].copy()
        kernel[1] *= factor
        q = quantise(network, params | {"conv0.kernel": kernel}, images[:2] * 0, PRESETS["default"])
        assert q["hadamard0"].plan.shift.min() == -8 and q["hadamard0"].plan.shift.max() <= 31
        assert not q.predict(images[:2] * 0).overflow.any()


def test_the_channel_at_fault_is_named():
    network, params, images, _ = prepared("one", FINE)
    bias = params["dense.bias"].copy()
    bias[2] = 1e12
    with pytest.raises(FitError, match=r"\ALayer dense, channel 2, needs a bias of \d+ bits, allowed are 48: it is too "
                                       r"large beside its weights\Z"):
        quantise(network, params | {"dense.bias": bias}, images, PRESETS["default"])


def test_a_bias_far_above_the_products_survives():
    """Quiet maps and loud biases: the words of a bias grow beyond those of a sum of products."""
    network, params, images, _ = prepared("one", FINE)
    quiet = params | {"conv0.kernel": params["conv0.kernel"] * 1e-3}
    q = quantise(network, quiet, images, PRESETS["default"])
    assert np.abs(q["hadamard0"].plan.bias).max() >= 2**25
    wanted = forward(network, quiet, images)
    np.testing.assert_allclose(q.edges["logits"].value(q.predict(images).logits), wanted, atol=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 7}, "Formats width must be an integer from 8 to 17, not 7"),
        ({"width": 18}, "Formats width must be an integer from 8 to 17, not 18"),
        ({"width": 16.0}, "Formats width must be an integer from 8 to 17, not 16.0"),
        ({"twiddle_width": 19}, "Formats twiddle_width must be an integer from 6 to 18, not 19"),
        ({"weight_width": 1}, "Formats weight_width must be an integer from 2 to 16, not 1"),
        ({"weight_width": True}, "Formats weight_width must be an integer from 2 to 16, not True"),
        ({"logit_width": 33}, "Formats logit_width must be an integer from 8 to 32, not 33"),
        ({"headroom": 0.5}, "Formats headroom must be a number from 1 to 1e6, not 0.5"),
        ({"headroom": float("nan")}, "Formats headroom must be a number from 1 to 1e6, not nan"),
        ({"headroom": "2"}, "Formats headroom must be a number from 1 to 1e6, not '2'"),
    ],
)
def test_format_refusals(options, message):
    with refused(message, DescriptionError):
        Formats(**options)


def test_dead_network():
    """All weights zero: the logits are the dense bias, whatever the image."""
    network, params, images, _ = prepared("one", FINE)
    dead = {name: value * 0 for name, value in params.items()} | {"dense.bias": np.array([1.0, -2.0, 0.5])}
    dead["conv0.bias"] = np.array([0.25, -0.25])
    q = quantise(network, dead, images, PRESETS["default"])
    got = q.predict(images)
    np.testing.assert_allclose(q.edges["logits"].value(got.logits), np.tile([1.0, -2.0, 0.5], (64, 1)), atol=2**-7)
    assert got.classes.tolist() == [0] * 64
