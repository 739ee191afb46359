"""Drawings of a network's edges with matplotlib, which is imported when the first one is made.

Spectra show ``20 log10 |X|`` relative to the largest float bin, zero frequency in the centre, rows and
columns -r .. r: the live half-plane and its conjugate mirror.  Channels are tiled row by row and share one
colour scale, and so do float and fixed.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from .errors import ToolError
from .network import Network
from .numeric import SQ

__all__ = ["Edge", "hermitian", "mosaic", "style", "png", "image", "stage", "logits", "overview"]

FLOOR = -60
"""Darkest colour of a spectrum, in dB below its largest bin."""

SIGNAL, ERROR = "magma", "viridis"
INK, SOFT, FLOAT, FIXED, WINDOW = "#222222", "#8a8f98", "#9db4cf", "#e4572e", "#35e0d0"


def hermitian(live: np.ndarray) -> np.ndarray:
    """Live bins (..., 2r+1, r+1) to the spectrum (..., 2r+1, 2r+1) with zero frequency at [r, r].

    ``X[-u, -v] = conj X[u, v]``; rows and columns run from -r to r.
    """
    right = np.fft.fftshift(live, axes=-2)
    return np.concatenate([np.conj(right[..., ::-1, :0:-1]), right], axis=-1)


def mosaic(tiles: np.ndarray, gap: int = 1) -> np.ndarray:
    """Real tiles (C, h, w) in one image, row by row, with ``gap`` pixels of NaN between them.

    The grid is the squarest without an empty place that is at most twice as high as wide; where there is
    none, as square as can be.
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


def _decibels(z: np.ndarray, largest: float) -> np.ndarray:
    return 20 * np.log10(np.maximum(np.abs(z) / (largest or 1.0), 10 ** (FLOOR / 20)))


@dataclass(frozen=True)
class Edge:
    """What one edge's pictures are drawn from.

    ``value``, ``fixed`` (C, h, w) in dB or in units of the map, or logits (K,); ``difference`` of the same
    shape, in LSB; ``full`` (C, N, N) all bins of a spectrum, in dB, or None.
    """

    name: str
    title: str
    value: np.ndarray
    fixed: np.ndarray
    difference: np.ndarray
    limits: tuple[float, float]
    unit: str
    full: np.ndarray | None = None

    @classmethod
    def of(cls, name: str, error: str, fmt: SQ, value: np.ndarray, words: np.ndarray, maps) -> Edge:
        """From one image's values and words; ``maps`` (C, N, N) are those that a spectrum is made of."""
        fixed = fmt.value(words)
        d = fixed - value
        difference = np.maximum(np.abs(d.real), np.abs(d.imag)) * 2.0**fmt.f
        title = f"{name}   {' × '.join(map(str, value.shape))}"
        if not np.iscomplexobj(value):
            limits = (0.0, float(max(value.max(), fixed.max())) or 1.0)
            return cls(name, f"{title}   {error}", value, fixed, difference, limits, "value")
        full = None if maps is None else np.fft.fftshift(np.fft.fft2(maps), axes=(-2, -1))
        largest = float(np.abs(value).max())
        value, fixed = (_decibels(hermitian(z), largest) for z in (value, fixed))
        return cls(name, f"{title} live bins   {error}", value, fixed, hermitian(difference), (FLOOR, 0), "dB",
                   None if full is None else _decibels(full, largest))


def style():
    """Context in which to draw: matplotlib's settings are as they were when it ends."""
    try:
        import matplotlib
    except ImportError as e:
        raise ToolError(f"Pictures need the Python package matplotlib, which can't be imported ({e})") from None
    return matplotlib.rc_context({
        "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK, "axes.labelcolor": INK,
        "xtick.color": INK, "ytick.color": INK, "axes.edgecolor": SOFT, "axes.linewidth": 0.6,
        "xtick.major.width": 0.6, "ytick.major.width": 0.6, "axes.titlesize": 9, "axes.titlepad": 5,
        "figure.titlesize": 11, "xtick.labelsize": 8, "ytick.labelsize": 8,
    })  # fmt: skip


def _figure(width: float, height: float, layout: str | None = "constrained"):
    """A figure of inches on the Agg canvas, without pyplot: no window, nothing global."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), facecolor="white", layout=layout)
    FigureCanvasAgg(figure)
    return figure


def png(figure, dpi: int = 120) -> bytes:
    """The figure's PNG file; the same bytes for the same figure."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return out.getvalue()


