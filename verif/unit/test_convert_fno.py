"""Fourier neural operators of neuraloperator as networks: equal to torch in float, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.quantised.grid import on_grid
from hadamac.quantised.reference import forward
from support.seeds import refused, rng

torch = pytest.importorskip("torch", reason="torch is needed to compile its modules; the rest of hadamac does without")
models = pytest.importorskip("neuralop.models", reason="neuraloperator is needed to compile its operators; the rest of hadamac "
                             "does without")


def operator(**options):
    torch.manual_seed(3)
    given = {"n_modes": (4, 6), "hidden_channels": 6, "in_channels": 1, "out_channels": 1, "n_layers": 2}
    model = models.FNO(**given | options).eval()
    for p in model.parameters():  # neuralop's biases and gates begin as constants
        p.data = p.data + 0.1 * torch.randn_like(p)
    return model


def frames(channels=1, size=(16, 16), count=4):
    return rng("fno frames").normal(0, 1, (count, channels, *size)).astype(np.float32)


def values(network, x):
    """What the words of frames stand for, as torch takes it."""
    form = network.input_format
    return torch.from_numpy((np.rint(x * 2.0**form.fraction) / 2.0**form.fraction).astype(np.float32))


@pytest.mark.parametrize("options", [
    {}, {"use_channel_mlp": False}, {"fno_skip": "soft-gating", "channel_mlp_skip": "linear"},
    {"fno_skip": "identity", "channel_mlp_skip": "identity"}, {"fno_skip": None, "channel_mlp_skip": None},
    {"positional_embedding": None, "in_channels": 2, "out_channels": 3}, {"n_modes": (5, 3), "lifting_channel_ratio": 0},
    {"max_n_modes": (8, 10)}, {"non_linearity": torch.tanh, "channel_mlp_expansion": 1.5, "n_layers": 3},
    {"factorization": "Tucker", "rank": 0.3},
], ids=lambda o: ",".join(o) or "default")
def test_the_network_is_the_operator(options):
    import hadamac

    model = operator(**options)
    x = frames(options.get("in_channels", 1), (16, 8))
    artifact = hadamac.compile(model, x)
    network = artifact.qnet.network
    want = model(values(network, x)).detach().numpy()
    got = artifact.predict(np.rint(x * 2.0**network.input_format.fraction).astype(np.int64))
    assert got.values.shape == want.shape and not got.overflow.any()
    noise = ((got.values - want) ** 2).mean() / (want**2).mean()
    assert 10 * np.log10(noise) < -25  # check_answers has compared floats already


def test_signals():
    import hadamac

    model = operator(n_modes=(6,), positional_embedding=None, in_channels=2)
    x = rng("fno signals").normal(0, 1, (3, 2, 32)).astype(np.float32)
    artifact = hadamac.compile(model, x)
    assert artifact.qnet.network.flat and artifact.qnet.network.output_shape == (1, 1, 32)


def test_one_operator_on_two_grids():
    """The converted weights on a finer grid are neuralop's operator there."""
    import hadamac

    model = operator()
    artifact = hadamac.compile(model, frames())
    fine = on_grid(artifact, 32)
    network, x = fine.qnet.network, frames(size=(32, 32))
    want = model(values(network, x)).detach().numpy()
    words = np.rint(x * 2.0**network.input_format.fraction).astype(np.int64)
    np.testing.assert_allclose(forward(network, fine.params, words), want, atol=1e-5 * np.abs(want).max(), rtol=0)


@pytest.mark.parametrize(("options", "message"), [
    ({"norm": "instance_norm"}, "has norm ModuleList in fno_blocks, which no layer has: use norm=None"),
    ({"preactivation": True}, "has preactivation True in fno_blocks, which no layer has: use preactivation=False"),
    ({"stabilizer": "tanh"}, "has stabilizer tanh in fno_blocks, which no layer has: use stabilizer=None"),
    ({"domain_padding": 0.25}, "has domain_padding DomainPadding in itself, which no layer has: use domain_padding=None"),
    ({"separable": True}, "has separable True in fno_blocks.convs[0], which no layer has: use separable=False"),
    ({"non_linearity": torch.nn.functional.softplus},
     "has the activation softplus: use gelu, relu, sigmoid, tanh, silu, hard-sigmoid, hard-swish"),
    ({"n_modes": (16, 4)}, "has no layer: SpectralConv modes must be below half its input's size 16, not 8"),
    ({"n_modes": (4,), "positional_embedding": None}, "has 1 dimensions, and gets maps: use n_modes with 2 numbers"),
])
def test_refusals(options, message):
    import hadamac

    model = operator(**options)
    with refused(f"model.0 (FNO) {message}", DescriptionError):
        hadamac.compile(torch.nn.Sequential(model), frames())
