"""Number formats on the command line: the options that choose them, and their meaning."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from hadamac.errors import DescriptionError
from hadamac.ops.formats import Widths
from hadamac.quantised import PRESETS, Formats

__all__ = ["PRESET_HELP", "StageOption", "WeightsOption", "WordsOption", "formats_of"]

PRESET_HELP = f"Number formats: {', '.join(PRESETS)}."
WordsOption = Annotated[int | None, typer.Option(
    "--word-width", show_default="that of the preset", help="Bits of a data word, from 8 to 17.")]
WeightsOption = Annotated[int | None, typer.Option(
    "--weight-width", show_default="that of the preset", help="Bits of a weight, from 2 to 16.")]
StageOption = Annotated[list[str] | None, typer.Option(
    "--stage", metavar="NAME:WIDTHS", show_default=False,
    help="Widths of one stage, for example hadamard0:weights=4 or relu0:words=12. Names are those of `hadamac "
    "estimate`. The option may be given several times.")]
_NAMES = {"words": "width", "weights": "weight_width"}
"""Attributes of a stage's widths by their names on the command line."""


def formats_of(preset: str, width: int | None, weight_width: int | None, stages: list[str] | None = None) -> Formats:
    """Return the formats of a preset, with other words, other weights and widths of stages if these are given."""
    if preset not in PRESETS:
        raise DescriptionError(f"Preset must be one of {', '.join(PRESETS)}, not {preset!r}")
    given = {"width": width, "weight_width": weight_width}
    formats = replace(PRESETS[preset], **{name: bits for name, bits in given.items() if bits is not None})
    own: dict[str, Widths] = {}
    for text in stages or ():
        name, widths = _widths(text)
        own[name] = Widths(**own.get(name, Widths()).given() | widths)
    return replace(formats, stages=own)


def _widths(text: str) -> tuple[str, dict[str, int]]:
    """Return the name and the widths of a stage that are written as ``NAME:words=BITS,weights=BITS``."""
    name, _, given = text.partition(":")
    widths = {}
    for part in given.split(","):
        what, _, bits = part.strip().partition("=")
        if not name or what not in _NAMES or not bits.isascii() or not bits.isdigit() or len(bits) > 4:
            raise DescriptionError("Stage must be written NAME:words=BITS,weights=BITS, for example "
                                   f"hadamard0:weights=4, not {text!r}")
        widths[_NAMES[what]] = int(bits)
    return name, widths
