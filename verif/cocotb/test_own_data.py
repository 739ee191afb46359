"""``hadamac sim`` on a user's own images: a network of 16 x 16 pixels."""

import numpy as np

from hadamac.network import Dense, Network, SpectralPool
from hadamac.quantised import PRESETS
from hadamac.quantised.artifact import Artifact, save
from hadamac.quantised.quantise import quantise
from support import commands, tiny
from support.seeds import rng

hadamac = commands.hadamac


def test_simulation_of_own_images(hadamac, tmp_path, build_dir):
    network = Network(name="own", shape=(1, 16, 16), layers=(SpectralPool(size=4), Dense(outputs=2)))
    # Always the same, so that the compiled simulator is found again; the images are a run's own.
    params, r = tiny.parameters(network, np.random.default_rng(1)), rng("own images")
    calibration = tiny.images(network, np.random.default_rng(1), 8)
    save(Artifact(quantise(network, params, calibration, PRESETS["default"]), params), tmp_path / "own")
    np.save(tmp_path / "x.npy", tiny.images(network, r, 5))
    code, out, err = hadamac("sim", tmp_path / "own", "--images", tmp_path / "x.npy", "--build", build_dir)
    assert (code, err) == (0, ""), err
    assert "Simulating 5 images of x.npy\n" in out and "RTL = prediction, bit for bit, on 5/5\n" in out
