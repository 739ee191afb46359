# amaranth: UnusedElaboratable=no
"""Transforms of real frames: the model against numpy.fft.rfft by measured error, packing, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hadamac.errors import DescriptionError
from hadamac.model.fft.real import RealFftPlan
from hadamac_hw.fft.real import RealFft
from support.seeds import refused, rng
from support.stimuli import limits


def packed(x):
    """Return half-spectra of real frames (..., n), with the Nyquist bin in the imaginary part of the first word."""
    y = np.fft.rfft(x) / x.shape[-1]
    return np.concatenate([y[..., :1].real + 1j * y[..., -1:].real, y[..., 1:-1]], axis=-1)


@pytest.mark.parametrize("size", (8, 32, 256, 1024))
@pytest.mark.parametrize("frames", (1, 2))
def test_error_and_bias(frames, size):
    """The error is 0.47 LSB rms in words of two parts; rounding the output alone costs 0.41."""
    plan = RealFftPlan(size=size, width=16, frames=frames)
    low, high = limits(16)
    x = rng("real", size, frames).integers(low, high + 1, (max(8, 65536 // size), frames, size)).astype(float)
    x[0] = np.sin(np.arange(size)) * high // 1
    words = x[:, 0] + 1j * x[:, 1] if frames == 2 else x[:, 0, 0::2] + 1j * x[:, 0, 1::2]
    y, overflow = plan.run(words)
    exact = np.concatenate([packed(x[:, k]) for k in range(frames)], axis=-1)
    error = y - exact
    rms = np.sqrt(np.mean(np.abs(error) ** 2))
    assert rms < 0.52 and abs(error.mean()) < 5 * rms / np.sqrt(error.size) + 0.005 and not overflow.any()


def test_saturates_only_beyond_the_format():
    """A frame that alternates between both ends of the format has a Nyquist bin of 2**(width - 1) - 1/2, which is rounded
    up to beyond the format."""
    low, high = limits(8)
    x = np.where(np.arange(16) % 2, low, high).astype(float)
    y, overflow = RealFftPlan(size=16, width=8, frames=2).run(np.array([x + 0j, 1j * x, -1j * x - 1j]))
    assert overflow.tolist() == [True, True, False]
    assert y[0, 0] == 127j and y[1, 8] == 127j and y[2, 8].imag == -128 and not y[0, 8:].any()
    y, overflow = RealFftPlan(size=16, width=8, frames=1).run(x[0::2] + 1j * x[1::2])
    assert overflow and y[0] == 127j


def test_shapes_and_facts():
    plan = RealFftPlan(size=16, width=10, frames=1)
    y, overflow = plan.run(np.zeros((3, 2, 8)))
    assert y.shape == (3, 2, 8) and overflow.shape == (3, 2) and plan.points == 8
    assert RealFft(size=64, width=12).interval == 64 and RealFft(size=64, width=12, frames=1).interval == 32
    assert RealFft(size=64, width=12, frames=1).multipliers == 12 and RealFft(size=64, width=12).multipliers == 8


@pytest.mark.parametrize(("options", "message"), [
    ({"frames": 3}, "RealFft frames must be 1 or 2, not 3"),
    ({"size": 24}, "RealFft size must be a power of two from 4 to 4096, not 24"),
    ({"size": 8192}, "RealFft size must be a power of two from 4 to 4096, not 8192"),
    ({"size": 4, "frames": 1}, "RealFft size must be a power of two from 8 to 8192, not 4"),
    ({"width": 17, "frames": 1}, "RealFft width must be an integer from 4 to 16, not 17"),
    ({"twiddle_width": 20}, "FFT twiddle_width must be an integer from 6 to 18, not 20"),
])
def test_refusals(options, message):
    with refused(message, DescriptionError):
        RealFft(**({"size": 16, "width": 12} | options))
