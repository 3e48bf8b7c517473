"""`dialer agents sync | list | test | replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dialer.cli import evals
from dialer.cli.context import DataDir, Organization, opened
from dialer.cli.output import AsJson, print_json, print_table

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Agents are files; a changed file becomes a new version."
)

app.command("test")(evals.try_out)
app.command("replay")(evals.replay)


@app.command()
def sync(
    folder: Annotated[Path | None, typer.Argument(help="Folder of *.toml files. [default: config/agents]")] = None,
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Read the agents' files, and keep each that changed as a new version. Campaigns keep the version they have."""
    from dialer import db, resources
    from dialer.agents import store

    with opened(data_dir, organization) as context, db.transaction(context.sessions) as tx:
        versions = store.sync_folder(tx.session, context.organization_id, folder or resources.config_dir() / "agents")
        rows = [{"name": v.definition["name"], "version": v.number, "id": str(v.id)} for v in versions]
    if as_json:
        print_json({"agents": rows})
    else:
        print_table(
            ("name", "version", "id"), [tuple(row.values()) for row in rows], empty="The folder has no *.toml file."
        )


@app.command("list")
def list_all(organization: Organization = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Every version of every agent."""
    from sqlalchemy import select

    from dialer.agents.models import Agent, AgentVersion

    with opened(data_dir, organization) as context, context.sessions() as session:
        rows = session.execute(
            select(Agent.name, AgentVersion.number.label("version"), AgentVersion.id, AgentVersion.created_at)
            .join(AgentVersion, AgentVersion.agent_id == Agent.id)
            .where(Agent.organization_id == context.organization_id)
            .order_by(Agent.name, AgentVersion.number)
        ).all()
    if as_json:
        print_json({"agents": [dict(row._mapping) for row in rows]})
    else:
        print_table(("name", "version", "id", "created"), rows, empty="No agents yet: dialer agents sync.")
