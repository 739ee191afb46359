"""The contract of a target: a family of FPGAs whose own multipliers, memories and carry chains are instantiated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

from amaranth.hdl import Const, Module, Value, ValueLike

__all__ = ["BLOCK_FROM", "Choice", "RamPorts", "Target", "block_shape", "long_ones", "slices"]

BLOCK_FROM = 32
"""Words from which a memory becomes block RAM by default."""
Choice = Callable[[int, int, bool], bool]
"""Whether a memory of some words, bits of a word, and a write port becomes block RAM; a shorter one is LUT RAM."""


def long_ones(depth: int, width: int, writable: bool) -> bool:
    """Choose block RAM for memories of 32 words or more."""
    return depth >= BLOCK_FROM


@dataclass(frozen=True)
class RamPorts:
    """Memory with one write port and one read port, for :meth:`Target.ram`.

    Attributes
    ----------
    width, depth, init
        Bits of a word, number of words, and what they are at first.
    read_address, read_data, read_enable
        Read port; its two registers move while it is enabled.
    write
        Address, data and enable of the write port; None for a ROM.
    """

    width: int
    depth: int
    init: Sequence[int]
    read_address: Value
    read_data: Value
    read_enable: ValueLike = 1
    write: tuple[Value, Value, Value] | None = None


@dataclass(frozen=True)
class Target:
    """A family of FPGAs.

    Its methods instantiate the family's cells.  A body for a target and the generic body have the same latency and the
    same results.

    Attributes
    ----------
    name : str
        Its name on the command line.
    operand : int
        Bits of the widest operand that its multipliers take.
    blocks : tuple of str
        Cells of block RAM that `ram` instantiates; none where synthesis infers them, because they have no register.
    multiplier_cell : str
        Cell that `multiplier` instantiates.
    lut_ram : bool
        Whether the family has LUT RAM, that is memory with writes in a clock cycle and reads without one.
    carry_tables : bool
        Whether `chain` exists.
    shapes : tuple of (int, int)
        Words and bits of a word in which a block RAM may be used, by rising words.
    in_blocks : Choice
        Which memories become block RAM, if `ram` instantiates it.
    """

    name: str
    operand: int
    blocks: tuple[str, ...] = ()
    lut_ram: bool = True
    in_blocks: Choice = long_ones
    carry_tables: ClassVar[bool] = False
    multiplier_cell: ClassVar[str] = ""
    shapes: ClassVar[tuple[tuple[int, int], ...]] = ()

    def choosing(self, in_blocks: Choice) -> Self:
        """Return the same family with another choice of the memories that become block RAM."""
        return replace(self, in_blocks=in_blocks)

    def block_count(self, depth: int, width: int) -> int:
        """Return the number of block RAMs of a memory."""
        return -(-width // block_shape(depth, self.shapes))

    @property
    def models(self) -> str:
        """Verilog that models the family's cells in simulation."""
        return (Path(__file__).parent / "models" / f"{self.name}.v").read_text()

    def has_multiplier(self, a_width: int, b_width: int) -> bool:
        """Return whether a product of these signed operands takes one of the family's multipliers."""
        return max(a_width, b_width) <= self.operand

    def multiplier(self, m: Module, a: Value, b: Value, p: Value) -> None:
        """Instantiate a signed multiplier that takes 3 cycles, as the generic body does."""
        raise NotImplementedError(f"{self.name} has no multiplier")

    def reset_register(self, m: Module, d: Value, q: Value) -> bool:
        """Instantiate a register with the initial value 1 that synthesis does not merge with another; False if not."""
        return False

    def ram(self, m: Module, ports: RamPorts) -> None:
        """Instantiate block RAMs side by side, which are read through their output registers, in 2 cycles."""
        raise NotImplementedError(f"{self.name} has no block RAM with an output register")

    def chain(self, m: Module, table: Callable[[int, int, int, int], int], operands: Sequence[Value | None], *,
              carry: ValueLike, out: Value) -> None:
        """Instantiate a carry chain with a table of our own: bit k of ``out`` is ``table(a, b, c, d) ^ carry_k``.

        Where the table gives 0, the carry out of a place is ``table(a, b, 0, 0)``; elsewhere it is the carry in.

        Parameters
        ----------
        table
            The function of the four input bits of every place.
        operands
            The four inputs: signed words, which are extended to the length of ``out``; single bits, which go to all
            places; or None, which is 0.
        carry
            The carry into the first place.
        out
            The sums.
        """
        raise NotImplementedError(f"{self.name} has no carry chain with tables")


def block_shape(depth: int, shapes: Iterable[tuple[int, int]]) -> int:
    """Return the bits of the words of a block RAM that is deep enough, of shapes (words, bits) by rising depth."""
    return next(bits for words, bits in shapes if words >= depth)


def slices(ports: RamPorts, bits: int) -> list[tuple[Value, Value, list[int]]]:
    """Return what each of the blocks side by side stores, for blocks whose words have ``bits`` bits.

    Each entry holds the part of the data that is written, the part that is read, and the first words.
    """
    data = Const(0, 0) if ports.write is None else ports.write[1]
    return [(data[low : low + bits], ports.read_data[low : low + bits],
             [(int(word) >> low) & ((1 << bits) - 1) for word in ports.init])
            for low in range(0, ports.width, bits)]
