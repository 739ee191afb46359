"""Float parameters and calibration images to a :class:`~hadamac.quantised.QuantNetwork`.

Weights: spectral weights are the DFT of the padded kernel, cropped to the live bins, rounded to
``weight_width`` bits with one power-of-two scale per output channel, the largest that fits.
Edges: the product's format leaves ``headroom`` above its largest calibration value.
Transforms: one half per stage, or (``calibrated``) a shift only where the stage's largest
calibration value times ``headroom`` would leave the word.
"""

from __future__ import annotations

import numpy as np

from .data import as_images
from .errors import DataError, FitError
from .model.crop import crop, expand
from .model.fft import bit_reversed
from .model.fft2d import Fft2dPlan, pack_rows
from .network import Network
from .quantised import Formats, QuantDense, QuantGroup, QuantNetwork
from .reference import check_parameters, forward, kernel_spectrum
from .timing import BIAS

__all__ = ["quantise", "calibrate"]

LOGIT_FRACTION = 8
"""Fraction bits of a logit: far below what separates two classes, far above its range's end."""


def calibrate(x: np.ndarray, width: int, headroom: float, inverse: bool = False):
    """A schedule for frames ``x`` (..., N) of float words.

    Returns ``(schedule, y)``: one shift per radix-2 stage where the stage's largest part times
    ``headroom`` exceeds ``width`` bits, and the scaled transform in natural order.
    """
    size = x.shape[-1]
    sign = 1 if inverse else -1
    z = x.reshape(-1, 1, size)
    schedule = []
    while z.shape[-1] > 1:
        half = z.shape[-1] // 2
        a, b = z[..., :half], z[..., half:]
        pair = np.stack([a + b, a - b], axis=-2)
        largest = max(np.abs(pair.real).max(initial=0), np.abs(pair.imag).max(initial=0))
        shift = int(largest * headroom > 2.0 ** (width - 1))
        schedule.append(shift)
        pair = pair * 2.0**-shift
        pair[..., 1, :] *= np.exp(sign * 2j * np.pi * np.arange(half) / (2 * half))
        z = pair.reshape(len(z), -1, half)
    return tuple(schedule), z[:, bit_reversed(size), 0].reshape(x.shape)


def _exponents(weights: np.ndarray, bits: int) -> np.ndarray:
    """Per output channel, the largest e for which every ``|W| 2**e`` rounds into ``bits`` bits."""
    flat = weights.reshape(len(weights), -1)
    largest = np.maximum(np.abs(flat.real), np.abs(flat.imag)).max(-1)
    largest = np.where(largest > 0, largest, 1.0)
    return np.floor(np.log2(((1 << (bits - 1)) - 0.5) / largest)).astype(int)


def _fraction(largest: float, formats: Formats) -> int:
    """Fraction bits that leave the headroom above ``largest``."""
    return int(np.floor(np.log2(2.0 ** (formats.width - 1) / (max(largest, 1e-9) * formats.headroom))))


def _peak(z: np.ndarray) -> float:
    return float(max(np.abs(z.real).max(initial=0), np.abs(z.imag).max(initial=0)))


def quantise(network: Network, params: dict, images, formats: Formats) -> QuantNetwork:
    """Quantise with ``images`` (uint8, (n, 28, 28) or (n, 32, 32)) for calibration."""
    params = check_parameters(network, params)
    images = as_images(images, network.size)
    if len(images) == 0:
        raise DataError("Calibration needs at least one image, not 0")
    _, trace = forward(network, params, images, trace=True)
    fraction, maps = formats.width - 1, images[:, None] / 256.0
    groups = []
    for k, shape in enumerate(network.groups):
        product = trace[f"product{k}"]
        group = _group(shape, params, maps * 2.0**fraction, fraction, product, formats)
        groups.append(group)
        fraction, maps = group.fractions["map"], trace[f"map{k}"]
    return QuantNetwork(network=network, formats=formats, groups=tuple(groups),
                        dense=_dense(params, fraction, formats))


