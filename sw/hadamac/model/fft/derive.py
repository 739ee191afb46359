"""Widths and rounding rules of a streaming FFT's steps, derived stage by stage.

The proof of the widths is a bound on the complex modulus of a word, which is carried along: butterflies double it, a
shift of the schedule halves it (in units of the scheduled LSB), a product adds the error of its operand, of its
twiddle and of its rounding.  A twiddle rotates, so one component of a word can reach the modulus.
"""

from __future__ import annotations

from typing import Protocol

from ...numeric import Requantise, Rescale
from .steps import Butterfly, Twiddle, bits_of, exponents

__all__ = ["Parameters", "derive"]


class Parameters(Protocol):
    """The parameters of a :class:`hadamac.model.fft.plan.FftPlan`, which its steps are derived from."""

    @property
    def size(self) -> int:
        """Points of the transform."""
        ...

    @property
    def width(self) -> int:
        """Bits of a part of a sample."""
        ...

    @property
    def out_width(self) -> int:
        """Bits of a part of a bin."""
        ...

    @property
    def operand_width(self) -> int:
        """Bits of a multiplier's operand."""
        ...

    @property
    def twiddle_width(self) -> int:
        """Bits of a part of a twiddle."""
        ...

    @property
    def guard(self) -> int:
        """Fraction bits below the scheduled LSB after a product."""
        ...

    @property
    def scaling(self) -> str:
        """One of `hadamac.model.fft.plan.SCALINGS`."""
        ...

    @property
    def stages(self) -> int:
        """Radix-2 stages."""
        ...

    @property
    def schedule(self) -> tuple[int, ...]:
        """A shift of 0 or 1 for each radix-2 stage."""
        ...


def derive(plan: Parameters) -> tuple[tuple[Butterfly | Twiddle, ...], Requantise | Rescale]:
    """Return ``(steps, output)``: the steps of a plan's pipeline in order, and the rule of its output."""
    steps: list[Butterfly | Twiddle] = []
    # Of a word: its bits, its fraction bits below the scheduled LSB, its modulus in scheduled LSBs at most.
    width, fraction, modulus = plan.width, 0, 2.0**0.5 * 2.0 ** (plan.width - 1)
    schedule = list(plan.schedule)
    block = plan.size
    while block > 1:
        radix = 1 if (block.bit_length() - 1) % 2 else 2
        for k in range(radix):
            steps.append(Butterfly(block >> (k + 1), k == 1, width))
            shift = schedule.pop(0)
            width, fraction, modulus = width + 1, fraction + shift, modulus * 2.0 ** (1 - shift)
        if block >> radix == 1:
            break
        in_width, low, most = width, 0, 0
        if plan.scaling == "schedule":
            operand, modulus = _scheduled(plan, fraction, modulus)
        elif width <= plan.operand_width or block == plan.size and width < 2 * plan.operand_width:
            operand, low = Requantise(0, width, False), max(0, width - plan.operand_width)
        else:
            operand, most = Requantise(0, plan.operand_width, False), width - (plan.operand_width - 1)
            modulus += 2.0 ** (most - fraction)
        kept = fraction - operand.drop
        modulus = modulus * (1 + 2.0 ** (2 - plan.twiddle_width)) + 2.0 ** (most - plan.guard)
        drop = kept + plan.twiddle_width - 2 - plan.guard
        fraction, width = plan.guard, bits_of(modulus) + plan.guard
        # A mantissa's parts are at most 2**(operand.width - 2), those of its product sqrt(2) times that.
        product = Requantise(drop, operand.width + plan.guard - kept if most else width, False)
        steps.append(Twiddle(block, exponents(block, radix), in_width, operand, product, most, low, width))
        block >>= radix
    return tuple(steps), _output(plan, width, fraction, modulus)


def _scheduled(plan: Parameters, fraction: int, modulus: float) -> tuple[Requantise, float]:
    """Return ``(operand, modulus)`` of a product after stages with a fixed schedule.

    All samples share one rule.  The operand may saturate, except where every stage halves.
    """
    integer = bits_of(modulus)
    if not all(plan.schedule):
        integer = min(max(plan.width, plan.out_width) + 1, integer)
    keep = min(fraction, plan.operand_width - integer)
    operand = Requantise(fraction - keep, integer + keep, bits_of(modulus) > integer)
    if operand.saturates:
        modulus = 2.0**0.5 * 2.0 ** (integer - 1)
    return operand, modulus + 2.0**-keep


def _output(plan: Parameters, width: int, fraction: int, modulus: float) -> Requantise | Rescale:
    """Return the rule by which the last stage's words, of ``width`` bits, become the output."""
    # A word that just fits may still round up to one that does not: (1/4)(127 + 127 + 128 + 128).
    if plan.scaling == "schedule":
        return Requantise(fraction, plan.out_width, width - fraction + (fraction > 1) > plan.out_width)
    if plan.scaling == "full":
        return Requantise(fraction, plan.out_width, bits_of(modulus + 0.5) > plan.out_width)
    most = plan.stages if plan.scaling == "run-time" else max(0, width - fraction - plan.out_width)
    return Rescale(fraction, most, plan.out_width)
