"""Base class of blocks, which declares everything that can be known of a block before simulation.

A *block* turns frames of beats on its input streams into frames on its output streams.  The network, the stand-alone
cores, the manifest of the Verilog library and the tests read the attributes and members that are declared here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amaranth.lib import stream, wiring

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Block", "Example"]


class Block(wiring.Component):
    """Circuit with streams of frames.

    Attributes
    ----------
    plan
        Plan of the block's arithmetic, which the bit-exact model and the estimate use too; None if the block has none.
    frame : (int, int) or ((int, ...), int) or None
        Number of beats of a frame in and out.  A block with several input streams states the number for each of them:
        ``((beats on i0, beats on i1, ..), beats out)``.  None for a block that does not count beats.
    interval : int or None
        Cycles from one frame to the next if neither side waits; None for a block that passes a beat a cycle.
    latency : int
        Cycles from the first beat in to the first beat out of a frame without gaps; 0 is combinational.  The frames of
        several input streams are meant to begin in the same cycle.
    multipliers : int
        Number of real multipliers.

    Members
    -------
    i, o : streams of frames
        The input and the output.  If a block has several inputs or outputs, they are called ``i0``, ``i1``, .. or
        ``o0``, ``o1``, ..
    overflow : Out(1), optional
        High if a word has saturated since reset.
    frame_error : Out(1), optional
        High if a frame has been too short or too long since reset.  A block with this port corrects the length of such
        frames itself.
    load : In(stream), optional
        Stream that writes tables at run time.
    bank : In(1), optional
        Choice between two sets of tables.
    """

    plan: Any = None  # every kind of block has a type of plan of its own
    frame: tuple[int, int] | tuple[tuple[int, ...], int] | None = None
    interval: int | None = None
    latency: int = 0
    multipliers: int = 0

    def model(self, *inputs: Any, **options: Any) -> Any:  # a block declares the arrays that it takes
        """Return the frames that the block answers to frames on its inputs, bit for bit."""
        raise NotImplementedError(f"{type(self).__name__} has no model")

    def offers(self, member: str) -> bool:
        """Return whether the block has an optional member such as ``overflow`` or ``load``."""
        return member in self.signature.members

    @property
    def input_streams(self) -> list[stream.Interface]:
        """The input streams in order: ``i`` alone, or ``i0``, ``i1``, .."""
        return self._streams("i")

    @property
    def output_streams(self) -> list[stream.Interface]:
        """The output streams in order: ``o`` alone, or ``o0``, ``o1``, .."""
        return self._streams("o")

    @property
    def beats_in(self) -> tuple[int, ...] | None:
        """Beats of a frame on each input stream; None for a block that does not count beats."""
        if self.frame is None:
            return None
        beats = self.frame[0]
        return beats if isinstance(beats, tuple) else (beats,)

    def _streams(self, stem: str) -> list[stream.Interface]:
        if self.offers(stem):
            return [getattr(self, stem)]
        count = sum(name.startswith(stem) and name[1:].isdigit() for name in self.signature.members)
        return [getattr(self, f"{stem}{k}") for k in range(count)]

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterable[Example]:
        """Return the cores of this block in the Verilog library; some take their parameters from ``qnet``."""
        return ()


@dataclass(frozen=True)
class Example:
    """Core of the Verilog library: the name of its module, the block, and one line that describes it."""

    name: str
    block: Block
    title: str
