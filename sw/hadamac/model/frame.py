"""Buffers at the ends of a network: pixels to pairs of rows or channels, and back to pixels.

Input: a beat holds the words of all channels of a pixel, in raster order.  The first stages take maps one after the
other, as row pairs, or as channel pairs if maps have one row.  `LinePlan` needs one line, for images of one channel
without a border.  `FramePlan` stores whole frames; its reads add the border.  Signals of one or two channels without a
border need no buffer.

Output: `RasterPlan` stores whole frames of maps, whose pixels leave in raster order with all channels in one beat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import timing
from ..arrivals import double_buffer, power, transfers
from ..samples.padding import places
from ..shapes import Pair, pair_beats

__all__ = ["FramePlan", "LinePlan", "PassPlan", "RasterPlan"]


@dataclass(frozen=True, kw_only=True)
class PassPlan:
    """Signals of one or two channels, whose beats are channel pairs already.

    Parameters
    ----------
    samples : int
    """

    samples: int

    memory_bits = 0
    pipeline = 0

    @property
    def interval(self) -> int:
        """Cycles of a frame: one for each sample."""
        return self.samples

    def arrivals(self, times: np.ndarray) -> np.ndarray:
        """Return the cycles in which beats leave: those in which they come in."""
        return times


@dataclass(frozen=True, kw_only=True)
class LinePlan:
    """Row pairs of images of one channel: row 2k waits in a line buffer for row 2k+1.

    Parameters
    ----------
    size : (int, int)
        Rows H and columns W of the image.
    bits, width : int
        Bits of a pixel and of a word.
    """

    size: Pair
    bits: int
    width: int

    @property
    def interval(self) -> int:
        """Cycles of a frame: one for each pixel."""
        return self.size[0] * self.size[1]

    @property
    def memory_bits(self) -> int:
        """Bits of the line buffer and the output FIFO."""
        return self.bits * self.size[1] + timing.fifo_bits(2 * self.width + 1, timing.RAM)

    def arrivals(self, times: np.ndarray) -> np.ndarray:
        """Return the cycles in which row pairs leave: a pair leaves some cycles after its second pixel came in."""
        odd = times.reshape(self.size)[1::2].reshape(-1)
        return transfers(odd + timing.RAM + timing.FIFO)


@dataclass(frozen=True, kw_only=True)
class FramePlan:
    """Frames in a double buffer: pixels of all channels come in, pairs of one map after the other leave.

    Parameters
    ----------
    given, size : (int, int)
        Rows and columns of a frame, and of the maps, which are powers of two.
    channels : int
    bits, width : int
        Bits of the word of a channel as it comes in, and of a word that leaves.
    padding : str
        Rule of the border (:mod:`hadamac.samples.padding`).
    """

    given: Pair
    size: Pair
    channels: int
    bits: int
    width: int
    padding: str = "zero"

    @property
    def flat(self) -> bool:
        """True if maps have one row, so that channels are paired and not rows."""
        return self.size[0] == 1

    @property
    def loops(self) -> tuple[int, int, int]:
        """Passes of the loops of the reads: channels or pairs of them, row pairs, columns."""
        rows, columns = self.size
        return ((self.channels + 1) // 2, 1, columns) if self.flat else (self.channels, rows // 2, columns)

    @property
    def writes(self) -> int:
        """Beats of a frame that comes in."""
        return self.given[0] * self.given[1]

    @property
    def reads(self) -> int:
        """Beats of a frame that leaves."""
        return pair_beats(self.channels, self.size)

    @property
    def interval(self) -> int:
        """Cycles of a frame: those of the side with more beats."""
        return max(self.writes, self.reads)

    @property
    def padded(self) -> bool:
        """True if there is a border."""
        return self.given != self.size

    @property
    def pipeline(self) -> int:
        """Cycles from a step of the loops to the push into the FIFO: tables of the border, memory, choice of words."""
        return (timing.RAM if self.padded else 0) + timing.FAR + 1

    @property
    def banks(self) -> int:
        """Memories: one for even and one for odd rows, or one if maps have one row."""
        return 1 if self.flat else 2

    @property
    def address_bits(self) -> Pair:
        """Bits of a row pair's number and of a column's number in a memory."""
        rows, columns = self.given
        return (power((rows + 1) // 2) - 1).bit_length() if not self.flat else 0, (columns - 1).bit_length()

    @property
    def depth(self) -> int:
        """Words of a memory: two frames."""
        return 2 << sum(self.address_bits)

    def row_table(self) -> list[int]:
        """Return a word for each row pair of a padded map, which says where its two rows are.

        From bit 0 up: the number in the memory of even rows, that in the memory of odd rows, and for the first and the
        second row of the pair whether it is an odd one and whether it is there at all.
        """
        bits = self.address_bits[0]
        place = places(self.given[0], self.size[0], self.padding)
        words = []
        for pair in place.reshape(-1, 2):
            numbers = [next((int(row) // 2 for row in pair if row >= 0 and row % 2 == odd), 0) for odd in (0, 1)]
            word = numbers[0] | numbers[1] << bits
            for k, row in enumerate(pair):
                there = int(row >= 0)
                word |= (there * int(row % 2) | there << 1) << (2 * bits + 2 * k)
            words.append(word)
        return words

    def column_table(self) -> list[int]:
        """Return a word for each column of a padded map: its number in the memory, above it whether it is there."""
        bits = self.address_bits[1]
        place = places(self.given[1], self.size[1], self.padding)
        return [int(max(column, 0)) | int(column >= 0) << bits for column in place]

    @property
    def row_bits(self) -> int:
        """Bits of a word of the table of row pairs."""
        return 2 * self.address_bits[0] + 4

    @property
    def column_bits(self) -> int:
        """Bits of a word of the table of columns."""
        return self.address_bits[1] + 1

    @property
    def memory_bits(self) -> int:
        """Bits of the memories, of the tables of the border and of the output FIFO."""
        rows = 0 if self.flat else self.row_bits * self.size[0] // 2
        tables = rows + self.column_bits * self.size[1] if self.padded else 0
        memories = self.banks * self.depth * self.channels * self.bits
        return memories + tables + timing.fifo_bits(2 * self.width + 1, self.pipeline)

    def arrivals(self, times: np.ndarray) -> np.ndarray:
        """Return the cycles in which beats leave, from those in which the pixels of a first frame come in."""
        reads = double_buffer(times, self.writes, self.reads)
        return transfers(reads + self.pipeline + timing.fifo(self.pipeline))


@dataclass(frozen=True, kw_only=True)
class RasterPlan:
    """Maps in a double buffer: pairs of one map after the other come in, pixels of all channels leave.

    Parameters
    ----------
    size : (int, int)
    channels, width : int
    """

    size: Pair
    channels: int
    width: int

    pipeline = timing.FAR + 1

    @property
    def flat(self) -> bool:
        """True if maps have one row, so that channels are paired and not rows."""
        return self.size[0] == 1

    @property
    def writes(self) -> int:
        """Beats of a frame that comes in."""
        return pair_beats(self.channels, self.size)

    @property
    def reads(self) -> int:
        """Beats of a frame that leaves."""
        return self.size[0] * self.size[1]

    @property
    def interval(self) -> int:
        """Cycles of a frame: those of the side with more beats."""
        return max(self.writes, self.reads)

    @property
    def memories(self) -> int:
        """Memories of one word: one for each channel, for even and for odd rows apart."""
        return self.channels * (1 if self.flat else 2)

    @property
    def depth(self) -> int:
        """Words of a memory: two frames."""
        return 2 * max(self.size[0] // 2, 1) * self.size[1]

    @property
    def memory_bits(self) -> int:
        """Bits of the memories and of the output FIFO."""
        memories = self.memories * self.depth * self.width
        return memories + timing.fifo_bits(self.channels * self.width + 1, self.pipeline)

    def arrivals(self, times: np.ndarray) -> np.ndarray:
        """Return the cycles in which pixels leave, from those in which the pairs of a first frame come in."""
        reads = double_buffer(times, self.writes, self.reads)
        return transfers(reads + self.pipeline + timing.fifo(self.pipeline))
