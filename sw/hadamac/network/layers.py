"""Layer descriptions: plain data (JSON in an artifact), without numbers or hardware.

A layer acts on *maps* (channels of N x N reals) or on *bins* (their half-spectra, unnormalised DFT); where the one
follows the other a transform stands between, which needs no layer (:mod:`hadamac.network.graph`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..checks import choice, integer, shown
from ..errors import DescriptionError
from ..model.pool import RULES
from ..model.pwl.fitting import FUNCTIONS

__all__ = ["Activation", "Dense", "LAYERS", "MaxPool", "Normalise", "Pad", "SIZES", "SpectralConv", "SpectralPool"]

SIZES = (4, 8, 16, 32, 64)
"""Transform sizes that a network may use; 64 is what the line buffers are sized for."""


@dataclass(frozen=True, kw_only=True)
class SpectralConv:
    """``Y[o,u,v] = sum_c W[o,c,u,v] X[c,u,v]`` plus ``bias[o] * N*N`` on the DC bin.

    Parameters
    ----------
    channels : int
        Output channels.
    kernel : int or None
        ``W`` is the DFT of a ``kernel`` x ``kernel`` real kernel, zero-padded to N x N with its centre tap at (0, 0):
        a circular convolution that does not move the map.  None: ``W`` is a free half-spectrum, Hermitian where a
        column holds a bin and its conjugate, as learned by Rippel, Snoek, Adams (NIPS 2015, section 5).
    band : int or None
        W is zero beyond ``|u|, |v| <= band``.
    real : bool
        Only the real part of W counts: a kernel that is even about its centre, two multipliers a product.

    The bias is in units of the map, so that it adds ``bias[o]`` to every pixel.
    """

    channels: int
    kernel: int | None = None
    band: int | None = None
    real: bool = False
    type: str = field(default="spectral_conv", init=False)

    def __post_init__(self):
        integer("SpectralConv channels", self.channels, 1, 256)
        if self.kernel is not None:
            integer("SpectralConv kernel", self.kernel, 1, 63)
            if self.kernel % 2 == 0:
                raise DescriptionError(f"SpectralConv kernel must be odd (it has a centre tap), not {self.kernel}")
        if self.band is not None:
            integer("SpectralConv band", self.band, 0, 31)
        choice("SpectralConv real", self.real, (False, True))


@dataclass(frozen=True, kw_only=True)
class SpectralPool:
    """Keep the bins with ``|u|, |v| < size/2``, scaled by ``(size/N)**2`` so that means survive.

    ``nyquist="zero"``: the Nyquist row and column of an even ``size`` are zero.  The other rules need bins that a
    network's circuit does not hold; :mod:`hadamac.model.nyquist` and its stand-alone core have them.
    """

    size: int
    nyquist: str = "zero"
    type: str = field(default="spectral_pool", init=False)

    def __post_init__(self):
        integer("SpectralPool size", self.size, 1, SIZES[-1])
        choice("SpectralPool nyquist", self.nyquist, RULES)
        if self.nyquist != "zero" and self.size % 2 == 0:
            raise DescriptionError(f"SpectralPool nyquist must be zero in a network, not {shown(self.nyquist)}: a "
                                   "network drops the Nyquist bins, because only then pooling commutes with every "
                                   "shift")


@dataclass(frozen=True, kw_only=True)
class Pad:
    """Put the bins among zeros of a ``size`` x ``size`` spectrum, scaled by ``(size/M)**2``: interpolation."""

    size: int
    type: str = field(default="pad", init=False)

    def __post_init__(self):
        integer("Pad size", self.size, 1, SIZES[-1])


SPATIAL = (*FUNCTIONS, "quadratic")
SPECTRAL = (*(name for name, f in FUNCTIONS.items() if f.centre == 0), "modrelu", "modulus")


@dataclass(frozen=True, kw_only=True)
class Activation:
    """A function of every pixel (``domain="space"``) or of every bin (``domain="bins"``).

    Parameters
    ----------
    function : str
        In space one of `hadamac.model.pwl.fitting.FUNCTIONS` or ``quadratic``: ``c0 + c1 x + c2 x**2`` with learned
        coefficients.  On bins: an odd function of the real and of the imaginary part apart (any other one would break
        the Hermitian symmetry of a real map's spectrum), ``modrelu`` (z max(0, |z| + b) / |z|, b <= 0 learned for
        each channel: Arjovsky, Shah, Bengio, ICML 2016, section 4.2) or ``modulus`` (|z|).
    domain : str
        ``space`` or ``bins``.
    segments : int
        Of the piecewise-linear table that stands for the function (its half, where it is symmetric).

    On bins the function sees ``z / P`` and its value is scaled back by P, the power of two not below the size: an
    orthonormal spectrum has the magnitude of its map.
    """

    function: str = "relu"
    domain: str = "space"
    segments: int = 16
    type: str = field(default="activation", init=False)

    def __post_init__(self):
        choice("Activation domain", self.domain, ("space", "bins"))
        if self.domain == "bins" and self.function in SPATIAL and self.function not in SPECTRAL:
            raise DescriptionError(
                f"Activation function on bins must be odd ({', '.join(SPECTRAL[:-2])}) or act on the magnitude "
                f"(modrelu, modulus), not {shown(self.function)}: X(-u,-v) = conj X(u,v) would no longer hold, and the "
                "map not be real"
            )
        choice("Activation function", self.function, SPATIAL if self.domain == "space" else SPECTRAL)
        integer("Activation segments", self.segments, 2, 64)


@dataclass(frozen=True, kw_only=True)
class Normalise:
    """Each channel by its mean and standard deviation.

    Parameters
    ----------
    over : str
        ``bins``: ``P (z - mean) / deviation`` over the channel's bins, P as of `Activation` (the form that goes before
        a spectral activation; bins that a pool, pad or band limit made zero are not among them); ``map``: the map less
        its mean, over its deviation (times P/N where N is no power of two), which acts on the spectrum as DC = 0 and a
        gain (Parseval).
    statistics : str
        ``frame``: of each frame, at run time; ``frozen``: learned constants, folded into the SpectralConv before it,
        which only statistics of the map can be (a mean of bins would be a bias on every bin).
    correction : int
        What the variance's divisor is less than the number n of values, as torch and the array API name it: 0, or 1 for
        the sample's deviation, whose variance divides by n - 1, as ``std`` of MATLAB and torch does unless told, and
        NumPy's with ``ddof=1``.  It needs two values: pixels, or bins that no pool, pad or band limit made zero.

    In words of 16 bits a frame's statistics are of maps up to 32 x 32, and a deviation below half an LSB counts as that
    (`hadamac.model.normalise.NormalisePlan`).
    """

    over: str = "bins"
    statistics: str = "frame"
    correction: int = 0
    type: str = field(default="normalise", init=False)

    def __post_init__(self):
        choice("Normalise over", self.over, ("bins", "map"))
        choice("Normalise statistics", self.statistics, ("frame", "frozen"))
        if self.statistics == "frozen" and self.over == "bins":
            raise DescriptionError("Normalise over must be map where statistics are frozen, not 'bins': a mean of bins "
                                   "is a constant on every bin, and a SpectralConv has a bias on the DC bin only")
        integer("Normalise correction", self.correction, 0, 1)
        if self.statistics == "frozen" and self.correction:
            raise DescriptionError("Normalise correction must be 0 where statistics are frozen, not 1: a learned "
                                   "deviation is used as it is")


@dataclass(frozen=True, kw_only=True)
class MaxPool:
    """Maximum of each 2 x 2 tile of a map: what spectral pooling is compared with."""

    type: str = field(default="max_pool", init=False)


@dataclass(frozen=True, kw_only=True)
class Dense:
    """``logits[k] = bias[k] + sum weight[k,c,y,x] map[c,y,x]``, or over the real and imaginary parts of bins.

    Behind an activation in space it acts on the map; an FFT between would be linear, and be folded into its weights.
    """

    outputs: int
    type: str = field(default="dense", init=False)

    def __post_init__(self):
        integer("Dense outputs", self.outputs, 2, 256)


LAYERS = {cls.__dataclass_fields__["type"].default: cls for cls in (
    SpectralConv, SpectralPool, Pad, Activation, Normalise, MaxPool, Dense)}
