"""Drawings of a network's edges with matplotlib, which is imported when the first one is made.

Spectra show ``20 log10 |X|`` relative to the largest float bin, zero frequency in the centre, rows and
columns -r .. r: the live half-plane and its conjugate mirror.  Channels are tiled row by row and share one
colour scale, and so do float and fixed.  Layouts are in inches from the upper left corner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import numpy as np

from ..quantised.comparison import EdgeError, largest_part
from ..shapes import Pair
from .sheet import ERROR, FIXED, FLOAT, SOFT, Sheet, grid, lines, ratio

__all__ = ["EdgePicture", "hermitian", "image", "logits", "overview", "stage"]

FLOOR = -60
"""Darkest colour of a spectrum, in dB below its largest bin."""
NAME = 14
"""Longest name of a class, in characters; a longer one is cut."""


def hermitian(live: np.ndarray, columns: int) -> np.ndarray:
    """Return the spectrum (..., 2r+1, 2s+1) with zero frequency at [r, s] of live bins (..., 2r+1, s+1).

    ``X[-u, -v] = conj X[u, v]``; rows and columns run from -r to r and from -s to s, or to N/2 - 1 if the Nyquist bins
    of an axis are there.  ``columns`` is the number of columns of the map.
    """
    mirrored = np.conj(live[..., -np.arange(live.shape[-2]), :0:-1])
    right = live[..., : columns - mirrored.shape[-1]]
    return np.fft.fftshift(np.concatenate([mirrored, right], axis=-1), axes=-2)


def _decibels(z: np.ndarray, largest: float) -> np.ndarray:
    return 20 * np.log10(np.maximum(np.abs(z) / (largest or 1.0), 10 ** (FLOOR / 20)))


@dataclass(frozen=True)
class EdgePicture:
    """The data from which the pictures of an edge are drawn.

    Attributes
    ----------
    error : EdgeError
    shape, operation : str
        The shape, and the operation before the edge, in words.
    value, fixed : array
        (C, H, W) in dB or in units of the map, or logits (K,).  Signals are one tile with a band for each of them.
    difference : array
        The same shape, in LSB.
    limits : tuple of float
        Values at both ends of the colour scale.
    unit : str
        The unit of the colour scale.
    all_bins : array (C, H, W) or None
        All bins of a spectrum, in dB.
    radius : (int, int)
        Radius of the live bins of a spectrum.
    names : tuple of str
        Names of the classes that logits are of, if they have any.
    """

    error: EdgeError
    shape: str
    value: np.ndarray
    fixed: np.ndarray
    difference: np.ndarray
    limits: tuple[float, float]
    unit: str
    operation: str
    all_bins: np.ndarray | None = None
    radius: Pair = (0, 0)
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, error: EdgeError, value: np.ndarray, words: np.ndarray, maps: np.ndarray | None, operation: str,
           columns: int = 0, unit: str = "classes") -> EdgePicture:
        """Return the picture of one frame's values and words; a pruned spectrum is that of ``maps`` (C, H, W).

        ``columns`` is the number of columns of the map whose bins they are; ``unit`` says what results are.
        """
        fixed = error.format.value(words)
        d = fixed - value
        difference = largest_part(d) * 2.0**error.format.f
        shape = " × ".join(map(str, value.shape)) if value.ndim > 1 else f"{len(value)} {unit}"
        flat = value.ndim > 1 and value.shape[1] == 1
        if not np.iscomplexobj(value):
            limits = (float(min(value.min(), fixed.min(), 0)), float(max(value.max(), fixed.max())) or 1.0)
            if flat:
                value, fixed, difference = map(lines, (value, fixed, difference))
            return cls(error, shape, value, fixed, difference, limits, "value", operation)
        bins = None if maps is None else np.fft.fftshift(np.fft.fft2(maps), axes=(-2, -1))
        largest = float(np.abs(value).max())
        radius = value.shape[-2] // 2, value.shape[-1] - 1
        value, fixed = (_decibels(hermitian(z, columns), largest) for z in (value, fixed))
        difference = hermitian(difference, columns)
        if flat:
            value, fixed, difference = map(lines, (value, fixed, difference))
        return cls(error, f"{shape} live bins", value, fixed, difference, (FLOOR, 0), "dB", operation,
                   None if bins is None else _decibels(bins, largest), radius)

    @property
    def framed(self) -> np.ndarray:
        """The fixed live bins among dead ones, which are zero, as large as ``all_bins``."""
        if self.all_bins is None:
            raise ValueError(f"Edge {self.error.edge} has no other bins")
        rows, columns = (slice(n // 2 - r, n // 2 + r + 1) for n, r in zip(self.all_bins.shape[1:], self.radius))
        out = np.full(self.all_bins.shape, float(FLOOR))
        out[:, rows, columns] = self.fixed
        return out

    def head(self, sheet: Sheet) -> None:
        """Write the edge's name, shape, format and error as the title of a sheet."""
        error = "" if self.error.sqnr == inf else f"max error {self.error.max_lsb:.1f} LSB  ·  SQNR "
        sheet.title(self.error.edge, f"{self.shape}  ·  {self.error.format}  ·  {error}{self.sqnr}")

    @property
    def sqnr(self) -> str:
        """The signal-to-quantisation-noise ratio in words."""
        return "exact" if self.error.sqnr == inf else f"{self.error.sqnr:.1f} dB"


