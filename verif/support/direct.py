"""Networks layer by layer as :mod:`hadamac.network.layers` defines them, on whole complex spectra.

Nothing is pruned, moved or folded here.  The module shares no code with :mod:`hadamac.quantised.reference`,
:mod:`hadamac.network.stages` and :mod:`hadamac.network.liveness`.
"""

from __future__ import annotations

from math import erf

import numpy as np

__all__ = ["convolve", "dirichlet", "forward", "free_spectrum", "function", "kernel_spectrum", "source"]

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


def function(name: str, x: np.ndarray, slope: float = 1 / 64) -> np.ndarray:
    """An activation's formula."""
    sigmoid, hard = 1 / (1 + np.exp(-x)), np.clip(x / 6 + 0.5, 0, 1)
    return {
        "relu": (x + abs(x)) / 2, "leaky": np.where(x > 0, x, x * slope), "sigmoid": sigmoid, "tanh": np.tanh(x),
        "gelu": x / 2 * (1 + np.vectorize(erf)(x / 2**0.5)), "silu": x * sigmoid, "hard-sigmoid": hard,
        "hard-tanh": np.clip(x, -1, 1), "hard-swish": x * hard,
    }[name]  # fmt: skip


def _pair(size) -> tuple[int, int]:
    """Rows and columns; an integer stands for both."""
    return (size, size) if isinstance(size, int) else tuple(size)


