"""The torch module of a normalisation with frozen statistics: what it measures, what it learns, and its gradient."""

import numpy as np
import pytest

from hadamac.network import Activation, Dense, Network, Normalise, SpectralConv, SpectralPool
from hadamac.quantised import reference

SEED = 3


def test_frozen_statistics_are_learned_from_batches(torch, rng):
    """In training: the batch's own, and running means towards them; behind it: those that ran."""
    from hadamac.nn import FrozenNormalise

    maps = rng.standard_normal((64, 2, 8, 8)) * [[[3.0]], [[0.5]]] + [[[1.0]], [[-2.0]]]
    bins = torch.fft.rfft2(torch.from_numpy(maps)).to(torch.complex64) * 0.25  # as pooling scales them
    layer = FrozenNormalise(2, size=8, radius=4, scale=0.25)
    mean, deviation = maps.mean((0, 2, 3)), maps.std((0, 2, 3))
    out = torch.fft.irfft2(layer(bins) / 0.25).numpy()
    expected = (maps - mean[:, None, None]) / deviation[:, None, None]
    np.testing.assert_allclose(out, expected, atol=1e-3)
    np.testing.assert_allclose(layer.mean.numpy(), 0.05 * mean, rtol=1e-3)
    for _ in range(300):
        layer(bins)
    layer.eval()
    np.testing.assert_allclose(layer.mean.numpy(), mean, rtol=1e-3)
    np.testing.assert_allclose(layer.deviation.numpy(), deviation, rtol=1e-3)
    np.testing.assert_allclose(torch.fft.irfft2(layer(bins) / 0.25).numpy(), expected, atol=1e-2)
    assert not list(layer.parameters())


@pytest.mark.parametrize(("size", "radius", "scale"), [(4, 2, 1.0), (4, 1, 0.25), (8, 2, 1.0)])
def test_the_gradient_through_the_statistics_of_a_batch(torch, size, radius, scale):
    """The gradient that is written out, against the slope of the same function in float64."""
    from hadamac.nn import FrozenNormalise, live_spectrum

    torch.manual_seed(SEED)
    layer = FrozenNormalise(2, size=size, radius=radius, scale=scale).double()
    maps, bias = torch.randn(3, 2, size, size, dtype=torch.double), torch.randn(2, dtype=torch.double)
    assert torch.autograd.gradcheck(
        lambda maps, bias: layer(live_spectrum(maps, radius) * scale, bias), (maps.requires_grad_(), bias.requires_grad_()))


def test_the_bias_of_a_normalised_convolution_is_learned(torch, rng):
    """It moves the map, in training as afterwards: it is added once the statistics are taken."""
    from hadamac.nn import SpectralCnn

    conv, pool = SpectralConv(channels=2, kernel=3), SpectralPool(size=8)
    layers = (conv, Normalise(over="map", statistics="frozen"), pool, Activation(), Dense(outputs=3))
    network = Network(name="biased", shape=(1, 16, 16), layers=layers)
    model = SpectralCnn(network)
    images = rng.integers(0, 256, (8, 16, 16), np.uint8)
    x = torch.from_numpy(images.astype(np.float32) / 256)
    product = model.stages[1]
    with torch.no_grad():
        product.conv.bias.copy_(torch.tensor([0.5, -1.0]))
        for _ in range(400):
            trained = model(x)
    model(x).square().sum().backward()
    assert (product.conv.bias.grad != 0).any()
    model.eval()
    with torch.no_grad():
        np.testing.assert_allclose(model(x).numpy(), trained.numpy(), atol=1e-3)
    exact = reference.forward(network, model.parameters_numpy(), images)
    np.testing.assert_allclose(exact, trained.numpy(), atol=1e-3)
