"""Measurement of whether the output depends on the bins that a crop discards, compared with what liveness proves.

Each small network takes an N x N image through convolutions of C channels with random weights.  Its pool keeps M x M of
the N x N bins.  The discarded bins of the image's half-spectrum are replaced by those of another image, in the network
that is not pruned.  Measured are the relative change of the output in floats, the number of words of the fixed-point
output that change, and the rank of the Jacobian of the float output with respect to the real and imaginary parts of the
discarded bins.  The rank is the number of values through which these bins act.
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
"""Step of the central differences for the Jacobian; the magnitude of the bins is about N."""

_CONV, _POOL, _RELU = SpectralConv(channels=CHANNELS, kernel=5), SpectralPool(size=M), Activation()
_TANH = Activation(function="tanh", domain="bins")
NETWORKS = {name: Network(name=name.replace(" ", "-").replace(",", ""), shape=(1, N, N),
                          layers=(*layers, Dense(outputs=OUTPUTS))) for name, layers in {
    "no activation": (_CONV, _POOL),
    "per-bin activation": (_CONV, _TANH, _POOL, _CONV, _TANH),
    "normalise after the crop": (_CONV, _POOL, Normalise(), _TANH),
    "normalise before the crop": (_CONV, Normalise(), _TANH, _POOL),
    "crop, then ReLU in space": (_CONV, _POOL, _RELU),
    "ReLU in space, then crop": (_CONV, _RELU, _POOL),
}.items()}  # fmt: skip


def _parameters(network: Network, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return random weights that keep the magnitude of maps, with biases of zero.

    Kernels have no mean, so that pixels of both signs occur.
    """
    out = {}
    for name, shape in network.parameters.items():
        out[name] = np.zeros(shape) if name.endswith("bias") else rng.normal(0, np.prod(shape[1:]) ** -0.5, shape)
        if name.endswith("kernel"):
            out[name] -= out[name].mean((-2, -1), keepdims=True)
    return out


def _rank(after, spectrum: np.ndarray, bins) -> int:
    """Return the rank of the Jacobian of ``after`` with respect to both parts of ``bins``.

    Each bin also represents its conjugate.
    """
    steps = np.zeros((2 * len(bins), *spectrum.shape), dtype=complex)
    for k, (u, v) in enumerate(bins):
        steps[2 * k, 0, u, v], steps[2 * k + 1, 0, u, v] = STEP, 1j * STEP
    values = np.linalg.svd((after(spectrum + steps) - after(spectrum - steps)) / (2 * STEP), compute_uv=False)
    rounding = np.linalg.norm(after(spectrum[None])) / np.linalg.norm(spectrum)
    return int((values > 1e-6 * max(values[0], rounding)).sum())


def _floats(network: Network, params, images: np.ndarray, outside: np.ndarray) -> tuple[float, int, int]:
    """Return the relative change of the outputs, the rank for the first image, and the number of discarded reals."""
    first, *rest = stages(network, prune=False)

    def after(x):
        for stage in rest:
            x = evaluate(stage, params, x)
        return x

    spectra = evaluate(first, params, images[:, None] / 256)
    y, changed = after(spectra), after(np.where(outside, np.roll(spectra, 1, 0), spectra))
    # Columns 0 and N/2 are left out, because their bins form conjugate pairs.
    free = [(u, v) for u, v in np.argwhere(outside) if 0 < v < N // 2]
    return float(np.linalg.norm(changed - y) / np.linalg.norm(y)), _rank(after, spectra[0], free), 2 * len(free)


def _words(network: Network, params, images: np.ndarray, outside: np.ndarray) -> int:
    """Return how many of the fixed-point outputs change."""
    q = unpruned(quantise(network, params, images, PRESETS["default"]), params)

    def after(x):
        for s in q.stages[1:]:
            x = s.run(x)[0]
        return x

    spectra = q.stages[0].run(images[:, None] * 2.0**q.pixel_shift)[0]
    return int((after(np.where(outside, np.roll(spectra, 1, 0), spectra)) != after(spectra)).sum())


def measure(seed: int) -> list[dict]:
    """Return one row of results for each network."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (IMAGES, N, N)).astype(np.uint8)
    outside, rows = ~low((N, N), (M, M)), []
    for name, network in NETWORKS.items():
        params, edges = _parameters(network, rng), analyse(network.steps)
        change, rank, inputs = _floats(network, params, images, outside)
        spectrum = edges[1]  # after the first transform
        rows.append({
            "network": name, "change": change, "words": _words(network, params, images, outside), "rank": rank,
            "inputs": inputs, "dead": int(spectrum.dead.sum()), "coupled": int(spectrum.coupled.sum()),
            "scalars": spectrum.scalars, "says": sentence(edges),
        })
    return rows
