"""`python -m bench`: measure, side by side with what it is compared to."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import table
from bench.catalogue import MEASUREMENTS
from bench.rows import Bench, Row
from dialer import log
from dialer import settings as configuration
from dialer.errors import DialerError


def main(
    only: Annotated[list[str] | None, typer.Option(help="Measure only this; may be given more than once.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")] = False,
    quick: Annotated[bool, typer.Option(help="Small sizes: proves that everything runs, measures little.")] = False,
    large: Annotated[bool, typer.Option(help="Claim from 10 million leads, too: half an hour and 20 GB more.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="[default: bench in Dialer's data directory]")] = None,
) -> None:
    """Measure Dialer. The whole takes half an hour or more on two cores that have nothing else to do."""
    log.configure("bench", level="WARNING")
    console, aside = Console(), Console(stderr=True)
    home = (data_dir or configuration.load().data_dir / "bench").resolve()
    bench = Bench(home, lambda line: aside.print(line, style="dim", markup=False), quick=quick, large=large)
    unknown = sorted(set(only or ()) - set(MEASUREMENTS))
    if unknown:
        aside.print(f"There is no measurement {', '.join(unknown)}. There are: {', '.join(MEASUREMENTS)}.")
        raise typer.Exit(2)
    found: list[Row] = []
    failed: dict[str, str] = {}
    for name in only or MEASUREMENTS:
        began = time.monotonic()
        bench.tell(f"{name} …")
        try:
            row = MEASUREMENTS[name](bench)
        except (DialerError, OSError, ValueError) as error:  # one that cannot be measured hides no other
            failed[name] = str(error)
            aside.print(f"{name} could not be measured: {error}", markup=False)
            continue
        bench.tell(f"{name}: {time.monotonic() - began:.0f} s")
        found.append(row)
        if not json_:
            table.show(row, console)
    if json_:
        typer.echo(json.dumps({"rows": [table.as_json(row) for row in found], "failed": failed}))
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
