"""The torch modules against the float reference, and training on a handful of images."""

import os
import subprocess
import sys

import numpy as np
import pytest

from hadamac.data import shipped_digits
from hadamac.errors import DataError, ToolError
from hadamac.images import as_images
from hadamac.network import Activation, Dense, Network, SpectralConv, SpectralPool, default_network
from hadamac.quantised import reference

SEED = 3


def refused(message: str):
    return pytest.raises(DataError, match=rf"\A{message}\Z")


def tiny(size=16, pool=8) -> Network:
    layers = (SpectralConv(channels=4, kernel=3), SpectralPool(size=pool), Activation(), Dense(outputs=10))
    return Network(name="tiny", shape=(1, size, size), layers=layers)


@pytest.mark.parametrize("network", [default_network(), tiny(), tiny(16, 16), tiny(4, 4)])
def test_forward_is_the_reference(torch, rng, network):
    from hadamac.nn import SpectralCnn

    model = SpectralCnn(network)
    params = {k: rng.standard_normal(s) / np.prod(s[1:]) ** 0.5 for k, s in network.parameters.items()}
    model.load_numpy(params)
    images = rng.integers(0, 256, (4, *network.size), np.uint8)
    with torch.no_grad():
        got = model(torch.from_numpy(images.astype(np.float32) / 256)).numpy()
    expected = reference.forward(network, params, images)
    np.testing.assert_allclose(got, expected, atol=1e-4 * max(1, abs(expected).max()))
    exported = model.parameters_numpy()
    assert {k: v.shape for k, v in exported.items()} == network.parameters
    for name, value in exported.items():
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, params[name], atol=1e-6)


def test_a_fresh_dense_layer_folds(torch, rng):
    """Weights on the bins that no map would give (random in all bins) fold as well."""
    from hadamac.nn import SpectralCnn

    network = tiny()
    model = SpectralCnn(network)
    with torch.no_grad():
        dense = model.stages[-1]
        dense.weight.copy_(torch.from_numpy(rng.standard_normal(tuple(dense.weight.shape))))
        images = rng.integers(0, 256, (4, 16, 16), np.uint8)
        got = model(torch.from_numpy(images.astype(np.float32) / 256)).numpy()
    expected = reference.forward(network, model.parameters_numpy(), images)
    np.testing.assert_allclose(got, expected, atol=1e-4 * abs(expected).max())


def test_gradient_is_the_slope(torch, rng):
    """The analytic gradient through both FFTs against a difference of the float64 reference."""
    from hadamac.nn import SpectralCnn

    network = tiny()
    torch.manual_seed(SEED)
    model = SpectralCnn(network)
    images = rng.integers(0, 256, (2, 16, 16), np.uint8)
    model(torch.from_numpy(images.astype(np.float32) / 256)).square().sum().backward()
    params = model.parameters_numpy()
    conv = model.stages[1]
    for name, gradient in (("conv0.kernel", conv.kernel.grad), ("conv0.bias", conv.bias.grad)):
        step = rng.standard_normal(params[name].shape)
        loss = [
            (reference.forward(network, params | {name: params[name] + h * step}, images) ** 2).sum()
            for h in (1e-6, -1e-6)
        ]
        np.testing.assert_allclose((gradient.numpy() * step).sum(), (loss[0] - loss[1]) / 2e-6, rtol=1e-3)


def test_fit_learns_and_repeats(torch):
    from hadamac.nn.train import fit

    print(f"seed {SEED}")
    network = default_network()
    images, labels = shipped_digits()
    state = torch.get_rng_state()
    epochs = []
    params = fit(network, images[:400], labels[:400], epochs=8, seed=SEED, batch=40, progress=epochs.append)
    assert torch.equal(torch.get_rng_state(), state)
    assert [e.index for e in epochs] == list(range(1, 9)) and epochs[-1].loss < epochs[0].loss
    assert str(epochs[0]).startswith("epoch 1/8: loss ")
    right = reference.forward(network, params, as_images(images[400:])).argmax(1) == labels[400:]
    print(f"{right.sum()} of 100 right")
    assert right.sum() >= 75
    short = [fit(network, images[:80], labels[:80], epochs=1, seed=seed, batch=40) for seed in (1, 1, 2)]
    for name in network.parameters:
        np.testing.assert_array_equal(short[0][name], short[1][name])
    assert (short[0]["conv0.kernel"] != short[2]["conv0.kernel"]).any()