def _show(ax, tiles, limits, cmap=SIGNAL, frame: int | None = None):
    """Draw a mosaic; ``frame`` marks the bins within that radius of the centre of every tile."""
    _, h, w = tiles.shape
    picture = mosaic(tiles)
    drawn = ax.imshow(picture, cmap=cmap, vmin=limits[0], vmax=limits[1], interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    if frame is not None:
        from matplotlib.patches import Rectangle

        for y in range(0, picture.shape[0], h + 1):
            for x in range(0, picture.shape[1], w + 1):
                corner = (x + w // 2 - frame - 0.5, y + h // 2 - frame - 0.5)
                ax.add_patch(Rectangle(corner, 2 * frame + 1, 2 * frame + 1, fill=False, lw=1.3, ec=WINDOW))
    return drawn


def _colour_bar(figure, drawn, ax, label):
    bar = figure.colorbar(drawn, ax=ax, shrink=0.9, aspect=24, pad=0.03)
    bar.ax.set_title(label, fontsize=8)
    bar.outline.set_visible(False)


def image(edge: Edge, label: int | None):
    """The input; it is exact, so that there is nothing to compare."""
    figure = _figure(4.4, 4.2)
    ax = figure.subplots()
    _colour_bar(figure, _show(ax, edge.fixed, (0, 1)), ax, edge.unit)
    figure.suptitle(edge.title)
    ax.set_title("pixel / 256" + ("" if label is None else f", label {label}"))
    return figure


def stage(edge: Edge):
    """Float, fixed and their difference; before them all bins of a spectrum, the live ones framed."""
    high, wide = mosaic(edge.value).shape
    size = 3.0 if wide * 4 > high * 3 else 4.0
    panels = 3 + (edge.full is not None)
    figure = _figure(panels * size * wide / high + 2.0, size + 0.9)
    axes = list(figure.subplots(1, panels))
    figure.suptitle(edge.title)
    if edge.full is not None:
        ax = axes.pop(0)
        _show(ax, edge.full, edge.limits, frame=edge.value.shape[-1] // 2)
        ax.set_title("float, all bins; live ones framed")
    for ax, tiles, title in zip(axes, (edge.value, edge.fixed), ("float", "fixed")):
        drawn = _show(ax, tiles, edge.limits)
        ax.set_title(title)
    _colour_bar(figure, drawn, axes[1], edge.unit)
    drawn = _show(axes[2], edge.difference, (0, edge.difference.max() or 1), ERROR)
    axes[2].set_title("|fixed − float|")
    _colour_bar(figure, drawn, axes[2], "LSB")
    return figure


def _classes(edge: Edge, label: int | None) -> str:
    """Which classes float and fixed answer, beside the right one."""
    float_class, fixed_class = int(np.argmax(edge.value)), int(np.argmax(edge.fixed))
    both = f"class {fixed_class}" if float_class == fixed_class else f"class {fixed_class} (float: {float_class})"
    return both + ("" if label is None else f", label {label}")


def _bars(ax, edge: Edge):
    k = np.arange(len(edge.value))
    ax.axhline(0, color=SOFT, lw=0.6)
    ax.bar(k - 0.2, edge.value, 0.4, color=FLOAT, label="float")
    ax.bar(k + 0.2, edge.fixed, 0.4, color=FIXED, label="fixed")
    ax.spines[["top", "right"]].set_visible(False)
    if len(k) <= 20:
        ax.set_xticks(k)
    ax.tick_params(axis="x", length=0)


def logits(edge: Edge, label: int | None):
    """Bars of every class, float beside fixed."""
    figure = _figure(7.0, 3.6)
    ax = figure.subplots()
    _bars(ax, edge)
    ax.set(xlabel="class", ylabel="logit", title=_classes(edge, label))
    ax.legend(frameon=False, ncols=2, fontsize=8)
    figure.suptitle(edge.title)
    return figure


def overview(network: Network, path: list[Edge], last: Edge, label: int | None):
    """The whole path from left to right, float above, fixed below."""
    shapes = [mosaic(e.full if e.full is not None else e.value).shape for e in path]
    widths = [max(w / h, 0.5) for h, w in shapes] + [1.5]
    figure = _figure(1.65 * sum(widths) + 0.32 * len(widths) + 0.4, 4.6)
    axes = figure.subplots(2, len(widths), gridspec_kw={"width_ratios": widths}, squeeze=False)
    for (above, below), edge in zip(axes.T, path):
        for ax, tiles in ((above, edge.value), (below, edge.fixed)):
            _show(ax, tiles, edge.limits)
        above.set_title(edge.name)
    _bars(axes[0, -1], last)
    _bars(axes[1, -1], last)
    return figure
