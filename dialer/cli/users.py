"""`dialer users`: people who log in to the console."""

from __future__ import annotations

import secrets
import sys
from typing import Annotated

import typer

from dialer import db
from dialer.accounts import secret, sessions, users
from dialer.accounts.models import Role
from dialer.cli import context
from dialer.cli.output import AsJson, print_json, say

app = typer.Typer(add_completion=False, no_args_is_help=True, help="People who log in to the console.")


@app.callback()
def group() -> None:
    """People who log in to the console."""


@app.command()
def create(
    email: Annotated[str, typer.Argument(help="How the person logs in.")],
    role: Annotated[
        Role, typer.Option(help="viewer looks, manager runs campaigns, admin does everything.")
    ] = Role.MANAGER,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    data_dir: context.DataDir = None,
    organization: context.Organization = None,
    as_json: AsJson = False,
) -> None:
    """Add a user. Without --password-stdin a password is made and printed, this once."""
    given = sys.stdin.readline().rstrip("\r\n") if password_stdin else ""
    password = given if password_stdin else secrets.token_urlsafe(15)
    with context.opened(data_dir, organization) as here, db.transaction(here.sessions) as tx:
        user = users.create(tx.session, here.organization_id, email, password, role, by=here.by)
    made = {} if password_stdin else {"password": password}
    if as_json:
        print_json({"email": user.email, "role": user.role.value, **made})
        return
    say(f"{user.email} may log in as {user.role}.")
    if made:
        typer.echo(password)


@app.command()
def link(
    email: Annotated[str, typer.Argument(help="Whom the link logs in.")],
    data_dir: context.DataDir = None,
    organization: context.Organization = None,
    as_json: AsJson = False,
) -> None:
    """Print a link that logs a user in once, within ten minutes, without a password."""
    with context.opened(data_dir, organization) as here, here.sessions() as session:
        base_url = here.settings.public_url or f"http://{here.settings.web_host}:{here.settings.web_port}"
        url = sessions.login_link(session, secret.read(here.settings), email=email, base_url=base_url)
    if as_json:
        print_json({"url": url})
    else:
        typer.echo(url)
