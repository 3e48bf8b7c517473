"""`dialer campaign create | start | pause | resume | stop | status | forecast | list`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

import typer

from dialer.cli.context import DataDir, Organization, opened
from dialer.cli.output import AsJson, print_fields, print_json, print_table
from dialer.errors import BadInput

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Create, run and watch campaigns.")

Which = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its name or id.")]
Why = Annotated[str, typer.Option(help="The reason, for the record.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Unique within the organization.")],
    agent: Annotated[str, typer.Option(help="The agent's name, one of its versions such as Ava@3, or a version's id.")],
    region: Annotated[str, typer.Option(help="ISO country in which numbers without a country code are read.")] = "US",
    window: Annotated[
        list[str] | None,
        typer.Option(help='Calling hours in the lead\'s own time, such as "mon-fri 09:00-17:00"; may be repeated.'),
    ] = None,
    concurrency: Annotated[int, typer.Option(help="Calls at once, at most.")] = 10,
    cps: Annotated[float, typer.Option(help="Calls started per second, at most.")] = 1.0,
    ring_timeout: Annotated[int, typer.Option(help="Seconds to let it ring.")] = 25,
    max_attempts: Annotated[int, typer.Option(help="Calls to one lead, at most.")] = 3,
    retry: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISPOSITION=SECONDS:ATTEMPTS",
            help="When to call again after a disposition, and how many attempts may end so: busy=900:3.",
        ),
    ] = None,
    starts_on: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="First day.")] = None,
    ends_on: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Last day.")] = None,
    caller_id: Annotated[str | None, typer.Option(help="One of our numbers. [default: the first one]")] = None,
    agent_split: Annotated[
        str | None,
        typer.Option(metavar="VERSION=WEIGHT,…", help='Try versions against each other: "Ava@3=70,Ava@4=30".'),
    ] = None,
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create a campaign as a draft. It dials nothing before `start`."""
    from dialer import clock, db
    from dialer.campaigns import lifecycle, splitting

    retries = dict(_retry(text) for text in retry or ())
    first, last = _day("--starts-on", starts_on), _day("--ends-on", ends_on)
    with opened(data_dir, organization) as context, db.transaction(context.sessions) as tx:
        campaign = lifecycle.create(
            tx.session,
            organization_id=context.organization_id,
            name=name,
            agent=agent,
            region=region,
            windows="; ".join(window or ["mon-fri 09:00-17:00"]),
            concurrency=concurrency,
            cps=cps,
            ring_timeout_s=ring_timeout,
            max_attempts=max_attempts,
            retries=retries,
            starts_on=first,
            ends_on=last,
            caller_id=caller_id,
            agent_split=splitting.parse(agent_split) if agent_split else None,
            now=clock.now(tx.session),
            by=context.by,
        )
        result = {"id": str(campaign.id), "name": campaign.name, "state": str(campaign.state)}
    (print_json if as_json else print_fields)(result)


@app.command()
def start(
    campaign: Which,
    why: Why = "started",
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let it dial, at once or from its first day on."""
    _move("start", campaign, why, organization, data_dir, as_json)


@app.command()
def pause(
    campaign: Which,
    why: Why = "paused",
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Dial nothing until resumed. Calls that ring or talk go on."""
    _move("pause", campaign, why, organization, data_dir, as_json)


@app.command()
def resume(
    campaign: Which,
    why: Why = "resumed",
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Go on after a pause."""
    _move("resume", campaign, why, organization, data_dir, as_json)


@app.command()
def stop(
    campaign: Which,
    why: Why = "stopped",
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End it for good. Calls that ring or talk go on and get their outcomes."""
    _move("stop", campaign, why, organization, data_dir, as_json)


@app.command()
def status(
    campaign: Which, organization: Organization = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Where its leads stand, and whether the ledger balances."""
    from dialer.campaigns import balance, lifecycle

    with opened(data_dir, organization) as context, context.sessions() as session:
        found = lifecycle.find(session, context.organization_id, campaign)
        result = balance.status(session, found.id)
    (print_json if as_json else print_fields)(result)


@app.command()
def forecast(
    campaign: Which, organization: Organization = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """When it will be through, as things stand."""
    from dialer import clock
    from dialer.campaigns import forecast as forecasting
    from dialer.campaigns import lifecycle

    with opened(data_dir, organization) as context, context.sessions() as session:
        found = lifecycle.find(session, context.organization_id, campaign)
        result = forecasting.forecast(session, found.id, clock.now(session))
    (print_json if as_json else print_fields)(result)


@app.command("list")
def list_all(organization: Organization = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Every campaign of the organization, newest first."""
    from sqlalchemy import select

    from dialer.campaigns.models import Campaign

    with opened(data_dir, organization) as context, context.sessions() as session:
        rows = session.execute(
            select(Campaign.id, Campaign.name, Campaign.state, Campaign.created_at)
            .where(Campaign.organization_id == context.organization_id)
            .order_by(Campaign.created_at.desc())
        ).all()
    if as_json:
        print_json({"campaigns": [dict(row._mapping) for row in rows]})
    else:
        print_table(("id", "name", "state", "created"), rows, empty="No campaigns yet.")


def _move(step: str, campaign: str, why: str, organization: str | None, data_dir: DataDir, as_json: bool) -> None:
    from dialer import clock, db
    from dialer.campaigns import lifecycle

    move: Callable[..., bool] = getattr(lifecycle, step)
    with opened(data_dir, organization) as context, db.transaction(context.sessions) as tx:
        found = lifecycle.find(tx.session, context.organization_id, campaign)
        moved = move(tx.session, found.id, now=clock.now(tx.session), by=context.by, why=why)
        tx.session.refresh(found)
        result = {"id": str(found.id), "name": found.name, "state": str(found.state), "moved": moved}
    (print_json if as_json else print_fields)(result)


def _retry(text: str) -> tuple[str, dict[str, Any]]:
    disposition, _, rule = text.partition("=")
    after, _, attempts = rule.partition(":")
    if not (after.isdecimal() and attempts.isdecimal()):
        raise BadInput(f"--retry {text}: write it as DISPOSITION=SECONDS:ATTEMPTS, such as busy=900:3.")
    return disposition, {"after_s": int(after), "attempts": int(attempts)}


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError as error:
        raise BadInput(f"{option} {text}: write the day as YYYY-MM-DD.") from error
