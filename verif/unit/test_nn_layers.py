"""Torch modules of every layer against the float reference, the models, and formulas."""

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model import crop
from hadamac.quantised import reference
from support import tiny
from support.direct import convolve, source
from support.seeds import refused

SEED = 3


KINDS = tiny.every() | tiny.shapes()


def close(got, expected, scale=1e-4):
    np.testing.assert_allclose(got, expected, atol=scale * max(1, abs(expected).max()))


@pytest.mark.parametrize("name", list(KINDS))
def test_every_kind_is_the_reference(torch, rng, name):
    """Logits, every edge of the trace, and the parameters there and back."""
    from hadamac.nn import SpectralCnn

    network = KINDS[name]
    model = SpectralCnn(network).eval()
    for _ in range(3):
        params, images = tiny.parameters(network, rng), tiny.images(network, rng, 6)
        model.load_numpy(params)
        x = {-1: torch.from_numpy(source(network, images).astype(np.float32))}
        edges = {network.source: x[-1].numpy()}
        with torch.no_grad():
            logits = model(x[-1]).numpy()
            if network.standardise:
                mean, deviation = (torch.from_numpy(params[f"input.{part}"][:, None, None]) for part in ("mean", "deviation"))
                x[-1] = ((x[-1] - mean) / deviation).float()
            for k, (stage, module) in enumerate(zip(network.stages, model.stages, strict=True)):
                y = module(*(x[source] for source in stage.sources))
                if stage.scale != 1 and stage.kind not in ("multiply", "linear"):
                    y = y * float(stage.scale)
                x[k] = y
                if stage.edge:
                    edges[stage.edge] = y.numpy()
        expected, trace = reference.forward(network, params, images), reference.traced(network, params, images)
        close(logits, expected, 2e-4)
        assert list(edges) == list(trace)
        # What comes before the product that standardises the input differs from the reference, which does not.
        first = next((k for k, s in enumerate(network.stages) if s.standardises), 0)
        raw = [s.edge for s in network.stages[:first]]
        for edge, value in trace.items():
            if edge in raw:
                continue
            assert edges[edge].shape == value.shape and np.iscomplexobj(edges[edge]) == np.iscomplexobj(value), edge
            close(edges[edge], value, 2e-4)
        exported = model.parameters_numpy()
        assert {k: v.shape for k, v in exported.items()} == network.parameters and list(exported) == list(network.parameters)
        for parameter, value in exported.items():
            assert value.dtype == np.float32, parameter
            np.testing.assert_allclose(value, params[parameter], atol=1e-6, err_msg=parameter)


@pytest.mark.parametrize("name", list(KINDS))
def test_fresh_parameters_are_the_reference_s(torch, rng, name):
    """What a new network starts from can be exported: shapes, signs, and the same logits."""
    from hadamac.nn import SpectralCnn

    network = KINDS[name]
    torch.manual_seed(SEED)
    model = SpectralCnn(network).eval()
    images = tiny.images(network, rng, 4)
    with torch.no_grad():
        got = model(torch.from_numpy(source(network, images).astype(np.float32))).numpy()
    close(got, reference.forward(network, model.parameters_numpy(), images), 2e-4)


@pytest.mark.parametrize("name", ["tanh_bins", "normalise_pool", "modrelu", "modulus", "max_pool", "quadratic", "band"])
def test_gradients_of_every_kind(torch, rng, name):
    """Along a random direction of every parameter: the slope of the float64 reference."""
    from hadamac.nn import SpectralCnn

    network = KINDS[name]
    params = tiny.parameters(network, rng)
    model = SpectralCnn(network)
    model.load_numpy(params)
    params = {k: v.astype(float) for k, v in model.parameters_numpy().items()}
    images = rng.integers(0, 256, (2, 16, 16), np.uint8)
    model(torch.from_numpy(images.astype(np.float32) / 256)).square().sum().backward()
    tensors = {}
    for stage, module in zip(network.stages, model.stages):
        tensors |= module.held(stage)
    assert set(tensors) == set(params) - {"dense.weight", "dense.bias"}  # the dense layer holds its weights unfolded
    tensors["dense.bias"] = model.stages[-1].bias
    for parameter, tensor in tensors.items():
        step = rng.standard_normal(params[parameter].shape) * 0.3
        loss = [(reference.forward(network, params | {parameter: params[parameter] + h * step}, images) ** 2).sum()
                for h in (1e-6, -1e-6)]
        slope, gradient = (loss[0] - loss[1]) / 2e-6, tensor.grad.numpy()
        size = np.sqrt((gradient**2).sum() * (step**2).sum())
        np.testing.assert_allclose((gradient * step).sum(), slope, rtol=5e-3, atol=5e-3 * size, err_msg=parameter)


