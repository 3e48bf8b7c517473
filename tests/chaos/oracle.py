"""The judge: reads the sandbox's own ledger, holds our rows against it, and then asks `dialer audit`.

What was dialed, and when, comes from the carrier's ledger alone. The database is asked only for what must answer it:
outcomes, allowed attempts, opt-outs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import select

from dialer.calls.models import Call
from dialer.crm.models import OutboxKind, OutboxRow, OutboxState
from dialer.leads.models import Lead, LeadState, Suppression
from dialer.outcomes.models import Outcome
from tests.chaos.run import MAX_ATTEMPTS, Run, posted
from tests.chaos.world import Line

COMMIT_S = 1.0
"""An opt-out that finds a dial under way waits 0.75 s before it commits."""
OVER = frozenset({"completed", "busy", "no-answer", "canceled", "failed"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge found. `broken` is empty when all is well."""

    calls: int
    twice: int
    never: int
    lost: int
    broken: list[str] = field(default_factory=list)


def judge(run: Run) -> Verdict:
    """Judge one run, once it is quiet."""
    mine = set(run.phones)
    lines = run.lines()
    calls = [line for line in lines if line["kind"] == "call.accepted" and line["to"] in mine]
    statuses = [line for line in lines if line["kind"] == "call.status" and line["to"] in mine]
    twice = [*dialed_twice(calls), *two_open(calls + statuses), *called_again(calls, statuses)]
    never = list(never_called(run, calls, lines))
    lost = [*outcomes(run, calls, statuses), *effects(run, lines)]
    laws = [f"dialer audit: {name} is broken {n} times" for name, n in audit(run).items() if n]
    broken = [*twice, *never, *lost, *after_opt_out(run, calls), *not_at_rest(run), *laws]
    return Verdict(len(calls), len(twice), len(never), len(lost), broken)


def dialed_twice(calls: Iterable[Line]) -> Iterator[str]:
    """At most one accepted POST per attempt."""
    for attempt, n in Counter(line["call_id"] for line in calls).items():
        if attempt is None or n > 1:
            yield f"attempt {attempt} was accepted {n} times"


def two_open(lines: Iterable[Line]) -> Iterator[str]:
    """At most one open call per phone, in the ledger's order."""
    open_calls: dict[str, set[str]] = defaultdict(set)
    for line in sorted(lines, key=lambda line: int(line["seq"])):
        here = open_calls[line["to"]]
        if line["kind"] == "call.accepted":
            here.add(line["carrier_id"])
            if len(here) > 1:
                yield f"{line['to']} had {len(here)} open calls at seq {line['seq']}"
        elif line["status"] in OVER:
            here.discard(line["carrier_id"])


def called_again(calls: Iterable[Line], statuses: Iterable[Line]) -> Iterator[str]:
    """No lead beyond its attempts, and none called again whose call did not fail at the carrier."""
    end = {line["carrier_id"]: line["status"] for line in statuses if line["status"] in OVER}
    by_phone: dict[str, list[Line]] = defaultdict(list)
    for line in calls:
        by_phone[line["to"]].append(line)
    for phone, placed in by_phone.items():
        if len(placed) > MAX_ATTEMPTS:
            yield f"{phone} was called {len(placed)} times of {MAX_ATTEMPTS}"
        for earlier in placed[:-1]:
            if end.get(earlier["carrier_id"]) != "failed":
                yield f"{phone} was called again after a call that ended {end.get(earlier['carrier_id'])}"


def never_called(run: Run, calls: Iterable[Line], lines: Iterable[Line]) -> Iterator[str]:
    """Every lead was called, unless the carrier refused the number or the lead is blocked for a reason."""
    reached = {line["to"] for line in calls}
    refused = {line["to"] for line in lines if line["kind"] == "call.refused" and (line["status"] or 0) < 429}
    with run.world.sessions() as session:
        blocked = set(
            session.scalars(
                select(Lead.phone).where(
                    Lead.campaign_id.in_(run.campaign_ids), Lead.state == LeadState.BLOCKED, Lead.reason != ""
                )
            )
        )
    for phone in run.phones:
        if phone not in reached | refused | blocked:
            yield f"{phone} was never called"


def not_at_rest(run: Run) -> Iterator[str]:
    """Every lead is done or blocked."""
    with run.world.sessions() as session:
        rows = session.execute(
            select(Lead.phone, Lead.state).where(
                Lead.campaign_id.in_(run.campaign_ids), Lead.state.not_in((LeadState.DONE, LeadState.BLOCKED))
            )
        )
        for phone, state in rows:
            yield f"{phone} is still {state.value}"


