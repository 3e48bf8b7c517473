"""`dialer leads import | explain | opt-out`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dialer.cli.context import DataDir, Organization, opened
from dialer.cli.output import AsJson, print_fields, print_json, print_table, say
from dialer.errors import BadInput

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Bring leads in, and ask why one was called or not.")

InCampaign = Annotated[str, typer.Option("--campaign", metavar="CAMPAIGN", help="The campaign's name or id.")]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV of any encoding and delimiter.")],
    campaign: InCampaign,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help='Where a field is found, in place of what is guessed, such as phone="Mobile"; may be repeated.',
        ),
    ] = None,
    consent: Annotated[
        str | None,
        typer.Option(metavar="TYPE", help="What everybody on the list agreed to, you vouch: express or written."),
    ] = None,
    consent_evidence: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What proves it; needed with --consent.")
    ] = None,
    consent_text: Annotated[str, typer.Option(metavar="VERSION", help="Which text they agreed to.")] = "",
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Bring a CSV of leads into a campaign. Bad rows never stop good ones; they come back in a CSV with the reason."""
    from dialer.accounts import secret
    from dialer.campaigns import lifecycle
    from dialer.leads.importing import import_csv

    wanted = _mapping(columns or [])
    attestation = _attestation(consent, consent_evidence, consent_text)
    if not file.is_file():
        raise BadInput(f"{file}: there is no such file.")
    with opened(data_dir, organization) as context:
        with context.sessions() as session:
            campaign_id = lifecycle.find(session, context.organization_id, campaign).id
        report = import_csv(
            context.sessions,
            source=file,
            filename=file.name,
            organization_id=context.organization_id,
            campaign_id=campaign_id,
            mapping=wanted,
            consent=attestation,
            by=context.by,
            rejects_dir=context.settings.data_dir / "rejects",
            secret=secret.read(context.settings),
        ).as_json()
    (print_json if as_json else print_fields)(report)
    if blocked := sum(report["blocked"].values()):
        say(f"{blocked} of the imported leads cannot be called: {', '.join(report['blocked'])}.")


@app.command()
def explain(
    phone: Annotated[str, typer.Argument(metavar="PHONE", help="The number, as you would write it.")],
    campaign: InCampaign,
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say why a lead was called or not, and when it will be."""
    from dialer import clock
    from dialer.accounts import secret
    from dialer.campaigns import lifecycle
    from dialer.leads.explaining import explain as explained

    with opened(data_dir, organization) as context, context.sessions() as session:
        found = lifecycle.find(session, context.organization_id, campaign)
        answer = explained(
            session,
            context.organization_id,
            found.id,
            phone,
            clock.now(session),
            secret=secret.read(context.settings),
        )
    if as_json:
        print_json(answer.as_json())
        return
    hidden = {"history", "summary", "next", "next_at"}
    print_fields({name: value for name, value in answer.as_json().items() if name not in hidden})
    typer.echo(f"\n{answer.summary}\n{answer.next}\n")
    print_table(
        ("at", "what", "why", "by", "until"),
        (
            (f"{s.at:%Y-%m-%d %H:%M:%S}", s.what, s.why, s.by, s.until and f"{s.until:%m-%d %H:%M}")
            for s in answer.history
        ),
        empty="Nothing has happened to it yet.",
    )


@app.command("opt-out")
def opt_out(
    who: Annotated[
        list[str], typer.Argument(metavar="FILE|PHONE...", help="Numbers, or CSV files with a column of numbers.")
    ],
    why: Annotated[str, typer.Option(help="What they said or where the list comes from: the evidence.")],
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Never call these numbers again. What is about to call them is withdrawn, what rings is cancelled."""
    from dialer.campaigns import queries
    from dialer.leads import optout
    from dialer.leads.optout_list import read
    from dialer.wiring import Wiring

    if not why.strip():
        raise BadInput("--why: say what they said, or where the list comes from.")
    with opened(data_dir, organization) as context:
        wiring = Wiring(context.settings, pool_size=2)
        with context.sessions() as session:
            regions = queries.regions(session, context.organization_id, context.settings.default_region)
        listed = read(who, regions)
        result = {"numbers": 0, "suppressed": 0, "blocked": 0, "withdrawn": 0, "cancelled": 0}
        for source, phones in listed.phones.items():
            done = optout.opt_out(
                context.sessions,
                context.organization_id,
                phones,
                how=why.strip(),
                source=source,
                by=context.by,
                secret=wiring.secret,
                journal=wiring.journal,
            )
            result["numbers"] += len(phones)
            result["suppressed"] += done.suppressed
            result["blocked"] += done.blocked
            result["withdrawn"] += done.withdrawn
            result["cancelled"] += len(done.cancel)
            if done.cancel:
                wiring.cancel(done.cancel)
        wiring.engine.dispose()
    shown: dict[str, Any] = result | {"unreadable": listed.unreadable}
    (print_json if as_json else print_fields)(shown)
    if listed.unreadable:
        say(f"{len(listed.unreadable)} lines hold no number that can be called; they are listed above.")


def _mapping(columns: list[str]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for pair in columns:
        name, equals, column = pair.partition("=")
        if not equals:
            raise BadInput(f'--map {pair}: write it as FIELD=COLUMN, such as phone="Mobile".')
        wanted[name.strip()] = column
    return wanted


def _attestation(kind: str | None, evidence: str | None, text_version: str) -> Any:
    from dialer.leads.importing import Attestation
    from dialer.leads.models import ConsentType

    if kind is None:
        if evidence is not None:
            raise BadInput("--consent-evidence needs --consent express or --consent written.")
        return None
    if kind not in list(ConsentType):
        raise BadInput(f"--consent {kind}: it is one of {', '.join(ConsentType)}.")
    if not evidence or not evidence.strip():
        raise BadInput("--consent needs --consent-evidence: what proves that these people agreed.")
    return Attestation(ConsentType(kind), evidence.strip(), text_version)