def image(edge: EdgePicture, label: str | None) -> bytes:
    """Return a picture of the input, which is exact in fixed point, so that there is nothing to compare."""
    pixels = edge.error.format.i == 1 and edge.fixed.min() >= 0
    limits, title = ((0, 1), "pixel / 256") if pixels else (edge.limits, "value")
    height = 3.4 / max(1.0, ratio(edge.fixed) / 2)
    sheet = Sheet(0.9 + max(height * ratio(edge.fixed), 3.4), height + 1.1)
    edge.head(sheet)
    sheet.tiles(0.2, 0.92, height, edge.fixed, limits, bar="value",
                title=title + ("" if label is None else f", label {label}"))
    return sheet.png()


def stage(edge: EdgePicture) -> bytes:
    """Return a picture of float, fixed and their difference; before them all bins of a spectrum, live ones framed."""
    rows, columns = grid(len(edge.value))
    wide = ratio(edge.value)
    height = min(max(0.9 * rows, 2.8), 5.0) / max(1.0, wide / 2)
    panels = 3 + (edge.all_bins is not None)
    sheet = Sheet(max(panels * (height * wide + 0.3) + 1.3, 4.6), height + 1.1)
    edge.head(sheet)
    x, y = 0.2, 0.92
    if edge.all_bins is not None:
        title = "float, all bins (live ones framed)" if columns * height > 2 * rows else "float, all bins"
        x += 0.3 + sheet.tiles(x, y, height, edge.all_bins, edge.limits, frame=edge.radius, title=title)
    x += 0.3 + sheet.tiles(x, y, height, edge.value, edge.limits, title="float")
    x += 0.85 + sheet.tiles(x, y, height, edge.fixed, edge.limits, title="fixed", bar=edge.unit)
    sheet.tiles(x, y, height, edge.difference, (0, edge.difference.max() or 1), cmap=ERROR,
                title="|fixed − float|", bar="LSB")
    return sheet.png()


def _classes(edge: EdgePicture, label: str | None) -> str:
    """Return in words the classes that float and fixed answer, and the right one."""
    if not edge.names and not edge.shape.endswith("classes"):
        return edge.shape
    float_class, fixed_class = (edge.names[k] if edge.names else k
                                for k in (int(np.argmax(edge.value)), int(np.argmax(edge.fixed))))
    text = f"class {fixed_class}" + ("" if float_class == fixed_class else f" (float {float_class})")
    return text + ("" if label is None else f", label {label}")


