"""`dialer settle`: bring the rows up to date after the database was restored from a backup."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dialer.cli.context import Context, DataDir, opened
from dialer.cli.output import AsJson, print_fields, print_json, print_table, say
from dialer.errors import BadInput, Conflict

if TYPE_CHECKING:
    from dialer.calls.gap_settling import Settled

app = typer.Typer(add_completion=False)

_MADE = ("call_id", "carrier_id", "to_number", "lead_id", "attempt", "status")


@app.command()
def settle(
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Ask the carrier from here on, such as 2026-11-24T09:00+00:00.")
    ] = None,
    open_gate: Annotated[bool, typer.Option("--open", help="Let dialing go on if nothing is left to settle.")] = False,
    why: Annotated[str, typer.Option(help="The reason for --open, for the record.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """After a restore: make the rows of calls that the carrier has and no row knows, and suppress again who opted out.

    Dialing must be stopped, and stays so unless --open is given. Asking again changes nothing.
    """
    if open_gate and not why.strip():
        raise BadInput("--open needs --why: the reason, for the record.")
    moment = _moment(since)
    with opened(data_dir) as context:
        done = _settle(context, moment)
        opens = open_gate and not done.held
        if opens:
            _open(context, why)
    _print(done, as_json, opened_now=opens)
    if open_gate and not opens:
        raise Conflict("Dialing stays stopped: not all is settled. Run dialer settle again.")


def _settle(context: Context, since: datetime | None) -> Settled:
    from dialer.calls import gap_settling
    from dialer.wiring import Wiring

    wiring = Wiring(context.settings, pool_size=2)
    try:
        return gap_settling.settle(wiring.restored, since=since)
    except OSError as error:
        raise BadInput(f"The journal of opt-outs cannot be read: {error}") from error
    finally:
        wiring.engine.dispose()


def _open(context: Context, why: str) -> None:
    from dialer import db
    from dialer.calls import gate

    with db.transaction(context.sessions) as tx:
        gate.open_gate(tx.session, by=context.by, why=why)


def _print(done: Settled, as_json: bool, *, opened_now: bool) -> None:
    result = done.as_json() | {"dialing": "allowed" if opened_now else "stopped"}
    if as_json:
        print_json(result)
        return
    print_fields({name: value for name, value in result.items() if name not in ("made", "held", "lost")})
    rows = [[row[name] for name in _MADE] for row in result["made"]]
    print_table(_MADE, rows, empty="No call of the carrier was without its row.")
    for title, lines in (("Not settled yet", done.held), ("Cannot be recovered", done.lost)):
        if lines:
            typer.echo("\n".join((f"{title}:", *(f"  {line}" for line in lines))))
    if done.held:
        say("Run dialer settle again in a minute.")
    elif not opened_now:
        say('Settled. Dialing stays stopped until: dialer resume-dialing --why "…"')


def _moment(since: str | None) -> datetime | None:
    if since is None:
        return None
    try:
        moment = datetime.fromisoformat(since)
    except ValueError as error:
        raise BadInput(f"--since {since}: write it as 2026-11-24T09:00+00:00.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
