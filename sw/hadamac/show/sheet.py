"""A sheet to draw on with matplotlib, which is imported when the first one is made.

Channels are tiled row by row and share one colour scale.  Layouts are in inches from the upper left corner.
"""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ToolError
from ..shapes import Pair

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FIXED", "FLOAT", "INK", "SOFT", "Sheet", "grid", "lines", "mosaic", "ratio", "style"]

TILE, GAP = 64, 4
"""Least height of a tile and width of a gap between tiles, in the pixels of a mosaic."""
DPI = 120
"""Pixels an inch."""
SIGNAL, ERROR = "magma", "viridis"
"""Colour maps."""
INK, SOFT, FLOAT, FIXED, WINDOW = "#222222", "#7d838c", "#9db4cf", "#d9503f", "#35e0d0"
"""Colours."""


def grid(count: int) -> tuple[int, int]:
    """Return rows and columns of ``count`` tiles.

    That is the squarest grid without an empty place, if it is at most twice as high as wide; else the squarest one.
    """
    exact = [c for c in range(1, count + 1) if count % c == 0 and c <= count // c <= 2 * c]
    columns = exact[-1] if exact else ceil(count**0.5)
    return -(-count // columns), columns


def mosaic(tiles: np.ndarray) -> tuple[np.ndarray, int]:
    """Return ``(image, zoom)`` of real tiles (C, H, W): one image, row by row, with NaN in the gaps.

    Every value is ``zoom`` x ``zoom`` pixels, so that gaps look alike whatever the size of a tile.
    """
    rows, columns = grid(len(tiles))
    zoom = ceil(TILE / max(tiles.shape[-2:]))
    high, wide = (zoom * n + GAP for n in tiles.shape[-2:])
    out = np.full((rows * high - GAP, columns * wide - GAP), np.nan)
    for k, tile in enumerate(tiles):
        y, x = k // columns * high, k % columns * wide
        out[y : y + high - GAP, x : x + wide - GAP] = tile.repeat(zoom, 0).repeat(zoom, 1)
    return out, zoom


def lines(signals: np.ndarray) -> np.ndarray:
    """Return signals (C, 1, N) as one tile (1, h, N), with a band of equal height for each, half as high as wide."""
    channels, _, samples = signals.shape
    return signals.reshape(1, channels, samples).repeat(max(1, samples // (2 * channels)), axis=1)


def ratio(tiles: np.ndarray) -> float:
    """Return the width of a mosaic of tiles (C, H, W), where its height is 1."""
    picture, _ = mosaic(tiles[..., :1, :1].repeat(tiles.shape[-2], -2).repeat(tiles.shape[-1], -1))
    return picture.shape[1] / picture.shape[0]


def style() -> AbstractContextManager[None]:
    """Return a context in which to draw; after it, matplotlib's settings are as they were."""
    try:
        import matplotlib
    except ImportError as e:
        raise ToolError(f"Pictures need the Python package matplotlib, which can't be imported ({e})") from None
    settings = {"font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 9, "axes.titlepad": 5,
                "xtick.labelsize": 8, "ytick.labelsize": 8}
    colours = {"text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
               "axes.edgecolor": SOFT}
    lines = dict.fromkeys(("axes.linewidth", "xtick.major.width", "ytick.major.width"), 0.6)
    every: dict[Any, Any] = {**settings, **colours, **lines}
    return matplotlib.rc_context(every)


class Sheet:
    """A figure of ``width`` x ``height`` inches on the Agg canvas; no pyplot, hence nothing global.

    Mosaics lie on one set of axes whose units are inches: a set each would take several times as long.
    """

    def __init__(self, width: float, height: float):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height), facecolor="white")
        FigureCanvasAgg(self.figure)
        self.page = self.axes(0, 0, width, height)
        self.page.set(xlim=(0, width), ylim=(height, 0), autoscale_on=False)
        self.page.set_axis_off()

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Add axes with their upper left corner at (x, y), and return them."""
        w, h = width / self.width, height / self.height
        return self.figure.add_axes((x / self.width, 1 - y / self.height - h, w, h))

    def text(self, x: float, y: float, text: str, **how: Any) -> None:
        """Write text at (x, y); ``how`` is as for matplotlib's ``text``."""
        self.page.text(x, y, text, **({"va": "top", "parse_math": False} | how))

    def title(self, title: str, below: str) -> None:
        """Write a title, and a softer line below it."""
        self.text(0.2, 0.15, title, size=12, weight="bold")
        self.text(0.2, 0.41, below, color=SOFT)

    def _image(self, x: float, y: float, width: float, height: float, values: np.ndarray, limits: tuple[float, float],
               cmap: str) -> None:
        low, high = limits
        self.page.imshow(values, extent=(x, x + width, y + height, y), aspect="auto", cmap=cmap, vmin=low, vmax=high,
                         interpolation="nearest")

    def tiles(self, x: float, y: float, height: float, tiles: np.ndarray, limits: tuple[float, float], *,
              cmap: str = SIGNAL, title: str = "", frame: Pair | None = None, bar: str | None = None) -> float:
        """Draw a mosaic and return its width.

        ``frame`` marks the bins within that radius of every tile's centre; ``bar`` is the unit of a colour bar on the
        right.
        """
        picture, zoom = mosaic(tiles)
        pixel = height / picture.shape[0]
        width = picture.shape[1] * pixel
        self._image(x, y, width, height, picture, limits, cmap)
        self.text(x + width / 2, y - 0.07, title, ha="center", va="bottom")
        if frame is not None:
            from matplotlib.collections import PolyCollection

            size, columns = np.array(tiles.shape[:-3:-1]), grid(len(tiles))[1]  # x before y
            places = np.array([(k % columns, k // columns) for k in range(len(tiles))]) * (size * zoom + GAP)
            radius = np.array(frame[::-1])
            corners = np.array([(0, 0), (0, 1), (1, 1), (1, 0)]) * (2 * radius + 1) + size // 2 - radius
            line = 1.3 if len(tiles) <= 16 else 0.7
            squares = (places[:, None] + corners * zoom) * pixel + (x, y)
            self.page.add_collection(PolyCollection(squares, facecolors="none", edgecolors=WINDOW, linewidths=line))
        if bar is not None:
            self._bar(x + width + 0.1, y, height, limits, cmap, bar)
        return width

    def _bar(self, x: float, y: float, height: float, limits: tuple[float, float], cmap: str, unit: str) -> None:
        from matplotlib.ticker import MaxNLocator

        low, high = limits
        self._image(x, y, 0.11, height, np.linspace(high, low, 256)[:, None], limits, cmap)
        self.text(x + 0.055, y - 0.07, unit, ha="center", va="bottom", size=8)
        for tick in MaxNLocator(6).tick_values(low, high):
            if low <= tick <= high:
                place = y + height * (high - tick) / (high - low)
                self.text(x + 0.16, place, f"{tick + 0.0:g}".replace("-", "−"), va="center", size=8)

    def png(self) -> bytes:
        """Return the sheet as PNG; the same drawing gives the same bytes."""
        out = io.BytesIO()
        self.figure.savefig(out, format="png", dpi=DPI, metadata={"Software": None})
        return out.getvalue()
