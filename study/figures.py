"""Figures of the study, as PNG bytes."""

from __future__ import annotations

import io

import numpy as np

from hadamac.show.sheet import style

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
    """Draw the relative error over the fraction that is kept, with one panel per set of images."""
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
    """Draw an image and its spectrally and max pooled versions of each size, all equally large."""
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


def ratios(rows: list[dict]) -> bytes:
    """Draw output over input of both signals at the kept bins of the toy network, with one panel per variant.

    Lines are floats, and marks are words.
    """
    with style():
        figure = _figure(2.2 * len(rows), 2.9)
        bins = np.arange(-2, 3)
        axes = figure.subplots(1, len(rows), sharey=True)
        for axis, row in zip(axes, rows):
            for k, (colour, mark) in enumerate((("tab:red", "o"), ("tab:blue", "D"))):
                axis.plot(bins, row["ratio"][k], "-", color=colour, lw=1, label=f"signal {k + 1}, floats")
                axis.plot(bins, row["ratio_fixed"][k], mark, color=colour, ms=4, label=f"signal {k + 1}, words")
            axis.set(title=row["variant"], xlabel="bin", xticks=bins, ylim=(0, 0.9))
            axis.grid(alpha=0.3)
        axes[0].set_ylabel("output / input")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        return _png(figure)
