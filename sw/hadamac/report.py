"""Float beside fixed: error figures of every edge, and pictures of one image's way through a network.

Error of an edge: ``fixed.value(words) - float``, the float network with its unrounded weights and no
rounding on the way.  An edge's error therefore holds everything before it: weights rounded to
``weight_width`` bits, and every rounding of the transforms and products.

*LSB*: one unit of the edge's words, ``2**-f``.  A complex word has two parts; its error in LSB is the
larger of the two, in the figures and in the pictures alike.

*SQNR*: ``10 log10(sum |float|**2 / sum |error|**2)`` in dB, over the words as they are stored (live bins,
not their mirror images).

Pictures of spectra show ``20 log10 |X|`` relative to the largest float bin, zero frequency in the centre,
``-r .. r`` in both directions: the live half-plane and its conjugate mirror.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from math import inf, log10
from os import PathLike
from pathlib import Path

import numpy as np

from .data import as_images
from .errors import DataError, ToolError
from .files import atomic_write
from .numeric import SQ
from .quantised import QuantNetwork
from .reference import forward

__all__ = ["EdgeError", "error_table", "hermitian", "mosaic", "save_pictures"]

CHUNK = 500
"""Images per pass: some 50 MB of float and fixed traces of the default network."""

FLOOR = -60
"""Darkest colour of a spectrum, in dB below its largest bin."""

SIGNAL, ERROR, PAPER, INK, SOFT = "magma", "viridis", "white", "#222222", "#777777"
FLOAT, FIXED, WINDOW = "#4c78a8", "#f58518", "#35e0d0"
STYLE = {
    "font.size": 9, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.linewidth": 0.6, "axes.edgecolor": SOFT, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
}  # fmt: skip


@dataclass(frozen=True)
class EdgeError:
    """Error of one edge over a batch.

    Attributes
    ----------
    edge : str
        Its name in a trace: ``image``, ``spectrum0``, ... ``logits``.
    format : SQ
    max_lsb : float
        Largest error of a part, in LSB.
    sqnr : float
        In dB; ``inf`` where the edge is exact.
    fill : float
        Largest part of a word, as a fraction of full scale ``2**(width-1)``.
    """

    edge: str
    format: SQ
    max_lsb: float
    sqnr: float
    fill: float

    def __str__(self) -> str:
        error = "exact" if self.sqnr == inf else f"max error {self.max_lsb:.3g} LSB   SQNR {self.sqnr:.1f} dB"
        return f"{self.format}   {error}"


def _largest(z: np.ndarray) -> np.ndarray:
    """``max(|Re|, |Im|)`` of every element."""
    return np.maximum(np.abs(z.real), np.abs(z.imag))


def _traces(qnet: QuantNetwork, params, images) -> tuple[dict, dict]:
    """Float values and fixed words of every edge, for images (n, size, size)."""
    _, values = forward(qnet.network, params, images, trace=True)
    return {"image": images[:, None] / 256} | values, qnet.predict(images, trace=True).trace


class _Sum:
    """An edge's error, added up batch by batch."""

    def __init__(self, edge: str, fmt: SQ):
        self.edge, self.format = edge, fmt
        self.error = self.word = self.signal = self.noise = 0.0

    def add(self, value: np.ndarray, words: np.ndarray) -> _Sum:
        d = self.format.value(words) - value
        self.error = max(self.error, float(_largest(d).max(initial=0)))
        self.word = max(self.word, float(_largest(words).max(initial=0)))
        self.signal += float(np.sum(np.abs(value) ** 2))
        self.noise += float(np.sum(np.abs(d) ** 2))
        return self

    def result(self) -> EdgeError:
        sqnr = inf if not self.noise else 10 * log10(self.signal / self.noise) if self.signal else -inf
        return EdgeError(self.edge, self.format, self.error * 2.0**self.format.f, sqnr,
                         self.word / 2 ** (self.format.width - 1))


def error_table(qnet: QuantNetwork, params, images) -> list[EdgeError]:
    """Error of every edge over a batch, in the order of the path.

    Parameters
    ----------
    qnet : QuantNetwork
    params : mapping of str to real array
        The float parameters it was made from.
    images : uint8 array (n, size, size) or (n, size-4, size-4)

    Raises
    ------
    DataError
        If there is no image, or images or parameters do not fit the network.
    """
    images = as_images(images, qnet.network.size)
    if len(images) == 0:
        raise DataError("Error table needs at least one image, not 0")
    sums = {edge: _Sum(edge, fmt) for edge, fmt in qnet.edges.items()}
    for start in range(0, len(images), CHUNK):
        values, words = _traces(qnet, params, images[start : start + CHUNK])
        for edge, s in sums.items():
            s.add(values[edge], words[edge])
    return [s.result() for s in sums.values()]


def hermitian(live: np.ndarray) -> np.ndarray:
    """Live bins (..., 2r+1, r+1) to the spectrum (..., 2r+1, 2r+1) with zero frequency at [r, r].

    ``X[-u, -v] = conj X[u, v]``; rows and columns run from -r to r.
    """
    right = np.fft.fftshift(live, axes=-2)
    return np.concatenate([np.conj(right[..., ::-1, :0:-1]), right], axis=-1)


