"""`dialer audit`."""

from __future__ import annotations

from typing import Annotated

import typer

from dialer.cli.context import DataDir, opened
from dialer.cli.output import AsJson, print_fields, print_json

app = typer.Typer(add_completion=False)


@app.command()
def audit(
    carrier: Annotated[bool, typer.Option("--carrier", help="Compare with the carrier's own list as well.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Count for each law what can be seen to break it. Exit code 1 if anything does."""
    from dialer import audit as auditing

    with opened(data_dir) as context:
        asked = None
        if carrier:
            from dialer import wiring

            asked = wiring.carrier(context.settings)
        with context.sessions() as session:
            laws = auditing.laws(session, carrier=asked)
    result = {"laws": laws, "ok": not any(laws.values())}
    (print_json if as_json else print_fields)(result)
    if not result["ok"]:
        raise typer.Exit(1)
