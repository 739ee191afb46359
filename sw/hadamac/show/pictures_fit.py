"""Plots of a fitted table: a picture of the function, the segments and the error, and a text plot of the error."""

from __future__ import annotations

import io

import numpy as np

from ..model.pwl.fitting import Fit
from .sheet import style

__all__ = ["fit_picture", "fit_text"]


def _curves(fit: Fit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the inputs x, the outputs of the table, and those of the function, limited to the output format."""
    words = np.arange(fit.format.low, fit.format.high + 1)
    words = words[:: max(1, len(words) // 8192)]
    x, y = fit.format.value(words), fit.output.value(fit.table.run(words)[0])
    return x, y, np.clip(fit.function.of(x), fit.output.value(fit.output.low), fit.output.value(fit.output.high))


def fit_text(fit: Fit, width: int) -> str:
    """Return a text plot of the error over x that is ``width`` characters wide."""
    import plotext

    x, y, want = _curves(fit)
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, 14)
    plotext.title("error over x, LSB")
    plotext.plot(x.tolist(), ((y - want) * 2.0**fit.output.f).tolist(), marker="braille")
    return plotext.uncolorize(plotext.build()).rstrip()


def fit_picture(fit: Fit) -> bytes:
    """Return the picture as PNG; the same fit always gives the same bytes."""
    with style():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        x, y, want = _curves(fit)
        edges = np.array([b for b in fit.table.breakpoints], dtype=float)
        if fit.table.mirror is not None:
            edges = np.concatenate([-edges[::-1], [0], edges])
        figure = Figure(figsize=(7, 5), facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        above.plot(x, want, color="0.6", lw=3, label=fit.function.name)
        above.plot(x, y, color="tab:red", lw=1, label=f"{len(fit.table.slopes)} segments"
                   + ("" if fit.table.mirror is None else " and their mirror images"))
        above.set(title=f"{fit.function.name}, {fit.format} to {fit.output}", ylabel="y")
        above.legend()
        below.plot(x, y - want, color="tab:red", lw=0.7)
        for sign in (-1, 1):
            below.axhline(sign * fit.line_error, color="0.4", ls=":", lw=0.8)
        below.set(xlabel="x", ylabel="error", title=f"max {fit.max_error:.2e}, dotted: of the lines alone")
        for axis in (above, below):
            for edge in fit.format.value(edges):
                axis.axvline(edge, color="0.85", lw=0.5, zorder=0)
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
        return out.getvalue()
