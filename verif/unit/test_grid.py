"""Artifacts on another grid: the same weights, words close to floats, samples resampled, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DataError, DescriptionError
from hadamac.network import Activation, Dense, Network, Pointwise, SpectralConv
from hadamac.quantised import PRESETS
from hadamac.quantised.artifact import Artifact
from hadamac.quantised.grid import on_grid, resampled
from hadamac.quantised.quantise import quantise
from hadamac.quantised.reference import forward
from hadamac_cli.main import app
from support import tiny
from support.seeds import refused, rng

LAYERS = (Pointwise(channels=3, grid=True), Activation(function="gelu", segments=8),
          SpectralConv(channels=2, modes=2, pointwise=True), Activation(function="gelu", segments=8),
          SpectralConv(channels=2, kernel=3), Pointwise(channels=1))


def operator(size=(8, 8), layers=LAYERS, **fields) -> Network:
    return Network(name="operator", shape=(1, *size), layers=layers, **{"format": "SQ(2,6)", "output": "maps"} | fields)


def artifact(network: Network, *seed) -> Artifact:
    r = rng("grid", *seed)
    params, frames = tiny.parameters(network, r), tiny.images(network, r, 16)
    q = quantise(network, params, frames, PRESETS["default"])
    return Artifact(q, params, samples=(frames.reshape(-1, *network.shape), None))


@pytest.mark.parametrize("size", [16, (32, 16), (8, 32), (12, 24)])
def test_weights_are_the_same_and_words_follow_the_floats(size):
    coarse = artifact(operator(), 1)
    other = on_grid(coarse, size)
    wanted = (size, size) if isinstance(size, int) else size
    assert other.qnet.network.given == wanted and other.params is coarse.params
    assert other.provenance["grid"] == f"{wanted[0]}x{wanted[1]}, trained on 8x8"
    for a, b in zip(coarse.qnet.stages, other.qnet.stages):
        if a.stage.operation == "mix":
            np.testing.assert_array_equal(a.plan.weights, b.plan.weights)
        if a.stage.name == "hadamard0":  # W beyond the modes, R + W within them, at both sizes
            np.testing.assert_array_equal(a.plan.weights[..., :3, :3], b.plan.weights[..., :3, :3])
            assert a.plan.sets == b.plan.sets == 16
    frames = tiny.images(other.qnet.network, rng("grid frames"), 8)
    got, want = other.predict(frames), forward(other.qnet.network, coarse.params, frames)
    noise = ((got.values - want) ** 2).sum() / (want**2).sum()
    assert 10 * np.log10(noise) < -28 and not got.overflow.any()


def test_a_finer_grid_samples_the_same_operator():
    """A band-limited input gives the same answer at the points that both grids have, if the functions keep the band."""
    layers = (Pointwise(channels=2), SpectralConv(channels=2, modes=2, pointwise=True), Pointwise(channels=1, grid=True))
    network, fine = operator(layers=layers, format="SQ(4,12)"), operator((16, 16), layers, format="SQ(4,12)")
    params = tiny.parameters(network, rng("same operator"))
    y, x = np.mgrid[:16, :16] / 16
    frame = np.rint(4096 * (np.cos(2 * np.pi * (y + 2 * x)) + 0.5 * np.sin(2 * np.pi * y)))[None, None].astype(np.int64)
    a, b = forward(network, params, frame[..., ::2, ::2]), forward(fine, params, frame)
    np.testing.assert_allclose(b[..., ::2, ::2], a, atol=1e-3)


def test_resampling_takes_the_point_at_or_before():
    frames = np.arange(8).reshape(1, 1, 2, 4)
    np.testing.assert_array_equal(resampled(frames, (4, 8))[0, 0], [[0, 0, 1, 1, 2, 2, 3, 3]] * 2 + [[4, 4, 5, 5, 6, 6, 7, 7]] * 2)
    np.testing.assert_array_equal(resampled(frames, (1, 2))[0, 0], [[0, 2]])


def test_the_same_grid_is_the_same_artifact():
    coarse = artifact(operator(), 2)
    assert on_grid(coarse, 8) is coarse


@pytest.mark.parametrize(("network", "size", "error", "message"), [
    (operator(layers=(Pointwise(channels=2), Dense(outputs=2)), output="values"), 16, DescriptionError,
     "Network operator must have parameters that do not depend on the grid; dense.weight has the shape (2, 2, 8, 8) on 8x8, "
     "and (2, 2, 16, 16) on 16x16"),
    (operator(), 512, DescriptionError, "Network input rows must be an integer from 4 to 256, not 512"),
    (operator(), (4, 4), DescriptionError, "SpectralConv modes must be below half its input's size 4, not 2"),
    (operator(), (4, 4, 4), DataError, "Grid must be one integer or two, not (4, 4, 4)"),
    (operator(), "16", DataError, "Grid must be one integer or two, not '16'"),
    (Network(name="signal", shape=(2, 16), layers=(SpectralConv(channels=1, modes=2),), output="maps"), 16, DescriptionError,
     "Grid must be left out for the signals of network signal, not 16x16"),
])
def test_refusals(network, size, error, message):
    with refused(message, error):
        on_grid(artifact(network, 3), size)


def test_without_samples_there_must_be_frames():
    coarse = artifact(operator(), 4)
    bare = Artifact(coarse.qnet, coarse.params)
    with refused("Grid needs frames to calibrate on: the artifact of operator has no samples", DataError):
        on_grid(bare, 16)
    frames = tiny.images(operator((16, 16)), rng("given"), 4)
    assert on_grid(bare, 16, frames).qnet.network.given == (16, 16)


@pytest.mark.parametrize("grid", ["32", "32x", "axb", "32x32x32", "-4x8", "³2x32"])
def test_the_option_must_have_two_numbers(grid):
    with refused(f"Grid must be ROWSxCOLUMNS, for example 32x32, not {grid!r}", DataError):
        app(["estimate", "--grid", grid], standalone_mode=False)
