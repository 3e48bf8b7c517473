"""`dialer agent test | replay`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from dialer.cli.context import Context, DataDir, Organization, load, opened
from dialer.cli.output import AsJson, print_fields, print_json, print_table, say
from dialer.errors import BadInput

if TYPE_CHECKING:
    from dialer.agents.definition import AgentDefinition
    from dialer.evals.running import Means, Tried
    from dialer.evals.verdict import Verdict
    from dialer.llm.base import Brain
    from dialer.settings import Settings

AgentName = Annotated[str | None, typer.Argument(metavar="AGENT", help="The agent's name. Not with --file.")]
Version = Annotated[int | None, typer.Option("--version", metavar="N", help="Of the agent. [default: the latest]")]
File = Annotated[Path | None, typer.Option("--file", help="An agent's file instead, which nobody has saved.")]


def try_out(
    agent: AgentName = None,
    version: Version = None,
    file: File = None,
    cases: Annotated[
        list[Path] | None, typer.Option("--cases", help="File or folder of cases; may be repeated. [default: shipped]")
    ] = None,
    only: Annotated[str, typer.Option(metavar="NAME", help="Cases whose names have this.")] = "",
    repeat: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="Times that each case is run.")] = 1,
    at_once: Annotated[int, typer.Option(min=1, max=50, metavar="N", help="Conversations at a time.")] = 6,
    against: Annotated[
        int | None, typer.Option(metavar="VERSION", help="Try this version as well, and compare.")
    ] = None,
    transcripts: Annotated[bool, typer.Option("--transcripts", help="Print every conversation.")] = False,
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Try an agent on scripted and simulated people. Nobody is called, and nothing is booked, sent or written down."""
    from dialer.evals import reading, report, running

    with _opened(agent, file, against, data_dir, organization) as (settings, context):
        candidate, label = _candidate(context, agent, version, file)
        wanted = reading.collect(cases or [], candidate, only=only)
        run = partial(running.run, wanted, repeat=repeat, at_once=at_once, on_verdict=_quietly if as_json else _told)
        with _means(settings, context, candidate) as means:
            tried = run(candidate, means)
        before: list[Tried] = []
        if against is not None:
            other, name = _candidate(context, candidate.name, against, None)
            if not as_json:
                say(f"Against {name}:")
            with _means(settings, context, other) as means:
                before = run(other, means)
    if as_json:
        compared = {"against": {"version": against, **report.as_json(before)}} if before else {}
        print_json({"agent": candidate.name, "version": label, **report.as_json(tried), **compared})
    else:
        _print(tried, before, transcripts=transcripts)
    if not all(each.passed for each in tried):
        raise typer.Exit(1)


