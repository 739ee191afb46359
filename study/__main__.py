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
import pages
import pooling
import toy
import typer
from rich.console import Console

from hadamac.data import shipped_digits
from hadamac.files import atomic_write
from hadamac.steps import Steps

EQUAL = (64, 32, 16, 8)
EQUIVARIANT = (1, 16, 17, 32, 64)


def main(out: Annotated[Path, typer.Option(help="Directory to write.")] = Path("docs/study"),
         seed: Annotated[int, typer.Option(help="Seed of weights and inputs.")] = 1,
         build: Annotated[Path, typer.Option(help="Where compiled simulators are kept.")] = Path("build/sim")):
    """Compute, and write tables and figures."""
    steps = Steps(3, Console())
    out.mkdir(parents=True, exist_ok=True)
    with steps.step("The thread's toy, in floats, words and RTL") as bar:
        rows, entry = toy.measure(build), toy.SIGNALS[0] / toy.SIGNALS[1]
        atomic_write(out / "toy_ratio.png", figures.ratios(entry, rows))
        atomic_write(out / "toy.json", json.dumps(rows, indent=1) + "\n")
        atomic_write(out / "toy.md", pages.toy_page(rows, entry))
        bar.say(f"Wrote {out}/toy.md")
    with steps.step("Pooling: information, equal sizes, Nyquist rules") as bar:
        photograph, digits = pooling.photograph(), shipped_digits()[0] / 255.0
        digits = digits if digits.shape[-1] == 32 else _padded(digits)
        result = {
            "information": {"photograph": pooling.information(photograph[None]), "digits": pooling.information(digits)},
            "equivariance": pooling.equivariance(photograph[None], EQUIVARIANT),
        }
        atomic_write(out / "information.png", figures.information(result["information"]))
        atomic_write(out / "equal_size.png", figures.equal_size(photograph, pooling.equal_size(photograph, EQUAL)))
        atomic_write(out / "pooling.json", json.dumps(result, indent=1) + "\n")
        atomic_write(out / "pooling.md", pages.pooling_page(result))
        bar.say(f"Wrote {out}/pooling.md")
    with steps.step("Dependence on the discarded bins") as bar:
        result = {"seed": seed, "rows": dependence.measure(seed)}
        atomic_write(out / "dependence.json", json.dumps(result, indent=1) + "\n")
        atomic_write(out / "dependence.md", pages.dependence_page(result))
        bar.say(f"Wrote {out}/dependence.md")


def _padded(digits):
    """28 x 28 in the middle of 32 x 32."""
    return np.pad(digits, ((0, 0), (2, 2), (2, 2)))


if __name__ == "__main__":
    typer.run(main)