def kernel_spectrum(kernel: np.ndarray, size) -> np.ndarray:
    """``W[u,v] = sum_ij w[i,j] exp(-2 pi j (u i/H + v j/W))``, taps counted from the centre: (..., H, W)."""
    waves = [np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(-(k // 2), k // 2 + 1)) / n)
             for n, k in zip(_pair(size), kernel.shape[-2:])]
    return np.einsum("ui,vj,...ij->...uv", *waves, kernel)


def free_spectrum(reals: np.ndarray, size) -> np.ndarray:
    """The Hermitian spectrum (..., H, W) of which bins (..., rows, columns, 2) with v >= 0 are given, zero beyond them.

    Where both a bin and its conjugate are given, it is the mean of what they say.
    """
    rows, columns = reals.shape[-3:-1]
    height, width = size = _pair(size)
    total, said = np.zeros((*reals.shape[:-3], *size), dtype=complex), np.zeros(size)
    for k in range(rows):
        u = k if rows == height or k <= rows // 2 else k - rows
        for v in range(columns):
            value = reals[..., k, v, 0] + 1j * reals[..., k, v, 1]
            total[..., u % height, v] += value
            total[..., -u % height, -v % width] += value.conj()
            said[u % height, v] += 1
            said[-u % height, -v % width] += 1
    return total / np.maximum(said, 1)


def _frequencies(n: int) -> np.ndarray:
    """|u| of a whole axis."""
    return np.array([min(k, n - k) for k in range(n)])


def _moved(spectrum: np.ndarray, size) -> np.ndarray:
    """Pooled or padded: the bins below half of the smaller size of each axis, scaled so that means survive."""
    given, size = spectrum.shape[-2:], _pair(size)
    out = np.zeros((*spectrum.shape[:-2], *size), dtype=complex)
    us, vs = ([u for u in range(-m, m + 1) if 2 * abs(u) < min(n, m)] for n, m in zip(given, size))
    for u in us:
        for v in vs:
            out[..., u % size[0], v % size[1]] = spectrum[..., u % given[0], v % given[1]]
    return out * (size[0] * size[1]) / (given[0] * given[1])


def _normalised(layer, x: np.ndarray, there: np.ndarray, p: int) -> np.ndarray:
    """Channels by their mean and deviation; of bins, of those that can be other than zero."""
    pixels = x.shape[-1] * x.shape[-2]
    if layer.over == "map":
        maps = np.fft.ifft2(x)
        deviation = maps.std(_AXES, ddof=layer.correction, keepdims=True)
        centred = maps - maps.mean(_AXES, keepdims=True)
        return np.fft.fft2(centred / np.where(deviation > 1e-12, deviation, 1)) * (p / pixels**0.5)
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


def source(network, frames: np.ndarray) -> np.ndarray:
    """The maps (n, C, H, W) of values that frames of words become, pixel by pixel."""
    form, (rows, columns), (height, width) = network.input_format, network.given, network.size
    frames = np.asarray(frames).reshape(len(frames), network.channels, rows, columns)
    out = np.zeros((len(frames), network.channels, height, width))
    for y in range(height):
        for x in range(width):
            i, j = (y, x) if network.padding == "end" else (y - (height - rows) // 2, x - (width - columns) // 2)
            if network.padding == "mirror":
                i, j = (n if n >= 0 else -n for n in (i, j))
                i, j = min(i, 2 * (rows - 1) - i), min(j, 2 * (columns - 1) - j)
            if 0 <= i < rows and 0 <= j < columns:
                out[..., y, x] = frames[..., i, j] / 2.0**form.fraction
    return out


def forward(network, params, images: np.ndarray) -> np.ndarray:
    """Return the answers to frames of words, layer by layer in the order of the description.

    These are logits or values (n, K), maps (n, C, H, W), or whole spectra (n, C, H, W).
    """
    counts: dict[str, int] = {}
    maps = source(network, images)
    if network.standardise:
        maps = (maps - params["input.mean"][:, None, None]) / params["input.deviation"][:, None, None]
    results, last = {"input": (maps, None)}, "input"
    for layer in network.layers:
        kind = layer.type
        k = counts[kind] = counts.get(kind, -1) + 1
        taken = [results[name] for name in layer.inputs or (last,)]
        x, there = taken[0]
        last = layer.name or f"{kind}{k}"
        if kind == "dense":
            name = "dense" if layer is network.layers[-1] else f"hidden{k}"
            y = _dense(x, there, params[f"{name}.weight"]) + params[f"{name}.bias"]
            results[last] = y[..., None, None], None
            continue
        if kind == "add":
            results[last] = _sum(taken)
            continue
        if kind == "pointwise":
            maps, _ = _as_maps(x, there)
            maps = np.tensordot(maps, params[f"mix{k}.weight"], (1, 1)).transpose(0, 3, 1, 2)
            maps = maps + params[f"mix{k}.bias"][:, None, None]
            if layer.grid:
                down, along = params[f"mix{k}.grid"].T
                y_, x_ = np.mgrid[: maps.shape[-2], : maps.shape[-1]]
                maps = maps + down[:, None, None] * y_ / maps.shape[-2] + along[:, None, None] * x_ / maps.shape[-1]
                there = None
            # Signals are transformed for it, so that a dense layer after it takes bins.
            whole, every = _as_bins(maps, None)
            results[last] = (maps, None) if there is None and not network.flat else (whole, every if there is None else there)
            continue
        space = kind in ("max_pool", "canvas") or kind == "activation" and layer.domain == "space"
        x, there = (_as_maps if space else _as_bins)(x, there)
        spectral = not space
        height, width = size = x.shape[-2:]
        pixels = height * width
        p = 2 ** int(np.ceil(np.log2(pixels**0.5)))
        if kind == "spectral_conv":
            if layer.kernel is None:
                w = free_spectrum(params[f"conv{k}.spectrum"], size)
            else:
                w = kernel_spectrum(params[f"conv{k}.kernel"], size)
            if layer.pointwise:
                w = w + params[f"conv{k}.pointwise"][..., None, None]
            x = np.einsum("ocuv,ncuv->nouv", w.real if layer.real else w, x)
            x[..., 0, 0] += params[f"conv{k}.bias"] * pixels
            if layer.modes is not None and not layer.pointwise:
                limit = _pair(layer.modes)
                there = there & (_frequencies(height)[:, None] <= limit[0]) & (_frequencies(width) <= limit[1])
                x = x * there
            if layer.band is not None:
                there = there & (np.maximum(_frequencies(height)[:, None], _frequencies(width)) <= layer.band)
                x = x * there
        elif kind in ("spectral_pool", "pad"):
            size = (1, layer.size) if network.flat else layer.size
            there = _moved(there, size) != 0
            x = _moved(x, size)
        elif kind == "normalise" and layer.statistics == "frozen":
            x[..., 0, 0] -= params[f"norm{k}.mean"] * pixels
            x = x / params[f"norm{k}.deviation"][:, None, None]
        elif kind == "normalise":
            x = _normalised(layer, x, there, p)
        elif kind == "canvas":
            wide, small = ((1, n) if network.flat else _pair(n) for n in (layer.size, layer.keep))
            y = np.zeros((*x.shape[:2], *wide))
            for i, j in np.ndindex(small):
                y[..., i, j] = x[..., i, j]
            x = y
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
            x = function(layer.function, x, layer.slope)
        results[last] = x, there
    if network.output == "maps":
        return _as_maps(*results[last])[0]
    return _as_bins(*results[last])[0] if network.output == "bins" else y


def _dense(x: np.ndarray, there: np.ndarray | None, weight: np.ndarray) -> np.ndarray:
    """Sums of maps (n, C, H, W), or of both parts of the bins that have weights."""
    if there is not None:
        rows, columns = weight.shape[2:4]
        x = x[..., [u if rows == x.shape[-2] or u <= rows // 2 else u - rows for u in range(rows)], :columns]
        x = np.stack([x.real, x.imag], -1)
    return (x[:, None] * weight).sum(tuple(range(2, weight.ndim + 1)))
