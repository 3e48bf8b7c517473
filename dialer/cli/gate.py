"""`dialer stop-dialing` and `dialer resume-dialing`: the emergency stop, effective at the next dial."""

from __future__ import annotations

from typing import Annotated

import typer

from dialer.cli.context import DataDir, opened
from dialer.cli.output import AsJson, print_fields, print_json

stop = typer.Typer(add_completion=False)
resume = typer.Typer(add_completion=False)

Why = Annotated[str, typer.Option(help="The reason, for the record.")]


@stop.command()
def stop_dialing(why: Why, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Dial nothing any more, in any campaign, until `resume-dialing`. Calls that ring or talk go on."""
    _set(why, data_dir, as_json, shut=True)


@resume.command()
def resume_dialing(why: Why, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Let dialing go on."""
    _set(why, data_dir, as_json, shut=False)


def _set(why: str, data_dir: DataDir, as_json: bool, *, shut: bool) -> None:
    from dialer import db
    from dialer.calls import gate

    with opened(data_dir) as context:
        with db.transaction(context.sessions) as tx:
            (gate.shut if shut else gate.open_gate)(tx.session, by=context.by, why=why)
        result = {"dialing": "stopped" if shut else "allowed", "by": context.by, "why": why}
    (print_json if as_json else print_fields)(result)
