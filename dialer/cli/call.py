"""`dialer call`."""

from __future__ import annotations

from typing import Annotated

import typer

from dialer.cli.context import DataDir, Organization, opened
from dialer.cli.output import AsJson, print_fields, print_json

app = typer.Typer(add_completion=False)


@app.command()
def call(
    phone: Annotated[str, typer.Argument(help="Your own number, such as +12125550100.")],
    agent: Annotated[str, typer.Option(help="The agent's name.")],
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let an agent call you, through the same protocol as a campaign's calls. `dialer up` must be running."""
    from dialer import wiring
    from dialer.calls import testing

    with opened(data_dir, organization) as context:
        call_id = testing.place_test_call(
            context.sessions,
            organization_id=context.organization_id,
            phone=phone,
            agent=agent,
            by=context.by,
            messages=wiring.Wiring(context.settings).messages,
        )
    (print_json if as_json else print_fields)({"id": str(call_id), "phone": phone, "agent": agent})
