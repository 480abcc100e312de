"""What a person sees of a run: one line for each stage, live on a terminal, plain elsewhere."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipelines.running.timings import seconds_left

State = Literal["waiting", "running", "unchanged", "restored", "done", "failed"]
MARKS: dict[State, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "running": ("▸", "cyan"),
    "unchanged": ("=", "dim"),
    "restored": ("↺", "green"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
}


class Display(Protocol):
    """Told of each step of a run."""

    def open(self, stages: Sequence[str], unchanged: frozenset[str], known: dict[str, float]) -> None: ...
    def start(self, stage: str) -> None: ...
    def progress(self, share: float, words: str) -> None: ...
    def end(self, stage: str, state: State, seconds: float) -> None: ...
    def close(self) -> None: ...


class Silent:
    """Nobody watches."""

    def open(self, stages: Sequence[str], unchanged: frozenset[str], known: dict[str, float]) -> None: ...
    def start(self, stage: str) -> None: ...
    def progress(self, share: float, words: str) -> None: ...
    def end(self, stage: str, state: State, seconds: float) -> None: ...
    def close(self) -> None: ...


class Plain(Silent):
    """A line when a stage starts and when it ends: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def start(self, stage: str) -> None:
        self._console.print(f"{stage}: running", highlight=False, markup=False)

    def end(self, stage: str, state: State, seconds: float) -> None:
        took = f" in {clock(seconds)}" if state in ("done", "failed") else ""
        self._console.print(f"{stage}: {state}{took}", highlight=False)


@dataclass
class Row:
    """One stage's line."""

    state: State = "waiting"
    started: float = 0.0
    seconds: float = 0.0
    share: float = 0.0
    words: str = ""

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started if self.state == "running" else self.seconds


class Lines:
    """A table that redraws itself: state, what is under way, time taken and time left."""

    def __init__(self, console: Console) -> None:
        self._live = Live(self, console=console, refresh_per_second=4)
        self._rows: dict[str, Row] = {}
        self._known: dict[str, float] = {}

    def open(self, stages: Sequence[str], unchanged: frozenset[str], known: dict[str, float]) -> None:
        self._rows = {stage: Row("unchanged" if stage in unchanged else "waiting") for stage in stages}
        self._known = known
        self._live.start()

    def start(self, stage: str) -> None:
        self._rows[stage] = Row("running", started=time.monotonic())

    def progress(self, share: float, words: str) -> None:
        for row in self._rows.values():
            if row.state == "running":
                row.share, row.words = share, words

    def end(self, stage: str, state: State, seconds: float) -> None:
        self._rows[stage] = Row(state, seconds=seconds)

    def close(self) -> None:
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table.grid(padding=(0, 2))
        for stage, row in self._rows.items():
            mark, style = MARKS[row.state]
            took = clock(row.elapsed) if row.elapsed >= 0.05 else ""
            words = Text(row.words, no_wrap=True, overflow="ellipsis")
            table.add_row(Text(f"{mark} {stage}", style), Text(row.state, style), took, words)
        yield table
        if (left := self._left()) is not None:
            yield Text(f"about {clock(left)} left", "dim")

    def _left(self) -> float | None:
        running = next((stage for stage, row in self._rows.items() if row.state == "running"), None)
        row = self._rows[running] if running else Row()
        waiting = [stage for stage, row in self._rows.items() if row.state == "waiting"]
        if running is None and not waiting:
            return None
        return seconds_left(waiting, self._known, running, row.elapsed, row.share)


def clock(seconds: float) -> str:
    """``4.2 s`` below ten seconds, ``42 s`` below a minute and a half, else ``3 min 10 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
