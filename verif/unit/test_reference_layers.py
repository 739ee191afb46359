"""Layers of the float network: against their definitions on whole spectra, and against formulas written out."""


import numpy as np
import pytest

from hadamac.errors import DataError, DescriptionError
from hadamac.network import Activation, Dense, MaxPool, Network, Normalise, Pad, SpectralConv, SpectralPool
from hadamac.quantised import reference
from support import direct, tiny
from support.direct import convolve, dirichlet
from support.seeds import refused


@pytest.mark.parametrize("name", list(tiny.every()))
def test_every_kind_is_the_direct_network(name, rng):
    """Against its layers one by one on whole spectra: pruning, moved scales and folded statistics change nothing."""
    network, varied = tiny.every()[name], 0
    for _ in range(4):
        params, images = tiny.parameters(network, rng), tiny.images(network, rng, 6)
        logits, expected = reference.forward(network, params, images), direct.forward(network, params, images)
        np.testing.assert_allclose(logits, expected, atol=1e-11 * abs(expected).max())
        varied += expected.std(0).max() > 0.02
    assert varied, "maps that died would compare nothing but biases"


def one_layer(*layers, size=8) -> Network:
    return Network(name="one", shape=(1, size, size), layers=(*layers, Dense(outputs=2)))


def behind(network, params, rng, edge, images=None):
    """A traced edge, of random images."""
    images = rng.integers(0, 256, (3, *network.size), np.uint8) if images is None else images
    params = {name: np.zeros(shape) for name, shape in network.parameters.items()} | params
    return images[:, None] / 256, reference.traced(network, params, images)[edge]


def test_a_bias_is_in_units_of_its_own_map(rng):
    """Whatever pools or pads stand before or behind it."""
    conv, bias = SpectralConv(channels=2), np.array([0.25, -1.5])
    for layers in ((conv,), (SpectralPool(size=4), conv), (conv, SpectralPool(size=4)), (Pad(size=16), conv),
                   (SpectralPool(size=6), conv, SpectralPool(size=4)), (SpectralPool(size=5), conv, Pad(size=16))):
        network = one_layer(*layers, Activation(function="hard-tanh"))
        _, edge = behind(network, {"conv0.bias": bias}, rng, "map0")
        np.testing.assert_allclose(edge, np.broadcast_to(np.clip(bias, -1, 1)[:, None, None], edge.shape), atol=1e-12)


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("band", [None, 2])
def test_a_free_spectrum_is_a_convolution_with_its_kernel(rng, band, real):
    """Sums in space with the N x N kernel whose spectrum it is, of its even part if only real parts count."""
    network = one_layer(SpectralConv(channels=3, band=band, real=real), Activation(function="hard-tanh"))
    shape = network.parameters["conv0.spectrum"]
    assert shape == ((3, 1, 8, 5, 2) if band is None else (3, 1, 5, 3, 2))
    free = rng.standard_normal(shape) * 0.2
    half = np.zeros((3, 1, 8, 5), dtype=complex)
    rows = np.arange(8) if band is None else np.r_[:3, -2:0]
    half[..., rows[:, None], np.arange(shape[3])] = free[..., 0] + 1j * free[..., 1]
    kernel = np.fft.irfft2(half, (8, 8))  # takes the Hermitian part of columns 0 and N/2
    if real:
        kernel = (kernel + np.roll(kernel[..., ::-1, ::-1], (1, 1), (-2, -1))) / 2
    maps, got = behind(network, {"conv0.spectrum": free}, rng, "map0")
    expected = sum(np.einsum("oc,ncyx->noyx", kernel[:, :, i, j], np.roll(maps, (i, j), (-2, -1)))
                   for i, j in np.ndindex(8, 8))
    np.testing.assert_allclose(got, np.clip(expected, -1, 1), atol=1e-12)
    assert (np.abs(expected) < 1).mean() > 0.5


def test_real_weights_are_the_even_part_of_a_kernel(rng):
    network = one_layer(SpectralConv(channels=2, kernel=5, real=True), Activation(function="hard-tanh"))
    kernel = rng.standard_normal((2, 1, 5, 5)) * 0.2
    maps, got = behind(network, {"conv0.kernel": kernel}, rng, "map0")
    even = (kernel + kernel[..., ::-1, ::-1]) / 2
    np.testing.assert_allclose(got, np.clip(convolve(maps, even), -1, 1), atol=1e-12)


@pytest.mark.parametrize("band", [0, 1, 3])
def test_band_limit(rng, band):
    """Of the map: the Dirichlet kernel of the bins up to it, at full resolution."""
    network = one_layer(SpectralConv(channels=2, kernel=3, band=band), Activation(function="hard-tanh"))
    kernel = rng.standard_normal((2, 1, 3, 3)) * 0.2
    maps, got = behind(network, {"conv0.kernel": kernel}, rng, "map0")
    t = np.arange(8)[:, None] - np.arange(8)
    low = sum(np.cos(2 * np.pi * u * t / 8) for u in range(-band, band + 1)) / 8
    np.testing.assert_allclose(got, np.clip(low @ convolve(maps, kernel) @ low.T, -1, 1), atol=1e-12)


