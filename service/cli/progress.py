"""Calm progress on standard error while a run works: one moving line on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from matching.model.plan import Progress
from service.cli.terminal import millions, percent

PHASES = {
    "read": "reading the tables",
    "compile": "compiling the engine's loops, once on this machine and not counted in the limit",
    "funnel": "finding who may serve whom",
    "volumes": "matching volumes",
    "trips": "loading trucks",
    "improve": "improving the plan",
    "bound": "proving the bound",
    "verify": "verifying",
    "write": "writing",
}
LINES_PER_RUN = 20
Watcher = Callable[[Progress], None]


def gap(moment: Progress) -> float | None:
    """Return (bound − best) ÷ |bound|, or None before there are both."""
    if moment.objective_vnd is None or moment.bound_vnd is None:
        return None
    return (moment.bound_vnd - moment.objective_vnd) / max(1, abs(moment.bound_vnd))


def describe(moment: Progress) -> str:
    """Return phase, best plan, bound and gap in one line."""
    phase = PHASES.get(moment.phase, moment.phase)
    if moment.objective_vnd is None and moment.bound_vnd is None:
        return phase
    return f"{phase} · best {millions(moment.objective_vnd)} · bound {millions(moment.bound_vnd)} · gap {percent(gap(moment))}"


class PlainLines:
    """Prints a line when the phase changes, and now and then while the plan improves."""

    def __init__(self, screen: Console, limit_s: float) -> None:
        self._screen = screen
        self._pause_s = max(1.0, limit_s / LINES_PER_RUN)
        self._last: Progress | None = None

    def __call__(self, moment: Progress) -> None:
        last = self._last
        figures_moved = last is None or (moment.objective_vnd, moment.bound_vnd) != (last.objective_vnd, last.bound_vnd)
        due = last is None or moment.seconds - last.seconds >= self._pause_s
        if last is None or moment.phase != last.phase or (figures_moved and due):
            self._last = moment
            self._screen.print(f"{moment.seconds:7.1f} s  {describe(moment)}", soft_wrap=True)


class MovingLine:
    """The latest moment with a running clock; a renderable that rich asks for a few times a second."""

    def __init__(self, stopwatch: Callable[[], float], limit_s: float) -> None:
        self._stopwatch = stopwatch
        self._limit_s = limit_s
        self._moment = Progress(0.0, "read", None, None)
        self._spinner = Spinner("dots", style="cyan")

    def __call__(self, moment: Progress) -> None:
        self._moment = moment

    def __rich__(self) -> Table:
        line = Table.grid(padding=(0, 1))
        for _ in range(3):
            line.add_column(no_wrap=True, overflow="ellipsis")
        clock = Text(f"{self._stopwatch():.0f} / {self._limit_s:.0f} s", style="dim")
        line.add_row(self._spinner, clock, Text(describe(self._moment)))
        return line


@contextmanager
def watching(screen: Console, stopwatch: Callable[[], float], limit_s: float, *, quiet: bool) -> Iterator[Watcher]:
    """Give the call-back that shows progress on ``screen`` as long as the block lasts."""
    if quiet:
        yield lambda moment: None
    elif screen.is_terminal:
        line = MovingLine(stopwatch, limit_s)
        with Live(line, console=screen, refresh_per_second=5, transient=True):
            yield line
    else:
        yield PlainLines(screen, limit_s)
