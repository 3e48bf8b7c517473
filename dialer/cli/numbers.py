"""`dialer numbers list | agent`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from dialer.cli.context import DataDir, Organization, opened
from dialer.cli.output import AsJson, print_json, print_table

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Our own numbers, and who answers them.")

_COLUMNS = ("phone", "carrier", "agent", "stopped")


@app.command("list")
def list_all(organization: Organization = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Every number, with the agent that answers people whom nobody has called from it."""
    from dialer.calls import numbers

    with opened(data_dir, organization) as context, context.sessions() as session:
        found = numbers.list_all(session, context.organization_id)
    if as_json:
        print_json({"numbers": [asdict(number) for number in found]})
    else:
        rows = [(n.phone, n.carrier, n.agent or "of its latest campaign", n.stopped_reason or "") for n in found]
        print_table(_COLUMNS, rows, empty="No number yet: the first dialer up takes it from the carrier's settings.")


@app.command()
def agent(
    phone: Annotated[str, typer.Argument(help="One of our numbers, E.164.")],
    name: Annotated[str | None, typer.Argument(help="An agent's name. [default: of its latest campaign]")] = None,
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let an agent answer a number when a stranger calls it; without a name, the agent of its latest campaign."""
    from dialer import db
    from dialer.calls import numbers

    with opened(data_dir, organization) as context, db.transaction(context.sessions) as tx:
        number = numbers.assign(tx.session, context.organization_id, phone, name)
    if as_json:
        print_json(asdict(number))
    else:
        typer.echo(f"{number.phone} is answered by {number.agent or 'the agent of its latest campaign'}.")
