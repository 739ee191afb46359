"""Progress of a job as a person sees it: numbered phases, the time they took, and a bar that moves while they run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import rich.progress
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from .console import plain

__all__ = ["Bar", "Progress"]


class Progress:
    """Progress of a job through its phases.

    Parameters
    ----------
    total : int
        Number of phases.
    console : rich.console.Console, optional
        The console to print on; by default a new one on standard output.
    """

    def __init__(self, total: int, console: Console | None = None):
        self.total = total
        self.console = console or Console()
        self.begun = 0
        self.start = time.perf_counter()

    @contextmanager
    def phase(self, title: str) -> Iterator[Bar]:
        """Print the number and title of a phase, show a bar while it runs, then print its lines and its time."""
        self.begun += 1
        start = time.perf_counter()
        self.console.print(Text.assemble((f"[{self.begun}/{self.total}]", "bold"), f" {plain(title)}"))
        columns = [TextColumn("      "), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn()]
        hidden = not self.console.is_terminal
        with rich.progress.Progress(*columns, console=self.console, transient=True, disable=hidden) as display:
            bar = Bar(display)
            yield bar
        for line, style in bar.lines:
            self.console.print(Text.assemble("      ", (plain(line), style)), soft_wrap=True)
        end = time.perf_counter()
        times = f"{end - start:.1f} s, {end - self.start:.1f} s in all"
        self.console.print(Text.assemble("      ", (times, "dim")))


class Bar:
    """The bar of a phase; until it knows a total, it only moves to and fro."""

    def __init__(self, display: rich.progress.Progress):
        self.display = display
        self.lines: list[tuple[str, str]] = []
        self.task = display.add_task("", total=None)

    def at(self, done: float, total: float, label: str = "") -> None:
        """Show how much of the phase is done, and a label beside the bar."""
        self.display.update(self.task, completed=done, total=total, description=label)

    def label(self, label: str) -> None:
        """Show beside the bar what is being done."""
        self.display.update(self.task, description=label)

    def now(self, line: str) -> None:
        """Print a line at once, above the bar where there is one."""
        self.display.console.print(Text(f"      {plain(line)}"), soft_wrap=True)

    def say(self, line: str, style: str = "") -> None:
        """Keep a line to be printed at the end of the phase, in one of rich's styles."""
        self.lines.append((line, style))