def _group(shape, params, words, fraction, product, formats: Formats) -> QuantGroup:
    radius = shape.pool // 2 - 1
    common = {"radius": radius, "width": formats.width, "twiddle_width": formats.twiddle_width}
    forward_plan = Fft2dPlan(size=shape.size, **_forward_schedules(words, radius, formats), **common)
    f_spectrum = fraction - forward_plan.scale
    f_product = _fraction(_peak(product), formats)
    inverse_plan = Fft2dPlan(size=shape.pool, inverse=True, **common,
                             **_inverse_schedules(product * 2.0**f_product, shape.pool, formats))
    weights = crop(kernel_spectrum(params[f"conv{shape.index}.kernel"], shape.size), radius)
    exponent = _exponents(weights, formats.weight_width)
    crop_bits = 2 * (shape.size // shape.pool).bit_length() - 2
    shift = f_spectrum + exponent + crop_bits - f_product
    _check_shift(f"conv{shape.index}", shift)
    scale = 2.0 ** exponent
    bias = np.rint(params[f"conv{shape.index}.bias"] * shape.size**2 * scale * 2.0**f_spectrum)
    _check_bias(f"conv{shape.index}", bias)
    return QuantGroup(
        shape=shape, forward=forward_plan, inverse=inverse_plan,
        weights=np.rint(weights * scale[:, None, None, None]), bias=bias, shift=shift, exponent=exponent,
        fractions={
            "spectrum": f_spectrum, "product": f_product,
            "map": f_product + 2 * (shape.pool.bit_length() - 1) - inverse_plan.scale,
        },
    )


def _forward_schedules(words, radius, formats: Formats) -> dict:
    if not formats.calibrated:
        return {}
    rows, z = calibrate(pack_rows(words), formats.width, formats.headroom)
    plus, minus = z[..., : radius + 1], np.conj(z[..., -np.arange(radius + 1)])
    halves = np.concatenate([plus + minus, -1j * (plus - minus)], axis=-2) / 2
    # Column transforms want the rows in order: even rows came from the real parts.
    count = words.shape[-1]
    order = np.concatenate([np.arange(0, count, 2), np.arange(1, count, 2)]).argsort()
    columns, _ = calibrate(np.swapaxes(halves[..., order, :], -1, -2), formats.width, formats.headroom)
    return {"rows": rows, "columns": columns}


def _inverse_schedules(words, size, formats: Formats) -> dict:
    if not formats.calibrated:
        return {}
    columns, g = calibrate(np.swapaxes(expand(words, size), -1, -2), formats.width, formats.headroom, inverse=True)
    g = np.swapaxes(g, -1, -2)
    half = np.zeros((*g.shape[:-1], size), dtype=np.complex128)
    radius = g.shape[-1] - 1
    half[..., : radius + 1] = g
    half[..., -np.arange(1, radius + 1)] = np.conj(g[..., 1:])
    pairs = half[..., 0::2, :] + 1j * half[..., 1::2, :]
    rows, _ = calibrate(pairs, formats.width, formats.headroom, inverse=True)
    return {"rows": rows, "columns": columns}


def _dense(params, fraction, formats: Formats) -> QuantDense:
    weights = params["dense.weight"]
    exponent = _exponents(weights, formats.weight_width)
    logit_fraction = min(LOGIT_FRACTION, int((fraction + exponent).min()))
    shift = fraction + exponent - logit_fraction
    _check_shift("dense", shift)
    scale = 2.0 ** exponent
    bias = np.rint(params["dense.bias"] * scale * 2.0**fraction)
    _check_bias("dense", bias)
    return QuantDense(
        weights=np.rint(weights * scale[:, None, None, None]), exponent=exponent, bias=bias, shift=shift,
        fraction=logit_fraction,
    )


def _check_bias(name: str, bias: np.ndarray) -> None:
    largest = int(np.abs(bias).max())
    if largest >= 1 << (BIAS - 1):
        raise FitError(f"Layer {name} needs a bias of {largest.bit_length() + 1} bits, allowed are {BIAS}: "
                       "it is too large beside its weights")


def _check_shift(name: str, shift: np.ndarray) -> None:
    if shift.min() < -8 or shift.max() > 31:
        raise FitError(f"Layer {name} needs output shifts from {shift.min()} to {shift.max()}, allowed are -8 to 31: "
                       "its weights are too large or too small for these formats")
