"""Does the output depend on the bins that a crop discards?  Small networks in floats and in words, against liveness.

Each network takes an N x N image through convolutions of C channels with random weights; its pool keeps M x M bins of
the N x N.  The discarded bins of the image's half-spectrum are replaced by another image's, in the network as its
layers define it, unpruned.  Measured: the relative change of the output in floats; how many words of the fixed-point
output change; and the rank of the float output's Jacobian by the real and imaginary parts of the discarded bins, that
is through how many numbers they act.
"""

from __future__ import annotations

import numpy as np

from hadamac.network import Activation, Dense, Network, Normalise, SpectralConv, SpectralPool
from hadamac.network.liveness import analyse, low, sentence
from hadamac.network.stages import stages
from hadamac.ops import evaluate
from hadamac.quantised import PRESETS
from hadamac.quantised.quantise import quantise
from hadamac.quantised.unpruned import unpruned

__all__ = ["M", "N", "CHANNELS", "IMAGES", "NETWORKS", "OUTPUTS", "measure"]

N, M, CHANNELS, OUTPUTS, IMAGES = 16, 8, 2, 60, 8
STEP = 1e-4
"""Of the Jacobian's central differences; bins are of about N."""

_CONV, _POOL, _RELU = SpectralConv(channels=CHANNELS, kernel=5), SpectralPool(size=M), Activation()
_TANH = Activation(function="tanh", domain="bins")
NETWORKS = {name: Network(name=name.replace(" ", "-").replace(",", ""), size=N, channels=1,
                          layers=(*layers, Dense(outputs=OUTPUTS))) for name, layers in {
    "no activation": (_CONV, _POOL),
    "per-bin activation": (_CONV, _TANH, _POOL, _CONV, _TANH),
    "normalise after the crop": (_CONV, _POOL, Normalise(), _TANH),
    "normalise before the crop": (_CONV, Normalise(), _TANH, _POOL),
    "crop, then ReLU in space": (_CONV, _POOL, _RELU),
    "ReLU in space, then crop": (_CONV, _RELU, _POOL),
}.items()}  # fmt: skip


def _parameters(network: Network, rng) -> dict[str, np.ndarray]:
    """Random weights that keep the size of maps, no biases; kernels without mean, so that pixels of both signs come."""
    out = {}
    for name, shape in network.parameters.items():
        out[name] = np.zeros(shape) if name.endswith("bias") else rng.normal(0, np.prod(shape[1:]) ** -0.5, shape)
        if name.endswith("kernel"):
            out[name] -= out[name].mean((-2, -1), keepdims=True)
    return out


def _rank(behind, spectrum: np.ndarray, bins) -> int:
    """Of the Jacobian of ``behind`` by both parts of ``bins``, of which each stands for its conjugate too."""
    steps = np.zeros((2 * len(bins), *spectrum.shape), dtype=complex)
    for k, (u, v) in enumerate(bins):
        steps[2 * k, 0, u, v], steps[2 * k + 1, 0, u, v] = STEP, 1j * STEP
    values = np.linalg.svd((behind(spectrum + steps) - behind(spectrum - steps)) / (2 * STEP), compute_uv=False)
    rounding = np.linalg.norm(behind(spectrum[None])) / np.linalg.norm(spectrum)
    return int((values > 1e-6 * max(values[0], rounding)).sum())


def _floats(network: Network, params, images: np.ndarray, outside: np.ndarray) -> tuple[float, int, int]:
    """Relative change of the outputs of ``images``; rank for the first; by how many numbers."""
    first, *rest = stages(network, prune=False)

    def behind(x):
        for stage in rest:
            x = evaluate(stage, params, x)
        return x

    spectra = evaluate(first, params, images[:, None] / 256)
    y, changed = behind(spectra), behind(np.where(outside, np.roll(spectra, 1, 0), spectra))
    # Bins of one half-plane: those of columns 0 and N/2 come in conjugate pairs.
    free = [(u, v) for u, v in np.argwhere(outside) if 0 < v < N // 2]
    return float(np.linalg.norm(changed - y) / np.linalg.norm(y)), _rank(behind, spectra[0], free), 2 * len(free)


def _words(network: Network, params, images: np.ndarray, outside: np.ndarray) -> int:
    """How many of the fixed-point outputs of ``images`` change."""
    q = unpruned(quantise(network, params, images, PRESETS["default"]), params)

    def behind(x):
        for s in q.stages[1:]:
            x = s.run(x)[0]
        return x

    spectra = q.stages[0].run(images[:, None] * 2.0**q.pixel_shift)[0]
    return int((behind(np.where(outside, np.roll(spectra, 1, 0), spectra)) != behind(spectra)).sum())


def measure(seed: int) -> list[dict]:
    """A row for each network."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (IMAGES, N, N)).astype(np.uint8)
    outside, rows = ~low(N, M), []
    for name, network in NETWORKS.items():
        params, edges = _parameters(network, rng), analyse(network.steps)
        change, rank, inputs = _floats(network, params, images, outside)
        spectrum = edges[1]  # behind the first transform
        rows.append({
            "network": name, "change": change, "words": _words(network, params, images, outside), "rank": rank,
            "inputs": inputs, "dead": int(spectrum.dead.sum()), "coupled": int(spectrum.coupled.sum()),
            "scalars": spectrum.scalars, "says": sentence(edges),
        })
    return rows
