"""Plots of the FFT benchmark."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from .accuracy import LEVELS, WIDTHS

OURS = "hadamac"


def against_peers(rows: list[dict], limit: float, path: Path) -> None:
    """Draw Fmax over COMB + FF, one panel per size; up and left is better.  ``limit`` is that of the block RAM."""
    sizes = sorted({row["size"] for row in rows if row["core"] == OURS})
    figure, axes = plt.subplots(1, len(sizes), figsize=(4 * len(sizes), 4), sharey=True, layout="constrained")
    names = sorted({row["core"] for row in rows} - {OURS})
    colours = {OURS: "tab:red"} | {name: f"C{k + 4}" for k, name in enumerate(names)}
    for axis, size in zip(axes, sizes):
        for row in (r for r in rows if r["size"] == size):
            axis.scatter(row["comb"] + row["ff"], row["fmax"], color=colours[row["core"]],
                         marker="*" if row["core"] == OURS else "o", s=160 if row["core"] == OURS else 50)
        axis.axhline(limit, color="black", ls=":", lw=1)
        axis.set(title=f"{size} points", xlabel="TRELLIS_COMB + TRELLIS_FF", xlim=(0, None), ylim=(0, None))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("Fmax, MHz (median of the seeds)")
    handles = [plt.Line2D([], [], color=colours[n], marker="*" if n == OURS else "o", ls="", label=n)
               for n in [OURS, *names]]
    handles.append(plt.Line2D([], [], color="black", ls=":", label="block RAM's limit"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    figure.suptitle("Streaming FFTs, 16 bits, LFE5U-85F speed 6, yosys and nextpnr")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def accuracy(result: dict, path: Path) -> None:
    """Draw SQNR and RMS error over guard bits for each width, and SQNR over the level of the input for each scaling."""
    figure, (left, right, level) = plt.subplots(1, 3, figsize=(14, 4), layout="constrained")
    for width, rows in result["sweep"].items():
        guard = [row["guard"] for row in rows]
        left.plot(guard, [row["sqnr"] for row in rows], "o-", label=f"{width} bits")
        right.plot(guard, [row["rms"] for row in rows], "o-", label=f"{width} bits")
    right.axhline(0.408, color="black", ls=":", label="output rounding alone")
    left.set(xlabel="guard bits", ylabel="SQNR, dB", title="1024 points, Gaussian -12 dBFS, scale 1/N", xticks=guard,
             ylim=(0, 80))
    right.set(xlabel="guard bits", ylabel="RMS error, output LSB", title="the same, in LSB", xticks=guard)
    for name, row in result["levels"].items():
        level.plot(LEVELS, row, "o-", label=name)
    level.set(xlabel="Gaussian input, dBFS", ylabel="SQNR, dB", title="1024 points, 16 bits in", ylim=(0, None))
    for axis, place in ((left, "upper left"), (right, "center right"), (level, "lower right")):
        axis.grid(alpha=0.3)
        axis.legend(loc=place, ncols=1 + (axis is left))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def widths(result: dict, path: Path) -> None:
    """Draw the SQNR over the width of the data, with one panel per size and one line per core."""
    sizes = list(result["widths"])
    figure, axes = plt.subplots(1, len(sizes), figsize=(5.5 * len(sizes), 4.2), sharey=True, layout="constrained")
    styles = ("o-", "s--", "^-", "v-", "x-")
    for axis, size in zip(axes, sizes):
        for (name, row), style in zip(result["widths"][size].items(), styles):
            found = [float("nan") if v is None else v for v in row["sqnr"]]
            axis.plot(WIDTHS, found, style, ms=4, lw=1.2, label=name)
        axis.set(title=f"{size} points, Gaussian −12 dBFS", xlabel="bits of the data", xticks=range(4, 25, 2),
                 ylim=(0, 105))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("SQNR, dB")
    axes[0].legend(loc="lower right", fontsize="small")
    figure.savefig(path, dpi=110)
    plt.close(figure)
