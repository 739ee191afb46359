"""Pictures of the edges of a network with matplotlib, which is imported when the first picture is drawn.

A spectrum is shown as ``20 log10 |X|`` relative to its largest float bin.  Zero frequency is in the centre, and rows
and columns are -r .. r: the live half-plane and its conjugate mirror image.  The channels are tiles, row by row, and
share one colour scale, also for float and fixed point.  Layouts are in inches from the upper left corner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from ..quantised.comparison import EdgeError
from .sheet import ERROR, FIXED, FLOAT, SOFT, Sheet, grid

__all__ = ["EdgePicture", "hermitian", "image", "logits", "overview", "stage"]

FLOOR = -60
"""Level of the darkest colour of a spectrum, in dB relative to its largest bin."""
NAME = 14
"""Most characters of the name of a class; a longer name is cut."""


def hermitian(live: np.ndarray) -> np.ndarray:
    """Return the spectrum (..., 2r+1, 2r+1) of live bins (..., 2r+1, r+1), with zero frequency at [r, r].

    The missing half follows from ``X[-u, -v] = conj X[u, v]``.  Rows and columns are -r .. r; those of a whole
    half-spectrum (..., N, N/2 + 1) are -N/2 .. N/2 - 1.
    """
    mirrored = np.conj(live[..., -np.arange(live.shape[-2]), :0:-1])
    right = live[..., : live.shape[-2] - mirrored.shape[-1]]
    return np.fft.fftshift(np.concatenate([mirrored, right], axis=-1), axes=-2)


def _decibels(z: np.ndarray, largest: float) -> np.ndarray:
    """Return ``20 log10 |z| / largest``, but at least `FLOOR`."""
    return 20 * np.log10(np.maximum(np.abs(z) / (largest or 1.0), 10 ** (FLOOR / 20)))


@dataclass(frozen=True)
class EdgePicture:
    """Data of the pictures of one edge.

    Attributes
    ----------
    error : EdgeError
        Name, format and error of the edge.
    shape : str
        Shape of the edge, as text.
    value, fixed : array (C, N, N) or (K,)
        Values in float and in fixed point: dB for a spectrum, the values themselves for maps and for K logits.
    difference : array
        Magnitude of the difference of ``value`` and ``fixed``, in LSB, with the same shape.
    limits : (float, float)
        Range of the colour scale.
    unit : str
        Unit of the colour scale.
    operation : str
        Description of the operations before the edge.
    all_bins : array (C, N, N) or None
        All bins of a spectrum, including dead ones, in dB; None for other edges.
    names : tuple of str
        Names of the classes of logits; empty if they have none.
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
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, error: EdgeError, value: np.ndarray, words: np.ndarray, maps: np.ndarray | None,
           operation: str) -> EdgePicture:
        """Return the data of an edge for one image.

        Parameters
        ----------
        error : EdgeError
        value, words : array
            Values in float, and words in fixed point.
        maps : array (C, N, N) or None
            For a pruned spectrum, the float maps of which it is the transform.
        operation : str
            Description of the operations before the edge.
        """
        fixed = error.format.value(words)
        d = fixed - value
        difference = np.maximum(np.abs(np.real(d)), np.abs(np.imag(d))) * 2.0**error.format.f
        shape = " × ".join(map(str, value.shape)) if value.ndim > 1 else f"{len(value)} classes"
        if not np.iscomplexobj(value):
            limits = (0.0, float(max(value.max(), fixed.max())) or 1.0)
            return cls(error, shape, value, fixed, difference, limits, "value", operation)
        bins = None if maps is None else np.fft.fftshift(np.fft.fft2(maps), axes=(-2, -1))
        largest = float(np.abs(value).max())
        value, fixed = (_decibels(hermitian(z), largest) for z in (value, fixed))
        return cls(error, f"{shape} live bins", value, fixed, hermitian(difference), (FLOOR, 0), "dB",
                   operation, None if bins is None else _decibels(bins, largest))

    @property
    def radius(self) -> int:
        """Radius of the live bins of a spectrum."""
        return self.value.shape[-1] // 2

    @property
    def framed(self) -> np.ndarray:
        """The live bins in fixed point, with zeros for dead bins; the shape is that of ``all_bins``."""
        if self.all_bins is None:
            raise ValueError(f"Edge {self.error.edge} must have dead bins")
        size = self.all_bins.shape[-1]
        live = slice(size // 2 - self.radius, size // 2 + self.radius + 1)
        out = np.full(self.all_bins.shape, float(FLOOR))
        out[:, live, live] = self.fixed
        return out

    def head(self, sheet: Sheet) -> None:
        """Write the name, shape, format and error of the edge as the title of a sheet."""
        error = "" if self.error.sqnr == inf else f"max error {self.error.max_lsb:.1f} LSB  ·  SQNR "
        sheet.title(self.error.edge, f"{self.shape}  ·  {self.error.format}  ·  {error}{self.sqnr}")

    @property
    def sqnr(self) -> str:
        """The SQNR as text."""
        return "exact" if self.error.sqnr == inf else f"{self.error.sqnr:.1f} dB"


def image(edge: EdgePicture, label: str | None) -> bytes:
    """Return a picture of the input as PNG; it is exact in fixed point, so that there is nothing to compare."""
    sheet = Sheet(4.3, 4.5)
    edge.head(sheet)
    sheet.tiles(0.2, 0.92, 3.4, edge.fixed, (0, 1), bar="value",
                title="pixel / 256" + ("" if label is None else f", label {label}"))
    return sheet.png()


def stage(edge: EdgePicture) -> bytes:
    """Return a picture of an edge in float and in fixed point and of their difference, as PNG.

    For a pruned spectrum, a picture of all bins with a frame around the live ones is added at the left.
    """
    rows, columns = grid(len(edge.value))
    height = min(max(0.9 * rows, 2.8), 5.0)
    panels = 3 + (edge.all_bins is not None)
    sheet = Sheet(max(panels * (height * columns / rows + 0.3) + 1.3, 4.6), height + 1.1)
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
    """Return a text with the classes that float and fixed point predict, and the correct one."""
    float_class, fixed_class = (edge.names[k] if edge.names else k
                                for k in (int(np.argmax(edge.value)), int(np.argmax(edge.fixed))))
    text = f"class {fixed_class}" + ("" if float_class == fixed_class else f" (float {float_class})")
    return text + ("" if label is None else f", label {label}")


def _pairs(bars: Callable[..., Any], line: Callable[..., Any], edge: EdgePicture) -> tuple[np.ndarray, list[str]]:
    """Draw two bars for every class, float and fixed point, and return the places and texts of the ticks.

    ``bars`` and ``line`` are the methods ``bar`` and ``axhline`` of matplotlib's axes, or ``barh`` and ``axvline``.
    """
    k = np.arange(len(edge.value))
    line(0, color=SOFT, lw=0.6)
    bars(k - 0.2, edge.value, 0.4, color=FLOAT, label="float")
    bars(k + 0.2, edge.fixed, 0.4, color=FIXED, label="fixed")
    ticks = k if len(k) <= 20 else k[:: -(-len(k) // 10)]
    return ticks, [_short(edge.names[t]) if edge.names else str(t) for t in ticks]


def _short(name: str) -> str:
    """Return the name of a class, cut if it is longer than `NAME`."""
    return name if len(name) <= NAME else name[: NAME - 1] + "…"


def logits(edge: EdgePicture, label: str | None) -> bytes:
    """Return a bar chart of the logits in float and in fixed point, as PNG."""
    below = 0.35 if edge.names else 0  # room for names, which are turned
    sheet = Sheet(7.0, 4.2 + below)
    edge.head(sheet)
    ax = sheet.axes(0.7, 0.95, 6.1, 2.75)
    ax.set(xlabel="class", ylabel="logit")
    turned = {"rotation": 30, "ha": "right"} if edge.names else {}
    ax.set_xticks(*_pairs(ax.bar, ax.axhline, edge), parse_math=False, **turned)
    ax.set_title(_classes(edge, label), weight="bold", loc="left", parse_math=False)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(axis="x", length=0)
    ax.legend(frameon=False, ncols=2, fontsize=8, loc="lower right", bbox_to_anchor=(1, 0.98), borderpad=0)
    return sheet.png()


def overview(path: list[EdgePicture], last: EdgePicture, label: str | None) -> bytes:
    """Return a picture of all edges from left to right as PNG, with float in the upper row and fixed point below.

    Spectra are shown with all bins; in fixed point, the dead ones are zero.
    """
    height, top, gap, bars = 2.0, 0.62, 0.34, 1.9
    widths = [height * columns / rows for rows, columns in (grid(len(e.value)) for e in path)]
    beside = 0.25 + 0.075 * max((len(_short(name)) for name in last.names), default=0)
    sheet = Sheet(0.5 + sum(widths) + gap * len(widths) + beside + bars + 0.2, top + 2 * height + 0.9)
    x, second = 0.5, top + height + 0.15
    for row, name in ((top, "float"), (second, "fixed")):
        sheet.text(0.25, row + height / 2, name, rotation=90, ha="center", va="center", color=SOFT)

    def caption(x: float, edge: EdgePicture, operation: str) -> None:
        """Write the name of an edge and the operation above it, and its shape, format and SQNR below it."""
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
            sheet.text(x + width + gap / 2, row + height / 2, "→", size=14, ha="center", va="center", color=SOFT)
        x += width + gap
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
