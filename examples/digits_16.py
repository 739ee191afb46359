"""Halve handwritten digits, so that a network for a small FPGA can be trained on them.

Run ``python examples/digits_16.py mnist/ --out digits``, where ``mnist/`` holds the four MNIST files.  A pixel of the
new images is the mean of 2 x 2 pixels, rounded half to even: 28 x 28 pixels become 14 x 14, which hadamac pads to
16 x 16.  The directory then holds what ``hadamac train`` takes: ``train.npy``, ``train-labels.npy``, ``test.npy`` and
``test-labels.npy``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import hadamac


def halved(images: np.ndarray) -> np.ndarray:
    """Return the means of 2 x 2 pixels of uint8 images (n, rows, columns), rounded half to even."""
    n, rows, columns = images.shape
    blocks = images[:, : rows // 2 * 2, : columns // 2 * 2].reshape(n, rows // 2, 2, columns // 2, 2)
    return np.rint(blocks.mean((2, 4))).astype(np.uint8)


def main() -> None:
    """Write the four arrays."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("data", type=Path, help="directory of the MNIST files, plain or compressed")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="directory to write")
    options = parser.parse_args()
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for split in ("train", "test"):
            images, labels = hadamac.load_mnist(options.data, split)
            for name, array in ((split, halved(images)), (f"{split}-labels", labels)):
                np.save(options.out / f"{name}.npy", array)
                print(f"{options.out / name}.npy: {array.dtype} {array.shape}")
    except (OSError, hadamac.HadamacError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