def _pairs(bars: Callable[..., object], line: Callable[..., object], edge: EdgePicture) -> tuple[np.ndarray, list[str]]:
    """Draw bars of every class, float beside fixed, and return the ticks of the axis and their labels.

    ``bars`` and ``line`` are ``ax.bar`` and ``ax.axhline``, or ``ax.barh`` and ``ax.axvline``.
    """
    k = np.arange(len(edge.value))
    line(0, color=SOFT, lw=0.6)
    bars(k - 0.2, edge.value, 0.4, color=FLOAT, label="float")
    bars(k + 0.2, edge.fixed, 0.4, color=FIXED, label="fixed")
    ticks = k if len(k) <= 20 else k[:: -(-len(k) // 10)]
    return ticks, [_short(edge.names[t]) if edge.names else str(t) for t in ticks]


def _short(name: str) -> str:
    """Return a name, cut so that it leaves room for others."""
    return name if len(name) <= NAME else name[: NAME - 1] + "…"


def logits(edge: EdgePicture, label: str | None) -> bytes:
    """Return a picture with bars of every class, float beside fixed."""
    below = 0.35 if edge.names else 0  # for names, which stand aslant
    sheet = Sheet(7.0, 4.2 + below)
    edge.head(sheet)
    ax = sheet.axes(0.7, 0.95, 6.1, 2.75)
    ax.set(xlabel="class" if edge.shape.endswith("classes") else "output",
           ylabel="logit" if edge.shape.endswith("classes") else "value")
    turned = {"rotation": 30, "ha": "right"} if edge.names else {}
    ax.set_xticks(*_pairs(ax.bar, ax.axhline, edge), parse_math=False, **turned)
    ax.set_title(_classes(edge, label), weight="bold", loc="left", parse_math=False)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(axis="x", length=0)
    ax.legend(frameon=False, ncols=2, fontsize=8, loc="lower right", bbox_to_anchor=(1, 0.98), borderpad=0)
    return sheet.png()


def overview(path: list[EdgePicture], last: EdgePicture | None, label: str | None) -> bytes:
    """Return a picture of all edges from left to right, float above fixed, with all bins of spectra, dead ones zero."""
    height, top, gap, bars = 2.0, 0.62, 0.34, 0.0 if last is None else 1.9
    widths = [height * ratio(e.value if e.all_bins is None else e.all_bins) for e in path]
    names = () if last is None else last.names
    beside = 0.25 + 0.075 * max((len(_short(name)) for name in names), default=0)
    sheet = Sheet(0.5 + sum(widths) + gap * len(widths) + beside + bars + 0.2, top + 2 * height + 0.9)
    x, second = 0.5, top + height + 0.15
    for row, name in ((top, "float"), (second, "fixed")):
        sheet.text(0.25, row + height / 2, name, rotation=90, ha="center", va="center", color=SOFT)

    def caption(x: float, edge: EdgePicture, operation: str) -> None:
        sheet.text(x, 0.12, edge.error.edge, weight="bold", ha="center", size=10)
        sheet.text(x, 0.34, operation, ha="center", color=SOFT)
        below = f"{edge.shape.removesuffix(' live bins')}\n{edge.error.format}\n{edge.sqnr}"
        sheet.text(x, second + height + 0.1, below, ha="center", color=SOFT, linespacing=1.4, size=8.5)

    for edge, width in zip(path, widths):
        caption(x + width / 2, edge, edge.operation)
        above, below, frame = edge.value, edge.fixed, None
        if edge.all_bins is not None:
            above, below, frame = edge.all_bins, edge.framed, edge.radius
        for row, tiles in ((top, above), (second, below)):
            sheet.tiles(x, row, height, tiles, edge.limits, frame=frame)
            if edge is not path[-1] or last is not None:
                sheet.text(x + width + gap / 2, row + height / 2, "→", size=14, ha="center", va="center", color=SOFT)
        x += width + gap
    if last is None:
        return sheet.png()
    x += beside
    caption(x + bars / 2, last, _classes(last, label))
    ax = sheet.axes(x, top, bars, second + height - top)
    classes = len(last.value)
    ax.set_yticks(*_pairs(ax.barh, ax.axvline, last), parse_math=False)
    ax.set(xticks=[], ylim=(classes * 1.08 - 0.4, -0.6))
    ax.spines[:].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.legend(frameon=False, ncols=2, fontsize=8, loc="lower center", borderpad=0)
    return sheet.png()
