"""`python -m tests.chaos`: break a running system in every way that the catalogue knows, and judge it."""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dialer import log
from tests.chaos import catalogue, running
from tests.chaos.running import Result

WIDTH = 200
"""Columns of the table where it is not printed to a terminal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Returns the exit code: 0 if every law held, 1 if not, 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every fault, not the short selection")
    parser.add_argument("--only", default="", help='faults by number, such as "1,3,10"')
    parser.add_argument("--seed", type=int, default=None, help="who is called, who they are, and when things break")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--list", action="store_true", help="list the faults and stop")
    given = parser.parse_args(arguments)
    try:
        faults = catalogue.chosen(everything=given.all, only=given.only)
    except ValueError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command
        return 2
    log.configure("chaos", level="CRITICAL")
    console = Console(stderr=given.json)
    say = console if console.is_terminal else Console(stderr=given.json, width=WIDTH)
    if given.list:
        for fault in faults:
            say.print(f"{fault.number:>4}  {escape(fault.title)}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the worlds are taken down in order
    seed = given.seed if given.seed is not None else random.randrange(1, 100_000)
    began = time.monotonic()
    say.print(f"seed {seed}; faults {', '.join(fault.number for fault in faults)}")
    results = []
    for result in running.run(faults, seed):
        results.append(result)
        say.print(_line(result))
    if given.json:
        sys.stdout.write(json.dumps({"seed": seed, "ok": _ok(results), "results": [r.as_json() for r in results]}))
        sys.stdout.write("\n")
    else:
        say.print(_table(results))
    say.print(f"{time.monotonic() - began:.0f} s in all")
    return 0 if _ok(results) else 1


def _ok(results: list[Result]) -> bool:
    return all(result.ok for result in results)


def _line(result: Result) -> str:
    notes = f" ({'; '.join(result.notes)})" if result.notes else ""
    if result.ok:
        return f"[green]holds[/] {result.fault}: {escape(result.title + notes)}, {result.seconds:.0f} s"
    return "\n".join(
        [
            f"[red]broken[/] {result.fault}: {escape(result.title + notes)}",
            *(f"    {escape(words)}" for words in result.broken[:12]),
            f"    logs: {escape(result.home)}",
            f"    again: {result.replay}",
        ]
    )


def _table(results: list[Result]) -> Table:
    table = Table("fault", "", "seed", "result", box=None, header_style="bold")
    for name in ("calls", "twice", "never", "lost", "kills", "strikes", "unknowns", "recovery s", "quiet s", "seconds"):
        table.add_column(name, justify="right")
    for r in results:
        table.add_row(
            r.fault,
            escape(r.title),
            str(r.seed),
            "[green]holds[/]" if r.ok else "[red]broken[/]",
            *map(str, (r.calls, r.twice, r.never, r.lost, r.kills, r.strikes, r.unknowns)),
            *(f"{value:.1f}" for value in (r.recovery_s, r.quiet_s, r.seconds)),
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