def test_images_are_mirrored_left_to_right(torch):
    from hadamac.nn.train import _mirrored, fit

    images, labels = (a[:200] for a in shipped_digits())
    frames = images[:, None]
    mirrored = _mirrored(frames, np.random.default_rng(SEED))
    same, turned = ((mirrored == x).all((1, 2, 3)) for x in (frames, frames[..., ::-1]))
    assert (same | turned).all() and 60 < same.sum() < 140
    with_flip, again, without, default = (
        fit(default_network(), images, labels, epochs=1, seed=1, batch=40, **options)["conv0.kernel"]
        for options in ({"flip": True}, {"flip": True}, {"flip": False}, {}))
    np.testing.assert_array_equal(with_flip, again)
    np.testing.assert_array_equal(without, default)
    assert (with_flip != without).any()


def test_a_mirrored_set_is_learned_from_one_side(torch):
    """Bright left halves and bright right halves are one class, of which training shows only one side."""
    from hadamac.nn.train import fit

    images = np.zeros((200, 16, 16), np.uint8)
    labels = np.arange(200) % 2
    images[labels == 0, :, :8], images[labels == 1, :8] = 200, 200
    params = fit(tiny(), images, labels, epochs=5, seed=SEED, batch=20, flip=True)
    other = np.ascontiguousarray(images[:2, :, ::-1])
    assert reference.forward(tiny(), params, other).argmax(1).tolist() == [0, 1]


def test_fit_refusals(torch):
    from hadamac.nn.train import fit

    images, labels = shipped_digits()
    images, labels = images[:4], labels[:4].astype(int)
    high = np.where(np.arange(4) == 2, 10, labels)
    for wrong, message in (
        ({"labels": labels[:3]}, r"Labels must be 4 integers, not int64 of shape \(3,\)"),
        ({"labels": labels / 1}, r"Labels must be 4 integers, not float64 of shape \(4,\)"),
        ({"labels": high}, "Labels must be from 0 to 9, not 10"),
        (
            {"labels": labels[:0], "images": images[:0]},
            r"Training must have at least one image, not shape \(0, 1, 32, 32\)",
        ),
        ({"epochs": 0}, "Epochs must be an integer of at least 1, not 0"),
        ({"seed": -1}, "Seed must be an integer of at least 0, not -1"),
        ({"batch": 2.0}, "Batch must be an integer of at least 1, not 2.0"),
        ({"shift": True}, "Shift must be an integer of at least 0, not True"),
        ({"flip": 1}, "Flip must be True or False, not 1"),
        ({"images": images / 2}, "Images of floats must be from 0 to 1, or whole numbers from 0 to 255, not numbers with "
         "fractions from 0.0 to 127.5"),
    ):
        with refused(message):
            fit(default_network(), **({"images": images, "labels": labels, "epochs": 1, "seed": 1} | wrong))


@pytest.mark.parametrize("module", ["nn", "nn.train"])
def test_without_torch(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("hadamac.nn")]:
        monkeypatch.delitem(sys.modules, name)
    message = r"\Atorch is not installed: it is needed to train; run `pip install hadamac\[train\]`\Z"
    with pytest.raises(ToolError, match=message):
        __import__(f"hadamac.{module}")


def test_reference_and_data_need_no_torch():
    code = "import sys, hadamac.data, hadamac.quantised.reference; sys.exit('torch' in sys.modules)"
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=env, timeout=600).returncode == 0


def test_training_of_any_number_of_steps(torch):
    from hadamac.nn.train import fit

    images, labels = (a[:20] for a in shipped_digits())
    for steps in range(1, 6):
        fit(tiny(), images[:, 6:22, 6:22], labels, epochs=1, seed=SEED, batch=-(-20 // steps))
