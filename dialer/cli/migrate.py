"""`dialer migrate`."""

from __future__ import annotations

import typer

from dialer.cli.context import DataDir, load
from dialer.cli.output import AsJson, print_fields, print_json

app = typer.Typer(add_completion=False)


@app.command()
def migrate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Bring the database to this version: tables, the organization, the carrier account and the agents' files."""
    from dialer import embedded, provisioning

    with embedded.servers(load(data_dir)) as settings:
        result = provisioning.bring_up(settings)
    (print_json if as_json else print_fields)(result.as_dict())
