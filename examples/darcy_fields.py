"""Turn the Darcy flow data into arrays to train and test a Fourier neural operator on.

Run ``python examples/darcy_fields.py darcy.npz --out build/darcy``.  It writes the permeability of each field and the
pressure that belongs to it as .npy files: ``train``, ``test16`` and ``test32``, and each of them with ``-pressure``.

Darcy flow is the equation -div(a grad u) = 1 on the unit square, with u = 0 on its edge; the permeability a has two
values, and the operator to be learned takes a and gives u (Z. Li and others, ICLR 2021, section 5.2).  The arrays of
darcy.npz are ``train_x`` and ``train_y`` (n, 16, 16), ``test16_x``, ``test16_y``, ``test32_x`` and ``test32_y``, with
0 and 1 for the two values of a; they are those of the Python package neuraloperator 0.3.0 (MIT).

The transpose of a field has the transposed pressure.  ``--transposed`` adds it to the training fields, which doubles
their number.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np

PARTS = ("train", "test16", "test32")


def fields(path: str | Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return permeability (n, 1, N, N) in int8 and pressure (n, 1, N, N) in float32 of each part.

    Raises ValueError, with one line, for a file that holds something else.
    """
    out = {}
    try:
        if Path(path).is_file() and not zipfile.is_zipfile(path):
            raise ValueError("no zip archive")
        with np.load(path) as file:
            for part in PARTS:
                x, y = (file[name] if name in file else None for name in (f"{part}_x", f"{part}_y"))
                if x is None or y is None:
                    raise ValueError(f"without the arrays {part}_x and {part}_y")
                if x.ndim != 3 or x.shape != y.shape or x.shape[1] != x.shape[2]:
                    raise ValueError(f"{part}_x and {part}_y have the shapes {x.shape} and {y.shape}")
                if x.dtype.kind not in "biu" or not np.isin(x, (0, 1)).all():
                    raise ValueError(f"{part}_x has values other than 0 and 1")
                if y.dtype.kind != "f" or not np.isfinite(y).all():
                    raise ValueError(f"{part}_y has values that are no finite floats")
                out[part] = x[:, None].astype(np.int8), y[:, None].astype(np.float32)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
        raise ValueError(f"Darcy fields must be an .npz file, not {path} ({reason})") from None
    return out


def with_transposed(pair: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return fields and pressures, followed by their transposes."""
    x, y = (np.concatenate([a, a.swapaxes(-1, -2)]) for a in pair)
    return x, y


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", metavar="darcy.npz")
    parser.add_argument("--out", type=Path, required=True, help="directory to write")
    parser.add_argument("--transposed", action="store_true", help="add the transpose of each training field")
    options = parser.parse_args()
    try:
        parts = fields(options.path)
    except ValueError as error:
        sys.exit(f"error: {error}")
    if options.transposed:
        parts["train"] = with_transposed(parts["train"])
    options.out.mkdir(parents=True, exist_ok=True)
    for part, (x, y) in parts.items():
        np.save(options.out / f"{part}.npy", x)
        np.save(options.out / f"{part}-pressure.npy", y)
        print(f"{part}: {len(x)} fields of {x.shape[-2]} x {x.shape[-1]}")


if __name__ == "__main__":
    main()
