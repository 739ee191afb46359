"""Sheet on which pictures are drawn with matplotlib, which is imported when the first sheet is made.

Channels are drawn as tiles, row by row, with one colour scale.  Layouts are in inches from the upper left corner.
"""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ToolError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FIXED", "FLOAT", "INK", "SOFT", "Sheet", "grid", "mosaic", "style"]

TILE, GAP = 64, 4
"""Least height of a tile, and width of the gap between tiles, in pixels of a mosaic."""
DPI = 120
"""Pixels per inch."""
SIGNAL, ERROR = "magma", "viridis"
"""Colour maps of values and of errors."""
INK, SOFT, FLOAT, FIXED, WINDOW = "#222222", "#7d838c", "#9db4cf", "#d9503f", "#35e0d0"
"""Colours of text, of secondary text, of float bars, of fixed-point bars, and of the frame around live bins."""


def grid(count: int) -> tuple[int, int]:
    """Return the numbers of rows and columns for a number of tiles.

    It is the squarest grid that has no empty place and is at most twice as high as wide.  If there is none, it is the
    squarest grid with empty places.
    """
    exact = [c for c in range(1, count + 1) if count % c == 0 and c <= count // c <= 2 * c]
    columns = exact[-1] if exact else ceil(count**0.5)
    return -(-count // columns), columns


def mosaic(tiles: np.ndarray) -> tuple[np.ndarray, int]:
    """Return one image ``(image, zoom)`` of real tiles (C, N, N), row by row, with NaN in the gaps between them.

    Every value takes ``zoom`` x ``zoom`` pixels, so that the gaps have the same size for all sizes of tiles.
    """
    rows, columns = grid(len(tiles))
    zoom = ceil(TILE / tiles.shape[-1])
    step = zoom * tiles.shape[-1] + GAP
    out = np.full((rows * step - GAP, columns * step - GAP), np.nan)
    for k, tile in enumerate(tiles):
        y, x = k // columns * step, k % columns * step
        out[y : y + step - GAP, x : x + step - GAP] = tile.repeat(zoom, 0).repeat(zoom, 1)
    return out, zoom


def style() -> AbstractContextManager[None]:
    """Return a context in which pictures are drawn; it restores the settings of matplotlib at its end."""
    try:
        import matplotlib
    except ImportError as e:
        raise ToolError(f"Pictures need the Python package matplotlib, which can't be imported ({e})") from None
    settings = {"font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 9, "axes.titlepad": 5,
                "xtick.labelsize": 8, "ytick.labelsize": 8}
    colours = {"text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
               "axes.edgecolor": SOFT}
    lines = dict.fromkeys(("axes.linewidth", "xtick.major.width", "ytick.major.width"), 0.6)
    every: dict[Any, Any] = {**settings, **colours, **lines}  # matplotlib's type of keys is not public
    return matplotlib.rc_context(every)


class Sheet:
    """Figure of ``width`` x ``height`` inches on matplotlib's Agg canvas, without pyplot and its global state.

    All mosaics are drawn on one set of axes whose unit is the inch, because separate axes would take several times as
    long.
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
        """Return new axes at a place and of a size in inches."""
        w, h = width / self.width, height / self.height
        return self.figure.add_axes((x / self.width, 1 - y / self.height - h, w, h))

    def text(self, x: float, y: float, text: str, **how: Any) -> None:
        """Write a text at a place in inches; ``how`` are further arguments of matplotlib's ``Axes.text``."""
        self.page.text(x, y, text, **({"va": "top", "parse_math": False} | how))

    def title(self, title: str, below: str) -> None:
        """Write a title, and a line in a softer colour below it."""
        self.text(0.2, 0.15, title, size=12, weight="bold")
        self.text(0.2, 0.41, below, color=SOFT)

    def _image(self, x: float, y: float, width: float, height: float, values: np.ndarray,
               limits: tuple[float, float], cmap: str) -> None:
        """Draw an array as an image at a place and of a size in inches."""
        low, high = limits
        self.page.imshow(values, extent=(x, x + width, y + height, y), aspect="auto", cmap=cmap, vmin=low, vmax=high,
                         interpolation="nearest")

    def tiles(self, x: float, y: float, height: float, tiles: np.ndarray, limits: tuple[float, float], *,
              cmap: str = SIGNAL, title: str = "", frame: int | None = None, bar: str | None = None) -> float:
        """Draw a mosaic and return its width.

        Parameters
        ----------
        x, y, height : float
            Upper left corner and height, in inches.
        tiles : array (C, N, N)
        limits : (float, float)
            Range of the colour scale.
        cmap, title : str
            Name of the colour map, and a title above the mosaic.
        frame : int, optional
            Radius of a square around the centre of every tile that is marked by a frame.
        bar : str, optional
            Unit of a colour bar at the right; without it there is no bar.
        """
        picture, zoom = mosaic(tiles)
        pixel = height / picture.shape[0]
        width = picture.shape[1] * pixel
        self._image(x, y, width, height, picture, limits, cmap)
        self.text(x + width / 2, y - 0.07, title, ha="center", va="bottom")
        if frame is not None:
            from matplotlib.collections import PolyCollection

            size, columns = tiles.shape[-1], grid(len(tiles))[1]
            places = np.array([(k % columns, k // columns) for k in range(len(tiles))]) * (size * zoom + GAP)
            corners = np.array([(0, 0), (0, 1), (1, 1), (1, 0)]) * (2 * frame + 1) + size // 2 - frame
            line = 1.3 if len(tiles) <= 16 else 0.7
            squares = (places[:, None] + corners * zoom) * pixel + (x, y)
            self.page.add_collection(PolyCollection(squares, facecolors="none", edgecolors=WINDOW, linewidths=line))
        if bar is not None:
            self._bar(x + width + 0.1, y, height, limits, cmap, bar)
        return width

    def _bar(self, x: float, y: float, height: float, limits: tuple[float, float], cmap: str, unit: str) -> None:
        """Draw a colour bar with ticks and a unit."""
        from matplotlib.ticker import MaxNLocator

        low, high = limits
        self._image(x, y, 0.11, height, np.linspace(high, low, 256)[:, None], limits, cmap)
        self.text(x + 0.055, y - 0.07, unit, ha="center", va="bottom", size=8)
        for tick in MaxNLocator(6).tick_values(low, high):
            if low <= tick <= high:
                place = y + height * (high - tick) / (high - low)
                self.text(x + 0.16, place, f"{tick + 0.0:g}".replace("-", "−"), va="center", size=8)

    def png(self) -> bytes:
        """Return the sheet as PNG; the same drawing always gives the same bytes."""
        out = io.BytesIO()
        self.figure.savefig(out, format="png", dpi=DPI, metadata={"Software": None})
        return out.getvalue()
