"""Functions by a piecewise-linear table, of pixels or of the real and the imaginary part of bins."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ..errors import DescriptionError
from ..model.pwl.fitting import Function, fit
from ..model.pwl.table import Mirror, PwlTable
from ..model.words import check_words
from ..network.stage import Stage, orthonormal
from ..numeric import SQ
from .activation import Activation
from .base import Calibration, Params, Stored, Words
from .planned import Pipelined
from .weights import fraction_bits, peak

__all__ = ["Table"]

WORD = {"$ref": "#/$defs/word"}
_WORDS = {"type": "array", "items": WORD, "maxItems": 64}
_MIRROR = {"oneOf": [{"type": "null"}, {
    "type": "object", "additionalProperties": False, "required": ["kind", "word"],
    "properties": {"kind": {"enum": ["odd", "even"]}, "word": WORD}}]}
_TABLE = {
    "type": "object", "additionalProperties": False,
    "required": ["width", "breakpoints", "slopes", "offsets", "shift", "slope_width", "mirror"],
    "properties": {"width": WORD, "breakpoints": _WORDS, "slopes": _WORDS, "offsets": _WORDS, "shift": WORD,
                   "slope_width": WORD, "mirror": _MIRROR},
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Table(Activation, Pipelined):
    """Function ``f(x)`` of pixels, or ``P f(Re z / P) + j P f(Im z / P)`` of bins, by a table of linear segments.

    P is the smallest power of two whose square is at least the number of pixels of a map.
    """

    SCHEMA: ClassVar[dict[str, Any]] = {"table": _TABLE}
    plan: PwlTable

    @classmethod
    def value(cls, stage: Stage, params: Params, *x: np.ndarray) -> np.ndarray:
        """Return the exact function, without a table."""
        of = cls.layer(stage).exact.of
        if stage.kind == "point":
            return of(x[0])
        p = orthonormal(stage.size)
        return p * (of(np.real(x[0]) / p) + 1j * of(np.imag(x[0]) / p))

    @classmethod
    def quantise(cls, stage: Stage, given: Calibration) -> Self:
        """Return the function with a table that is fitted for the formats of its input and output."""
        layer, (fraction,), width = cls.layer(stage), given.fractions, given.formats.width
        out = fraction_bits(peak(given.output), given.formats) if given.output.any() else fraction
        function = layer.exact
        if stage.kind == "bin":
            p = orthonormal(stage.size)
            of = function.of
            function = Function(function.name, lambda v: p * of(v / p), centre=0.0)
        table = fit(function, segments=layer.segments, format=SQ(width - fraction, fraction),
                    output=SQ(width - out, out)).table
        return cls(stage=stage, formats=given.formats, fraction=out, plan=table)

    def apply(self, *x: np.ndarray) -> Words:
        """Return the words that the table gives; for bins it is applied to both parts."""
        if not np.iscomplexobj(x[0]):
            return self.plan.apply(x[0])
        re, over_re = self.plan.apply(np.real(x[0]))
        im, over_im = self.plan.apply(np.imag(x[0]))
        return re + 1j * im, over_re | over_im

    def run(self, *x: np.ndarray) -> Words:
        """Do the same as `apply`; raise DataError for words that do not fit the word width of the table."""
        return self.apply(check_words("Pwl", x[0], self.plan.width))

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return ``table``, which contains the words of the table."""
        return {"table": asdict(self.plan)}, {}

    @classmethod
    def fields(cls, stage: Stage, stored: Stored) -> dict[str, Any]:
        """Return the plan, which is the table of the artifact."""
        table = stored.facts["table"]
        plan = PwlTable(**table | {"mirror": Mirror(**table["mirror"]) if table["mirror"] else None})
        if plan.width != stored.formats.width:
            raise DescriptionError(f"Stage {stage.name} must have words of {stored.formats.width} bits, not "
                                   f"{plan.width}")
        return {"plan": plan}

    @property
    def multiplications(self) -> int:
        """Number of multiplications for an image: one for each pixel, or two for each bin."""
        return 2 * self.bins if self.stage.spectral else self.stage.channels * self.stage.pixels