def mosaic(tiles: np.ndarray, gap: int = 1) -> np.ndarray:
    """Real tiles (C, h, w) in one image, row by row, with ``gap`` pixels of NaN between them.

    The grid is the squarest without an empty place and at most twice as high as wide; where there is none,
    as square as can be.
    """
    count, h, w = tiles.shape
    exact = [c for c in range(1, count + 1) if count % c == 0 and c <= count // c <= 2 * c]
    columns = exact[-1] if exact else int(np.ceil(count**0.5))
    rows = -(-count // columns)
    out = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap), np.nan)
    for k, tile in enumerate(tiles):
        y, x = k // columns * (h + gap), k % columns * (w + gap)
        out[y : y + h, x : x + w] = tile
    return out


@dataclass(frozen=True)
class _Picture:
    """What one edge's pictures are drawn from: arrays (C, h, w), complex ones made Hermitian."""

    error: EdgeError
    shape: tuple[int, ...]
    value: np.ndarray
    fixed: np.ndarray
    difference: np.ndarray
    range: tuple[float, float]
    unit: str
    full: np.ndarray | None = None

    @property
    def title(self) -> str:
        shape = " × ".join(map(str, self.shape)) + (" live bins" if self.unit == "dB" else "")
        return f"{self.error.edge}   {shape}   {self.error}"


def _decibels(z: np.ndarray, largest: float) -> np.ndarray:
    return 20 * np.log10(np.maximum(np.abs(z) / (largest or 1.0), 10 ** (FLOOR / 20)))


def _picture(error: EdgeError, value, words, previous) -> _Picture:
    """One edge of one image; ``previous`` (C, N, N) are the float maps a spectrum is made of."""
    fixed = error.format.value(words)
    difference = _largest(fixed - value) * 2.0**error.format.f
    shape = value.shape
    if not np.iscomplexobj(value):
        return _Picture(error, shape, value, fixed, difference, (0, max(value.max(), fixed.max()) or 1), "value")
    mirrored = hermitian(difference + 0j).real
    full = np.fft.fftshift(np.fft.fft2(previous), axes=(-2, -1)) if previous is not None else None
    largest = np.abs(value if full is None else full).max()
    value, fixed = (_decibels(hermitian(z), largest) for z in (value, fixed))
    return _Picture(error, shape, value, fixed, mirrored, (FLOOR, 0), "dB",
                    None if full is None else _decibels(full, largest))


def _figure(width: float, height: float):
    """A bare figure of inches; no pyplot, so that nothing global changes."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as e:
        raise ToolError(f"Pictures need the Python package matplotlib, which can't be imported ({e})") from None
    figure = Figure(figsize=(width, height), facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure, path: Path, dpi: int = 130) -> Path:
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return atomic_write(path, out.getvalue())


def _show(ax, tiles, limits, cmap=SIGNAL, frame: int | None = None):
    """Draw a mosaic; ``frame`` marks the bins within that radius of the centre of every tile."""
    _, h, w = tiles.shape
    image = mosaic(tiles)
    drawn = ax.imshow(image, cmap=cmap, vmin=limits[0], vmax=limits[1], interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    if frame is not None:
        from matplotlib.patches import Rectangle

        for y in range(0, image.shape[0], h + 1):
            for x in range(0, image.shape[1], w + 1):
                corner = (x + w // 2 - frame - 0.5, y + h // 2 - frame - 0.5)
                ax.add_patch(Rectangle(corner, 2 * frame + 1, 2 * frame + 1, fill=False, lw=1.3, ec=WINDOW))
    return drawn


def _stage(p: _Picture):
    """Full spectrum where there is one, float, fixed and their difference."""
    high, wide = mosaic(p.value).shape
    size = 2.9 if wide < high else 3.3
    panels = 3 + (p.full is not None)
    figure = _figure(panels * size * max(wide / high, 0.5) + 1.9, size + 0.75)
    axes = list(figure.subplots(1, panels))
    figure.suptitle(p.title, fontsize=11)
    if p.full is not None:
        ax, r = axes.pop(0), p.value.shape[-1] // 2
        _show(ax, p.full, p.range, frame=r)
        ax.set_title(f"float, all bins; frame: live", fontsize=9)
    drawn = [_show(ax, tiles, p.range) for ax, tiles in zip(axes, (p.value, p.fixed))]
    drawn.append(_show(axes[2], p.difference, (0, p.difference.max() or 1), ERROR))
    for ax, name in zip(axes, ("float", "fixed", "|fixed − float|")):
        ax.set_title(name, fontsize=9)
    for image, ax, label in ((drawn[1], axes[1], p.unit), (drawn[2], axes[2], "LSB")):
        bar = figure.colorbar(image, ax=ax, shrink=0.9, aspect=24, pad=0.03)
        bar.ax.set_title(label, fontsize=8)
        bar.outline.set_visible(False)
    return figure
