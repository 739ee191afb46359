"""Fine-tuning with the words of the circuit in the loop: its forward pass, its gradients, and the command."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hadamac.data import shipped_digits
from hadamac.errors import DataError, DescriptionError
from hadamac.network import Activation, Dense, Network, SpectralConv, SpectralPool
from hadamac.network.source import source_values
from hadamac.quantised import PRESETS, Formats
from hadamac.quantised.artifact import load
from hadamac.quantised.quantise import quantise
from support import commands, tiny
from support.seeds import rng

torch = pytest.importorskip("torch", reason="torch is needed to train; the rest of hadamac does without")

hadamac = commands.hadamac
NETWORKS = tiny.every() | {name: net for name, net in tiny.shapes().items() if net.output != "bins"}
FORMATS = replace(PRESETS["default"], weight_width=4)


@pytest.fixture(autouse=True)
def one_thread(request):
    """One thread of torch for every test here, as the fixture of all tests of torch has it."""
    return request.getfixturevalue("torch")


def digits_network(name: str = "digits") -> Network:
    return Network(name=name, shape=(1, 32, 32), layers=(
        SpectralConv(channels=3, kernel=5), SpectralPool(size=8), Activation(), Dense(outputs=10)))


def made(name: str):
    from hadamac.nn import SpectralCnn
    from hadamac.nn.quantised import QuantisedCnn

    network, r = NETWORKS[name], rng("quantised training", name)
    params, images = tiny.parameters(network, r), tiny.images(network, r, 12)
    model = SpectralCnn(network)
    model.load_numpy(params)
    formats = FORMATS.changed(network.stages[1].name, width=14)
    return network, model, QuantisedCnn(model, images, formats), images


def values(network: Network, images: np.ndarray):
    frames = images.reshape(len(images), network.channels, *network.given)
    return torch.from_numpy(source_values(network, frames).astype(np.float32))


@pytest.mark.parametrize("name", list(NETWORKS))
def test_the_forward_pass_is_the_prediction(name):
    """Word for word: the answers are exactly those of the network that quantisation makes of the parameters."""
    network, model, learner, images = made(name)
    with torch.no_grad():
        got = learner(values(network, images)).numpy()
    want = quantise(network, model.parameters_numpy(), images, learner.formats).predict(images).values
    np.testing.assert_array_equal(got, want.astype(np.float32))


@pytest.mark.parametrize("name", ["pool_relu", "max_pool", "modrelu", "quadratic", "frozen", "pointwise", "nested", "rgb", "norm"])
def test_the_forward_pass_follows_the_parameters(name):
    """After a step of training, words are those of the new parameters in the old formats."""
    network, model, learner, images = made(name)
    before = [op.format for op in learner.qnet.stages]
    x = values(network, images)
    learner(x).square().mean().backward()
    for parameter in model.parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 0.01 * parameter.grad / parameter.grad.abs().max().clamp(min=1e-9)
        got = learner(x).numpy()
    params = {k: v.astype(float) for k, v in model.parameters_numpy().items()}
    want = learner.qnet.renewed(params).predict(images).values
    np.testing.assert_array_equal(got, want.astype(np.float32))
    assert [op.format for op in learner.qnet.stages] == before


def test_the_gradient_is_that_of_the_floats():
    """With words of many bits, the gradients of all parameters are nearly those of the float network."""
    from hadamac.nn import SpectralCnn
    from hadamac.nn.quantised import QuantisedCnn

    network, r = NETWORKS["pool_relu"], rng("gradient")
    params, images = tiny.parameters(network, r), tiny.images(network, r, 12)
    model = SpectralCnn(network)
    model.load_numpy(params)
    fine = Formats(width=17, weight_width=16, twiddle_width=18, calibrated=True)
    gradients = []
    for learner in (model, QuantisedCnn(model, images, fine)):
        model.zero_grad()
        learner(values(network, images)).square().mean().backward()
        gradients.append([parameter.grad.clone() for parameter in model.parameters()])
    for exact, straight in zip(*gradients):
        assert torch.linalg.norm(straight - exact) < 0.02 * torch.linalg.norm(exact)


@pytest.mark.parametrize("complex_words", [False, True])
def test_no_gradient_where_words_saturate(complex_words):
    """At the ends of the range, of each part on its own."""
    from types import SimpleNamespace

    from hadamac.nn.quantised import _straight
    from hadamac.numeric import SQ

    words = np.array([-128.0, -127, 0, 5, 126, 127])
    words = words + 1j * words[::-1] if complex_words else words
    y = torch.zeros(6, dtype=torch.complex64 if complex_words else torch.float32, requires_grad=True)
    out = _straight(y, SimpleNamespace(format=SQ(4, 4)), words)
    np.testing.assert_array_equal(out.detach().numpy(), words / 16)
    (torch.view_as_real(out) if complex_words else out).sum().backward()
    counts = np.array([0.0, 1, 1, 1, 1, 0])
    np.testing.assert_array_equal(y.grad.numpy(), counts + 1j * counts[::-1] if complex_words else counts)


def test_fine_tuning_helps():
    """Weights of 2 bits: fewer errors on the training images than without fine-tuning, and the same again."""
    from hadamac.nn.train import fit

    images, labels = shipped_digits()
    network, formats = digits_network(), Formats(weight_width=2, calibrated=True)
    params = fit(network, images, labels, epochs=4, seed=1, batch=50)
    def wrong(p):
        return int((quantise(network, p, images, formats).predict(images).classes != labels).sum())
    seen = []
    tuned, again = (fit(network, images, labels, epochs=3, seed=1, batch=50, rate=3e-3, start=params, formats=formats,
                        progress=seen.append) for _ in range(2))
    assert [epoch.index for epoch in seen] == [1, 2, 3] * 2
    for name, value in tuned.items():
        np.testing.assert_array_equal(value, again[name])
    assert wrong(tuned) < wrong(params)


def test_answers_of_the_float_network():
    """They replace the labels as far as the share says: wholly, wrong labels change nothing; at 0, all depends on them."""
    from hadamac.nn.train import fit

    images, labels = shipped_digits()
    network, formats = digits_network(), Formats(weight_width=3, calibrated=True)
    params = fit(network, images, labels, epochs=4, seed=1, batch=50)

    def tuned(distillation: float, moved: int) -> dict[str, np.ndarray]:
        return fit(network, images, (labels + moved) % 10, epochs=2, seed=1, batch=50, rate=3e-3, start=params,
                   formats=formats, distillation=distillation)

    alone, wrong = tuned(1.0, 0), tuned(1.0, 1)
    for name, value in alone.items():
        np.testing.assert_array_equal(value, wrong[name])
        assert not np.array_equal(value, params[name])
    right, misled = tuned(0.0, 0), tuned(0.0, 1)
    for name, value in right.items():
        assert not np.array_equal(value, misled[name]) and not np.array_equal(value, alone[name])


def test_refusals_of_fit():
    from hadamac.nn.train import fit

    images, labels = shipped_digits()
    network = digits_network()
    options = {"epochs": 1, "seed": 1}
    with pytest.raises(DataError, match=r"\AShare of the float network must be from 0 to 1, not 1.5\Z"):
        fit(network, images, labels, start={}, distillation=1.5, **options)
    with pytest.raises(DataError, match=r"\AParameters must hold conv0.kernel, not only none\Z"):
        fit(network, images, labels, start={}, **options)
    with pytest.raises(DescriptionError, match=r"\AFormats must be of the stages .*, not of 'conv0'\Z"):
        fit(network, images, labels, formats=Formats(stages={"conv0": {"weight_width": 3}}), **options)
    with pytest.raises(DataError, match=r"\ACalibration needs at least one image, not 0\Z"):
        fit(network, images, labels, formats=Formats(), calibration=images[:0], **options)


class TestCommand:
    """Tests of ``hadamac train --quantised``."""

    @pytest.fixture
    def place(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        images, labels = shipped_digits()
        np.save("x.npy", images)
        np.save("y.npy", labels.astype(np.int64))
        from json import dumps

        (tmp_path / "net.json").write_text(dumps(digits_network().to_json()))
        return tmp_path

    def test_after_training_and_from_an_artifact(self, hadamac, place):
        given = ("--images", "x.npy", "--labels", "y.npy")
        code, out, err = hadamac("train", *given, "--network", "net.json", "--out", "a", "--epochs", 2, "--quantised",
                                 "--quantised-epochs", 1, "--weight-width", 4)
        assert code == 0, err
        assert "[1/4] Train digits on 400 images, 2 epochs, seed 1\n" in out
        assert "[2/4] Fine-tune digits for default formats with weights of 4 bits, 1 epochs\n" in out
        facts = load("a").provenance
        assert (facts["quantised_epochs"], facts["quantised_rate"], facts["epochs"], facts["weight_width"]) == (1, 5e-4, 2, 4)
        code, out, err = hadamac("train", *given, "--from", "a", "--out", "b", "--quantised", "--quantised-epochs", 2,
                                 "--weight-width", 4, "--stage", "dense:weights=3")
        assert code == 0, err
        assert "[1/3] Fine-tune b for default formats with weights of 4 bits, 2 epochs\n" in out
        tuned = load("b")
        assert tuned.qnet.network.name == "b" and tuned.qnet.formats.of("dense").weight_width == 3
        assert tuned.provenance["quantised_epochs"] == 2 and tuned.provenance["epochs"] == 2
        assert any((tuned.params[k] != v).any() for k, v in load("a").params.items())

    @pytest.mark.parametrize(("arguments", "message"), [
        (("--from", "mnist-32"), "A start (--from) needs --quantised: it is for fine-tuning"),
        (("--from", "mnist-32", "--quantised", "--network", "net.json"),
         "A start (--from) must have the layers and the input of digits, not those of mnist-32"),
        (("--from", "nowhere", "--quantised"), "Artifact must be a directory with artifact.json, not nowhere"),
        (("--quantised", "--network", "bins.json"), "Training needs the output classes, values or maps, not the bins of b: train "
         "the same layers with the output maps"),
        (("--quantised", "--stage", "conv0:weights=3"), "Formats must be of the stages fft0, hadamard0, ifft0, relu0, fft1, "
         "hadamard1, ifft1, relu1, dense, not of 'conv0'"),
    ])
    def test_refusals(self, hadamac, place, arguments, message):
        from json import dumps

        bins = Network(name="b", shape=(1, 32, 32), output="bins", layers=(SpectralConv(channels=2, kernel=3),))
        (place / "bins.json").write_text(dumps(bins.to_json()))
        code, _, err = hadamac("train", "--images", "x.npy", "--labels", "y.npy", "--out", "t", *arguments)
        assert (code, err) == (2, f"hadamac: error: {message}\n") and not (place / "t").exists()
