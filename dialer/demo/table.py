"""The live view: the campaign's ledger, the calls with what was said last, the outcomes and the CRMs."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table

from dialer.demo.snapshot import Snapshot

SHOWN_CALLS = 12
LINE_EVERY_S = 5.0


class View(Protocol):
    """Where snapshots are shown."""

    def __enter__(self) -> View:
        """Begin to show."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop showing."""
        ...

    def show(self, snapshot: Snapshot) -> None:
        """Show how things stand."""
        ...

    def note(self, words: str) -> None:
        """Say that something happened."""
        ...


def view(console: Console) -> View:
    """A table that redraws itself on a terminal; elsewhere a line every five seconds."""
    return LiveTable(console) if console.is_terminal else Lines(console)


class LiveTable:
    """A table that redraws itself."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=4, transient=True)
        self._console = console
        self._started = time.monotonic()

    def __enter__(self) -> LiveTable:
        """Begin to draw."""
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the table off the screen."""
        self._live.__exit__(kind, error, trace)

    def show(self, snapshot: Snapshot) -> None:
        """Redraw."""
        self._live.update(draw(snapshot, time.monotonic() - self._started))

    def note(self, words: str) -> None:
        """Print a line above the table."""
        self._console.print(words, highlight=False)


class Lines:
    """A line every five seconds, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next = 0.0

    def __enter__(self) -> Lines:
        """Nothing to begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end."""

    def show(self, snapshot: Snapshot) -> None:
        """Print a line if it is time for one."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LINE_EVERY_S
        leads = ", ".join(f"{name} {number}" for name, number in snapshot.status["leads"].items() if number)
        self.note(
            f"{snapshot.now:%a %H:%M} UTC  {leads}; live calls {len(snapshot.calls)}, to deliver {snapshot.pending}"
        )

    def note(self, words: str) -> None:
        """Print a line."""
        self._console.print(words, highlight=False, soft_wrap=True)


def draw(snapshot: Snapshot, elapsed_s: float) -> RenderableType:
    """One picture of everything."""
    leads = snapshot.status["leads"]
    ledger = Table.grid(padding=(0, 3))
    ledger.add_row(*(f"[bold]{number}[/] {name.replace('_', ' ')}" for name, number in leads.items()))
    name, state = snapshot.status["name"], snapshot.status["state"]
    title = f"{name} · {state} · {snapshot.now:%A %d %b %H:%M} UTC · {elapsed_s:.0f} s"
    side = Table.grid(padding=(0, 4))
    side.add_row(_outcomes(snapshot), _deliveries(snapshot))
    return Group(Panel(ledger, title=title, title_align="left"), _calls(snapshot), side)


def _calls(snapshot: Snapshot) -> Table:
    table = Table(box=None, expand=True, header_style="bold")
    table.add_column("calling", no_wrap=True, width=15)
    table.add_column("who", no_wrap=True, width=20)
    table.add_column("state", no_wrap=True, width=9)
    table.add_column("last words", no_wrap=True, overflow="ellipsis", ratio=1)
    for call in snapshot.calls[:SHOWN_CALLS]:
        table.add_row(call.phone, call.name, call.state.value, call.words)
    if (more := len(snapshot.calls) - SHOWN_CALLS) > 0:
        table.add_row(f"and {more} more", "", "", "")
    return table


def _outcomes(snapshot: Snapshot) -> Table:
    table = Table("outcome", "calls", box=None, header_style="bold")
    for disposition, number in snapshot.status["outcomes"].items():
        table.add_row(disposition.replace("_", " "), str(number))
    return table


def _deliveries(snapshot: Snapshot) -> Table:
    table = Table("CRM", "written", "to write", "parked", box=None, header_style="bold")
    for destination, states in snapshot.deliveries.items():
        table.add_row(destination, *(str(states.get(state, 0)) for state in ("sent", "pending", "parked")))
    return table
