"""Proven bound on what an FFT loses inside, before its output is rounded.

Formula
-------
A product turns an error, and a butterfly at most doubles it; a shift of the schedule halves it.  Each of these adds
to it, as a modulus:

========================================  =====================================================================
an operand rounded to multiples of ``q``  ``q / sqrt 2`` (half of one in each part)
a twiddle of ``t`` bits                   ``2**(2 - t) / sqrt 2`` times the modulus that the operand can have
a product rounded to multiples of ``q``   ``q / sqrt 2``
========================================  =====================================================================

So a part of the output is within half an LSB and this bound of the exact result, except where it is clipped; and it
saturates only where the exact result is that near to the format's end, or beyond.
"""

from __future__ import annotations

from .iterative import IterativePlan
from .plan import FftPlan
from .steps import Butterfly

__all__ = ["error_bound"]

_HALF = 0.5**0.5
"""Modulus of half a unit in both parts."""


def error_bound(plan: FftPlan | IterativePlan) -> float:
    """Return the bound for frames in which nothing saturates inside.

    It is in LSB of the output at the plan's scale; with a block exponent or a loaded schedule, at scale 1.
    """
    modulus, turned = 2.0**0.5 * 2.0 ** (plan.width - 1), _HALF * 2.0 ** (2 - plan.twiddle_width)
    return _passes(plan, modulus, turned) if isinstance(plan, IterativePlan) else _stages(plan, modulus, turned)


def _stages(plan: FftPlan, modulus: float, turned: float) -> float:
    """Return the bound of a streaming FFT, stage by stage.

    ``modulus`` is the largest of an input word; ``turned`` is the error of a twiddle relative to its operand.
    """
    error, fraction, schedule = 0.0, 0, list(plan.schedule)
    for step in plan.steps:
        if isinstance(step, Butterfly):
            shift = schedule.pop(0)
            fraction += shift
            error, modulus = (v * 2.0 ** (1 - shift) for v in (error, modulus))
        else:
            drop = step.operand.drop or step.most
            if drop:
                error += _HALF * 2.0 ** (drop - fraction)
            error += turned * (modulus + error) + _HALF * 2.0 ** (step.most - plan.guard)
            fraction = plan.guard
    return error


def _passes(plan: IterativePlan, modulus: float, turned: float) -> float:
    """Return the bound of an iterative FFT, pass by pass; the arguments are those of :func:`_stages`."""
    error, unit = 0.0, 2.0**-plan.guard
    for k, shift in enumerate(plan.schedule):
        error, modulus = (v * 2.0 ** (1 - shift) for v in (error, modulus))
        if k < plan.stages - 1:
            error += _HALF * unit * 2.0 ** (plan.operand.drop - 1)
            error += turned * (modulus + error)
        error += _HALF * unit
    return error
