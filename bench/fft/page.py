"""The page with the benchmark's tables."""

from __future__ import annotations

from hadamac.model.fft.orders import reorder_lag

from .. import synthesis
from . import accuracy

__all__ = ["markdown"]


def _speed(result: dict) -> list[str]:
    seeds, limit = ", ".join(map(str, result["seeds"])), result["block_ram_limit"]
    lines = [
        "# FFT benchmark", "",
        "Made by `make bench`. One complex sample a clock, 16 bits in and out. LFE5U-85F CABGA381, speed grade 6,",
        f"`synth_ecp5`, nextpnr; Fmax is the median of seeds {seeds}. All cores in the same kind of wrapper (serial in",
        f"and out, registers around the core), which is included. nextpnr aims at {synthesis.LARGE.freq_mhz} MHz for "
        "hadamac's rows; the others' are",
        "kept in `bench/fft/peers.json`, measured once with the same tools aiming at 200 MHz. Versions: "
        + ", ".join(f"{k} {v}" for k, v in result["tools"].items()) + ".", "",
        "![Fmax and area](fft_peers.png)", "",
        "| core | N | order | COMB | FF | MULT18X18D | DP16KD | Fmax, MHz | latency | back-pressure |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in sorted(result["ours"] + result["peers"], key=lambda r: (r["size"], r["core"] != "hadamac")):
        ours = row["core"] == "hadamac"
        name, fmax = (f"**{row['core']}**", f"**{row['fmax']:.0f}**") if ours else (row["core"], f"{row['fmax']}")
        lines.append(f"| {name} | {row['size']} | {row['order']} | {row['comb']:,} | {row['ff']:,} | {row['dsp']} | "
                     f"{row['ram']} | {fmax} | {row['latency']:,} | {'valid/ready' if ours else 'none'} |")
    lines += ["", "hadamac, seed by seed:", ""]
    for row in result["ours"]:
        over = row["latency"] - row["size"] - reorder_lag(row["size"], "natural")
        lines.append(f"- N = {row['size']}: {', '.join(f'{f:.1f}' for f in row['fmax_of_seed'])} MHz; a frame every "
                     f"{row['interval']} cycles; latency {row['latency']} = N + reorder minimum + {over}")
    lines += [
        "", "### What the part allows", "",
        "nextpnr times the logic and the routing. It does not check the least high and low times of a block RAM's",
        "clock. The vendor gives them, and Project Trellis' timing database, which comes with nextpnr, has them. Where",
        "there is block RAM, **the figure to count on is the smaller one**:", "",
        "| speed grade | N | nextpnr, MHz (median of the seeds) | block RAM's limit, MHz | to count on, MHz |",
        "|---|---|---|---|---|",
    ]
    for grade, rows, most in ((6, result["ours"], limit), (8, result["fast"], result["block_ram_limit_8"])):
        for row in rows:
            each = ", ".join(map(str, row["fmax_of_seed"]))
            lines.append(f"| {grade} | {row['size']} | {row['fmax']:.1f} ({each}) | {most:.1f} | "
                         f"**{min(most, row['fmax']):.0f}** |")
    lines += [
        "", f"At speed grade 8 nextpnr aims at {synthesis.FAST.freq_mhz} MHz. nextpnr does not time the path between a "
        "multiplier's internal",
        "registers either: all three are in use, and the database's times of a multiplier with fewer of them (at speed",
        "grade 6, 2.4 ns to the middle one, 1.3 ns from there) say that it does not limit.", "",
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
        f"Scale 1/N, 16 bits, twiddles of 18, {accuracy.FRAMES} frames, seed {result['seed']}, against exact",
        "transforms; the model is bit for bit the circuit. RMS error is complex, in output LSB; rounding the output",
        "alone gives 0.408.",
        "`saturated` counts frames in which an exact result did not fit.", "",
        *_error_rows(result["accuracy"]),
        "", "The other cores, Gaussian input of -12 dBFS:", "",
        "| core | RMS error | bias re | SQNR at 64, 256, 1024 | full-scale sine, N = 256 |", "|---|---|---|---|---|",
    ]
    for name, rms, bias, a, b, c, sine in peers["accuracy"]:
        lines.append(f"| {name} | {rms} | {bias} | {a}, {b}, {c} dB | {sine} |")
    lines += ["", "![SQNR over width and guard bits](fft_sqnr.png)", "",
              "### SQNR over the input's level, 1,024 points, Gaussian input of 16 bits", "",
              "| scaling | " + " | ".join(f"{level} dBFS" for level in accuracy.LEVELS) + " |",
              "|---|" + "---|" * len(accuracy.LEVELS)]
    lines += [f"| {name} | " + " | ".join(f"{v:.1f} dB" for v in row) + " |" for name, row in result["levels"].items()]
    return [*lines, "", *_widths(result)]


def _widths(result: dict) -> list[str]:
    shown = (8, 12, 14, 16, 17, 18, 20, 22, 24)
    lines = [
        "### SQNR over the width of the data", "",
        "Gaussian input of -12 dBFS; operands and twiddles of 18 bits, as `hadamac verilog fft` takes them for the",
        "generic target and ECP5; loaded schedules all ones. No line falls, but for 0.1 dB of measurement noise; it",
        "levels out where multipliers of 18 bits are the limit. `python -m bench.fft --accuracy` measures all accuracy",
        "of this page, and nothing else.", "",
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
        f"The same errors at scale 1/N in LSB, {int(size):,} points. Where data are nearly as wide as a multiplier,",
        "an operand of the streaming core with a fixed scale, or of the iterative one, has no fraction bit left, and",
        "from 18 bits on not even the LSB:", "",
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
        f"{row['size']} points, 16 bits, natural order, UP5K-SG48, `synth_ice40`, nextpnr aiming at "
        f"{synthesis.SMALL.freq_mhz} MHz, seeds {seeds}, wrapper", "included.", "",
        "| logic cells | SB_MAC16 | SB_RAM40 | Fmax, MHz | latency | a frame every |", "|---|---|---|---|---|---|",
        f"| {used:,} of {most:,} ({100 * used / most:.1f} %) | {row['dsp']} | {row['ram']} | **{row['fmax']:.1f}** "
        f"({each}) | {row['latency']:,} | {row['interval']:,} cycles |", "",
        "Scale 1/N, operands of 16 bits:", "", *_error_rows(result["iterative"]), "",
    ]


def markdown(result: dict, peers: dict) -> str:
    """The page; ``peers`` as in peers.json."""
    return "\n".join(_speed(result) + _accuracy(result, peers) + _small(result))
