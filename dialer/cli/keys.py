"""`dialer keys`: API keys."""

from __future__ import annotations

from typing import Annotated

import typer

from dialer import db
from dialer.accounts import keys
from dialer.accounts.models import Role
from dialer.cli import context
from dialer.cli.output import AsJson, print_json, say

app = typer.Typer(add_completion=False, no_args_is_help=True, help="API keys.")


@app.callback()
def group() -> None:
    """API keys, for programs."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Which program will use it.")],
    role: Annotated[
        Role, typer.Option(help="viewer looks, manager runs campaigns, admin does everything.")
    ] = Role.MANAGER,
    data_dir: context.DataDir = None,
    organization: context.Organization = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, this once: only its hash is kept."""
    with context.opened(data_dir, organization) as here, db.transaction(here.sessions) as tx:
        key = keys.create(tx.session, here.organization_id, name, role, by=here.by)
    if as_json:
        print_json({"key": key, "name": name.strip(), "role": role.value})
        return
    typer.echo(key)
    say("Keep it: it cannot be shown again. Send it as `Authorization: Bearer …`.")
