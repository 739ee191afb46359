"""The study of what spectral pooling throws away: every table and figure of docs/study.

Run ``make study`` or ``python study``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import dependence
import figures
import numpy as np
import pooling
import typer
from rich.console import Console

from hadamac.data import shipped_digits
from hadamac.files import atomic_write
from hadamac.steps import Steps

EQUAL = (64, 32, 16, 8)
EQUIVARIANT = (1, 16, 17, 32, 64)


def pooling_page(result: dict) -> str:
    """Information kept, and how shifts and realness fare."""
    lines = [
        "# What spectral pooling keeps", "",
        "Made by `make study`. The photograph is matplotlib's sample picture, 256 x 256 in grey; the digits are the",
        "500 that hadamac ships, 32 x 32.", "",
        "## Information", "",
        "An image is reduced to M x M numbers and rebuilt: spectral pooling by padding its bins with zeros, max",
        "pooling by repeating each maximum over its tile, the mean of each tile for comparison. Relative L2 error:", "",
        "![error over the fraction kept](information.png)", "",
        "| images | M | kept | spectral | mean | max |", "|---|---|---|---|---|---|",
    ]
    for name, rows in result["information"].items():
        lines += [f"| {name} | {r['size']} | {100 * r['kept']:.2f} % | {r['spectral']:.3f} | {r['mean']:.3f} | "
                  f"{r['max']:.3f} |" for r in rows]
    lines += [
        "", "![the photograph at equal sizes](equal_size.png)", "",
        "## Nyquist rules", "",
        "An even M has a bin -M/2 that M samples cannot tell from +M/2 (`hadamac.model.pool`). `imaginary`: the share",
        "of the output's energy that is in its imaginary part, which should be none. `shift`: the image moves by one",
        "sample along both axes, so its pooled version should move by M/256 of one; the relative difference from",
        "that.", "",
        "| M | rule | imaginary | shift |", "|---|---|---|---|",
    ]
    for r in result["equivariance"]:
        small = ["0" if r[name] < 1e-12 else f"{r[name]:.1e}" for name in ("imaginary", "shift")]
        lines.append(f"| {r['size']} | {r['rule']} | {' | '.join(small)} |")
    lines += ["", "Only `zero` (and an odd M) is real and commutes with every shift; for that reason it is the rule of",
              "the circuits. Max pooling is real and commutes with shifts by whole tiles only.", ""]
    return "\n".join(lines)


def dependence_page(result: dict) -> str:
    """Do the discarded bins matter?"""
    lines = [
        "# Do the frequencies that a crop discards matter?", "",
        "Made by `make study`. The question: in a network that stays in the frequency domain, the high frequencies",
        "that pooling discards seem never to matter; is that the same as low-passing the input?",
        "([dsp.stackexchange 76875](https://dsp.stackexchange.com/questions/76875))", "",
        f"Small networks in floats, {dependence.N} x {dependence.N} input, {dependence.CHANNELS} channels, random",
        f"weights, a crop to {dependence.M} x {dependence.M}, {dependence.OUTPUTS} outputs, seed {result['seed']}.",
        "`change`: relative change of the output when all discarded bins of the input are replaced by another image's.",
        f"`rank`: of the output's Jacobian by the discarded bins, {result['rows'][0]['inputs']} real numbers: through",
        "how many numbers they act. Beside it, what liveness (`hadamac.liveness`, `hadamac explain`) proves without",
        "looking at weights:", "",
        "| network | change | rank | liveness |", "|---|---|---|---|",
    ]
    lines += [f"| {r['network']} | {r['change']:.3g} | {r['rank']} | {r['says'].replace('|', chr(92) + '|')} |"
              for r in result["rows"]]
    lines += [
        "", "So both answers of the thread are right about different networks.", "",
        "* If everything before the crop acts on each bin alone (products, activations of real and imaginary parts,",
        "  statistics taken after the crop), the discarded bins do nothing: the network is a function of the",
        "  low-passed input, however non-linear it is and whatever its filters learned.",
        "* Run-time statistics taken before the crop let them in, through two numbers a channel only: a mean and a",
        "  deviation.",
        "* An activation in space before the crop mixes bins, and then they matter fully; after the crop it mixes only",
        "  what the crop left.", "",
    ]
    return "\n".join(lines)


def main(out: Annotated[Path, typer.Option(help="Directory to write.")] = Path("docs/study"),
         seed: Annotated[int, typer.Option(help="Seed of weights and inputs.")] = 1):
    """Compute, and write tables and figures."""
    steps = Steps(2, Console())
    with steps.step("Pooling: information, equal sizes, Nyquist rules") as bar:
        photograph, digits = pooling.photograph(), shipped_digits()[0] / 255.0
        digits = digits if digits.shape[-1] == 32 else _padded(digits)
        result = {
            "information": {"photograph": pooling.information(photograph[None]), "digits": pooling.information(digits)},
            "equivariance": pooling.equivariance(photograph[None], EQUIVARIANT),
        }
        out.mkdir(parents=True, exist_ok=True)
        atomic_write(out / "information.png", figures.information(result["information"]))
        atomic_write(out / "equal_size.png", figures.equal_size(photograph, pooling.equal_size(photograph, EQUAL)))
        atomic_write(out / "pooling.json", json.dumps(result, indent=1) + "\n")
        atomic_write(out / "pooling.md", pooling_page(result))
        bar.say(f"Wrote {out}/pooling.md")
    with steps.step("Dependence on the discarded bins") as bar:
        result = {"seed": seed, "rows": dependence.measure(seed)}
        atomic_write(out / "dependence.json", json.dumps(result, indent=1) + "\n")
        atomic_write(out / "dependence.md", dependence_page(result))
        bar.say(f"Wrote {out}/dependence.md")


def _padded(digits):
    """28 x 28 in the middle of 32 x 32."""
    return np.pad(digits, ((0, 0), (2, 2), (2, 2)))


if __name__ == "__main__":
    typer.run(main)
