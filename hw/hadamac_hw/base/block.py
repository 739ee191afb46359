"""The base of every block, which declares what a block has.

A *block* turns frames of beats on its input streams into frames on its output streams.  What can be known of it before
simulation is a plain attribute, so that the network, the flat cores, the manifest and the tests ask for it by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amaranth.lib import wiring

if TYPE_CHECKING:
    from hadamac.quantised.network import QuantNetwork

__all__ = ["Block", "Example"]


class Block(wiring.Component):
    """A circuit with streams of frames.

    Attributes
    ----------
    plan
        The plan of the block's arithmetic, if it has one: the object that the bit-exact model and the estimate use too.
    frame : (int, int) or None
        Beats of a frame in and out; None for a block that does not count beats.
    interval : int or None
        Cycles from one frame to the next while neither side waits; None for a block that passes a beat a cycle.
    latency : int
        Cycles from the first beat in to the first beat out of a frame without gaps; 0 is combinational.
    multipliers : int
        Real multipliers.

    Members
    -------
    i, o : streams of frames
        A block with several of either calls them ``i0``, ``i1``, .. or ``o0``, ``o1``, ..
    overflow : Out(1), optional
        A word saturated since reset.
    frame_error : Out(1), optional
        A frame was too short or too long since reset; a block that has it mends such frames itself.
    load, bank : optional
        The stream that writes tables at run time, and the choice between two of them.
    """

    plan: Any = None
    frame: tuple[int, int] | None = None
    interval: int | None = None
    latency: int = 0
    multipliers: int = 0

    def model(self, x: Any) -> Any:
        """Return what the block answers to ``x``, bit for bit."""
        raise NotImplementedError(f"{type(self).__name__} has no model")

    def offers(self, member: str) -> bool:
        """Return whether the block has an optional member such as ``overflow`` or ``load``."""
        return member in self.signature.members

    @property
    def input_streams(self) -> list[Any]:
        """The input streams: ``i``, or ``i0``, ``i1``, .. in order."""
        return self._streams("i")

    @property
    def output_streams(self) -> list[Any]:
        """The output streams: ``o``, or ``o0``, ``o1``, .. in order."""
        return self._streams("o")

    def _streams(self, stem: str) -> list[Any]:
        if self.offers(stem):
            return [getattr(self, stem)]
        count = sum(name.startswith(stem) and name[1:].isdigit() for name in self.signature.members)
        return [getattr(self, f"{stem}{k}") for k in range(count)]

    @classmethod
    def examples(cls, qnet: QuantNetwork) -> Iterable[Example]:
        """Return the cores that the Verilog library has of this block, some of them as the network ``qnet`` has it."""
        return ()


@dataclass(frozen=True)
class Example:
    """A block in the Verilog library: the name of its module, the block, and one line that says what it is."""

    name: str
    block: Block
    title: str
