"""`dialer demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dialer.cli.context import load
from dialer.cli.output import AsJson, print_json, say
from dialer.errors import BadInput

app = typer.Typer(add_completion=False)

MAX_LEADS = 4000
DATA_DIR = Path(".dialer/demo")
KILL = "Cut a vendor's sockets so long after the first conversation began, and let it stay dead."
MUTE = "The same, but its sockets stay open and say nothing any more."


@app.command()
def demo(
    leads: Annotated[int, typer.Option(help="Rows in the list of leads.")] = 60,
    seed: Annotated[int, typer.Option(help="Same seed, same people, same outcomes.")] = 7,
    keep: Annotated[bool, typer.Option("--keep", help="Stay up after the report, until Ctrl-C.")] = False,
    kill: Annotated[list[str] | None, typer.Option(help=KILL, metavar="VENDOR@SECONDS")] = None,
    mute: Annotated[list[str] | None, typer.Option(help=MUTE, metavar="VENDOR@SECONDS")] = None,
    data_dir: Annotated[Path, typer.Option("--data-dir", help="Begun anew by each demo.")] = DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Run the whole system against simulated people: a messy list in, calls held, outcomes in two CRMs, a report."""
    if not 1 <= leads <= MAX_LEADS:
        raise BadInput(f"--leads takes 1 to {MAX_LEADS}.")
    from rich.console import Console

    from dialer.demo import running, striking, table
    from dialer.demo.printing import print_report
    from dialer.demo.report import Report

    strikes = striking.read(kill or (), mute or ())
    reports: list[Report] = []

    def done(report: Report) -> None:
        reports.append(report)
        if as_json:
            print_json(report.as_dict())
        else:
            print_report(report, Console())
        if keep:
            say("Everything stays up. Ctrl-C stops it.")

    view = table.view(Console(stderr=True))
    running.run(load(data_dir), running.Wish(leads, seed, keep, strikes), view, say, done)
    if not reports or not reports[0].ok:
        raise typer.Exit(1)
