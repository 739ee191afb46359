"""The float network against direct sums in space, which share no code with it."""

import re

import numpy as np
import pytest

from hadamac.errors import DataError
from hadamac.model import crop
from hadamac.network import Activation, Dense, Network, SpectralConv, SpectralPool, default_network, spectra
from hadamac.quantised import reference
from support.direct import convolve, dirichlet


def refused(message: str):
    return pytest.raises(DataError, match=rf"\A{message}\Z")


def small(size=16, pools=(8, 4), channels=(2, 3), kernels=(5, 3)) -> Network:
    layers = []
    for c, k, m in zip(channels, kernels, pools):
        layers += [SpectralConv(channels=c, kernel=k), SpectralPool(size=m), Activation()]
    return Network(name="small", shape=(1, size, size), layers=(*layers, Dense(outputs=4)))


def random_params(network, rng) -> dict:
    return {name: rng.standard_normal(shape) * 0.5 for name, shape in network.parameters.items()}


def direct(network, params, images):
    """The whole network without any FFT."""
    maps = images[:, None] / 256
    for k in range(len(network.layers) // 3):
        maps = convolve(maps, params[f"conv{k}.kernel"]) + params[f"conv{k}.bias"][:, None, None]
        maps = np.maximum(dirichlet(maps, network.layers[3 * k + 1].size), 0)
    return np.einsum("kcyx,ncyx->nk", params["dense.weight"], maps) + params["dense.bias"], maps


@pytest.mark.parametrize(
    "network",
    [
        small(),
        small(size=16, pools=(16, 4)),
        small(size=8, pools=(8,), channels=(3,), kernels=(7,)),
        small(size=4, pools=(4,), channels=(2,), kernels=(1,)),
        default_network(),
    ],
    ids=["16-8-4", "16-16-4", "8-8", "4-4", "default"],
)
def test_forward_is_the_direct_network(network, rng):
    params = random_params(network, rng)
    images = rng.integers(0, 256, (3, *network.size), np.uint8)
    logits, trace = reference.forward(network, params, images), reference.traced(network, params, images)
    expected, last = direct(network, params, images)
    np.testing.assert_allclose(logits, expected, atol=1e-9 * abs(expected).max())
    np.testing.assert_allclose(trace[f"map{len(network.layers) // 3 - 1}"], last, atol=1e-9 * last.max())
    np.testing.assert_array_equal(trace["logits"], logits)
    assert logits.dtype == np.float64


def test_trace_shapes_and_values(rng):
    network = small()
    params = random_params(network, rng)
    images = rng.integers(0, 256, (5, 16, 16), np.uint8)
    trace = reference.traced(network, params, images)
    shapes = {name: value.shape for name, value in trace.items()}
    assert shapes == {
        "image": (5, 1, 16, 16),
        "spectrum0": (5, 1, 7, 4),
        "product0": (5, 2, 7, 4),
        "map0": (5, 2, 8, 8),
        "spectrum1": (5, 2, 3, 2),
        "product1": (5, 3, 3, 2),
        "map1": (5, 3, 4, 4),
        "logits": (5, 4),
    }
    np.testing.assert_array_equal(trace["image"][:, 0], images / 256)
    full = np.fft.fft2(images / 256)
    for i, u in enumerate([0, 1, 2, 3, -3, -2, -1]):
        np.testing.assert_allclose(trace["spectrum0"][:, 0, i], full[:, u, :4], atol=1e-10)
    # The bias is in units of the map: on the DC bin of a map of M x M it is bias * M * M.
    quiet = params | {"conv0.kernel": params["conv0.kernel"] * 0}
    product = reference.traced(network, quiet, images)["product0"]
    np.testing.assert_allclose(product[:, :, 0, 0], np.tile(params["conv0.bias"] * 64, (5, 1)))
    assert not product[..., 1:].any() and not product[:, :, 1:].any()


def test_crop_keeps_means_and_a_real_output(rng):
    maps = rng.standard_normal((4, 32, 32))
    for size in (4, 8, 16, 32):
        live = spectra.live_spectrum(maps, (size // 2 - 1,) * 2) * (size / 32) ** 2
        out = np.fft.irfft2(crop.expand(live, size), s=(size, size))
        half = np.pad(crop.expand(live, size), ((0, 0), (0, 0), (0, 1)))  # the Nyquist column is zero
        np.testing.assert_allclose(out.mean((1, 2)), maps.mean((1, 2)), atol=1e-14)
        # Hermitian on the column that holds both halves, hence nothing imaginary is dropped.
        np.testing.assert_allclose(half[:, (-np.arange(size)) % size, 0], half[..., 0].conj(), atol=1e-12)
        np.testing.assert_allclose(np.fft.rfft2(out), half, atol=1e-12)
        np.testing.assert_allclose(out, dirichlet(maps, size), atol=1e-13)
        assert not half[:, size // 2].any() and not half[..., size // 2].any()


def test_kernel_spectrum(rng):
    kernel = rng.standard_normal((3, 2, 5, 5))
    W = spectra.kernel_spectrum(kernel, (16, 16))
    assert W.shape == (3, 2, 16, 16)
    u = np.arange(16)
    tap = np.arange(5) - 2
    E = np.exp(-2j * np.pi * np.outer(u, tap) / 16)
    np.testing.assert_allclose(W, np.einsum("ui,vj,ocij->ocuv", E, E, kernel), atol=1e-12)
    centre = np.zeros((1, 1, 3, 3))
    centre[..., 1, 1] = 1
    np.testing.assert_allclose(spectra.kernel_spectrum(centre, (8, 8)), np.ones((1, 1, 8, 8)), atol=1e-15)
    wide = rng.standard_normal((2, 3, 5))
    E = [np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(k) - k // 2) / n) for n, k in ((8, 3), (16, 5))]
    np.testing.assert_allclose(spectra.kernel_spectrum(wide, (8, 16)), np.einsum("ui,vj,oij->ouv", *E, wide), atol=1e-12)
    row = np.fft.fft(np.roll(np.pad(wide[:, :1], ((0, 0), (0, 0), (0, 11))), -2, -1))
    np.testing.assert_allclose(spectra.kernel_spectrum(wide[:, :1], (1, 16)), row, atol=1e-12)
    for bad, size, found in (((4, 4), (8, 8), "8 x 8, not 4 x 4"), ((9, 9), (8, 8), "8 x 8, not 9 x 9"),
                             ((3, 4), (8, 8), "8 x 8, not 3 x 4"), ((3, 9), (16, 8), "16 x 8, not 3 x 9"),
                             ((9, 3), (8, 16), "8 x 16, not 9 x 3"), ((3, 3), (1, 16), "16, not 3 x 3")):
        with refused(rf"Kernel must be odd and at most {found}"):
            spectra.kernel_spectrum(np.zeros(bad), size)


def test_live_bins_and_expand(rng):
    maps = rng.standard_normal((2, 16, 16))
    for r in (0, 1, 5, 7, 8):
        live = crop.crop(np.fft.rfft2(maps), r)
        assert live.shape == (2, min(2 * r + 1, 16), r + 1)
        np.testing.assert_allclose(live, crop.crop(np.fft.fft2(maps), r), atol=1e-12)
        np.testing.assert_allclose(live, spectra.live_spectrum(maps, (r, r)), atol=1e-12)
        np.testing.assert_array_equal(crop.crop(crop.expand(live, 16), r), live)
    maps = maps.reshape(2, 8, 32)
    for r, s in ((0, 0), (1, 7), (3, 16), (4, 2), (4, 16)):
        live = crop.crop(np.fft.rfft2(maps), (r, s))
        assert live.shape == (2, min(2 * r + 1, 8), s + 1)
        np.testing.assert_allclose(live, spectra.live_spectrum(maps, (r, s)), atol=1e-12)
        np.testing.assert_array_equal(crop.crop(crop.expand(live, 8), (r, s)), live)
    maps = maps.reshape(2, 16, 16)
    for r in (9, -1, 1.0, True):
        with refused(rf"Live radius of 16 bins must be an integer from 0 to 8, not {r!r}"):
            crop.crop(np.fft.rfft2(maps), r)
    for size, shape in ((16, (4, 3)), (8, (9, 5))):
        with refused(rf"Live bins must have an odd number of rows, or all {size}, not {re.escape(str(shape))}"):
            crop.expand(np.zeros(shape), size)


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 5), (8, 8), (4, 16), (8, 4), (1, 16), (3, 8)])
def test_fold_fft_is_exact(size, rng):
    maps, columns = rng.standard_normal((3, *size)), size[1]
    weight = rng.standard_normal((6, size[0], columns // 2 + 1, 2))
    s = np.array([1 if v == 0 or 2 * v == columns else 2**0.5 for v in range(columns // 2 + 1)])
    F = np.fft.rfft2(maps, norm="ortho")
    # (bins, Re/Im) of every map; its length is that of the map.
    vector = np.stack(((s * F).real, (s * F).imag), -1)
    np.testing.assert_allclose((vector**2).sum((1, 2, 3)), (maps**2).sum((1, 2)))
    on_bins = np.einsum("kuvz,nuvz->nk", weight, vector)
    folded = spectra.fold_fft(weight, size)
    np.testing.assert_allclose(np.einsum("kyx,nyx->nk", folded, maps), on_bins, atol=1e-12)
    np.testing.assert_allclose(spectra.fold_fft(spectra.unfold_fft(folded), size), folded, atol=1e-13)
    np.testing.assert_allclose(spectra.unfold_fft(maps), vector, atol=1e-13)
    with refused(r"Weights on bins must have the shape \(\.\.\., 16, 9, 2\), not .*"):
        spectra.fold_fft(weight, (16, 16))


def test_shift_equivariance(rng):
    """A shift by N/M pixels moves the first map by exactly one; by 4 in all, the second by one."""
    network = small()
    params = random_params(network, rng)
    images = rng.integers(0, 256, (2, 16, 16), np.uint8)
    a = reference.traced(network, params, images)
    b = reference.traced(network, params, np.roll(images, (4, -8), (1, 2)))
    np.testing.assert_allclose(b["map0"], np.roll(a["map0"], (2, -4), (2, 3)), atol=1e-12)
    np.testing.assert_allclose(b["map1"], np.roll(a["map1"], (1, -2), (2, 3)), atol=1e-12)


def test_batches_and_padding(rng):
    network = small()
    params = random_params(network, rng)
    images = rng.integers(0, 256, (1003, 12, 12), np.uint8)
    logits = reference.forward(network, params, images)
    assert logits.shape == (1003, 4)
    for i in (0, 499, 500, 1002):
        padded = np.pad(images[i : i + 1], ((0, 0), (2, 2), (2, 2)))
        np.testing.assert_allclose(reference.forward(network, params, padded)[0], logits[i], atol=1e-10)
    assert reference.forward(network, params, images[:0]).shape == (0, 4)


def test_parameter_refusals(rng):
    network = small()
    params = random_params(network, rng)
    images = np.zeros((1, 16, 16), np.uint8)
    names = "conv0.kernel, conv0.bias, conv1.kernel, conv1.bias, dense.weight, dense.bias"
    less = {k: v for k, v in params.items() if k != "conv1.bias"}
    nan, odd = params["dense.bias"].copy(), params["dense.bias"].astype(complex)
    nan[2] = np.nan
    for wrong, message in (
        (less, "Parameters must hold conv1.bias, not only " + ", ".join(less)),
        (params | {"conv2.bias": 0}, f"Parameters must be {names}, not 'conv2.bias'"),
        (params | {"conv0.bias": np.zeros(3)}, r"Parameter conv0.bias must have the shape \(2,\), not \(3,\)"),
        (params | {"dense.bias": nan}, "Parameter dense.bias must be finite, not nan"),
        (params | {"dense.bias": odd}, "Parameter dense.bias must be real numbers, not complex128"),
    ):
        with refused(message):
            reference.forward(network, wrong, images)
    with refused(r"Images must have the shape \(n, 16, 16\) or \(n, 12, 12\), with or without an axis of 1 channel, not \(1, 28, 28\)"):
        reference.forward(network, params, np.zeros((1, 28, 28), np.uint8))
