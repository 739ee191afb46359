"""Cycle counts of normalisation at run time; those of its parts: :mod:`hadamac.timing`."""

from __future__ import annotations

from .model.normalise import OPERAND, NormalisePlan
from .numeric import Requantise, Rescale
from .timing import GATE, MULTIPLIER, RAM, SUM, requantise, rescale, rsqrt

__all__ = ["TOTAL", "VARIANCE", "buffer", "centre", "interval", "narrow", "pipeline", "release", "statistics"]

TOTAL = 3
"""Last summand to total: its low half, its high half, capture."""
VARIANCE = {"bins": 11, "map": 7}
"""Steps, one a cycle, that give K S2 - S1**2 or K S2: products; after each digit but the last a wait and a shift."""


def statistics(plan: NormalisePlan) -> int:
    """A channel's last beat to its scale: square, add, sum, the steps and their pipeline, reciprocal root."""
    return GATE + MULTIPLIER + SUM + TOTAL + VARIANCE[plan.over] + MULTIPLIER + 5 + rsqrt(plan.rsqrt.width)


def release() -> int:
    """From a scale's use to the next channel's last beat: so long the sum it needs must not change."""
    return RAM + MULTIPLIER - TOTAL - GATE + 1


def interval(plan: NormalisePlan) -> int:
    """Cycles a channel: its bins, or its statistics where they take longer."""
    return max(plan.bins, statistics(plan) + release())


def buffer(plan: NormalisePlan) -> int:
    """Words of the buffer: a channel, what comes while its statistics end, and three until a full buffer is seen."""
    return plan.bins + min(plan.bins, statistics(plan)) + 3


def centre(plan: NormalisePlan) -> int:
    """Read, multiply, subtract."""
    return RAM + MULTIPLIER + (SUM if plan.over == "bins" else 0)


def narrow(plan: NormalisePlan) -> int:
    """Two bits of the shift a cycle, one to round, one to saturate."""
    return rescale(Rescale(0, (1 << plan.rsqrt.exponent_bits) - 1, OPERAND))


def pipeline(plan: NormalisePlan) -> int:
    """Centre, narrow, multiply, requantise."""
    final = Requantise(plan.drop, plan.width, True)
    return centre(plan) + narrow(plan) + MULTIPLIER + requantise(final)
