"""Simulation of a block as the stand-alone core that `hadamac_hw.cores.flat` makes of it."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Shape
from amaranth.lib import data

from hadamac_hw.base.block import Block
from hadamac_hw.base.emit import emit
from hadamac_hw.cores.flat import FlatTop, bytes_of
from hadamac_hw.sim.beats import Beats
from hadamac_hw.sim.case import CaseResult, run_case

__all__ = ["Core", "words"]


def words(values, shape) -> list[int]:
    """Return numbers as the padded words of a stream of `shape`, each part extended to whole bytes."""
    if isinstance(shape, data.StructLayout):
        width = bytes_of(shape["re"].shape.width)
        mask = (1 << width) - 1
        values = np.asarray(values, dtype=complex).ravel()
        return [(int(z.real) & mask) | ((int(z.imag) & mask) << width) for z in values]
    if isinstance(shape, data.ArrayLayout):  # numbers (.., length)
        width = bytes_of(Shape.cast(shape.elem_shape).width)
        numbers = np.asarray(values).reshape(-1, shape.length).tolist()
        return [sum((int(v) & ((1 << width) - 1)) << (k * width) for k, v in enumerate(beat)) for beat in numbers]
    mask = (1 << bytes_of(Shape.cast(shape).width)) - 1
    return [int(v) & mask for v in np.asarray(values).ravel().tolist()]


class Core:
    """A block as a core, whose Verilog is emitted once.

    Parameters
    ----------
    block : Block
        A block with streams of frames ``i`` and ``o``.
    name : str
        Name of the Verilog module, which every message contains.
    """

    def __init__(self, block: Block, name: str):
        self.block, self.name = block, name
        top = FlatTop(block)
        self.verilog = emit(top, name)
        self.guard = int(top.guarded)

    def beats(self, frames, port, last=None, user=None) -> Beats:
        """Return frames (n, beats) as beats of the block's stream `port`; by default ``last`` is at their ends.

        Frames of beats that hold several numbers are (n, beats, numbers).
        """
        frames, shape = np.asarray(frames), port.payload.shape().members["data"]
        beats = frames.shape[1:-1] if isinstance(shape, data.ArrayLayout) else frames.shape[1:]
        return Beats.of(words(frames, shape), last, user, frame=None if last is not None else int(np.prod(beats)))

    def play(self, x, y, *, overflow=False, frame_error=False, input_last=None, user=None, expected_user=None,
             **options) -> dict[str, CaseResult]:
        """Send frames `x` (n, beats) and compare the frames that come out with `y`, and the two flags at the end.

        `input_last` marks the ends of frames where they are not those of `x`; `user` and `expected_user` are words
        (n, beats) for streams that have them; `options` are arguments of `run_case`.
        """
        complex_out = isinstance(self.block.o.payload.shape().members["data"], data.StructLayout)
        return run_case(
            self.verilog, self.name, input=self.beats(x, self.block.i, input_last, user),
            expected=self.beats(y, self.block.o, user=expected_user),
            lanes=1 + complex_out, final={"overflow": int(overflow), "frame_error": int(frame_error)}, **options,
        )

    def play_all(self, x, y, over, *, interval: float, latency: int | None = None, gap: int = 3, **options):
        """Simulate a block twice, as every block is tested.

        The first run has all frames under the whole stall matrix.  Latency (by default the block's own, and one cycle
        for a guard) and interval must be exact, and the overflow flag must end as the model says.  The second run has
        only the frames in which the model saturates nothing, with gaps between the frames and a reset in the middle of
        one; the flag must stay low.

        Parameters
        ----------
        x, y : frames (n, beats in), (n, beats out)
        over : bool (n,)
            The model's overflow flag of each frame.

        Returns
        -------
        dict of CaseResult
            Results of the first run.
        """
        x, y, over = np.asarray(x), np.asarray(y), np.asarray(over, dtype=bool)
        clean = ~over
        assert clean.sum() > 1, "the stimuli must hold two frames without overflow"
        latency = self.block.latency + self.guard if latency is None else latency
        results = self.play(x, y, overflow=over.any(), expected_latency=latency, expected_interval=interval, **options)
        per_frame = int(np.prod(x.shape[1:]))
        self.play(x[clean], y[clean], stalls=["none", "both"], frame_gap=gap, reset_after=per_frame + (per_frame + 1) // 2,
                  **options)
        return results
