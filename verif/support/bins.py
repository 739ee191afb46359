"""Steps of a network by their definition, in floats and with random weights: what liveness is tested against.

Shares no code with :mod:`hadamac.network.liveness`.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from hadamac.network.graph import Step
from hadamac.shapes import as_pair

__all__ = ["evaluate", "graph_of", "reaches", "sources", "steps_of", "within"]


def sources(steps, k: int) -> tuple[int, ...]:
    """Return the steps that step k takes from; -1 is the input."""
    return (k - 1,) if steps[k].sources is None else steps[k].sources


def reaches(steps, limit=None) -> list[tuple[int, int] | None]:
    """Return the largest frequencies (u, v) that the input and what leaves each step can carry; None: every one.

    Crops, pads and bands made everything beyond it zero, of the input (``limit``) whoever gave it.
    """
    out = [limit]
    for k, step in enumerate(steps):
        given = [out[s + 1] for s in sources(steps, k)]
        most = None if None in given else tuple(map(max, zip(*given)))
        if step.kind in ("transform", "inverse", "mix", "point", "tile", "canvas", "linear"):
            most = None
        elif step.kind in ("crop", "pad", "band"):
            size = step.size if step.kind == "pad" else step.keeps
            mine = tuple((n - 1) // 2 for n in size)
            most = mine if most is None else tuple(map(min, zip(most, mine)))
        out.append(most)
    return out


def within(size, most) -> np.ndarray:
    """Whether a half-spectrum's bins have frequencies of at most ``most`` (u, v)."""
    rows, columns = size
    u = np.array([min(k, rows - k) for k in range(rows)])
    return (u <= most[0])[:, None] & (np.arange(columns // 2 + 1) <= most[1])


def moved(value, size, most) -> np.ndarray:
    """The bins |u|, |v| <= most of a half-spectrum among zeros of another size."""
    (rows, columns), (r, s) = size, most
    out = np.zeros((rows, columns // 2 + 1), dtype=complex)
    for u in range(-r, r + 1):
        out[u % rows, : s + 1] = value[u % len(value), : s + 1]
    return out


def calculate(step, taken, r, most=None):
    """Return what leaves a step by its definition: maps real (H, W), spectra complex (H, W/2 + 1), weights at random.

    Bins beyond the frequency ``most`` are always zero, and no part of what is normalised.
    """
    value, (rows, columns) = taken[0], step.size
    half = (rows, columns // 2 + 1)
    if step.kind == "transform":
        return np.fft.rfft2(value)
    if step.kind == "inverse":
        return np.fft.irfft2(value, (rows, columns))
    if step.kind == "multiply":
        return value * (r.normal(size=half) + 1j * r.normal(size=half))
    if step.kind in ("crop", "pad"):
        return moved(value, step.keeps, tuple((min(n, k) - 1) // 2 for n, k in zip(step.size, step.keeps)))
    if step.kind == "band":
        return moved(value, step.size, tuple(k // 2 for k in step.keeps))
    if step.kind == "bin":
        return np.arcsinh(value.real) + 1j * np.arcsinh(value.imag)  # odd, and never flat
    if step.kind == "normalise":
        there = within(step.size, step.size if most is None else most)
        bins = value[there]
        return np.where(there, (value - bins.mean()) / bins.std(), 0)
    if step.kind == "mix":
        return value * r.normal() + 0.1
    if step.kind == "point":
        return (value + 0.3) ** 2
    if step.kind == "tile":
        return value.reshape(rows // 2, 2, columns // 2, 2).max((1, 3))
    if step.kind == "canvas":  # all pixels but the last row and column that both have
        kept = tuple(slice(min(n, k) - 1) for n, k in zip(step.size, step.keeps))
        out = np.zeros(step.keeps)
        out[kept] = value[kept]
        return out
    if step.kind == "join":
        return np.sum(taken, 0)
    return np.array([(w * value.view(float)).sum() for w in r.normal(size=(7, *value.view(float).shape))])


def evaluate(steps, value, seed, limit=None, change=None):
    """Return the input and what leaves every step; ``change(k, n, x)`` gives what step k takes as its n-th instead."""
    results, most = [value], reaches(steps, limit)
    for k, step in enumerate(steps):
        taken = [results[s + 1] for s in sources(steps, k)]
        if change is not None:
            taken = [change(k, n, x) for n, x in enumerate(taken)]
        results.append(calculate(step, taken, np.random.default_rng([seed, k]), most[sources(steps, k)[0] + 1]))
    return results


def steps_of(*kinds, size=8):
    """Steps by kind; ``crop4`` keeps 4, ``crop4x6`` 4 rows and 6 columns, ``band3`` the frequencies up to 1."""
    out = []
    for name in kinds:
        kind = re.split(r"\d", name)[0]
        numbers = [int(n) for n in name[len(kind):].split("x") if n] or [0]
        step = Step(kind, size, name, keeps=(numbers[0], numbers[-1]))
        out.append(step)
        size = step.keeps if kind in ("crop", "pad", "canvas") else tuple(n // 2 for n in step.size) if kind == "tile" else size
    return out


def graph_of(*named, size=8):
    """Return steps by name, kind and the names of what they take; ``in`` is the input."""
    out, places, sizes = [], {"in": -1}, {"in": as_pair(size)}
    for name, kind, *taken in named:
        (step,) = steps_of(kind, size=sizes[taken[0]])
        assert len({sizes[t] for t in taken}) == 1
        places[name], keeps = len(out), step.keeps
        halved = tuple(n // 2 for n in step.size)
        sizes[name] = keeps if step.kind in ("crop", "pad", "canvas") else halved if step.kind == "tile" else step.size
        out.append(replace(step, what=name, sources=tuple(places[t] for t in taken)))
    return out
