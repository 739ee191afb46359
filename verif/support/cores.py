"""Plays a block as the stand-alone core that `hadamac_hw.flat` makes of it."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Shape
from amaranth.lib import data
from bench.beats import Beats
from bench.case import CaseResult, run_case
from hadamac_hw.emit import emit
from hadamac_hw.flat import FlatTop, bytes_of

__all__ = ["words", "beats", "play", "play_both"]


def words(values, shape) -> list[int]:
    """Numbers as the padded words of a stream of `shape`: every part extended to whole bytes."""
    if isinstance(shape, data.StructLayout):
        width = bytes_of(shape["re"].shape.width)
        mask = (1 << width) - 1
        values = np.asarray(values, dtype=complex).ravel()
        return [(int(z.real) & mask) | ((int(z.imag) & mask) << width) for z in values]
    mask = (1 << bytes_of(Shape.cast(shape).width)) - 1
    return [int(v) & mask for v in np.asarray(values).ravel().tolist()]


def beats(frames, port, last=None) -> Beats:
    """Frames (n, beats) for the stream `port` of a block; `last` where it is not that of whole frames."""
    frames = np.asarray(frames)
    length = None if last is not None else int(np.prod(frames.shape[1:]))
    return Beats.of(words(frames, port.payload.shape().members["data"]), last, frame=length)


def play(block, x, y, *, name: str, overflow: int = 0, frame_error: int = 0, input_last=None,
         **options) -> dict[str, CaseResult]:
    """Send frames `x`, expect frames `y` and the two sticky flags; `options` go to `run_case`."""
    complex_out = isinstance(block.o.payload.shape().members["data"], data.StructLayout)
    return run_case(
        emit(FlatTop(block), name), name, input=beats(x, block.i, input_last), expected=beats(y, block.o), lanes=1 + complex_out,
        final={"overflow": int(overflow), "frame_error": frame_error}, **options,
    )


def play_both(block, x, y, over, *, name: str, latency: int, interval: float, gap: int = 3, **options):
    """The two runs that every block goes through.

    First all frames under the whole stall matrix, with the exact latency and interval; the overflow flag must end
    as the model says.  Then only the frames in which the model saturates nothing, with gaps between frames and a
    reset in mid frame: the flag must stay low.

    Parameters
    ----------
    x, y : frames (n, beats in), (n, beats out)
    over : bool (n,)
        The model's overflow flag of each frame; both values must occur where `x` was made to saturate.
    """
    over = np.asarray(over, dtype=bool)
    results = play(block, x, y, name=name, overflow=over.any(), expected_latency=latency, expected_interval=interval,
                   **options)
    clean = ~over
    assert clean.any(), "the stimuli must hold a frame without overflow"
    per_frame = int(np.prod(np.shape(x)[1:]))
    play(block, np.asarray(x)[clean], np.asarray(y)[clean], name=name, stalls=["none", "both"], frame_gap=gap,
         reset_after=per_frame + max(1, per_frame // 2 - 1) if clean.sum() > 1 else max(1, per_frame // 2), **options)
    return results
