"""The study's figures, as PNG bytes."""

from __future__ import annotations

import io

import numpy as np

from hadamac.pictures import style

__all__ = ["equal_size", "information", "ratios"]

COLOURS = {"spectral": "tab:red", "mean": "tab:green", "max": "tab:blue"}


def _figure(width: float, height: float):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _png(figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    return out.getvalue()


def information(tables: dict[str, list[dict]]) -> bytes:
    """Relative error over the fraction kept, one panel per set of images."""
    with style():
        figure = _figure(9, 3.6)
        for axis, (name, rows) in zip(figure.subplots(1, len(tables), sharey=True), tables.items()):
            for pooling, colour in COLOURS.items():
                axis.plot([r["kept"] for r in rows], [r[pooling] for r in rows], "o-", color=colour, label=pooling)
            axis.set(title=name, xscale="log", yscale="log", xlabel="fraction of the numbers kept")
            axis.grid(alpha=0.3, which="both")
        figure.axes[0].set_ylabel("relative L2 error of the rebuilt image")
        figure.axes[0].legend()
        return _png(figure)


def equal_size(image: np.ndarray, pooled: dict) -> bytes:
    """The image, and its spectrally and max pooled versions at each size, drawn equally large."""
    with style():
        figure = _figure(2.2 * (len(pooled) + 1), 4.8)
        axes = figure.subplots(2, len(pooled) + 1)
        limits = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
        for axis in axes.flat:
            axis.set_axis_off()
        axes[0, 0].imshow(image, **limits)
        axes[0, 0].set_title(f"{image.shape[-1]} x {image.shape[-1]}")
        for column, (size, (spectral, largest)) in enumerate(pooled.items(), 1):
            for row, (name, picture) in enumerate((("spectral", spectral), ("max", largest))):
                axes[row, column].imshow(picture, **limits)
                axes[row, column].set_title(f"{name}, {size} x {size}")
        return _png(figure)


def ratios(entry: np.ndarray, rows: list[dict]) -> bytes:
    """Signal 1 over signal 2 at the toy's entry and at its end: lines floats, marks the words of the RTL."""
    with style():
        figure = _figure(7, 3.8)
        axis = figure.subplots()
        bins = np.arange(-2, 3)
        axis.plot(bins, entry[np.abs(bins)], "--", color="tab:gray", label="at entry")
        for row, colour in zip(rows, ("tab:red", "tab:orange", "tab:green", "tab:blue")):
            axis.plot(bins, np.array(row["ratio"])[np.abs(bins)], color=colour, label=row["variant"])
            axis.plot(bins, np.array(row["ratio_fixed"])[np.abs(bins)], "o", color=colour, ms=5)
        axis.set(xlabel="bin", ylabel="signal 1 / signal 2", yscale="log", xticks=bins)
        ticks = [0.5, 0.7, 1, 1.5, 2, 3, 4]
        axis.set_yticks(ticks, [f"{t:g}" for t in ticks])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        return _png(figure)
