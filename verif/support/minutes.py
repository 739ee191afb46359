"""Measurement of the processor time of the tests by kind of work, summed over all of pytest's processes.

``HADAMAC_MINUTES=FILE make sim`` measures; FILE gets a line for each process and each kind of work, and `table` adds
them up.
"""

from __future__ import annotations

import resource
import sys
from collections import defaultdict
from pathlib import Path

__all__ = ["install", "save", "table"]

_spent: dict[str, list] = defaultdict(lambda: [0, 0.0])


def _now() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _timed(module, name: str, kind: str) -> None:
    function = getattr(module, name)

    def timed(*args, **options):
        start = _now()
        try:
            return function(*args, **options)
        finally:
            _spent[kind][0] += 1
            _spent[kind][1] += _now() - start

    setattr(module, name, timed)


def install() -> None:
    """Measure emission, compilers and simulations from now on."""
    import amaranth.back.verilog

    from hadamac_hw.sim import simulate, verilate

    _timed(amaranth.back.verilog, "convert", "Amaranth and yosys, texts")
    _timed(verilate, "_compile", "Verilator and C++, programs")
    _timed(simulate, "call", "simulations")


def save(path: Path) -> None:
    """Append the processor time of this process to a file."""
    rest = _now() - sum(seconds for _, seconds in _spent.values())
    rows = [*_spent.items(), ("the rest", (1, rest))]
    with open(path, "a") as file:
        file.write("".join(f"{count}\t{seconds:.2f}\t{kind}\n" for kind, (count, seconds) in rows))


def table(path: Path) -> str:
    """Return a table of the sums over all processes, with a line for each kind of work."""
    total: dict[str, list] = defaultdict(lambda: [0, 0.0])
    for line in path.read_text().splitlines():
        count, seconds, kind = line.split("\t")
        total[kind][0] += int(count)
        total[kind][1] += float(seconds)
    return "\n".join(f"{seconds:8.0f} s {count:6d}  {kind}" for kind, (count, seconds) in total.items())


if __name__ == "__main__":
    print(table(Path(sys.argv[1])))
