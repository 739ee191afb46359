"""Word widths of a network and of single stages, and the rule by which calibration chooses formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ..errors import DescriptionError

__all__ = ["PRESETS", "RANGES", "Formats", "Widths"]

RANGES = {"width": (8, 17), "twiddle_width": (6, 18), "weight_width": (2, 16), "logit_width": (8, 32)}
"""Least and most bits, by the names of the attributes of `Formats`."""


def _check(what: str, name: str, value: object) -> None:
    """Raise DescriptionError for a width that is no integer in its range."""
    low, high = RANGES[name]
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise DescriptionError(f"{what} {name} must be an integer from {low} to {high}, not {value!r}")


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Widths of one stage that differ from those of its network.

    Attributes
    ----------
    width : int or None
        Bits of each part of a data word that the stage computes with; None for those of the network.
    weight_width : int or None
        Bits of a weight; None for those of the network.
    """

    width: int | None = None
    weight_width: int | None = None

    def given(self) -> dict[str, int]:
        """Return the widths that are not None, by their names."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        names = {"width": "words", "weight_width": "weights"}
        return ", ".join(f"{names[name]} of {value} bits" for name, value in self.given().items())


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
    stages : mapping of str to Widths, or to a mapping with their fields
        Widths of the stages, by their names, that have widths of their own.  Those that equal the network's are left
        out.
    """

    width: int = 16
    twiddle_width: int = 16
    weight_width: int = 8
    logit_width: int = 24
    calibrated: bool = False
    headroom: float = 2.0
    stages: Mapping[str, Widths] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name in RANGES:
            _check("Formats", name, getattr(self, name))
        number = isinstance(self.headroom, (int, float)) and not isinstance(self.headroom, bool)
        if not number or not 1 <= self.headroom < 1e6:
            raise DescriptionError(f"Formats headroom must be a number from 1 to 1e6, not {self.headroom!r}")
        own = {name: _differing(widths, self) for name, widths in _stages(self.stages).items()}
        object.__setattr__(self, "stages", {name: widths for name, widths in own.items() if widths.given()})

    def of(self, stage: str) -> Formats:
        """Return the formats of a stage, by its name: its own widths, or else those of the network."""
        own = self.stages.get(stage)
        return replace(self, stages={}, **own.given()) if own else replace(self, stages={}) if self.stages else self

    def changed(self, stage: str, **widths: int) -> Formats:
        """Return formats in which a stage has other widths."""
        own = self.stages.get(stage, Widths()).given() | widths
        return replace(self, stages={**self.stages, stage: Widths(**own)})

    def to_json(self) -> dict[str, Any]:
        """Return the fields as data for JSON; ``stages`` is left out if no stage has widths of its own."""
        out = {f.name: getattr(self, f.name) for f in fields(self)}
        own = {name: widths.given() for name, widths in out.pop("stages").items()}
        return out | ({"stages": own} if own else {})


def _stages(stages: object) -> dict[str, Widths]:
    """Return the widths of stages in the order of their names; raise DescriptionError for anything else."""
    if not isinstance(stages, Mapping):
        raise DescriptionError(f"Formats stages must be a mapping from names to widths, not {stages!r}")
    out = {}
    for name, given in sorted(stages.items()):
        if isinstance(given, Mapping):
            unknown = sorted(set(given) - {f.name for f in fields(Widths)})
            if unknown:
                raise DescriptionError(f"Formats of the stage {name} must be width and weight_width, "
                                       f"not {unknown[0]!r}")
            given = Widths(**given)
        if not isinstance(given, Widths):
            raise DescriptionError(f"Formats of the stage {name} must be widths, not {given!r}")
        for what, value in given.given().items():
            _check(f"Formats of the stage {name}:", what, value)
        out[name] = given
    return out


def _differing(widths: Widths, formats: Formats) -> Widths:
    """Return the widths of a stage that differ from those of its network."""
    return Widths(**{name: value for name, value in widths.given().items() if value != getattr(formats, name)})


PRESETS = {
    "default": Formats(calibrated=True),
    "halving": Formats(),
    "compact": Formats(width=10, twiddle_width=12, calibrated=True, headroom=1.25),
}
"""Named sets of formats."""