@pytest.mark.parametrize("nyquist", ["zero", "average", "naive"])
@pytest.mark.parametrize(("size", "pool"), [(16, 8), (16, 6), (16, 7), (12, 4), (16, 16), (16, 1), (16, 2), (9, 4), (9, 9)])
def test_spectral_pool_is_the_model_s(torch, rng, size, pool, nyquist):
    """Through torch's half-spectra: maps as :mod:`hadamac.model.pool` makes them of whole ones.

    A real inverse transform drops what the rule ``naive`` would leave in the imaginary part of the map, and takes the
    pooled column M/2 for its own mirror image, as ``average`` does."""
    from hadamac.model.nyquist import PoolPlan
    from hadamac.model.pool import pool_signal
    from hadamac.nn import SpectralPool as Pool

    maps = rng.standard_normal((3, 2, size, size))
    bins = torch.fft.rfft2(torch.from_numpy(maps))
    got = Pool(size=size, pool=pool, nyquist=nyquist)(bins)
    if got.shape[-2:] != (pool, pool // 2 + 1):  # the rule zero gives live bins alone
        assert nyquist == "zero" and pool % 2 == 0 and got.shape[-2:] == (pool - 1, pool // 2)
        got = torch.from_numpy(np.pad(crop.expand(got.numpy(), pool), [(0, 0)] * 3 + [(0, 1)]))
    back = torch.fft.irfft2(got, s=(pool, pool)).numpy()
    if nyquist != "naive" or pool % 2 or pool == size:
        np.testing.assert_allclose(back, pool_signal(maps, pool, nyquist=nyquist).real, atol=1e-12)
    # Bin by bin, any rule: of integer spectra, the exact model's, up to its rounding of halves.
    whole = np.rint(np.fft.rfft2(maps) * 4096)
    want = PoolPlan(size=size, keep=pool, width=30, nyquist=nyquist).run(whole)[0]
    np.testing.assert_allclose(got.numpy() * (size / pool) ** 2 * 4096, want, atol=2)


@pytest.mark.parametrize(("size", "radius", "pool"), [(16, 8, 8), (16, 5, 8), (16, 2, 8), (16, 3, 7)])
def test_spectral_pool_of_live_bins(torch, rng, size, radius, pool):
    from hadamac.nn import SpectralPool as Pool
    from hadamac.nn import live_spectrum

    maps = rng.standard_normal((2, 3, size, size))
    got = Pool(size=size, pool=pool)(live_spectrum(torch.from_numpy(maps), radius)).numpy()
    r = min(radius, (pool - 1) // 2)
    np.testing.assert_allclose(got, crop.crop(np.fft.rfft2(maps), r) * (pool / size) ** 2, atol=1e-12)


@pytest.mark.parametrize(("size", "to"), [(8, 16), (7, 16), (8, 8), (4, 12)])
def test_pad_is_the_model_s(torch, rng, size, to):
    """Interpolation; an even size's Nyquist bins are dropped."""
    from hadamac.model.pool import pad as model
    from hadamac.nn import Inverse
    from hadamac.nn import Pad as Layer

    maps = rng.standard_normal((2, 3, size, size))
    bins = Layer(size=size, to=to)(torch.fft.rfft2(torch.from_numpy(maps)))
    expected = np.fft.ifft2(model(np.fft.fft2(maps), to)).real
    np.testing.assert_allclose(Inverse(size=to)(bins).numpy(), expected, atol=1e-12)


def test_modules_by_hand(torch, rng):
    """As the documentation puts them together: a convolution at full resolution in six lines."""
    from hadamac.nn import Inverse, SpectralConv, Transform

    conv = SpectralConv(2, 3, size=8, radius=4, kernel=3)
    maps = rng.standard_normal((4, 2, 8, 8)).astype(np.float32)
    with torch.no_grad():
        conv.bias += 0.5
        got = Inverse(size=8)(conv(Transform(radius=4)(torch.from_numpy(maps)))).numpy()
        kernel = conv.kernel.numpy()
    np.testing.assert_allclose(got, convolve(maps, kernel) + 0.5, atol=1e-5)


@pytest.mark.parametrize(("over", "correction"), [("bins", 0), ("bins", 1), ("map", 0), ("map", 1)])
def test_normalise_by_torch_s_own_deviation(torch, rng, over, correction):
    """``torch.std`` with the same correction, of all bins of whole spectra, or of the map's pixels."""
    from hadamac.nn import Normalise

    maps = torch.from_numpy(rng.standard_normal((3, 2, 4, 4)) * 2 + 1)
    got = Normalise(size=4, radius=2, over=over, correction=correction)(torch.fft.rfft2(maps).to(torch.complex64))
    if over == "map":
        centred = maps - maps.mean((-2, -1), keepdim=True)
        want = torch.fft.fft2(centred / torch.std(maps, (-2, -1), correction=correction, keepdim=True))
    else:
        bins = torch.fft.fft2(maps)
        centred = bins - bins.mean((-2, -1), keepdim=True)
        parts = [torch.var(part, (-2, -1), correction=correction, keepdim=True) for part in (bins.real, bins.imag)]
        want = 4 * centred / sum(parts).sqrt()
    close(got.numpy(), want[..., :3].numpy(), 1e-5)


def test_a_correction_of_one_value_is_refused(torch):
    from hadamac.nn import Normalise

    with refused("Normalise correction must be 0 where there is only one value, not 1", DescriptionError):
        Normalise(size=4, radius=0, correction=1)
    with refused("Normalise correction must be 0 or 1, not 2", DescriptionError):
        Normalise(size=4, radius=1, correction=2)


def test_a_bias_of_modrelu_never_rises_above_zero(torch):
    from hadamac.nn import ModRelu, SpectralCnn

    layer = ModRelu(2, size=8)
    bins = torch.ones(1, 2, 8, 5, dtype=torch.complex64)
    with torch.no_grad():
        layer.bias += torch.tensor([1.0, -1.0])
    layer(bins)
    assert layer.bias.tolist() == pytest.approx([0, -1.1])
    model = SpectralCnn(KINDS["modrelu"])
    with torch.no_grad():
        next(module for module in model.stages if isinstance(module, ModRelu)).bias += 1
    assert not model.parameters_numpy()["act0.bias"].any()


@pytest.mark.parametrize("name", ["modrelu", "normalise_pool", "frozen", "max_pool", "quadratic"])
def test_training_every_kind(torch, rng, name):
    """A few steps: finite, lower, and parameters that the reference takes."""
    from hadamac.nn.train import fit

    network, images = KINDS[name], rng.integers(0, 256, (60, 16, 16), np.uint8)
    labels = np.arange(60) % 3
    images[labels == 1] //= 8
    images[labels == 2, :, 8:] //= 8
    epochs = []
    params = fit(network, images, labels, epochs=6, seed=SEED, batch=10, progress=epochs.append, shift=0)
    assert epochs[-1].loss < epochs[0].loss
    right = reference.forward(network, params, images).argmax(1) == labels
    assert right.mean() > 0.5, right.mean()


@pytest.mark.parametrize("nyquist", ["zero", "average", "naive"])
@pytest.mark.parametrize(("size", "to"), [(4, 4), (4, 8), (5, 9), (6, 7), (8, 32)])
def test_pad_is_the_model(torch, rng, size, to, nyquist):
    from hadamac.model.nyquist import PadPlan
    from hadamac.nn import Pad

    maps = rng.integers(-999, 999, (2, 3, size, size))
    whole = np.fft.rfft2(maps)
    words = 64 * np.rint(whole)  # so that halves and quarters are exact
    want = PadPlan(size=size, to=to, width=40, nyquist=nyquist).run(words)[0] * (to / size) ** 2
    got = Pad(size=size, to=to, nyquist=nyquist)(torch.from_numpy(words.astype(np.complex64))).numpy()
    radius = got.shape[-1] - 1
    close(got, crop.crop(want, radius), 1e-5)
    beyond = want.copy()
    beyond[..., crop.live_rows(to, radius)[:, None], np.arange(radius + 1)] = 0
    assert not beyond.any()


@pytest.mark.parametrize(("size", "scales", "angles"), [(16, 2, 4), (32, 2, 8), (8, 1, 3)])
def test_scattering_is_the_float_one(torch, rng, size, scales, angles):
    from hadamac.nn import Scattering
    from hadamac.scattering.filters import scatter

    maps = rng.uniform(0, 1, (2, size, size))
    got = Scattering(size=size, scales=scales, angles=angles)(torch.from_numpy(maps).float()).numpy()
    close(got, scatter(maps, scales=scales, angles=angles), 1e-5)


def test_modulus_of_nothing(torch):
    """Nothing, as in the reference: not what a Normalise behind would make large; and its gradient is finite."""
    from hadamac.nn import Modulus

    bins = torch.tensor([0j, 3 + 4j], requires_grad=True)
    out = Modulus()(bins)
    np.testing.assert_allclose(out.detach().numpy(), [0, 5])
    out.real.sum().backward()
    np.testing.assert_allclose(bins.grad.numpy(), [0, 0.6 + 0.8j], rtol=1e-6)
