"""Float parameters and calibration images to a :class:`~hadamac.quantised.network.QuantNetwork`, stage by stage.

Weights: spectral weights are the DFT of the padded kernel, cropped to the live bins, rounded to
``weight_width`` bits with one power-of-two scale per output channel, the largest that fits; for a channel whose
weights are so small that its output shift would leave the circuit's range, the largest in range (`_in_range`).
Edges: where a format is chosen, it leaves ``headroom`` above the largest calibration value.
Transforms: one half per stage, or (``calibrated``) a shift only where the stage's largest
calibration value times ``headroom`` would leave the word.
"""

from __future__ import annotations

import numpy as np

from ..errors import DataError, DescriptionError, FitError
from ..images import as_images
from ..model.fft.planar import Fft2dPlan
from ..model.modrelu import ModRelu
from ..model.normalise import NormalisePlan
from ..model.pwl.fitting import FUNCTIONS, Function, fit
from ..model.quadratic import quadratic_plan
from ..network.layers import Activation
from ..network.network import Network
from ..network.stages import Stage, orthonormal
from ..numeric import SQ
from ..timing import BIAS, SHIFTS
from .calibration import forward_schedules, inverse_schedules
from .network import (
    Crop,
    Formats,
    Modulus,
    Normalised,
    Product,
    QuantDense,
    QuantNetwork,
    QuantStage,
    Relu,
    Table,
    Tile,
    normalise_facts,
)
from .reference import apply, check_parameters, product_weights

__all__ = ["quantise"]

LOGIT_FRACTION = 8
"""Fraction bits of a logit: far below what separates two classes, far above its range's end."""
TINY = 2.0**-500
"""Weights below it are rounded as if they were as large: their exponents stay integers that a float can scale by."""


def _exponents(weights: np.ndarray, bits: int) -> np.ndarray:
    """Per output channel, the largest e for which every ``|W| 2**e`` rounds into ``bits`` bits."""
    flat = weights.reshape(len(weights), -1)
    largest = np.maximum(np.abs(flat.real), np.abs(flat.imag)).max(-1)
    largest = np.where(largest > 0, np.maximum(largest, TINY), 1.0)
    return np.floor(np.log2(((1 << (bits - 1)) - 0.5) / largest)).astype(int)


def _in_range(name: str, exponent: np.ndarray, bias: np.ndarray, fraction: int, out: int, width: int) -> np.ndarray:
    """Exponents, lowered where the circuit's range needs it, or FitError with the channel at fault.

    Words of a nearly dead channel would need a shift beyond SHIFTS, or a bias of more than BIAS bits.  With a smaller
    exponent its weights round to smaller words, in the end to zero.  That loses nothing that the output could show: at
    the largest shift a product of full-scale words is a small part of an output LSB.

    Parameters
    ----------
    exponent : int array (channels,)
    bias : float array (channels,)
        In units of the output's values.
    fraction, out : int
        Fraction bits of the input's and the output's words.
    width : int
        Bits of an output word: a bias that does not fit it is refused, not made to fit.
    """
    exponent = np.minimum(exponent, SHIFTS[1] + out - fraction)
    shift = fraction + exponent - out
    words = np.abs(bias) * 2.0**out
    bits = np.frexp(np.rint(words * 2.0**shift))[1] + 1
    for channel in np.flatnonzero((bits > BIAS) & (words >= 2.0 ** (width - 1)))[:1]:
        raise FitError(f"Layer {name}, channel {channel}, needs a bias of {bits[channel]} bits, allowed are {BIAS}: "
                       "it is too large beside its weights")
    return exponent - np.maximum(bits - BIAS, 0)


def _fraction(largest: float, formats: Formats) -> int:
    """Fraction bits that leave the headroom above ``largest``."""
    if not largest < 1e30:
        raise FitError(f"Values of a stage must be below 1e30, not {largest:g}: parameters are too large")
    return int(np.floor(np.log2(2.0 ** (formats.width - 1) / (max(largest, 1e-9) * formats.headroom))))


def _peak(z: np.ndarray) -> float:
    return float(max(np.abs(z.real).max(initial=0), np.abs(z.imag).max(initial=0)))


def check_formats(network: Network, formats: Formats) -> None:
    """Refuse formats in which a layer of a network has no circuit, whatever its parameters."""
    for stage in network.stages:
        if stage.kind == "normalise":
            try:
                NormalisePlan(**normalise_facts(stage), width=formats.width, fraction=0)
            except DescriptionError as error:
                raise FitError(f"Layer {stage.name} over {stage.size} x {stage.size} cannot have words of "
                               f"{formats.width} bits: {error}") from None


def quantise(network: Network, params: dict, images, formats: Formats) -> QuantNetwork:
    """Quantise with ``images`` (uint8, (n, 28, 28) or (n, 32, 32)) for calibration."""
    check_formats(network, formats)
    params = check_parameters(network, params)
    images = as_images(images, network.size)
    if len(images) == 0:
        raise DataError("Calibration needs at least one image, not 0")
    fraction, x = formats.width - 1, images[:, None] / 256.0
    stages = []
    for stage in network.stages:
        y = apply(stage, params, x)
        op, fraction = _OPERATIONS[stage.kind](stage, params, x, y * 2.0**-stage.places, fraction, formats)
        fraction -= stage.places
        stages.append(QuantStage(stage=stage, op=op, fraction=fraction))
        x = y
    return QuantNetwork(network=network, formats=formats, stages=tuple(stages))


