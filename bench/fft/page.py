"""Page docs/benchmarks/fft.md, with the tables of the FFT benchmark."""

from __future__ import annotations

import re
import textwrap

from hadamac.model.fft.orders import reorder_lag

from .. import synthesis
from . import accuracy

__all__ = ["markdown"]


def _paragraph(text: str) -> list[str]:
    """Return a paragraph as lines of the page, followed by an empty line; code between backquotes is not broken."""
    unbroken = re.sub("`[^`]*`", lambda code: code[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(unbroken, 115, break_long_words=False, break_on_hyphens=False)
    return [*(line.replace("\0", " ") for line in lines), ""]


def _speed(result: dict) -> list[str]:
    seeds, limit = ", ".join(map(str, result["seeds"])), result["block_ram_limit"]
    lines = [
        "# FFT benchmark", "",
        *_paragraph(
            "This page is made by `make bench`. The cores take one complex sample per cycle, with 16 bits in and "
            "out. They are built for an LFE5U-85F CABGA381 at speed grade 6 with `synth_ecp5` and nextpnr. Fmax is "
            f"the median of the seeds {seeds}. Every core is in the same kind of wrapper (serial input and output, "
            "registers around the core), which is included in the figures. For hadamac's rows, nextpnr aims at "
            f"{synthesis.LARGE.freq_mhz} MHz. The rows of the other cores were measured once with the same tools "
            "aiming at 200 MHz, and are kept in `bench/fft/peers.json`. The versions are "
            + ", ".join(f"{k} {v}" for k, v in result["tools"].items()) + "."),
        "![Fmax and area](fft_peers.png)", "",
        "| core | N | order | COMB | FF | MULT18X18D | DP16KD | Fmax, MHz | latency | back-pressure |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in sorted(result["ours"] + result["peers"], key=lambda r: (r["size"], r["core"] != "hadamac")):
        ours = row["core"] == "hadamac"
        name, fmax = (f"**{row['core']}**", f"**{row['fmax']:.0f}**") if ours else (row["core"], f"{row['fmax']}")
        lines.append(f"| {name} | {row['size']} | {row['order']} | {row['comb']:,} | {row['ff']:,} | {row['dsp']} | "
                     f"{row['ram']} | {fmax} | {row['latency']:,} | {'valid/ready' if ours else 'none'} |")
    lines += ["", "These are the figures of hadamac for each seed:", ""]
    for row in result["ours"]:
        over = row["latency"] - row["size"] - reorder_lag(row["size"], "natural")
        lines.append(f"- N = {row['size']}: {', '.join(f'{f:.1f}' for f in row['fmax_of_seed'])} MHz; interval "
                     f"{row['interval']} cycles; latency {row['latency']} = N + delay of reordering + {over}")
    lines += [
        "", "### What the part allows", "",
        *_paragraph(
            "nextpnr analyses the timing of the logic and the routing. It does not check the shortest high and low "
            "times of a block RAM's clock, which the vendor specifies and which are in the timing database of "
            "Project Trellis that nextpnr contains. If a core has block RAM, **the smaller of the two "
            "figures is the one to expect**:"),
        "| speed grade | N | nextpnr, MHz (median of the seeds) | block RAM's limit, MHz | to expect, MHz |",
        "|---|---|---|---|---|",
    ]
    for grade, rows, most in ((6, result["ours"], limit), (8, result["fast"], result["block_ram_limit_8"])):
        for row in rows:
            each = ", ".join(map(str, row["fmax_of_seed"]))
            lines.append(f"| {grade} | {row['size']} | {row['fmax']:.1f} ({each}) | {most:.1f} | "
                         f"**{min(most, row['fmax']):.0f}** |")
    lines += [
        "",
        *_paragraph(
            f"At speed grade 8, nextpnr aims at {synthesis.FAST.freq_mhz} MHz. nextpnr does not analyse the path "
            "between the internal registers of a multiplier either. All three are in use. The times in the database "
            "for a multiplier with fewer registers (at speed grade 6, 2.4 ns to the middle register and 1.3 ns from "
            "there) show that this path is not the limit."),
    ]
    return lines


def _error_rows(rows: list[dict]) -> list[str]:
    lines = ["| N | input | RMS error | bias re | bias im | SQNR, dB | saturated |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(
            f"| {row['size']} | {row['input']} | {row['rms']:.3f} | {row['bias_re']:+.4f} | {row['bias_im']:+.4f} "
            f"| {row['sqnr']:.1f} | {row['overflow']} of {row['frames']} |")
    return lines


def _accuracy(result: dict, peers: dict) -> list[str]:
    lines = [
        "## Accuracy", "",
        *_paragraph(
            f"These figures are for scale 1/N, data of 16 bits, twiddles of 18 bits, {accuracy.FRAMES} frames and "
            f"seed {result['seed']}, compared with exact transforms. They are measured on the model, which computes "
            "the same bits as the circuit. The RMS error is that of complex values in output LSB; rounding the "
            "output alone gives 0.408. The column *saturated* counts the frames in which an exact result did not fit."),
        *_error_rows(result["accuracy"]),
        "", "These are the figures of the other cores, for a Gaussian input of -12 dBFS:", "",
        "| core | RMS error | bias re | SQNR at 64, 256, 1024 | full-scale sine, N = 256 |", "|---|---|---|---|---|",
    ]
    for name, rms, bias, a, b, c, sine in peers["accuracy"]:
        lines.append(f"| {name} | {rms} | {bias} | {a}, {b}, {c} dB | {sine} |")
    lines += ["", "![SQNR over width and guard bits](fft_sqnr.png)", "",
              "### SQNR over the level of the input (1,024 points, Gaussian input of 16 bits)", "",
              "| scaling | " + " | ".join(f"{level} dBFS" for level in accuracy.LEVELS) + " |",
              "|---|" + "---|" * len(accuracy.LEVELS)]
    lines += [f"| {name} | " + " | ".join(f"{v:.1f} dB" for v in row) + " |" for name, row in result["levels"].items()]
    return [*lines, "", *_widths(result)]


def _widths(result: dict) -> list[str]:
    shown = (8, 12, 14, 16, 17, 18, 20, 22, 24)
    lines = [
        "### SQNR over the width of the data", "",
        *_paragraph(
            "The input is Gaussian with -12 dBFS. Operands and twiddles have 18 bits, which is what "
            "`hadamac verilog fft` selects for the generic target and ECP5. Loaded schedules are all ones. No line "
            "falls by more than 0.1 dB, which is measurement noise. The lines level out where multipliers of 18 bits "
            "are the limit. `python -m bench.fft --accuracy` measures only the accuracy figures of this page."),
        "![SQNR over the width of the data](fft_widths.png)", "",
    ]
    for size, cores in result["widths"].items():
        lines += [f"| {int(size):,} points, dB | " + " | ".join(f"{w} bits" for w in shown) + " |",
                  "|---|" + "---|" * len(shown)]
        for name, row in cores.items():
            lines.append(f"| {name} | " + " | ".join(_at(row["sqnr"], w, 1) for w in shown) + " |")
        lines.append("")
    size = list(result["widths"])[-1]
    lines += [
        *_paragraph(
            f"The next table has the same errors at scale 1/N in LSB, for {int(size):,} points. If data are nearly "
            "as wide as a multiplier, no fraction bit is left in an operand of the streaming core with a fixed "
            "scale, or of the iterative core. From 18 bits on, not even the LSB is left:"),
        "| RMS error, LSB | " + " | ".join(f"{w} bits" for w in shown) + " |", "|---|" + "---|" * len(shown),
    ]
    for name, row in result["widths"][size].items():
        if "1/N" in name:
            lines.append(f"| {name} | " + " | ".join(_at(row["rms"], w, 2) for w in shown) + " |")
    return [*lines, ""]


def _at(row: list, width: int, digits: int) -> str:
    value = row[accuracy.WIDTHS.index(width)]
    return "–" if value is None else f"{value:.{digits}f}"


def _small(result: dict) -> list[str]:
    row, seeds = result["small"], ", ".join(map(str, result["seeds"]))
    used, most = row["cells"], row["available"]["cells"]
    each = ", ".join(f"{f:.1f}" for f in row["fmax_of_seed"])
    return [
        "## The iterative core on an iCE40 UP5K", "",
        *_paragraph(
            f"The core has {row['size']} points of 16 bits in natural order. It is built for a UP5K-SG48 with "
            f"`synth_ice40` and with nextpnr aiming at {synthesis.SMALL.freq_mhz} MHz, seeds {seeds}. The wrapper is "
            "included."),
        "| logic cells | SB_MAC16 | SB_RAM40 | Fmax, MHz | latency | interval |", "|---|---|---|---|---|---|",
        f"| {used:,} of {most:,} ({100 * used / most:.1f} %) | {row['dsp']} | {row['ram']} | **{row['fmax']:.1f}** "
        f"({each}) | {row['latency']:,} | {row['interval']:,} cycles |", "",
        "Its accuracy at scale 1/N with operands of 16 bits:", "", *_error_rows(result["iterative"]), "",
    ]


def markdown(result: dict, peers: dict) -> str:
    """Return the page for measured results; ``peers`` has the form of peers.json."""
    return "\n".join(_speed(result) + _accuracy(result, peers) + _small(result))
