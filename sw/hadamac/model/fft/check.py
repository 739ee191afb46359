"""Refusals that all FFTs share: of parameters of a plan, and of what a plan is given with each frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import index
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ...checks import integer
from ...errors import DescriptionError

__all__ = ["check_frames", "check_inverse", "check_order", "check_scaling", "check_schedule", "check_size",
           "given_plan"]

P = TypeVar("P")


def check_size(size: int) -> None:
    """Raise DescriptionError unless ``size`` is a number of points that an FFT may have."""
    if isinstance(size, bool) or not isinstance(size, int) or not 4 <= size <= 4096 or size & (size - 1):
        raise DescriptionError(f"FFT size must be a power of two from 4 to 4096, not {size!r}")


def check_widths(out_width: int, twiddle_width: int, guard: int, operand_width: int, *, widest: int) -> None:
    """Raise DescriptionError unless an FFT's widths are in range; a word that leaves has at most ``widest`` bits."""
    integer("FFT out_width", out_width, 4, widest)
    integer("FFT twiddle_width", twiddle_width, 6, 18)
    integer("FFT guard", guard, 0, 8)
    integer("FFT operand_width", operand_width, 8, 18)


def check_scaling(scaling: str, scalings: tuple[str, ...]) -> None:
    """Raise DescriptionError unless ``scaling`` is one of an FFT's ``scalings``."""
    if scaling not in scalings:
        raise DescriptionError(f"FFT scaling must be {', '.join(scalings[:-1])} or {scalings[-1]}, not {scaling!r}")


def check_schedule(schedule: Iterable[int] | None, size: int, scaling: str) -> tuple[int, ...]:
    """Return a plan's shifts, one for each radix-2 stage; the default is ones, or zeros if no schedule is fixed.

    Raise DescriptionError for anything but log2 N zeros and ones, and for ones where no schedule is fixed.
    """
    stages, scheduled = size.bit_length() - 1, scaling == "schedule"
    if schedule is None:
        return (int(scheduled),) * stages
    rule = DescriptionError(f"FFT schedule must be {stages} shifts of 0 or 1 (log2 {size}), not {schedule!r}")
    try:
        shifts = tuple(index(s) for s in schedule)
    except TypeError:
        raise rule from None
    if len(shifts) != stages or any(s not in (0, 1) for s in shifts):
        raise rule
    if not scheduled and any(shifts):
        raise DescriptionError(f"FFT scaling {scaling!r} takes no schedule, not {schedule!r}")
    return shifts


def check_frames(name: str, values: ArrayLike | None, scaling: str, lead: tuple[int, ...], *,
                 axis: tuple[int, ...] = (), most: int) -> np.ndarray | None:
    """Return what each frame loads, (..., *axis): integers from 0 to ``most``, if ``scaling`` is run-time.

    With any other scaling frames load nothing: return None, and raise DescriptionError if there are ``values``.
    """
    if scaling != "run-time":
        if values is not None:
            raise DescriptionError(f"FFT frames have no {name} where scaling is {scaling}")
        return None
    if values is None:
        raise DescriptionError(f"FFT frames must each have {'an' if name[0] in 'aeiou' else 'a'} {name} where scaling "
                               "is run-time")
    given = np.asarray(values)
    try:
        loaded = np.broadcast_to(given, (*lead, *axis))
    except ValueError:
        raise DescriptionError(f"FFT {name} of frames {lead} must have the shape {(*lead, *axis)}, not {given.shape}"
                               ) from None
    if loaded.size and not ((loaded == np.rint(loaded)) & (loaded >= 0) & (loaded <= most)).all():
        raise DescriptionError(f"FFT {name} must be integers from 0 to {most}, not {loaded.min()} .. {loaded.max()}")
    return loaded


def check_inverse(inverse: ArrayLike, lead: tuple[int, ...]) -> np.ndarray:
    """Return the direction of each frame, bool (..., 1), from one for all frames or one for each."""
    given = np.asarray(inverse, dtype=bool)
    try:
        return np.broadcast_to(given, lead)[..., None]
    except ValueError:
        raise DescriptionError(f"FFT inverse must be one for all frames {lead}, or of that shape, not {given.shape}"
                               ) from None


def given_plan(name: str, kind: type[P], plan: P | None, parameters: Mapping[str, Any]) -> P:
    """Return the plan that a component called ``name`` was given, or the one that its parameters make."""
    if plan is None:
        return kind(**parameters)
    if parameters:
        raise DescriptionError(f"{name} takes a plan or parameters, not both")
    if not isinstance(plan, kind):
        raise DescriptionError(f"{name} plan must be {'an' if kind.__name__[0] in 'FI' else 'a'} {kind.__name__}, "
                               f"not {plan!r}")
    return plan


def check_order(order: str, orders: tuple[str, ...]) -> None:
    """Raise DescriptionError unless ``order`` is one of the ``orders`` of bins."""
    if order not in orders:
        raise DescriptionError(f"Fft order must be {', '.join(orders[:-1])} or {orders[-1]}, not {order!r}")
