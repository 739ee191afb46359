"""Networks layer by layer as :mod:`hadamac.network.layers` defines them, on whole complex spectra.

Nothing is pruned, moved or folded here.  The module shares no code with :mod:`hadamac.quantised.reference`,
:mod:`hadamac.network.stages` and :mod:`hadamac.network.liveness`.
"""

from __future__ import annotations

from math import erf

import numpy as np

__all__ = ["convolve", "dirichlet", "forward", "free_spectrum", "function", "kernel_spectrum"]

_AXES = (-2, -1)


def convolve(maps, kernel):
    """Circular convolution (..., c, N, N) by (o, c, k, k), tap by tap, centre tap at no shift."""
    k = kernel.shape[-1]
    out = 0
    for i in range(k):
        for j in range(k):
            moved = np.roll(maps, (i - k // 2, j - k // 2), (-2, -1))
            out = out + np.einsum("oc,ncyx->noyx", kernel[:, :, i, j], moved)
    return out


def dirichlet(maps, size):
    """Band-limited resampling of N to M points by the Dirichlet kernel of the bins |u| < M/2."""
    N = maps.shape[-1]
    t = np.arange(size)[:, None] / size - np.arange(N) / N
    D = sum(np.cos(2 * np.pi * u * t) for u in range(-(size // 2) + 1, size // 2)) / N
    return np.einsum("yi,xj,...ij->...yx", D, D, maps)


def function(name: str, x: np.ndarray) -> np.ndarray:
    """An activation's formula."""
    sigmoid, hard = 1 / (1 + np.exp(-x)), np.clip(x / 6 + 0.5, 0, 1)
    return {
        "relu": (x + abs(x)) / 2, "leaky": np.where(x > 0, x, x / 64), "sigmoid": sigmoid, "tanh": np.tanh(x),
        "gelu": x / 2 * (1 + np.vectorize(erf)(x / 2**0.5)), "silu": x * sigmoid, "hard-sigmoid": hard,
        "hard-tanh": np.clip(x, -1, 1), "hard-swish": x * hard,
    }[name]  # fmt: skip


def kernel_spectrum(kernel: np.ndarray, size: int) -> np.ndarray:
    """``W[u,v] = sum_ij w[i,j] exp(-2 pi j (u i + v j) / N)``, taps counted from the centre: (..., N, N)."""
    half = kernel.shape[-1] // 2
    wave = np.exp(-2j * np.pi * np.outer(np.arange(size), np.arange(-half, half + 1)) / size)
    return np.einsum("ui,vj,...ij->...uv", wave, wave, kernel)


def free_spectrum(reals: np.ndarray, size: int) -> np.ndarray:
    """The Hermitian spectrum (..., N, N) of which bins (..., rows, r+1, 2) with v >= 0 are given, zero beyond them.

    Where both a bin and its conjugate are given, it is the mean of what they say.
    """
    rows, columns = reals.shape[-3:-1]
    total, said = np.zeros((*reals.shape[:-3], size, size), dtype=complex), np.zeros((size, size))
    for k in range(rows):
        u = k if rows == size or k < columns else k - rows
        for v in range(columns):
            value = reals[..., k, v, 0] + 1j * reals[..., k, v, 1]
            total[..., u % size, v] += value
            total[..., -u % size, -v % size] += value.conj()
            said[u % size, v] += 1
            said[-u % size, -v % size] += 1
    return total / np.maximum(said, 1)


def _largest(size: int) -> np.ndarray:
    """max(|u|, |v|) of a whole spectrum's bins."""
    u = np.array([min(k, size - k) for k in range(size)])
    return np.maximum(u[:, None], u)


def _moved(spectrum: np.ndarray, size: int) -> np.ndarray:
    """Pooled or padded: the bins ``|u|, |v| < min(M, N)/2``, scaled so that means survive."""
    n = spectrum.shape[-1]
    out = np.zeros((*spectrum.shape[:-2], size, size), dtype=complex)
    frequencies = [u for u in range(-size, size + 1) if 2 * abs(u) < min(n, size)]
    for u in frequencies:
        for v in frequencies:
            out[..., u % size, v % size] = spectrum[..., u % n, v % n]
    return out * (size / n) ** 2


def _normalised(layer, x: np.ndarray, there: np.ndarray, p: int) -> np.ndarray:
    """Channels by their mean and deviation; of bins, of those that can be other than zero."""
    n = x.shape[-1]
    if layer.over == "map":
        maps = np.fft.ifft2(x)
        deviation = maps.std(_AXES, ddof=layer.correction, keepdims=True)
        centred = maps - maps.mean(_AXES, keepdims=True)
        return np.fft.fft2(centred / np.where(deviation > 1e-12, deviation, 1)) * (p / n)
    bins = x[..., there]
    mean, deviation = bins.mean(-1)[..., None, None], bins.std(-1, ddof=layer.correction)[..., None, None]
    return np.where(there, p * (x - mean) / np.where(deviation > 1e-12, deviation, 1), 0)


def _as_maps(x: np.ndarray, there: np.ndarray | None) -> tuple[np.ndarray, None]:
    """Return maps or bins as maps; ``there``, which bins can be other than zero, is None for maps."""
    if there is None:
        return x, None
    x = np.fft.ifft2(x)
    assert np.abs(x.imag).max() <= 1e-9 * max(1, np.abs(x).max()), "the spectrum of a real map is Hermitian"
    return x.real, None


def _as_bins(x: np.ndarray, there: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return maps or bins as bins, and which of them can be other than zero."""
    return (np.fft.fft2(x), np.ones(x.shape[-2:], dtype=bool)) if there is None else (x.copy(), there)


def _sum(taken: list[tuple[np.ndarray, np.ndarray | None]]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the sum of maps, or of bins if any of the summands are bins."""
    if all(there is None for _, there in taken):
        return np.sum([x for x, _ in taken], 0), None
    bins = [_as_bins(*value) for value in taken]
    return np.sum([x for x, _ in bins], 0), np.any([there for _, there in bins], 0)


def forward(network, params, images: np.ndarray) -> np.ndarray:
    """Return the logits of images (n, N, N), layer by layer in the order of the description."""
    counts: dict[str, int] = {}
    results, last = {"input": (images[:, None] / 256, None)}, "input"
    for layer in network.layers:
        kind = layer.type
        k = counts[kind] = counts.get(kind, -1) + 1
        taken = [results[name] for name in layer.inputs or (last,)]
        x, there = taken[0]
        last = layer.name or f"{kind}{k}"
        if kind == "dense":
            break
        if kind == "add":
            results[last] = _sum(taken)
            continue
        space = kind in ("max_pool",) or kind == "activation" and layer.domain == "space"
        x, there = (_as_maps if space else _as_bins)(x, there)
        spectral = not space
        n = x.shape[-1]
        p = 2 ** int(np.ceil(np.log2(n)))
        if kind == "spectral_conv":
            if layer.kernel is None:
                w = free_spectrum(params[f"conv{k}.spectrum"], n)
            else:
                w = kernel_spectrum(params[f"conv{k}.kernel"], n)
            x = np.einsum("ocuv,ncuv->nouv", w.real if layer.real else w, x)
            x[..., 0, 0] += params[f"conv{k}.bias"] * n * n
            if layer.band is not None:
                there = there & (_largest(n) <= layer.band)
                x = x * there
        elif kind in ("spectral_pool", "pad"):
            there = _moved(there, layer.size) != 0
            x = _moved(x, layer.size)
        elif kind == "normalise" and layer.statistics == "frozen":
            x[..., 0, 0] -= params[f"norm{k}.mean"] * n * n
            x = x / params[f"norm{k}.deviation"][:, None, None]
        elif kind == "normalise":
            x = _normalised(layer, x, there, p)
        elif kind == "max_pool":
            x = np.maximum(np.maximum(x[..., 0::2, 0::2], x[..., 0::2, 1::2]),
                           np.maximum(x[..., 1::2, 0::2], x[..., 1::2, 1::2]))
        elif layer.function == "quadratic":
            x = np.polynomial.polynomial.polyval(x, params[f"act{k}.coefficients"])
        elif layer.function == "modulus":
            x = abs(x) + 0j
        elif layer.function == "modrelu":
            x = np.maximum(abs(x) + p * params[f"act{k}.bias"][:, None, None], 0) * np.exp(1j * np.angle(x))
        elif spectral:
            x = p * (function(layer.function, x.real / p) + 1j * function(layer.function, x.imag / p))
        else:
            x = function(layer.function, x)
        results[last] = x, there
    spectral = there is not None
    weight = params["dense.weight"]
    if spectral:
        rows, columns = weight.shape[2:4]
        u = np.arange(rows) if rows == x.shape[-1] else np.r_[0:columns, 1 - columns : 0]
        x = x[..., u, :columns]
        x = np.stack([x.real, x.imag], -1)
    return (x[:, None] * weight).sum(tuple(range(2, weight.ndim + 1))) + params["dense.bias"]
