"""Measurement of what spectral and max pooling keep, and of realness and shifts for each Nyquist rule."""

from __future__ import annotations

import numpy as np

from hadamac.model.pool import RULES, pad, pool, pool_signal, shift

__all__ = ["equal_size", "equivariance", "information", "photograph"]


def photograph(size: int = 256) -> np.ndarray:
    """Return the middle of matplotlib's sample photograph in grey, (size, size) from 0 to 1."""
    from matplotlib import cbook, image

    with cbook.get_sample_data("grace_hopper.jpg") as file:
        picture = image.imread(file, format="jpg").astype(float) / 255
    grey = picture @ [0.299, 0.587, 0.114]
    top, left = (grey.shape[0] - size) // 2, (grey.shape[1] - size) // 2
    return grey[top : top + size, left : left + size]


def _max_pool(x: np.ndarray, size: int) -> np.ndarray:
    n = x.shape[-1] // size
    return x.reshape(*x.shape[:-2], size, n, size, n).max((-3, -1))


def _error(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.sqrt(((x - y) ** 2).sum() / (x**2).sum()))


def information(images: np.ndarray) -> list[dict]:
    """Return the relative L2 error of images (n, N, N) that are rebuilt from M x M numbers, for each M.

    Spectral pooling keeps the low bins and rebuilds the image by padding them.  Max pooling keeps the largest pixel of
    each tile and rebuilds the image by repeating it.  The mean of each tile is used for comparison.
    """
    n = images.shape[-1]
    spectrum = np.fft.fft2(images)
    rows = []
    for size in (m for m in (2, 4, 8, 16, 32, 64, 128) if m < n):
        step = n // size
        tiles = images.reshape(len(images), size, step, size, step).mean((2, 4))
        rebuilt = np.fft.ifft2(pad(pool(spectrum, size), n)).real
        rows.append({
            "size": size, "kept": size * size / n**2, "spectral": _error(images, rebuilt),
            "max": _error(images, np.kron(_max_pool(images, size), np.ones((step, step)))),
            "mean": _error(images, np.kron(tiles, np.ones((step, step)))),
        })
    return rows


def equal_size(image: np.ndarray, sizes: tuple[int, ...]) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Return one image (N, N), spectrally pooled and max pooled, for each size."""
    return {m: (pool_signal(image, m).real, _max_pool(image, m)) for m in sizes}


def equivariance(images: np.ndarray, sizes: tuple[int, ...], amount: float = 1.0) -> list[dict]:
    """Return how far pooling of images (n, N, N) is from real and from commuting with shifts, for each size and rule.

    These are the share of the energy that is in the imaginary part, and the relative difference between pooling shifted
    images and shifting pooled images, for a shift by ``amount`` input samples along both axes.
    """
    n, rows = images.shape[-1], []
    for size in sizes:
        for rule in RULES if size % 2 == 0 else ("zero",):
            y = pool_signal(images, size, nyquist=rule)
            moved = pool_signal(shift(images, amount).real, size, nyquist=rule)
            want = shift(y.real, amount * size / n) + 1j * shift(y.imag, amount * size / n)
            rows.append({
                "size": size, "rule": rule if size % 2 == 0 else "none needed",
                "imaginary": float((y.imag**2).sum() / (np.abs(y) ** 2).sum()),
                "shift": float(np.sqrt((np.abs(moved - want) ** 2).sum() / (np.abs(want) ** 2).sum())),
            })
        if n % size == 0:
            moved, want = _max_pool(shift(images, amount).real, size), shift(_max_pool(images, size), amount * size / n)
            rows.append({"size": size, "rule": "max pooling", "imaginary": 0.0, "shift": _error(want.real, moved)})
    return rows
