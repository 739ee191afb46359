"""Steps of a network by their definition, in floats and with random weights: what liveness is tested against.

Shares no code with :mod:`hadamac.network.liveness`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hadamac.network.graph import Step

__all__ = ["evaluate", "frequencies", "graph_of", "reaches", "sources", "steps_of"]


def sources(steps, k: int) -> tuple[int, ...]:
    """Return the steps that step k takes from; -1 is the input."""
    return (k - 1,) if steps[k].sources is None else steps[k].sources


def reaches(steps, limit: int | None = None) -> list[int | None]:
    """Return the largest frequency that the input and what leaves each step can carry; None: every one.

    Crops, pads and bands made everything beyond it zero, of the input (``limit``) whoever gave it.
    """
    out = [limit]
    for k, step in enumerate(steps):
        given = [out[s + 1] for s in sources(steps, k)]
        most = None if None in given else max(given)
        if step.kind in ("transform", "inverse", "point", "tile", "linear"):
            most = None
        elif step.kind in ("crop", "pad", "band"):
            size = step.size if step.kind == "pad" else step.keeps
            most = (size - 1) // 2 if most is None else min(most, (size - 1) // 2)
        out.append(most)
    return out


def frequencies(n: int) -> np.ndarray:
    """max(|u|, |v|) of a half-spectrum's bins."""
    u = np.array([min(k, n - k) for k in range(n)])
    return np.maximum(u[:, None], np.arange(n // 2 + 1))


def moved(value, size: int, most: int) -> np.ndarray:
    """The bins |u|, |v| <= most of a half-spectrum among zeros of another size."""
    out = np.zeros((size, size // 2 + 1), dtype=complex)
    for u in range(-most, most + 1):
        out[u % size, : most + 1] = value[u % len(value), : most + 1]
    return out


def calculate(step, taken, r, most=None):
    """Return what leaves a step by its definition: maps real (N, N), spectra complex (N, N/2 + 1), weights at random.

    Bins beyond the frequency ``most`` are always zero, and no part of what is normalised.
    """
    value, n = taken[0], step.size
    half = (n, n // 2 + 1)
    if step.kind == "transform":
        return np.fft.rfft2(value)
    if step.kind == "inverse":
        return np.fft.irfft2(value, (n, n))
    if step.kind == "multiply":
        return value * (r.normal(size=half) + 1j * r.normal(size=half))
    if step.kind in ("crop", "pad"):
        return moved(value, step.keeps, (min(n, step.keeps) - 1) // 2)
    if step.kind == "band":
        return moved(value, n, step.keeps // 2)
    if step.kind == "bin":
        return np.arcsinh(value.real) + 1j * np.arcsinh(value.imag)  # odd, and never flat
    if step.kind == "normalise":
        there = frequencies(n) <= (n if most is None else most)
        bins = value[there]
        return np.where(there, (value - bins.mean()) / bins.std(), 0)
    if step.kind == "point":
        return (value + 0.3) ** 2
    if step.kind == "tile":
        return value.reshape(n // 2, 2, n // 2, 2).max((1, 3))
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
    """Steps by kind; ``crop4`` keeps 4, ``band3`` the frequencies up to 1."""
    out = []
    for name in kinds:
        kind = name.rstrip("0123456789")
        keeps = int(name[len(kind):] or 0)
        out.append(Step(kind, size, name, keeps=keeps))
        size = keeps if kind in ("crop", "pad") else size // 2 if kind == "tile" else size
    return out


def graph_of(*named, size=8):
    """Return steps by name, kind and the names of what they take; ``in`` is the input."""
    out, places, sizes = [], {"in": -1}, {"in": size}
    for name, kind, *taken in named:
        (step,) = steps_of(kind, size=sizes[taken[0]])
        assert len({sizes[t] for t in taken}) == 1
        places[name], keeps = len(out), step.keeps
        sizes[name] = keeps if step.kind in ("crop", "pad") else step.size // 2 if step.kind == "tile" else step.size
        out.append(replace(step, what=name, sources=tuple(places[t] for t in taken)))
    return out