def replay(
    calls: Annotated[list[UUID], typer.Argument(metavar="CALL_ID...", help="Calls that are over.")],
    agent: Annotated[
        str | None, typer.Option("--agent", help="Who answers now. [default: the agent of the first call]")
    ] = None,
    version: Version = None,
    file: File = None,
    organization: Organization = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Play what people said in recorded calls to a version of an agent, and compare. Nobody is called."""
    from dialer.evals import comparing, recorded, replaying

    with opened(data_dir, organization) as context:
        with context.sessions() as session:
            found = [recorded.load(session, context.organization_id, call_id) for call_id in calls]
        name = agent or str(found[0].version.definition["name"])
        candidate, label = _candidate(context, None if file else name, version, file)
        with _means(context.settings, context, candidate) as means:
            replays = replaying.replay(found, candidate, means)
    passed = all(each.verdict.passed for each in replays)
    if as_json:
        shown = [comparing.as_json(each) for each in replays]
        print_json({"agent": candidate.name, "version": label, "passed": passed, "calls": shown})
    else:
        for each in replays:
            then = each.recorded.version
            typer.echo(f"\nCall {each.recorded.call_id}: {then.definition['name']}@{then.number} → {label}")
            print_table(comparing.COLUMNS, [_plain(row) for row in comparing.rows(each)], empty="")
            print_fields(comparing.summary(each))
            _print_failures("", each.verdict)
    if not passed:
        raise typer.Exit(1)


@contextmanager
def _opened(
    agent: str | None, file: Path | None, against: int | None, data_dir: Path | None, organization: str | None
) -> Iterator[tuple[Settings, Context | None]]:
    """The settings, and the database if something of it is needed: a file can be tried where there is none.

    Raises:
        BadInput: it was not said who is tried.
    """
    from dialer.agents import definition

    if (agent is None) == (file is None):
        raise BadInput("Name the agent, or give its file with --file.")
    if file is not None and against is None and not definition.read(file).knowledge:
        yield load(data_dir), None
        return
    with opened(data_dir, organization) as context:
        yield context.settings, context


def _candidate(
    context: Context | None, name: str | None, version: int | None, file: Path | None
) -> tuple[AgentDefinition, str]:
    """Who is tried, and how that is told."""
    from dialer.agents import definition, store

    if file is not None:
        if version is not None:
            raise BadInput("--version is of an agent that is saved; --file brings its own.")
        return definition.read(file), str(file)
    assert context is not None
    with context.sessions() as session:
        wanted = str(name) if version is None else f"{name}@{version}"
        found = store.find_version(session, context.organization_id, wanted)
        label = f"{found.definition['name']}@{found.number}"
        return definition.AgentDefinition.model_validate(found.definition), label


@contextmanager
def _means(settings: Settings, context: Context | None, agent: AgentDefinition) -> Iterator[Means]:
    """What trying this agent needs: its documents too, if it has any."""
    from dialer import wiring
    from dialer.calls import recalling
    from dialer.calls.toolbox import look_up_knowledge
    from dialer.conversation.facts import Passage
    from dialer.evals.running import Means

    def brains() -> Sequence[Brain]:
        return wiring.live_vendors(settings).brains

    if context is None or not agent.knowledge:
        yield Means(brains, wiring.reader(settings))
        return
    parts, organization_id = wiring.Wiring(settings, pool_size=2), context.organization_id

    def search(words: str) -> list[Passage]:
        found = parts.retriever.find(
            organization_id,
            agent.knowledge,
            words,
            language=agent.language,
            limit=recalling.PASSAGES,
            vector_s=recalling.VECTOR_S,
        )
        return [look_up_knowledge.passage(one) for one in found]

    yield Means(brains, wiring.reader(settings), search)
    parts.engine.dispose()


def _told(verdict: Verdict) -> None:
    """Say on stderr how far it is."""
    from dialer.evals import report

    say(f"{report.GOOD if verdict.passed else report.BAD} {verdict.case.name} ({verdict.held.took_s:.1f} s)")


def _quietly(_verdict: Verdict) -> None:
    """Say nothing: the object on stdout is all that is wanted."""


def _print(tried: list[Tried], before: list[Tried], *, transcripts: bool) -> None:
    from dialer.evals import report

    columns, rows = report.table(tried)
    print_table(columns, [_plain(row) for row in rows], empty="")
    for name, verdict in report.failures(tried):
        _print_failures(name, verdict)
    if transcripts:
        for each in tried:
            for verdict in each.verdicts:
                typer.echo("\n".join([f"\n{each.case.name}:", *report.told(verdict.held)]))
    if before:
        typer.echo()
        print_table(report.COMPARED, [_plain(row) for row in report.compared(tried, before)], empty="")
    ran = [each for each in tried if not each.lacks]
    typer.echo(f"\n{sum(each.passed for each in ran)} of {len(ran)} cases passed.")


def _print_failures(name: str, verdict: Verdict) -> None:
    """Print why a conversation was not good, and the conversation."""
    from dialer.evals import report

    if verdict.passed:
        return
    typer.echo(f"\n{name or 'Not good'}:")
    for check in verdict.failures:
        typer.echo(f"  {report.BAD} {check.score}: {check.why}")
    typer.echo("\n".join(f"  {line}" for line in report.told(verdict.held)))


def _plain(row: tuple[str, ...]) -> tuple[str, ...]:
    """A row whose brackets are no markup."""
    from rich.markup import escape

    return tuple(escape(cell) for cell in row)