def test_functions_of_pixels(rng):
    """On maps of -4 to 4: formulas, and the maximum of each tile."""
    image = rng.integers(0, 256, (2, 8, 8), np.uint8)
    scale = {"conv0.kernel": np.array([[[[8.0]]]]), "conv0.bias": np.array([-4.0])}
    conv, maps = SpectralConv(channels=1, kernel=1), image[:, None] / 32 - 4
    for name in ("relu", "leaky", "sigmoid", "tanh", "gelu", "silu", "hard-sigmoid", "hard-tanh", "hard-swish"):
        _, got = behind(one_layer(conv, Activation(function=name)), scale, rng, "map0", image)
        np.testing.assert_allclose(got, direct.function(name, maps), atol=1e-12, err_msg=name)
    c = np.array([0.3, -0.7, 0.2])
    _, got = behind(one_layer(conv, Activation(function="quadratic")), scale | {"act0.coefficients": c}, rng, "map0", image)
    np.testing.assert_allclose(got, c[0] + c[1] * maps + c[2] * maps * maps, atol=1e-12)
    _, got = behind(one_layer(conv, MaxPool()), scale, rng, "pooled0", image)
    tiles = [[maps[n, 0, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].max() for y in range(4) for x in range(4)] for n in range(2)]
    np.testing.assert_allclose(got.reshape(2, 16), tiles, atol=1e-12)


def test_functions_of_bins(rng):
    """Of ``z / P``, an orthonormal spectrum's bins; P = 8 for 8 and for 7."""
    image = rng.integers(0, 256, (2, 8, 8), np.uint8)
    for pool, rows in ((SpectralPool(size=8), np.r_[:4, -3:0]), (SpectralPool(size=7), np.r_[:4, -3:0])):
        whole = np.fft.fft2(image[:, None] / 256)[..., rows[:, None], np.arange(4)]
        z = whole * (pool.size / 8) ** 2 / 8
        free = {"conv0.spectrum": np.ones((1, 1, 7, 4, 1)) * [1, 0]}

        def of(function, name="bins0", pool=pool, free=free, **params):
            layers = SpectralConv(channels=1), pool, Activation(function=function, domain="bins")
            if pool.size == 8:  # the Nyquist bins are dropped behind
                layers = layers[0], layers[2], pool
            return behind(one_layer(*layers), free | params, rng, name, image)[1] / 8

        for name in ("tanh", "hard-tanh"):
            expected = direct.function(name, z.real) + 1j * direct.function(name, z.imag)
            np.testing.assert_allclose(of(name), expected, atol=1e-12)
        np.testing.assert_allclose(of("modulus"), np.sqrt(z.real**2 + z.imag**2), atol=1e-12)
        got = of("modrelu", **{"act0.bias": np.array([-0.3])})
        expected = np.where(abs(z) > 0.3, z * (1 - 0.3 / np.where(abs(z) > 0, abs(z), 1)), 0)
        np.testing.assert_allclose(got, expected, atol=1e-12)
        assert (expected == 0).any() and (expected != 0).any()


def test_modrelu_and_modulus_of_nothing():
    """A bin of zero stays zero: no direction is made up for it."""
    for function in ("modrelu", "modulus"):
        network = one_layer(SpectralConv(channels=2), Activation(function=function, domain="bins"))
        params = {name: np.zeros(shape) for name, shape in network.parameters.items()}
        with np.errstate(all="raise"):
            logits = reference.forward(network, params, np.zeros((1, 8, 8), np.uint8))
        assert not logits.any()


@pytest.mark.parametrize(("size", "correction"), [(8, 0), (7, 0), (6, 0), (7, 1), (3, 1)])
def test_normalise_over_bins(rng, size, correction):
    """Of the full Hermitian spectrum's bins that were kept: mean 0, deviation P."""
    network = one_layer(SpectralConv(channels=2), SpectralPool(size=size), Normalise(correction=correction), size=16)
    r = (size - 1) // 2
    free = rng.standard_normal(network.parameters["conv0.spectrum"])
    params = {"conv0.spectrum": free, "conv0.bias": np.array([0.5, -0.5])}
    maps, got = behind(network, params, rng, "normalised0")
    assert got.shape == (3, 2, 2 * r + 1, r + 1)

    def full(half):  # v = -r .. -1 from the conjugates
        left = half[..., -np.arange(half.shape[-2]), 1:].conj()
        return np.concatenate([half, left], -1)

    _, product = behind(network, params, np.random.default_rng(0), "product0", np.rint(maps[:, 0] * 256).astype(np.uint8))
    bins = full(product).reshape(3, 2, -1)
    p = 4 if size < 5 else 8
    expected = p * (product - bins.mean(-1)[..., None, None]) / bins.std(-1, ddof=correction)[..., None, None]
    np.testing.assert_allclose(got, expected, atol=1e-9)
    again = full(got).reshape(3, 2, -1)
    np.testing.assert_allclose(again.mean(-1), 0, atol=1e-12)
    np.testing.assert_allclose((abs(again) ** 2).sum(-1), p * p * (again.shape[-1] - correction), rtol=1e-12)


