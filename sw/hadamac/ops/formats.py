"""Word widths, and the rule by which calibration chooses formats."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import DescriptionError

__all__ = ["PRESETS", "Formats"]


@dataclass(frozen=True, kw_only=True)
class Formats:
    """Word widths of a network and its calibration rule.

    Parameters
    ----------
    width, twiddle_width, weight_width, logit_width : int
        Bits of each part of a data word, of a twiddle and of a weight, and bits of a logit.
    calibrated : bool
        Whether calibration chooses in which radix-2 stages an FFT halves its values; otherwise all of them do.
    headroom : float
        Factor between the largest value of the calibration images and full scale.
    """

    width: int = 16
    twiddle_width: int = 16
    weight_width: int = 8
    logit_width: int = 24
    calibrated: bool = False
    headroom: float = 2.0

    def __post_init__(self) -> None:
        ranges = {"width": (10, 17), "twiddle_width": (6, 18), "weight_width": (2, 16), "logit_width": (8, 32)}
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise DescriptionError(f"Formats {name} must be an integer from {low} to {high}, not {value!r}")
        number = isinstance(self.headroom, (int, float)) and not isinstance(self.headroom, bool)
        if not number or not 1 <= self.headroom < 1e6:
            raise DescriptionError(f"Formats headroom must be a number from 1 to 1e6, not {self.headroom!r}")


PRESETS = {
    "default": Formats(calibrated=True),
    "halving": Formats(),
    "compact": Formats(width=10, twiddle_width=12, calibrated=True, headroom=1.25),
}
"""Named sets of formats."""
