"""The cost of a folded FFT: the words of a streaming FFT, made by one engine with two multipliers.

The arithmetic is that of :class:`~hadamac.model.fft.plan.FftPlan`, bit for bit, so a network may choose a streaming
or a folded transform without any change of its words.  A folded FFT takes the steps of the pipeline one after the
other, in place in a memory of one frame.

Passes
------
A pass is a butterfly of the pipeline with the product that follows it, if one does.  It takes the pairs of words (n,
n + delay) and leaves both results where the pair was.  A pass without a product makes a pair in two cycles, as many as
its two reads take.  A product takes both multipliers for two cycles, so a pass with products makes a *word* in two
cycles, for each of which it reads the pair again.  The last pass does not write: its words are rounded and sent.  In
bit-reversed order they leave as they are made, one in each cycle.  In another order the two words of a pair do not
follow each other, so the pass makes a word in two cycles as well.

Words
-----
All passes share one adder for each part and one rule for each of the two roundings of a product, which the pipeline has
for each product anew.  Where their rules differ, words are shifted left before they are rounded, which is exact:

* before the operand is rounded, so that the operands of all products begin at the same bit.  A sample is shifted by
  ``lift`` already when it is read, because in most plans only the first product differs from the others, and then
  nothing has to be chosen between passes.
* before the product is rounded, so that all products end at the same bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ... import timing
from ...arrivals import starts
from ...errors import DescriptionError
from ...numeric import Requantise
from . import cycles
from .plan import FftPlan
from .steps import Butterfly, Twiddle

__all__ = ["FoldedPass", "FoldedPlan"]


class FoldedPass(NamedTuple):
    """Butterfly, and the product that follows it, or None."""

    butterfly: Butterfly
    product: Twiddle | None


@dataclass(frozen=True)
class FoldedPlan:
    """Passes, words, cycles and memory of the folded FFT of a plan.

    Parameters
    ----------
    plan : FftPlan
        A plan whose ``scaling`` is "schedule".  Others need operands of twice the width, or mantissas.

    Timing
    ------
    The methods take an ``order`` (:data:`hadamac.model.fft.orders.ORDERS`) like those of ``plan``, and describe
    :class:`hadamac_hw.fft.folded.FoldedFft`.  With P products, L = log2 N passes and R = P + L passes' worth of reads,
    or P + L + 1 unless the order is bit-reversed, ``interval`` is ``R N`` cycles and the latencies of all passes.
    """

    plan: FftPlan

    def __post_init__(self) -> None:
        if not isinstance(self.plan, FftPlan):
            raise DescriptionError(f"FoldedFft plan must be an FftPlan, not {self.plan!r}")
        if self.plan.scaling != "schedule":
            raise DescriptionError(f"FoldedFft scaling must be schedule, not {self.plan.scaling!r}")

    @cached_property
    def passes(self) -> tuple[FoldedPass, ...]:
        """The passes in order, log2 N of them; ``plan.output`` follows the last one."""
        out: list[FoldedPass] = []
        for step in self.plan.steps:
            if isinstance(step, Butterfly):
                out.append(FoldedPass(step, None))
            else:
                out[-1] = FoldedPass(out[-1].butterfly, step)
        return tuple(out)

    @cached_property
    def products(self) -> tuple[Twiddle, ...]:
        """The products in order; none for 4 points."""
        return tuple(p.product for p in self.passes if p.product)

    @property
    def multipliers(self) -> int:
        """Real multipliers: two, or none for 4 points, which have no product."""
        return 2 if self.products else 0

    @property
    def operand(self) -> Requantise:
        """Rule of all operands, for words that are shifted by ``operand_shifts``: the widest, with the most to drop."""
        width = max((t.operand.width for t in self.products), default=1)
        drop = max((t.operand.drop - s for t, s in zip(self.products, self.spare)), default=0)
        return Requantise(max(drop, 0), width, any(t.operand.saturates for t in self.products))

    @property
    def spare(self) -> tuple[int, ...]:
        """Low bits of each product's operand that are zero, because its own rule is narrower than that of all."""
        width = max((t.operand.width for t in self.products), default=1)
        return tuple(width - t.operand.width for t in self.products)

    @property
    def _aligned(self) -> tuple[int, ...]:
        """Places by which a word of the pipeline has to be shifted before :attr:`operand`, of each product."""
        return tuple(self.operand.drop - t.operand.drop + s for t, s in zip(self.products, self.spare))

    @property
    def lift(self) -> int:
        """Places by which a sample is shifted when it is read, of those that the first product needs: as many as leave
        it a shift that another product has, too."""
        first, *others = self._aligned or (0,)
        return first - max((shift for shift in others if shift <= first), default=first)

    @property
    def operand_shifts(self) -> tuple[int, ...]:
        """Places by which a word of its pass is shifted before :attr:`operand`, of each product."""
        return tuple(shift - (0 if k else self.lift) for k, shift in enumerate(self._aligned))

    @property
    def product(self) -> Requantise:
        """Rule of all products, for products that are shifted by ``product_shifts``."""
        return Requantise(max(self._drops, default=0), max((t.out_width for t in self.products), default=1), False)

    @property
    def _drops(self) -> tuple[int, ...]:
        """Bits that each product drops; the zeros at the end of its operand are among them."""
        return tuple(t.product.drop + s for t, s in zip(self.products, self.spare))

    @property
    def product_shifts(self) -> tuple[int, ...]:
        """Places by which each product is shifted before it is rounded."""
        return tuple(self.product.drop - drop for drop in self._drops)

    @cached_property
    def in_widths(self) -> tuple[int, ...]:
        """Bits of a part of the words that each pass reads; up to the first product they hold the ``lift``."""
        out, lift = [], self.lift
        for p in self.passes:
            out.append(p.butterfly.in_width + lift)
            lift = 0 if p.product else lift
        return tuple(out)

    @property
    def word(self) -> int:
        """Bits of a part of a word in the memory: those of the widest that a pass leaves there."""
        return max(self.in_widths[1:])

    @property
    def sum_latency(self) -> int:
        """Cycles from the read of a pair's first word to the sum: the word and then the other one are registered, and
        then their sum is; the difference follows a cycle later."""
        return cycles.FOLDED_SUM

    @property
    def operand_latency(self) -> int:
        """Cycles from a sum or difference to the operand of the multipliers: one part is chosen, and rounded."""
        return 1 + timing.requantise(self.operand)

    @property
    def product_latency(self) -> int:
        """Cycles from a sum or difference to its product in the memory, counted from its imaginary part: operand,
        multipliers, sum of two products, a cycle more where the places of the products differ, rounding."""
        chosen = 1 if len(set(self.product_shifts)) > 1 else 0
        return self.operand_latency + cycles.SERIAL_PRODUCT + chosen + timing.requantise(self.product)

    @property
    def inflight(self) -> int:
        """Cycles from the output FIFO's ``stop`` to the last push after it: a word that has begun is still made."""
        return 1 + self.sum_latency + self.plan.output_latency

    def reads(self, order: str) -> tuple[int, ...]:
        """Return the reads of each pass, one in each cycle: two a word in a pass with products and in a last pass that
        does not give the bit-reversed order, otherwise two a pair."""
        size, last = self.plan.size, len(self.passes) - 1
        slow = (p.product or k == last and order != "bit-reversed" for k, p in enumerate(self.passes))
        return tuple(2 * size if s else size for s in slow)

    def interval(self, order: str) -> int:
        """Return the cycles a frame: those of all passes, each of which begins when all words of the one before have
        been written.  The next frame is loaded in the meantime."""
        waits = len(self.passes) * self.sum_latency + len(self.products) * self.product_latency
        return sum(self.reads(order)) + waits + self.plan.output_latency

    def _first_beat(self, order: str) -> int:
        """Return the cycles from a frame's first read to the first beat out."""
        reads = self.reads(order)[-1]
        first = 0 if reads == self.plan.size else 1
        return self.interval(order) - reads + first + timing.fifo(self.inflight)

    def latency(self, order: str) -> int:
        """Return the cycles from the first beat in to the first beat out of a frame without gaps: a frame is loaded,
        then it takes a cycle to begin, and all passes follow up to the last one's first word."""
        return self.plan.size + 1 + self._first_beat(order)

    def memory_bits(self, order: str) -> int:
        """Return the bits of memory: two frames of samples, a frame of words, the twiddles, the FIFO; in any ``order``
        the same."""
        plan = self.plan
        frames = plan.size * 2 * (2 * plan.width + self.word)
        table = 2 * plan.twiddle_width * self.table if self.products else 0
        return frames + table + timing.fifo_bits(2 * plan.out_width + 1, self.inflight)

    @property
    def table(self) -> int:
        """Words in the table of twiddles: three quarters of the circle, or one octant of a long one."""
        size = self.plan.size
        return 3 * size // 4 if size <= cycles.FULL_TABLE else size // 8 + 1

    def arrivals(self, times: np.ndarray, order: str) -> np.ndarray:
        """Return the cycles in which beats leave the circuit, from those in which they are offered to it, of whole
        frames, if its sink never waits.

        Half of the buffer of samples takes another frame as soon as the first pass has read the one in it.
        """
        size, reads = self.plan.size, self.reads(order)
        full = starts(times, size, halves=2, frees=reads[0] + 1, busy=self.interval(order))
        beats = reads[-1] // size * np.arange(size)
        return (full[:, None] + 1 + self._first_beat(order) + beats).reshape(-1)
