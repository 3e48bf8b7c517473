"""`dialer outbox list | retry`: what is on its way to the CRMs, and what a person must look at."""

from __future__ import annotations

from typing import Annotated

import typer

from dialer.cli.context import DataDir, Organization, opened
from dialer.cli.output import AsJson, print_fields, print_json, print_table, say

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Effects outside: pending, sent, or parked until a person looks."
)

_COLUMNS = ("id", "destination", "kind", "state", "tries", "lead_id", "call_id", "error")


@app.command("list")
def list_rows(
    state: Annotated[str, typer.Option(help="pending, parked, sent or all.")] = "parked",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show rows, oldest first."""
    from sqlalchemy import select

    from dialer.crm.models import OutboxRow, OutboxState
    from dialer.errors import BadInput

    if state != "all" and state not in set(OutboxState):
        raise BadInput(f"--state {state}: it takes {', '.join(OutboxState)} or all.")
    query = select(*(getattr(OutboxRow, name) for name in _COLUMNS)).order_by(OutboxRow.id).limit(limit)
    if state != "all":
        query = query.where(OutboxRow.state == OutboxState(state))
    with opened(data_dir, organization) as context, context.sessions() as session:
        rows = session.execute(query.where(OutboxRow.organization_id == context.organization_id)).all()
    if as_json:
        print_json({"rows": [dict(row._mapping) for row in rows]})
    else:
        print_table(_COLUMNS, rows, empty=f"No {state} rows.")


@app.command()
def retry(
    ids: Annotated[
        list[int] | None,
        typer.Argument(metavar="[ID]...", help="Rows. [default: all parked ones but those of unknown fate]"),
    ] = None,
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Send parked rows again.

    What CRMs and calendars have taken already has no second effect there. SMS and mails of which nobody knows whether
    they were sent are sent again only if they are named.
    """
    from sqlalchemy import select

    from dialer import db
    from dialer.crm import delivery
    from dialer.crm.models import OutboxRow, OutboxState

    with opened(data_dir, organization) as context, db.transaction(context.sessions) as tx:
        mine = (
            select(OutboxRow.id)
            .where(OutboxRow.organization_id == context.organization_id, OutboxRow.state == OutboxState.PARKED)
            .order_by(OutboxRow.id)
        )
        begun = OutboxRow.sending_wall.is_not(None)
        left = [] if ids else tx.session.scalars(mine.where(begun)).all()
        wanted = ids or tx.session.scalars(mine.where(~begun)).all()
        count = delivery.retry(tx.session, wanted, organization_id=context.organization_id)
    if as_json:
        print_json({"retried": count, "left": left})
        return
    print_fields({"retried": count, "left": len(left)})
    if left:
        say(
            "Of those left nobody knows whether they were sent. To send them, perhaps a second time:\n"
            f"dialer outbox retry {' '.join(map(str, left))}"
        )