# One function a kind: (stage, params, float values in and out, fraction bits in, formats) to (operation, fraction
# bits); but in weights, a scale is neither in the values nor in the fraction bits.


def _transform(stage: Stage, params, x, y, fraction, formats: Formats):
    plan = Fft2dPlan(size=stage.size, radius=stage.radius, width=formats.width, twiddle_width=formats.twiddle_width,
                     **forward_schedules(x * 2.0**fraction, stage.radius, formats))
    return plan, fraction - plan.scale


def _inverse(stage: Stage, params, x, y, fraction, formats: Formats):
    plan = Fft2dPlan(size=stage.size, radius=stage.radius_in, width=formats.width, twiddle_width=formats.twiddle_width,
                     inverse=True, **inverse_schedules(x * 2.0**fraction, stage.size, formats))
    return plan, fraction + 2 * (stage.size.bit_length() - 1) - plan.scale


def _multiply(stage: Stage, params, x, y, fraction, formats: Formats):
    weights, bias = product_weights(stage, params)
    bias = bias * float(stage.after) * stage.size**2
    exponent = _exponents(weights, formats.weight_width)
    # More fraction bits than the products have, and the shift allows, would be zeros: of calibration images that are.
    out = min(_fraction(_peak(y), formats), fraction + int(exponent.min()) - SHIFTS[0])
    exponent = _in_range(f"conv{stage.index}", exponent, bias, fraction, out, formats.width)
    scale = 2.0 ** exponent
    bias = np.rint(bias * scale * 2.0**fraction)
    weights = np.rint(weights * scale[:, None, None, None])
    return Product(weights=weights, bias=bias, shift=fraction + exponent - out, exponent=exponent,
                   width=formats.width), out


def _point(stage: Stage, params, x, y, fraction, formats: Formats):
    if stage.layer.function == "relu":
        return Relu(), fraction
    out = _fraction(_peak(y), formats) if y.any() else fraction
    source, to = SQ(formats.width - fraction, fraction), SQ(formats.width - out, out)
    if stage.layer.function == "quadratic":
        return quadratic_plan(params[f"act{stage.index}.coefficients"], in_format=source, out_format=to), out
    return Table(table=fit(FUNCTIONS[stage.layer.function], segments=stage.layer.segments, format=source,
                           output=to).table), out


def _bin(stage: Stage, params, x, y, fraction, formats: Formats):
    layer: Activation = stage.layer
    p = orthonormal(stage.size)
    if layer.function == "modulus":
        return Modulus(width=formats.width), fraction
    if layer.function == "modrelu":
        least = -(2 ** (formats.width - 1))
        bias = np.maximum(np.rint(params[f"act{stage.index}.bias"] * p * 2.0**fraction), least)
        return ModRelu(bias=tuple(int(b) for b in bias), width=formats.width), fraction
    f = FUNCTIONS[layer.function]
    scaled = Function(f.name, lambda v: p * f.of(v / p), centre=0.0)
    out = _fraction(_peak(y), formats) if y.any() else fraction
    table = fit(scaled, segments=layer.segments, format=SQ(formats.width - fraction, fraction),
                output=SQ(formats.width - out, out)).table
    return Table(table=table), out


def _normalise(stage: Stage, params, x, y, fraction, formats: Formats):
    places = orthonormal(stage.size).bit_length() - 1
    out = min(_fraction(_peak(y), formats), formats.width - 1 - places)  # of calibration frames without a deviation
    plan = NormalisePlan(**normalise_facts(stage), width=formats.width, fraction=out + places)
    return Normalised(plan=plan), out


def _linear(stage: Stage, params, x, y, fraction, formats: Formats):
    weights = params["dense.weight"] * float(stage.scale)
    exponent = _exponents(weights, formats.weight_width)
    out = min(LOGIT_FRACTION, int((fraction + exponent).min()))
    exponent = _in_range("dense", exponent, params["dense.bias"], fraction, out, formats.logit_width)
    scale = 2.0 ** exponent
    bias = np.rint(params["dense.bias"] * scale * 2.0**fraction)
    weights = np.rint(weights * scale.reshape(-1, *[1] * (weights.ndim - 1)))
    return QuantDense(weights=weights, exponent=exponent, bias=bias, shift=fraction + exponent - out, fraction=out,
                      width=formats.logit_width, in_width=formats.width), out


_OPERATIONS = {
    "transform": _transform, "multiply": _multiply, "inverse": _inverse, "point": _point, "bin": _bin,
    "normalise": _normalise, "linear": _linear,
    "crop": lambda stage, params, x, y, fraction, formats: (Crop(radius=stage.radius), fraction),
    "tile": lambda stage, params, x, y, fraction, formats: (Tile(), fraction),
}  # fmt: skip
