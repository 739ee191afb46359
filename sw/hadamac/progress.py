"""What a person sees while a job runs: numbered steps, elapsed time, a moving bar where it takes long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from .console import plain

__all__ = ["Steps"]


class Steps:
    """Numbered steps of a job.

    Parameters
    ----------
    total : int
    console : rich.console.Console, optional
    """

    def __init__(self, total: int, console: Console | None = None):
        self.total, self.console = total, console or Console()
        self.done, self.start = 0, time.perf_counter()

    @contextmanager
    def step(self, title: str) -> Iterator[Bar]:
        """One step: prints its number and title, shows a bar while it runs, then what it said and its time."""
        self.done += 1
        start = time.perf_counter()
        self.console.print(Text.assemble((f"[{self.done}/{self.total}]", "bold"), f" {plain(title)}"))
        columns = [TextColumn("      "), BarColumn(), TextColumn("{task.description}"),
                   TimeElapsedColumn()]
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as progress:
            bar = Bar(progress)
            yield bar
        for line, style in bar.lines:
            self.console.print(Text.assemble("      ", (plain(line), style)), soft_wrap=True)
        elapsed = time.perf_counter()
        times = f"{elapsed - start:.1f} s, {elapsed - self.start:.1f} s in all"
        self.console.print(Text.assemble("      ", (times, "dim")))


class Bar:
    """A step's bar; without a total it only moves."""

    def __init__(self, progress: Progress):
        self.progress, self.lines = progress, []
        self.task = progress.add_task("", total=None)

    def at(self, done: float, total: float, text: str = "") -> None:
        """Show how far the step is."""
        self.progress.update(self.task, completed=done, total=total, description=text)

    def text(self, text: str) -> None:
        """Name what is going on."""
        self.progress.update(self.task, description=text)

    def now(self, line: str) -> None:
        """A line to print at once, above the bar where there is one."""
        self.progress.console.print(Text(f"      {plain(line)}"), soft_wrap=True)

    def say(self, line: str, style: str = "") -> None:
        """A line to print when the step is done, in a style of rich's."""
        self.lines.append((line, style))
