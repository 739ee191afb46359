"""FFT benchmark: speed and area beside the peers, accuracy, and two plots.

Run ``make bench`` or ``python bench/fft``; writes ``fft.json``, ``fft.md`` and the plots to docs/benchmarks.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import accuracy
import plots
import synthesis
import typer
from rich.console import Console

from hadamac import timing
from hadamac.steps import Steps

HERE = Path(__file__).parent
SIZES = [64, 256, 1024]


def markdown(result: dict, peers: dict) -> str:
    """The page with the tables; ``peers`` as in peers.json."""
    seeds = ", ".join(map(str, result["seeds"]))
    lines = [
        "# FFT benchmark", "",
        "One complex sample a clock, 16 bits in and out. LFE5U-85F CABGA381, speed grade 6, `synth_ecp5`, nextpnr;",
        f"Fmax is the median of seeds {seeds}. All cores in the same kind of wrapper (serial in and out, registers",
        "around the core), which is included. hadamac's rows are made by `make bench`, nextpnr aiming at "
        f"{synthesis.FREQ_MHZ} MHz; the others' are kept in `bench/fft/peers.json`, measured once with the same tools "
        "aiming at 200 MHz. Versions: "
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
        over = row["latency"] - row["size"] - timing.reorder_lag(row["size"], "natural")
        lines.append(f"- N = {row['size']}: {', '.join(f'{f:.1f}' for f in row['fmax_of_seed'])} MHz; a frame every "
                     f"{row['interval']} cycles; latency {row['latency']} = N + reorder minimum + {over}")
    lines += [
        "", "nextpnr does not time the path between a multiplier's internal registers. All three are in use; the",
        "vendor's own limits for the multiplier and the block RAM at this speed grade (ECP5 family data sheet,",
        "FPGA-DS-02012) apply besides, and were not at hand when this was written.",
        "", "## Accuracy", "",
        f"Scale 1/N, 16 bits, twiddles of 18, {accuracy.FRAMES} frames, seed {result['seed']}, against exact",
        "transforms; the model is bit for bit the circuit. RMS error is complex, in output LSB; rounding the output",
        "alone gives 0.408.",
        "`saturated` counts frames in which an exact result did not fit.", "",
        "| N | input | RMS error | bias re | bias im | SQNR, dB | saturated |", "|---|---|---|---|---|---|---|",
    ]
    for row in result["accuracy"]:
        lines.append(
            f"| {row['size']} | {row['input']} | {row['rms']:.3f} | {row['bias_re']:+.4f} | {row['bias_im']:+.4f} "
            f"| {row['sqnr']:.1f} | {row['overflow']} of {row['frames']} |")
    lines += ["", "The other cores, Gaussian input of -12 dBFS:", "",
              "| core | RMS error | bias re | SQNR at 64, 256, 1024 | full-scale sine, N = 256 |",
              "|---|---|---|---|---|"]
    for name, rms, bias, a, b, c, sine in peers["accuracy"]:
        lines.append(f"| {name} | {rms} | {bias} | {a}, {b}, {c} dB | {sine} |")
    lines += ["", "![SQNR over width and guard bits](fft_sqnr.png)", ""]
    return "\n".join(lines)


def main(
    out: Annotated[Path, typer.Option(help="Directory to write.")] = Path("docs/benchmarks"),
    build: Annotated[Path, typer.Option(help="Where netlists and reports are kept.")] = Path("build/bench"),
    seeds: Annotated[str, typer.Option(help="nextpnr's seeds.")] = "1,2,3",
    seed: Annotated[int, typer.Option(help="Seed of the stimuli.")] = 1,
):
    """Measure, and write tables and plots."""
    numbers = [int(s) for s in seeds.split(",")]
    steps = Steps(len(SIZES) + 1, Console())
    ours = []
    for size in SIZES:
        with steps.step(f"Synthesise, place and route {size} points, seeds {seeds} (minutes)") as bar:
            ours.append(synthesis.measure(size, numbers, build))
            bar.say(f"{ours[-1]['fmax']:.1f} MHz, {ours[-1]['comb']} COMB, {ours[-1]['ff']} FF")
    peers = json.loads((HERE / "peers.json").read_text())
    with steps.step("Accuracy") as bar:
        result = {
            "tools": synthesis.tools(), "seeds": numbers, "seed": seed, "ours": ours,
            "peers": [dict(zip(peers["columns"], row)) for row in peers["rows"]],
            "accuracy": accuracy.table([64, 256, 1024, 4096], seed), "sweep": accuracy.sweep(1024, seed),
        }
        out.mkdir(parents=True, exist_ok=True)
        plots.against_peers(ours + result["peers"], out / "fft_peers.png")
        plots.guard_bits(result["sweep"], 1024, out / "fft_sqnr.png")
        (out / "fft.json").write_text(json.dumps(result, indent=1) + "\n")
        (out / "fft.md").write_text(markdown(result, peers))
        bar.say(f"Wrote {out}/fft.md")


if __name__ == "__main__":
    typer.run(main)
