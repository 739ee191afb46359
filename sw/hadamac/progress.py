"""Display of a job's progress: numbered steps, elapsed time, and a bar for steps that take long."""

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
        Number of steps.
    console : rich.console.Console, optional
        Console to print to; the default is a new one on standard output.
    """

    def __init__(self, total: int, console: Console | None = None):
        self.total, self.console = total, console or Console()
        self.done, self.start = 0, time.perf_counter()

    @contextmanager
    def step(self, title: str) -> Iterator[Bar]:
        """Print the number and title of a step, show a bar while its body runs, then print its lines and its time."""
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
    """Bar of a step, which only moves as long as no total is known."""

    def __init__(self, progress: Progress):
        self.progress = progress
        self.lines: list[tuple[str, str]] = []
        self.task = progress.add_task("", total=None)

    def at(self, done: float, total: float, text: str = "") -> None:
        """Show that a part ``done`` of ``total`` is finished."""
        self.progress.update(self.task, completed=done, total=total, description=text)

    def text(self, text: str) -> None:
        """Show a text beside the bar."""
        self.progress.update(self.task, description=text)

    def now(self, line: str) -> None:
        """Print a line at once, above the bar if there is one."""
        self.progress.console.print(Text(f"      {plain(line)}"), soft_wrap=True)

    def say(self, line: str, style: str = "") -> None:
        """Keep a line to print when the step has ended, in one of rich's styles."""
        self.lines.append((line, style))
