"""Does the output depend on the bins that a crop discards?  Small networks in floats, against what liveness says.

Each network takes the half-spectrum of a real N x N map through C channels of random weights; the crop keeps
M x M.  Measured: the relative change of the output when the discarded bins of the input are replaced, and the rank of
its Jacobian by their real and imaginary parts, that is through how many numbers they act.
"""

from __future__ import annotations

import numpy as np

from hadamac.chain import Step
from hadamac.liveness import analyse, sentence

__all__ = ["NETWORKS", "measure"]

N, M, CHANNELS, OUTPUTS = 16, 8, 2, 60

NETWORKS = {
    "no activation": ("multiply", "crop", "linear"),
    "per-bin activation": ("multiply", "bin", "crop", "multiply", "bin", "linear"),
    "normalise after the crop": ("multiply", "crop", "normalise", "bin", "linear"),
    "normalise before the crop": ("multiply", "normalise", "bin", "crop", "linear"),
    "crop, then ReLU in space": ("multiply", "crop", "inverse", "point", "linear"),
    "ReLU in space, then crop": ("multiply", "inverse", "point", "transform", "crop", "linear"),
}


def steps(kinds: tuple[str, ...]) -> list[Step]:
    out, size = [], N
    for kind in kinds:
        out.append(Step(kind, size, kind, keeps=M if kind == "crop" else 0, channels=CHANNELS))
        size = M if kind == "crop" else size
    return out


def _normalised(z: np.ndarray) -> np.ndarray:
    """Each channel less its mean, over its deviation, both of the whole Hermitian spectrum: two real numbers."""
    n = z.shape[-2]
    weight = np.where(np.isin(np.arange(z.shape[-1]), (0, n // 2)), 1.0, 2.0)
    mean = (weight * z.real).sum((-2, -1), keepdims=True) / (n * n)
    deviation = np.sqrt((weight * np.abs(z - mean) ** 2).sum((-2, -1), keepdims=True) / (n * n))
    return (z - mean) / deviation


def _crop(z: np.ndarray) -> np.ndarray:
    out = np.zeros((len(z), M, M // 2 + 1), dtype=complex)
    keep = np.arange(-(M // 2 - 1), M // 2)
    out[:, keep % M, : M // 2] = z[:, keep % z.shape[-2], : M // 2]
    return out


def evaluate(network: list[Step], spectrum: np.ndarray, seed: int) -> np.ndarray:
    """The output, real (OUTPUTS,), of a half-spectrum (N, N/2 + 1)."""
    r = np.random.default_rng(seed)
    z = np.broadcast_to(spectrum, (CHANNELS, *spectrum.shape))
    for step in network:
        if step.kind == "multiply":
            z = z * (r.normal(size=z.shape) + 1j * r.normal(size=z.shape))
        elif step.kind == "crop":
            z = _crop(z)
        elif step.kind == "bin":
            z = np.tanh(z.real) + 1j * np.tanh(z.imag)
        elif step.kind == "normalise":
            z = _normalised(z)
        elif step.kind == "inverse":
            z = np.fft.irfft2(z, (step.size, step.size))
        elif step.kind == "point":
            z = np.maximum(z, 0)
        elif step.kind == "transform":
            z = np.fft.rfft2(z)
        else:
            flat = np.concatenate([z.real.ravel(), z.imag.ravel()]) if np.iscomplexobj(z) else z.ravel()
            z = r.normal(size=(OUTPUTS, flat.size)) @ flat / np.sqrt(flat.size)
    return z


def _jacobian_rank(network, spectrum, discarded, seed) -> int:
    columns, step = [], 1e-6
    for u, v in discarded:
        for direction in (1, 1j):
            up, down = spectrum.copy(), spectrum.copy()
            up[u, v] += step * direction
            down[u, v] -= step * direction
            columns.append((evaluate(network, up, seed) - evaluate(network, down, seed)) / (2 * step))
    values = np.linalg.svd(np.array(columns), compute_uv=False)
    return int((values > 1e-6 * max(1.0, values[0])).sum())


def measure(seed: int) -> list[dict]:
    """A row for each network."""
    r = np.random.default_rng(seed)
    image = r.normal(size=(N, N))
    spectrum = np.fft.rfft2(image) / N
    other = np.fft.rfft2(r.normal(size=(N, N))) / N
    u = np.abs(np.fft.fftfreq(N, 1 / N))[:, None]
    outside = (2 * u >= M) | (2 * np.arange(N // 2 + 1) >= M)
    rows = []
    for name, kinds in NETWORKS.items():
        network = steps(kinds)
        edge, y = analyse(network)[0], evaluate(network, spectrum, seed)
        changed = evaluate(network, np.where(outside, other, spectrum), seed)
        # Bins of one half-plane: those of columns 0 and N/2 come in conjugate pairs.
        free = [(a, b) for a, b in np.argwhere(outside) if 0 < b < N // 2]
        rows.append({
            "network": name, "change": float(np.linalg.norm(changed - y) / np.linalg.norm(y)),
            "rank": _jacobian_rank(network, spectrum, free, seed), "inputs": 2 * len(free),
            "dead": int(edge.dead.sum()), "coupled": int(edge.coupled.sum()), "scalars": edge.scalars,
            "says": sentence(analyse(network)),
        })
    return rows