@pytest.mark.parametrize(("size", "correction"), [(8, 0), (16, 0), (8, 1), (4, 1)])
def test_normalise_over_the_map(rng, size, correction):
    """Instance normalisation, by sums over pixels; a scale before it makes no difference."""
    for pool in ((), (SpectralPool(size=size),)):
        network = one_layer(SpectralConv(channels=2, kernel=3), *pool, Normalise(over="map", correction=correction),
                            Activation(function="tanh"), size=16)
        params = {"conv0.kernel": rng.standard_normal((2, 1, 3, 3)), "conv0.bias": np.array([0.5, -9])}
        maps, got = behind(network, params, rng, "map0")
        maps = convolve(maps, params["conv0.kernel"])
        maps = dirichlet(maps, size) if pool else maps
        centred = maps - maps.mean((2, 3), keepdims=True)
        variance = (centred**2).sum((2, 3), keepdims=True) / (maps[0, 0].size - correction)
        np.testing.assert_allclose(got, np.tanh(centred / np.sqrt(variance)), atol=1e-10)


def test_a_correction_needs_two_values():
    """Where a pool or a band limit leaves the DC bin alone, or the map is a single pixel."""
    message = "Normalise correction must be 0 where there is only one value, not 1"
    for over, layers in (("bins", (SpectralPool(size=1),)), ("bins", (SpectralPool(size=2),)),
                         ("bins", (SpectralConv(channels=2, band=0),)), ("map", (SpectralPool(size=1),))):
        one_layer(*layers, Normalise(over=over), size=16)
        with refused(message, DescriptionError):
            one_layer(*layers, Normalise(over=over, correction=1), size=16)
    one_layer(SpectralPool(size=2), Normalise(over="map", correction=1), size=16)


def test_normalise_without_deviation(rng):
    """A constant map has no deviation: what is left of it is zero, and nothing is divided by zero."""
    for over in ("bins", "map"):
        network = one_layer(SpectralConv(channels=2), Normalise(over=over))
        with np.errstate(all="raise"):
            _, got = behind(network, {}, rng, "normalised0")
        assert not got.any()


def test_frozen_statistics_are_their_fold(rng):
    """(y - mean) / deviation of the map: of a network without them with other weights and biases, the same."""
    for pools in ((), (SpectralPool(size=8),), (SpectralPool(size=4), Pad(size=8))):
        conv, rest = SpectralConv(channels=2, kernel=3), (*pools, Activation(function="tanh"))
        frozen = one_layer(conv, Normalise(over="map", statistics="frozen"), *rest, size=16)
        plain = one_layer(conv, *rest, size=16)
        params = tiny.parameters(frozen, rng)
        images = rng.integers(0, 256, (3, 16, 16), np.uint8)
        mean, deviation = (params.pop(f"norm0.{name}") for name in ("mean", "deviation"))
        folded = params | {"conv0.kernel": params["conv0.kernel"] / deviation[:, None, None, None],
                           "conv0.bias": (params["conv0.bias"] - mean) / deviation}
        got = reference.forward(frozen, params | {"norm0.mean": mean, "norm0.deviation": deviation}, images)
        np.testing.assert_allclose(got, reference.forward(plain, folded, images), atol=1e-12)


def test_padding_interpolates(rng):
    """A map pooled to 8 x 8 and padded to 16 x 16 has the pooled pixels at its even places."""
    network = one_layer(SpectralPool(size=8), Pad(size=16), Activation(function="hard-tanh"), size=16)
    maps, got = behind(network, {}, rng, "map0")
    np.testing.assert_allclose(got[..., ::2, ::2], dirichlet(maps, 8), atol=1e-12)


def test_parameter_refusals_of_activations_and_statistics(rng):
    for name, parameter, value, message in (
        ("modrelu", "act0.bias", [-0.5, 0.125],
         "Parameter act0.bias must be at most 0 (a gain above one has no bound near zero), not 0.125"),
        ("frozen", "norm1.deviation", [1.0, 0.0], "Parameter norm1.deviation must be positive, not 0.0"),
        ("frozen", "norm0.deviation", [-2.0, 1.0], "Parameter norm0.deviation must be positive, not -2.0"),
        ("quadratic", "act1.coefficients", [1.0, 2.0], "Parameter act1.coefficients must have the shape (3,), not (2,)"),
    ):
        network = tiny.kinds()[name]
        params = tiny.parameters(network, rng) | {parameter: np.array(value)}
        with refused(message, DataError):
            reference.forward(network, params, np.zeros((1, 16, 16), np.uint8))
