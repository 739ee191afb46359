"""The benchmark that compares a network with one in space: their sizes, and the layers that cannot be compared."""

from pathlib import Path

import numpy as np
import pytest

from hadamac.data import shipped_digits
from hadamac.errors import DescriptionError
from hadamac.network import (
    Activation,
    Dense,
    Network,
    Normalise,
    Pad,
    SpectralConv,
    SpectralPool,
    default_network,
)  # fmt: skip
from hadamac.network.source import source_frames, source_values

FASHION = Path(__file__).parents[2] / "examples" / "fashion.json"


def test_the_counterpart_in_space_has_as_many_parameters(torch):
    from bench.spatial import SpatialCnn, accuracy_of, parameter_count

    for network in (default_network(), Network.from_json(FASHION.read_text())):
        model, count = SpatialCnn(network), parameter_count(network)
        assert abs(sum(p.numel() for p in model.parameters()) - count) < 0.02 * count
        images, labels = shipped_digits()
        values = source_values(network, source_frames(network, images[:30]))
        right = accuracy_of(model, values, labels[:30], batch=7)
        with torch.no_grad():
            whole = model(torch.from_numpy(values.astype(np.float32))).argmax(1).numpy()
        assert right == pytest.approx((whole == labels[:30]).mean())


@pytest.mark.parametrize(("layer", "what"), [
    (SpectralConv(channels=2), "spectral_conv"), (Activation(function="quadratic"), "activation"),
    (Activation(function="tanh", domain="bins"), "activation"), (Activation(inputs=("input",)), "named inputs"),
    (Pad(size=32), "pad"), (SpectralPool(size=7), "spectral_pool"), (Normalise(), "normalise"),
])
def test_layers_without_a_counterpart_in_space(torch, layer, what):
    from bench.spatial import SpatialCnn

    network = Network(name="odd", shape=(1, 16, 16), layers=(layer, Dense(outputs=2)))
    with pytest.raises(DescriptionError, match=rf"\ANetwork must have layers with a counterpart in space, not {what}\Z"):
        SpatialCnn(network)
