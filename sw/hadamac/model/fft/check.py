"""What every FFT refuses: parameters of a plan, and what its frames are given."""

from __future__ import annotations

from operator import index

import numpy as np

from ...errors import DescriptionError

__all__ = ["check_frames", "check_inverse", "check_order", "check_parameters", "given_plan"]


def check_parameters(plan, scalings: tuple, ranges: dict) -> None:
    """Refuse what no FFT can do; fill in a schedule that was not told: ones, or zeros where there is none."""
    n = plan.size
    if isinstance(n, bool) or not isinstance(n, int) or not 4 <= n <= 4096 or n & (n - 1):
        raise DescriptionError(f"FFT size must be a power of two from 4 to 4096, not {n!r}")
    if plan.scaling not in scalings:
        raise DescriptionError(
            f"FFT scaling must be {', '.join(scalings[:-1])} or {scalings[-1]}, not {plan.scaling!r}")
    for name, (low, high) in ranges.items():
        value = getattr(plan, name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise DescriptionError(f"FFT {name} must be an integer from {low} to {high}, not {value!r}")
    scheduled = plan.scaling == "schedule"
    schedule = (int(scheduled),) * plan.stages
    if plan.schedule is not None:
        rule = DescriptionError(
            f"FFT schedule must be {plan.stages} shifts of 0 or 1 (log2 {n}), not {plan.schedule!r}")
        try:
            schedule = tuple(index(s) for s in plan.schedule)
        except TypeError:
            raise rule from None
        if len(schedule) != plan.stages or any(s not in (0, 1) for s in schedule):
            raise rule
    if not scheduled and any(schedule):
        raise DescriptionError(f"FFT scaling {plan.scaling!r} takes no schedule, not {plan.schedule!r}")
    object.__setattr__(plan, "schedule", schedule)


def check_frames(name: str, values, plan, lead: tuple, *, axis: tuple = (), most: int):
    """What each frame loads, (..., *axis): integers from 0 to ``most`` if scaling is run-time, else nothing."""
    if plan.scaling != "run-time":
        if values is not None:
            raise DescriptionError(f"FFT frames have no {name} where scaling is {plan.scaling}")
        return None
    if values is None:
        raise DescriptionError(f"FFT frames must each have {'an' if name[0] in 'aeiou' else 'a'} {name} where scaling "
                               "is run-time")
    values = np.asarray(values)
    try:
        values = np.broadcast_to(values, (*lead, *axis))
    except ValueError:
        raise DescriptionError(f"FFT {name} of frames {lead} must have the shape {(*lead, *axis)}, not {values.shape}"
                               ) from None
    if values.size and not ((values == np.rint(values)) & (values >= 0) & (values <= most)).all():
        raise DescriptionError(f"FFT {name} must be integers from 0 to {most}, not {values.min()} .. {values.max()}")
    return values


def check_inverse(inverse, lead: tuple) -> np.ndarray:
    """Direction of each frame, bool (..., 1)."""
    inverse = np.asarray(inverse, dtype=bool)
    try:
        return np.broadcast_to(inverse, lead)[..., None]
    except ValueError:
        raise DescriptionError(f"FFT inverse must be one for all frames {lead}, or of that shape, not {inverse.shape}"
                               ) from None


def given_plan(name: str, kind: type, plan, parameters: dict):
    """The plan that a component called ``name`` was given, or the one that its parameters make."""
    if plan is None:
        return kind(**parameters)
    if parameters:
        raise DescriptionError(f"{name} takes a plan or parameters, not both")
    if not isinstance(plan, kind):
        raise DescriptionError(f"{name} plan must be {'an' if kind.__name__[0] in 'FI' else 'a'} {kind.__name__}, "
                               f"not {plan!r}")
    return plan


def check_order(order: str, orders: tuple[str, ...]) -> None:
    """Refuse an order of bins that there is not."""
    if order not in orders:
        raise DescriptionError(f"Fft order must be {', '.join(orders[:-1])} or {orders[-1]}, not {order!r}")
