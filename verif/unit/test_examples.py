"""Tests that the examples run, and print the figures that are expected of them."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SAYS = {"predict.py": "accuracy 0.986", "fft_core.py": "RMS error 0.43", "own_network.py": "interval 1024",
        "scattering.py": "SQNR 62", "residual.py": "a skip buffer of 2048 words",
        "torch_cnn.py": "of 100 digits, torch has ", "torch_residual.py": "2_first canvas, 2_first-2 spectral_conv",
        "torch_signal.py": "input SQ(3,13), interval ", "torch_fno.py": "32x32: "}
ELSEWHERE = {"watch_windows.py", "darcy_fields.py", "digits_16.py"}
"""Examples that need data which the project does not contain; a test of its own tries each."""


@pytest.mark.parametrize("name", sorted({p.name for p in EXAMPLES.glob("*.py")} - ELSEWHERE))
def test_example(name):
    if name.startswith("torch_"):
        pytest.importorskip("torch", reason="torch is needed to compile its modules; the rest of hadamac does without")
    if name == "torch_fno.py":
        pytest.importorskip("neuralop", reason="neuraloperator is needed to compile its operators; the rest of hadamac does "
                            "without")
    done = subprocess.run([sys.executable, EXAMPLES / name], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert SAYS[name] in done.stdout