def outcomes(run: Run, calls: Iterable[Line], statuses: Iterable[Line]) -> Iterator[str]:
    """Every carrier call has exactly one outcome, and ended for us as it did for the carrier."""
    end = {line["carrier_id"]: line["status"] for line in statuses if line["status"] in OVER}
    with run.world.sessions() as session:
        rows = session.execute(
            select(Call.carrier_id, Call.id, Call.carrier_status, Outcome.call_id)
            .outerjoin(Outcome, Outcome.call_id == Call.id)
            .where(Call.campaign_id.in_(run.campaign_ids))
        ).all()
    have = Counter(carrier_id for carrier_id, _, _, outcome in rows if carrier_id and outcome)
    ids = {str(call_id) for _, call_id, _, _ in rows}
    attempt_of = {carrier_id: str(call_id) for carrier_id, call_id, _, _ in rows if carrier_id}
    said = {carrier_id: status for carrier_id, _, status, _ in rows if carrier_id}
    real = {line["carrier_id"]: line["call_id"] for line in calls}
    for carrier_id, attempt in real.items():
        if have[carrier_id] != 1:
            yield f"carrier call {carrier_id} has {have[carrier_id]} outcomes"
        elif attempt_of[carrier_id] != attempt and not (run.restored and attempt not in ids):
            yield f"carrier call {carrier_id} is of attempt {attempt} and was taken for {attempt_of[carrier_id]}"
        elif said[carrier_id] != end.get(carrier_id):
            yield f"carrier call {carrier_id} ended {end.get(carrier_id)}; our row says {said[carrier_id]}"
    for carrier_id in attempt_of.keys() - real.keys():
        yield f"our row has carrier call {carrier_id}, which the carrier never had"


def effects(run: Run, lines: Iterable[Line]) -> Iterator[str]:
    """Every outcome has exactly one effect at each CRM."""
    made = Counter((line["crm"], line["key"]) for line in lines if line["kind"] == "crm.write" and line.get("created"))
    told = {line["key"] for line in lines if line["kind"] == "webhook" and line["status"] == 200}
    with run.world.sessions() as session:
        rows = session.execute(
            select(OutboxRow.destination, OutboxRow.kind, OutboxRow.key, OutboxRow.state)
            .join(Call, Call.id == OutboxRow.call_id)
            .where(Call.campaign_id.in_(run.campaign_ids))
        ).all()
        written = set(session.scalars(select(Outcome.call_id).where(Outcome.campaign_id.in_(run.campaign_ids))))
    keys = {(destination, key) for destination, _, key, _ in rows}
    for call_id in written:
        wanted = (("hubspot", f"call-{call_id}"), ("salesforce", f"call-{call_id}"), ("webhook", f"event-{call_id}"))
        for one in wanted:
            if one not in keys:
                yield f"the outcome of {call_id} has no row for {one[0]}"
    parked = 0
    for destination, kind, key, state in rows:
        if state is OutboxState.PARKED:
            parked += 1
        elif kind is OutboxKind.EVENT and key not in told:
            yield f"{destination} was never told {key}"
        elif kind in (OutboxKind.ACTIVITY, OutboxKind.TASK) and made[destination, key] != 1:
            yield f"{destination} has {made[destination, key]} records of {key}"
    if parked:
        yield f"{parked} outbox rows are parked"


def after_opt_out(run: Run, calls: Iterable[Line]) -> Iterator[str]:
    """No accepted POST was sent after the commit of an opt-out.

    A run that opts people out itself knows when that was committed; for others the row's own time is taken, and the
    second that an opt-out may wait for a dial before it commits.
    """
    with run.world.sessions() as session:
        rows = session.execute(
            select(Suppression.phone, Suppression.wall).where(Suppression.phone.in_(run.phones))
        ).all()
    since = {phone: wall.timestamp() + COMMIT_S for phone, wall in rows if phone} | run.opted_out
    for line in calls:
        late_s = posted(line) - since.get(line["to"], float("inf"))
        if late_s > 0:
            yield f"{line['to']} was called {late_s:.3f} s after its opt-out was committed"


def audit(run: Run) -> dict[str, int]:
    """What `dialer audit --carrier` says, as anybody would ask."""
    laws: dict[str, int] = run.world.dialer("audit", "--carrier")["laws"]
    return laws
