"""`hadamac.compile`: every supported torch module equals its network in floats, and words follow; inputs; artifacts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hadamac
from hadamac.quantised import reference
from support.seeds import rng

pytest.importorskip("torch")

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from hadamac.convert import registry  # noqa: E402
from hadamac.convert.check import TOLERANCE, answers  # noqa: E402


def prepared(model: nn.Module, seed: int = 1) -> nn.Module:
    """A module in which every number that training would set is random, running statistics among them."""
    torch.manual_seed(seed)
    for it in model.modules():
        if isinstance(it, nn.BatchNorm1d | nn.BatchNorm2d):
            it.running_mean.normal_(0, 0.3)
            it.running_var.uniform_(0.5, 2)
            if it.affine:
                nn.init.uniform_(it.weight, 0.5, 2)
                nn.init.normal_(it.bias, 0, 0.5)
    return model


def frames(name: str, shape: tuple[int, ...], kind: str = "uint8", count: int = 6) -> np.ndarray:
    """Random frames of words or floats."""
    r = rng("convert", name)
    return r.integers(0, 256, (count, *shape)).astype(np.uint8) if kind == "uint8" else r.normal(size=(count, *shape))


def equal(artifact, model, x: np.ndarray, inputs: np.ndarray) -> None:
    """Assert that a network and a module agree on frames that need not be those of the calibration."""
    got, want = reference.forward(artifact.qnet.network, artifact.params, x), answers(model, inputs.astype(np.float32))
    got = got if want.ndim == 2 else got.reshape(*got.shape[:2], *got.shape[-want.ndim + 2 :])
    got = got[tuple(slice(n) for n in want.shape)]
    np.testing.assert_allclose(got, want, rtol=0, atol=TOLERANCE * abs(want).max())


def conv(*args, **kwargs):
    return nn.Conv2d(*args, padding="same", **kwargs)


def ring(*args, **kwargs):
    return nn.Conv2d(*args, padding="same", padding_mode="circular", **kwargs)


def dense(features: int, outputs: int = 3):
    return nn.Sequential(nn.Flatten(), nn.Linear(features, outputs))


class Called(nn.Module):
    """A module whose forward is a function of its submodules and the input."""

    def __init__(self, of, **modules):
        super().__init__()
        self.of = of
        for name, it in modules.items():
            setattr(self, name, it)

    def forward(self, x):
        return self.of(self, x)


IMAGES = {
    "zero padding": (lambda: nn.Sequential(conv(1, 3, 3), nn.ReLU(), dense(3 * 28 * 28)), (1, 28, 28)),
    "zero padding of a power of two": (lambda: nn.Sequential(conv(1, 3, 5), nn.ReLU(), dense(3 * 256)), (1, 16, 16)),
    "circular": (lambda: nn.Sequential(ring(2, 3, 5), nn.ReLU(), ring(3, 2, 3), nn.ReLU(), dense(512)), (2, 16, 16)),
    "circular of a rectangle": (lambda: nn.Sequential(ring(1, 3, 3), nn.ReLU(), dense(3 * 8 * 16)), (1, 8, 16)),
    "no padding": (lambda: nn.Sequential(nn.Conv2d(1, 3, 5), nn.ReLU(), nn.Conv2d(3, 2, 3), nn.ReLU(), dense(200)), (1, 16, 16)),
    "much padding": (lambda: nn.Sequential(nn.Conv2d(1, 2, 3, padding=4), nn.Tanh(), dense(2 * 18 * 18)), (1, 12, 12)),
    "even kernels": (lambda: nn.Sequential(nn.Conv2d(1, 2, 4, padding=1), nn.ReLU(), conv(2, 2, 2), nn.ReLU(), dense(2 * 11 * 11)),
                     (1, 12, 12)),
    "oblong kernels": (lambda: nn.Sequential(nn.Conv2d(1, 2, (3, 5), padding=(1, 0)), nn.ReLU(), dense(2 * 9 * 8)), (1, 9, 12)),
    "dilation": (lambda: nn.Sequential(conv(1, 2, 3, dilation=2), nn.ReLU(), dense(200)), (1, 10, 10)),
    "groups": (lambda: nn.Sequential(conv(4, 8, 3, groups=4), nn.ReLU(), conv(8, 4, 1), nn.ReLU(), dense(256)), (4, 8, 8)),
    "no biases": (lambda: nn.Sequential(conv(1, 2, 3, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(128, 3, bias=False)), (1, 8, 8)),
    "pointwise": (lambda: nn.Sequential(nn.Conv2d(3, 5, 1), nn.ReLU(), nn.Conv2d(5, 2, 1, bias=False), nn.ReLU(), conv(2, 2, 3),
                                        dense(2 * 100)), (3, 10, 10)),
    "linear alone": (lambda: dense(100), (1, 10, 10)),
    "pooled": (lambda: nn.Sequential(conv(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), conv(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2, 2),
                                     dense(4 * 49)), (1, 28, 28)),
    "pooled to odd sizes": (lambda: nn.Sequential(conv(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), conv(3, 2, 3), nn.Sigmoid(),
                                                  nn.MaxPool2d(2), conv(2, 2, 3), nn.MaxPool2d(2), dense(2 * 4)), (1, 22, 18)),
    "pooled to one pixel": (lambda: nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d(2), nn.MaxPool2d(2), conv(2, 3, 1), dense(3)), (2, 8, 8)),
    "batch norm": (lambda: nn.Sequential(conv(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), conv(3, 3, 3, bias=False),
                                         nn.BatchNorm2d(3, affine=False), nn.ReLU(), dense(192)), (2, 8, 8)),
    "batch norm first": (lambda: nn.Sequential(nn.BatchNorm2d(2), nn.ReLU(), conv(2, 3, 3), dense(300)), (2, 10, 10)),
    "batch norm before circular": (lambda: nn.Sequential(nn.BatchNorm2d(2), ring(2, 3, 3), dense(192)), (2, 8, 8)),
    "batch norm before dense": (lambda: nn.Sequential(conv(1, 2, 3), nn.ReLU(), nn.BatchNorm2d(2), dense(128)), (1, 8, 8)),
    "batch norm of features": (lambda: nn.Sequential(dense(64, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.BatchNorm1d(6), nn.Linear(6, 3)),
                               (1, 8, 8)),
    "mean": (lambda: nn.Sequential(conv(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), dense(4)), (1, 12, 12)),
    "mean, then more": (lambda: nn.Sequential(conv(1, 4, 3), nn.AdaptiveAvgPool2d((1, 1)), nn.Conv2d(4, 6, 1), nn.ReLU(), nn.Flatten(),
                                              nn.Linear(6, 2)), (1, 12, 12)),
    "mean, function": (lambda: nn.Sequential(conv(1, 4, 3), nn.AvgPool2d(8), nn.Sigmoid(), dense(4)), (1, 8, 8)),
    "mean at the end": (lambda: nn.Sequential(conv(1, 3, 3), nn.ReLU(), conv(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()), (1, 12, 12)),
    "dense layers": (lambda: nn.Sequential(dense(64, 9), nn.ReLU(), nn.Linear(9, 5), nn.GELU(), nn.Linear(5, 2)), (1, 8, 8)),
    "function at the end": (lambda: nn.Sequential(dense(64, 4), nn.Sigmoid()), (1, 8, 8)),
    "nothing": (lambda: nn.Sequential(nn.Identity(), nn.Dropout(0.5), conv(1, 2, 3), nn.Dropout2d(0.5), nn.ReLU(), dense(128)), (1, 8, 8)),
    "one module": (lambda: conv(2, 3, 3), (2, 9, 11)),
    "maps": (lambda: nn.Sequential(conv(1, 4, 3), nn.ReLU(), conv(4, 2, 3)), (1, 12, 16)),
    "used twice": (lambda: Called(lambda m, x: m.fc(m.c(F.relu(m.c(x))).flatten(1)), c=conv(2, 2, 3), fc=nn.Linear(128, 2)), (2, 8, 8)),
    "residual": (lambda: Called(
        lambda m, x: m.fc(F.relu(m.b(m.c(F.relu(m.a(x)))) + m.a(x)).mean((2, 3))), a=conv(3, 4, 3), b=nn.BatchNorm2d(4), c=conv(4, 4, 3),
        fc=nn.Linear(4, 3)), (3, 12, 12)),
    "batch norm of one branch": (lambda: nn.Sequential(conv(1, 2, 3), Called(lambda m, y: m.b(y) + y, b=nn.BatchNorm2d(2)), dense(128)),
                                 (1, 8, 8)),
    "batch norm of one of two names": (lambda: nn.Sequential(dense(64, 4), Called(
        lambda m, y: m.fc(m.b(y.flatten(1)) + y), b=nn.BatchNorm1d(4), fc=nn.Linear(4, 3))), (1, 8, 8)),
    "arithmetic": (lambda: Called(
        lambda m, x: m.fc(torch.flatten((2 * x - 0.25) / 4 + (-m.c(x)).add(x, alpha=0.5).sub(m.k) + torch.mul(x, m.k), 1)),
        c=conv(2, 2, 3), fc=nn.Linear(128, 3), k=nn.Parameter(torch.tensor([0.3, -0.7]).reshape(2, 1, 1))), (2, 8, 8)),
    "sum with itself": (lambda: Called(lambda m, x: m.fc(torch.flatten(x + x, 1)), fc=nn.Linear(64, 3)), (1, 8, 8)),
    "sum of different canvases": (lambda: Called(lambda m, x: m.fc((F.relu(m.c(x)) + x + m.p(x)).reshape(x.shape[0], -1)), c=conv(2, 2, 5),
                                                 p=nn.Conv2d(2, 2, 1), fc=nn.Linear(128, 3)), (2, 8, 8)),
    "squeezed": (lambda: Called(lambda m, x: m.fc(F.adaptive_avg_pool2d(F.max_pool2d(m.c(x), 2), 1).squeeze(-1).squeeze(-1)),
                                c=conv(1, 2, 3), fc=nn.Linear(2, 3)), (1, 12, 12)),
    "views": (lambda: Called(lambda m, x: m.fc(m.c(x).contiguous().view(x.size(0), -1)), c=conv(1, 2, 3), fc=nn.Linear(128, 3)), (1, 8, 8)),
}
ACTIVATIONS = {
    "relu": nn.ReLU(), "leaky": nn.LeakyReLU(), "gelu": nn.GELU(), "silu": nn.SiLU(), "sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(),
    "hard-tanh": nn.Hardtanh(), "hard-sigmoid": nn.Hardsigmoid(), "hard-swish": nn.Hardswish(),
}
FUNCTIONS = {
    "relu": (torch.relu, F.relu, lambda x: x.relu(), lambda x: x.clamp(min=0), lambda x: F.relu(x, inplace=True)),
    "leaky": (F.leaky_relu, lambda x: F.leaky_relu(x, 1 / 64)), "gelu": (F.gelu,), "silu": (F.silu,),
    "sigmoid": (torch.sigmoid, lambda x: x.sigmoid()), "tanh": (torch.tanh, lambda x: x.tanh()),
    "hard-tanh": (F.hardtanh, lambda x: x.clamp(-1, 1), lambda x: torch.clamp(x, min=-1, max=1)),
    "hard-sigmoid": (F.hardsigmoid,), "hard-swish": (F.hardswish,),
}
SIGNALS = {
    "signals": (lambda: nn.Sequential(nn.Conv1d(2, 3, 5, padding=2), nn.ReLU(), nn.Conv1d(3, 4, 3, padding="same"), nn.BatchNorm1d(4),
                                      nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 3)), (2, 100)),
    "circular signals": (lambda: nn.Sequential(nn.Conv1d(1, 3, 7, padding=3, padding_mode="circular"), nn.Tanh(), dense(3 * 64)), (1, 64)),
    "dilated signals": (lambda: nn.Sequential(nn.Conv1d(3, 2, 3, dilation=4, padding=4), nn.GELU(), nn.Conv1d(2, 2, 3, dilation=2),
                                              nn.GELU(), dense(2 * 46)), (3, 50)),
    "pointwise signals": (lambda: nn.Sequential(nn.Conv1d(3, 2, 1), nn.ReLU(), dense(80)), (3, 40)),
    "mean of signals": (lambda: Called(lambda m, x: m.fc(m.c(x).mean(-1)), c=nn.Conv1d(1, 4, 3, padding=1), fc=nn.Linear(4, 2)), (1, 20)),
    "signals out": (lambda: nn.Conv1d(2, 3, 3, padding=1), (2, 30)),
}


@pytest.mark.parametrize("kind", ["uint8", "float"])
@pytest.mark.parametrize("name", list(IMAGES | SIGNALS))
def test_networks_equal_modules(name, kind):
    """Also for frames that are not those of the calibration, and in words nearly."""
    make, shape = (IMAGES | SIGNALS)[name]
    model, x = prepared(make()), frames(name, shape, kind)
    artifact = hadamac.compile(model, x)
    assert model.training, "the mode is restored"
    other = frames(f"{name} other", shape, kind)
    if kind == "float":
        given = artifact.qnet.network.input_format
        other = np.clip(other, -2, 2)
        inputs = np.rint(other * 2.0**given.fraction) / 2.0**given.fraction
    else:
        inputs = other / 255
    equal(artifact, model, other, inputs)
    got, want = artifact.predict(x).values, reference.forward(artifact.qnet.network, artifact.params, x)
    assert np.linalg.norm(got - want) < 0.25 * np.linalg.norm(want)


@pytest.mark.parametrize(("slope", "layer"), [(0.2, {"function": "leaky", "slope": 0.2}), (1 / 64, {"function": "leaky"}),
                                                (0.0, {"function": "relu"})])
def test_slopes(slope, layer):
    model, x = prepared(nn.Sequential(conv(1, 2, 3), nn.LeakyReLU(slope), dense(200))), frames("slopes", (1, 10, 10))
    artifact = hadamac.compile(model, x)
    made = [made for made in artifact.qnet.network.layers if made.type == "activation"]
    assert len(made) == 1 and layer.items() <= made[0].to_json().items() and ("slope" in made[0].to_json()) == ("slope" in layer)
    equal(artifact, model, x, x / 255)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_activations(name):
    """As a module, as a function and as a method, between convolutions whose border they may not touch."""
    makes = [ACTIVATIONS[name], *(Called(lambda m, x, of=of: of(x)) for of in FUNCTIONS[name])]
    x = frames(name, (1, 10, 10))
    for activation in makes:
        model = prepared(nn.Sequential(conv(1, 2, 3), activation, conv(2, 2, 3), dense(200)))
        artifact = hadamac.compile(model, x)
        assert [layer.function for layer in artifact.qnet.network.layers if layer.type == "activation"] == [name]
        equal(artifact, model, x, x / 255)


def test_layers_and_names():
    """A border is made only where it is needed, and layers have the names of their modules."""
    model = prepared(nn.Sequential(conv(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), conv(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), dense(4 * 196)))
    network = hadamac.compile(model, frames("names", (1, 28, 28)), name="names").qnet.network
    assert (network.name, network.shape, network.padding, network.output) == ("names", (1, 28, 28), "end", "classes")
    assert [(layer.name, layer.type) for layer in network.layers] == [
        ("0", "spectral_conv"), ("2", "activation"), ("3", "canvas"), ("3-2", "spectral_conv"), ("4", "activation"), ("5", "max_pool"),
        ("6_1", "dense")]
    assert all(layer.inputs is None for layer in network.layers)
    kinds = [layer.type for layer in hadamac.compile(prepared(nn.Sequential(conv(1, 2, 3), nn.ReLU(), dense(512))), frames(
        "up", (1, 16, 16))).qnet.network.layers]
    assert kinds == ["canvas", "spectral_conv", "activation", "canvas", "dense"]


def test_standardised_words_are_torchvision_s():
    """ToTensor divides by 255 and Normalize follows; zero padding is zero after that."""
    model, x = prepared(nn.Sequential(conv(3, 4, 3), nn.ReLU(), dense(4 * 64))), frames("rgb", (3, 8, 8))
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    artifact = hadamac.compile(model, x, mean=mean.tolist(), deviation=deviation.tolist())
    equal(artifact, model, x, (x / 255 - mean[:, None, None]) / deviation[:, None, None])
    assert [layer.type for layer in artifact.qnet.network.layers][:3] == ["pointwise", "canvas", "spectral_conv"]
    plain = hadamac.compile(model, x, deviation=0.5)
    assert "pointwise" not in [layer.type for layer in plain.qnet.network.layers]
    equal(plain, model, x, x / 255 / 0.5)


@pytest.mark.parametrize(("kind", "format"), [("uint8", "uint8"), ("int8", "int8"), ("int16", "int16"), ("float32", "SQ(4,12)"),
                                              ("float64", "SQ(4,12)")])
def test_formats_of_the_input(kind, format):
    model, r = prepared(dense(64)), rng("formats", kind)
    x = (r.uniform(-3, 3, (5, 1, 8, 8)) if kind.startswith("float") else r.integers(0, 100, (5, 1, 8, 8))).astype(kind)
    network = hadamac.compile(model, x).qnet.network
    assert network.format == format
    assert hadamac.compile(model, torch.from_numpy(x)).qnet.network == network
    if kind.startswith("float"):
        assert hadamac.compile(model, x, format="SQ(3,5)").qnet.network.format == "SQ(3,5)"


def test_layouts_of_the_calibration():
    model, x = prepared(nn.Sequential(conv(3, 2, 3), dense(2 * 9 * 11))), frames("layout", (3, 9, 11))
    first = hadamac.compile(model, x)
    last = hadamac.compile(model, np.moveaxis(x, 1, -1))
    assert first.qnet.network == last.qnet.network
    np.testing.assert_array_equal(first.samples[0], last.samples[0])
    grey = prepared(dense(25 * 20))
    assert hadamac.compile(grey, frames("grey", (25, 20)), shape=(1, 25, 20)).qnet.network.shape == (1, 25, 20)


def test_outputs_and_classes(tmp_path):
    model, x = prepared(dense(64, 2)), frames("classes", (1, 8, 8))
    artifact = hadamac.compile(model, x, classes=("cat", "dog"), formats=hadamac.Formats(width=12, calibrated=True))
    assert (artifact.qnet.network.output, artifact.name_of(1), artifact.qnet.formats.width) == ("classes", "dog", 12)
    hadamac.save(artifact, tmp_path / "a")
    loaded = hadamac.load(tmp_path / "a")
    np.testing.assert_array_equal(loaded.predict(x).words, artifact.predict(x).words)
    np.testing.assert_array_equal(loaded.samples[0], x)
    assert loaded.provenance == {"source": "hadamac.compile"}
    assert hadamac.compile(model, x, output="values", formats="compact").qnet.network.output == "values"
    assert hadamac.compile(prepared(dense(64, 1)), x).qnet.network.output == "values"
    assert hadamac.compile(prepared(conv(1, 1, 3)), x).qnet.network.output == "maps"


def test_the_page_names_every_module():
    text = (Path(__file__).parents[2] / "docs" / "torch.md").read_text()
    assert not [cls.__name__ for cls in registry.MODULES if cls.__name__ not in text]


def test_branches_that_lead_nowhere_have_no_layers():
    def of(m, x):
        m.a(x)
        return m.fc(torch.flatten(m.b(x), 1))

    model = prepared(Called(of, a=conv(1, 2, 3), b=conv(1, 2, 3), fc=nn.Linear(128, 2)))
    kinds = [layer.type for layer in hadamac.compile(model, frames("dead", (1, 8, 8))).qnet.network.layers]
    assert kinds.count("spectral_conv") == 1
