"""The whole way from a torch module to an artifact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from ..checks import choice, shown
from ..errors import DataError, DescriptionError
from ..network.network import Network
from ..network.source import source_frames
from ..nn import SpectralCnn
from ..ops.formats import PRESETS, Formats
from ..ops.weights import fraction_bits
from ..quantised.artifact import Artifact, check_classes
from ..quantised.quantise import quantise
from ..samples.formats import InputFormat
from ..samples.frames import CHANNELS, PIXELS, as_frames
from .builder import Affine, Builder
from .check import check_answers
from .finish import described, last_value
from .trace import converted

__all__ = ["compile_model"]

SAMPLES = 16
"""Frames of the calibration that an artifact keeps."""
OUTPUTS = ("classes", "values")
"""What a vector may be."""


def compile_model(model: torch.nn.Module, calibration: ArrayLike | torch.Tensor, *, formats: Formats | str = "default",
                  format: str | None = None, shape: Sequence[int] | None = None,
                  mean: float | Sequence[float] = 0.0, deviation: float | Sequence[float] = 1.0,
                  output: str | None = None, classes: Sequence[str] = (), name: str | None = None) -> Artifact:
    """Return the artifact of a torch module; :func:`hadamac.compile` documents it."""
    if not isinstance(model, torch.nn.Module):
        raise DescriptionError(f"Model must be a torch.nn.Module, not {shown(model)}")
    chosen = _formats(formats)
    given_frames: Any = calibration
    data = given_frames.detach().cpu().numpy() if isinstance(calibration, torch.Tensor) else np.asarray(calibration)
    if data.ndim == 0 or not len(data):
        raise DataError("Calibration needs at least one frame, not 0")
    if isinstance(model, SpectralCnn):
        params = model.parameters_numpy()
        return _artifact(model.network, params, source_frames(model.network, data), chosen, classes)
    frame = _shape(data, shape)
    given = InputFormat.of(format if format is not None else _format(data, chosen))
    frames, _ = as_frames(data, frame, given, margin=0)
    scale, shift = _affine(frame[0], given, mean, deviation)
    plain = (scale == 1).all() and (shift == 0).all()
    builder = Builder(frame[0], (1, frame[1]) if len(frame) == 2 else (frame[1], frame[2]),
                      None if plain else Affine(scale, shift))
    last = last_value(builder, converted(model, builder))
    network, params = described(builder, last, name=name or type(model).__name__, shape=frame, format=str(given),
                                output=_output(last.shape, last.spectral, output, classes))
    axes = [1] * (len(frame) - 1)
    inputs = given.values(frames) * scale.reshape(-1, *axes) + shift.reshape(-1, *axes)
    check_answers(network, params, model, frames, inputs.astype(np.float32), last)
    return _artifact(network, params, frames, chosen, classes)


def _artifact(network: Network, params: dict[str, np.ndarray], frames: np.ndarray, formats: Formats,
              classes: Sequence[str]) -> Artifact:
    """Return the artifact of a network that is quantised with given frames of words."""
    names = check_classes(classes, network.outputs) if classes else ()
    qnet = quantise(network, params, frames.reshape(-1, *network.shape), formats)
    samples = frames.reshape(-1, *network.shape)[:SAMPLES]
    return Artifact(qnet, params, provenance={"source": "hadamac.compile"}, classes=names, samples=(samples, None))


def _formats(formats: Formats | str) -> Formats:
    """Return formats, or those of a preset."""
    if isinstance(formats, Formats):
        return formats
    choice("Formats", formats, tuple(PRESETS))
    return PRESETS[formats]


def _shape(data: np.ndarray, shape: Sequence[int] | None) -> tuple[int, ...]:
    """Return the shape of a frame: (channels, rows, columns) or (channels, samples)."""
    if shape is not None:
        return tuple(shape)
    if data.ndim not in (3, 4):
        raise DataError("Calibration must have the shape (n, channels, rows, columns) or (n, channels, samples), not "
                        f"{data.shape}")
    last, most = data.shape[-1], CHANNELS[1]  # fewer than four columns are channels
    if data.ndim == 4 and last <= most and (data.shape[1] > most or last < PIXELS[0]):
        return last, data.shape[1], data.shape[2]
    if data.ndim == 3 and data.shape[1] > most:
        raise DataError(f"Calibration must have at most {most} channels, not {data.shape[1]} as in {data.shape}: "
                        f"give shape=(1, {data.shape[1]}, {data.shape[2]}) with grey images")
    return data.shape[1:]


def _format(data: np.ndarray, formats: Formats) -> str:
    """Return the input format for calibration frames of a type."""
    named = {"uint8": "uint8", "int8": "int8", "int16": "int16"}
    if data.dtype.kind == "f":
        if not np.isfinite(data).all():
            raise DataError("Calibration must be finite")
        fraction = fraction_bits(float(np.abs(data).max()), formats)
        return f"SQ({formats.width - fraction},{fraction})"
    if data.dtype.name not in named:
        raise DataError(f"Calibration must be of type {', '.join(named)} or floats where no format is given, not "
                        f"{data.dtype}")
    return data.dtype.name


def _affine(channels: int, format: InputFormat, mean: float | Sequence[float],
            deviation: float | Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return scale and shift that make what a model takes of the values of words.

    A uint8 word p stands for p / 256, and is p / 255 for torchvision.
    """
    numbers = []
    for what, value in (("Mean", mean), ("Deviation", deviation)):
        array = np.asarray(value, dtype=np.float64).reshape(-1)
        fits = len(array) in (1, channels) and np.isfinite(array).all()
        if not fits or what == "Deviation" and (array <= 0).any():
            kind = "positive number" if what == "Deviation" else "finite number"
            raise DescriptionError(f"{what} must be a {kind}, or one for each of {channels} channels, not "
                                   f"{shown(value)}")
        numbers.append(np.broadcast_to(array, (channels,)))
    unit = 1.0 if format.signed else 256 / 255
    return unit / numbers[1], -numbers[0] / numbers[1]


def _output(shape: tuple[int, ...], spectral: bool, output: str | None, classes: Sequence[str]) -> str:
    """Return what the network answers: by default classes if a model answers several numbers."""
    if spectral or len(shape) != 1:
        answer = "bins" if spectral else "maps"
        if output not in (None, answer):
            raise DescriptionError(f"Output must be {answer} where the model answers the shape {shape}, not "
                                   f"{shown(output)}")
        if classes:
            raise DescriptionError(f"Classes must be none where the model answers {answer}, not {len(classes)} names")
        return answer
    if output is not None:
        choice("Output", output, OUTPUTS)
        return output
    return "classes" if classes or shape[0] > 1 else "values"
