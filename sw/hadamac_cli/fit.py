"""Command ``hadamac fit``: a table of linear segments for a function."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.table import Table

from hadamac.errors import DataError, DescriptionError
from hadamac.files.writing import atomic_files, check_file
from hadamac.numeric import SQ
from hadamac.samples.arrays import load_array

from .options import console

if TYPE_CHECKING:
    from hadamac.model.pwl.fitting import Function

__all__ = ["fit"]


def parse_format(text: str) -> SQ:
    """Return the format written as ``SQ(4,12)`` or ``4,12``: integer bits including the sign, then fraction bits."""
    match = re.fullmatch(r"(SQ\()?(-?[0-9]{1,3}), *(-?[0-9]{1,3})(?(1)\))", text)
    if match is None:
        raise DescriptionError(f"Format must be written SQ(i,f), for example SQ(4,12), not {text!r}")
    return SQ(int(match[2]), int(match[3]))


def _function(name: str) -> Function:
    """Return a function by its name, or one that interpolates linearly between the samples of a .npy file."""
    from hadamac.model.pwl.fitting import FUNCTIONS, Function

    if not name.endswith(".npy"):
        if name not in FUNCTIONS:
            raise DescriptionError(f"Function must be one of {', '.join(FUNCTIONS)} or a .npy file, not {name!r}")
        return FUNCTIONS[name]
    samples = load_array(Path(name), "Function")
    if samples.ndim != 2 or samples.shape[1] != 2 or len(samples) < 2 or samples.dtype.kind not in "fiu":
        raise DataError("Function samples must be real numbers of the shape (n, 2), not "
                        f"{samples.dtype} {samples.shape}")
    x, y = samples.T.astype(float)
    if not (np.isfinite(samples).all() and (np.diff(x) > 0).all()):
        raise DataError("Function samples must be finite and have rising x")
    return Function(Path(name).stem, lambda v: np.interp(v, x, y))


def fit(
    function: Annotated[str, typer.Argument(help="Name of a function (sigmoid, tanh, gelu, silu, relu, leaky, "
                                                 "hard-sigmoid, hard-tanh, hard-swish), or a .npy file with samples "
                                                 "(n, 2): x in rising order, and y.")],
    segments: Annotated[int, typer.Option(
        help="Number of segments. If the function is symmetric, they cover x >= 0 only.")] = 16,
    format: Annotated[str, typer.Option(
        help="Format of x, SQ(i,f): integer bits including the sign, fraction bits.")] = "SQ(4,12)",
    output: Annotated[str | None, typer.Option(
        help="Format of y. The default is the format of x.", show_default=False)] = None,
    plot: Annotated[Path | None, typer.Option(
        help="PNG file to write: function, table and error.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(
        help="JSON file to write: the words of the table.", show_default=False)] = None,
) -> None:
    """Fit linear segments to a function so that the greatest error of the circuit's arithmetic is smallest."""
    from hadamac.model.pwl.fitting import fit as run_fit
    from hadamac.show.pictures_fit import fit_picture, fit_text

    for path in (out, plot):
        if path is not None:
            check_file(path)
    if out is not None and out == plot:
        raise DataError(f"Table and plot must be two files, not both {out}")
    f = run_fit(_function(function), segments=segments, format=parse_format(format),
                output=None if output is None else parse_format(output))
    rows = Table("segment", "from x =", "slope", "offset", title=f"{f.function.name}, {f.format} to {f.output}")
    for k, (start, slope, offset) in enumerate(f.lines()):
        rows.add_row(str(k), f"{start:+.4f}", f"{slope:+.6f}", f"{offset:+.6f}")
    console.print(rows)
    mirror = f.table.mirror
    if mirror is not None:
        console.print("x < 0: " + ("the same slope, offset mirrored" if mirror.kind == "odd" else
                                   "slope mirrored, the same offset"))
    lsb = 2.0**-f.output.f
    console.print(f"max error {f.max_error:.2e} ({f.max_error / lsb:.2f} LSB), mean {f.mean_error:.2e}; "
                  f"error of the lines before rounding {f.line_error:.2e}; "
                  f"slopes have {f.table.shift} fraction bits", soft_wrap=True)
    console.print(fit_text(f, min(console.width, 100)), soft_wrap=True)
    contents: dict[Path, str | bytes] = {}
    if out is not None:
        contents[out] = json.dumps(f.words(), indent=1) + "\n"
    if plot is not None:
        contents[plot] = fit_picture(f)
    atomic_files(contents)
    for path in contents:
        console.print(f"Wrote {path}")
