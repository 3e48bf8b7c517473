"""The demo's report: what our database says, what the sandbox's ledger says, and where the two disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dialer.calls.models import Call
from dialer.campaigns import balance
from dialer.crm.models import OutboxKind, OutboxRow, OutboxState
from dialer.demo import timing
from dialer.demo.ledger import Told
from dialer.followups.models import FollowUp
from dialer.outcomes.models import Outcome


@dataclass(frozen=True, slots=True)
class Run:
    """What only the one who ran the demo knows."""

    ledger: str
    recordings: str
    imported: Mapping[str, Any]
    """As `leads import --json` prints it."""
    laws: Mapping[str, int]
    seed: int
    jumps: int
    vendors: Mapping[str, Mapping[str, Any]]
    """As the sandbox shows them: those that were struck, too."""
    restarts: Mapping[str, int]
    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """As `dialer demo --json` prints it."""

    ok: bool
    seed: int
    ledger: str
    recordings: str
    rows: int
    imported: int
    rejected: dict[str, int]
    leads: dict[str, int]
    balanced: bool
    calls_placed: int
    outcomes: dict[str, int]
    people: dict[str, list[str]]
    """What came of each call with each person, by phone, in their order."""
    struck: dict[str, dict[str, Any]]
    """The vendors that were struck: how, how many of their sockets were in use, how many requests they failed since."""
    synced: dict[str, int]
    crm_effects: dict[str, dict[str, int]]
    follow_ups: int
    duplicate_dials: int
    laws: dict[str, int]
    disagreements: list[str]
    restarts: dict[str, int]
    time_jumps: int
    heard: dict[str, dict[str, int]]
    """By who listened: words that arrived whole, words cut short (somebody broke off), stretches of unknown speech."""
    answer_to_first_audio_ms: timing.Percentiles
    turn_latency_over_vendor_ms: timing.Percentiles
    wall_seconds: float
    cpu_seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The JSON object."""
        return asdict(self)


def build(session: Session, campaign_id: UUID, told: Told, run: Run) -> Report:
    """Add everything up."""
    status = balance.status(session, campaign_id)
    synced = _synced(session)
    disagreements = _disagreements(session, campaign_id, told)
    laws = dict(run.laws)
    return Report(
        ok=bool(status["balanced"])
        and status["state"] == "completed"
        and not (any(laws.values()) or disagreements or told.duplicate_dials or told.repeated_effects),
        seed=run.seed,
        ledger=run.ledger,
        recordings=run.recordings,
        rows=run.imported["rows"],
        imported=run.imported["imported"],
        rejected=dict(run.imported["rejected"]),
        leads=status["leads"],
        balanced=bool(status["balanced"]),
        calls_placed=len(told.carrier_ids),
        outcomes=status["outcomes"],
        people=_people(session, campaign_id),
        struck={name: dict(shown) for name, shown in run.vendors.items() if shown["condition"] != "well"},
        synced=synced,
        crm_effects=told.crm_effects,
        follow_ups=session.scalar(select(func.count()).select_from(FollowUp)) or 0,
        duplicate_dials=told.duplicate_dials,
        laws=laws,
        disagreements=disagreements,
        restarts=dict(run.restarts),
        time_jumps=run.jumps,
        heard=told.heard,
        answer_to_first_audio_ms=timing.answer_to_first_audio(session),
        turn_latency_over_vendor_ms=timing.turn_latency_over_vendor(session),
        wall_seconds=round(run.wall_seconds, 1),
        cpu_seconds=round(run.cpu_seconds, 1),
    )


def _people(session: Session, campaign_id: UUID) -> dict[str, list[str]]:
    rows = session.execute(
        select(Call.to_number, Outcome.disposition)
        .join(Outcome, Outcome.call_id == Call.id)
        .where(Call.campaign_id == campaign_id)
        .order_by(Call.to_number, Call.attempt)
    )
    people: dict[str, list[str]] = {}
    for phone, disposition in rows:
        people.setdefault(phone, []).append(str(disposition))
    return people


def _synced(session: Session) -> dict[str, int]:
    """Rows that were written, by destination."""
    rows = session.execute(
        select(OutboxRow.destination, func.count())
        .where(OutboxRow.state == OutboxState.SENT)
        .group_by(OutboxRow.destination)
        .order_by(OutboxRow.destination)
    )
    return dict(rows.all())


def _disagreements(session: Session, campaign_id: UUID, told: Told) -> list[str]:
    """Where our rows and the ledger differ, in words; empty when they agree."""
    found = []
    ours = set(
        session.scalars(select(Call.carrier_id).where(Call.campaign_id == campaign_id, Call.carrier_id.is_not(None)))
    )
    if unknown := told.carrier_ids - ours:
        found.append(f"{len(unknown)} call(s) of the carrier are not ours: {sorted(unknown)[:3]}")
    if missing := ours - told.carrier_ids:
        found.append(f"{len(missing)} call(s) of ours are not the carrier's: {sorted(map(str, missing))[:3]}")
    with_outcome = set(
        session.scalars(
            select(Call.carrier_id)
            .join(Outcome, Outcome.call_id == Call.id)
            .where(Call.campaign_id == campaign_id, Call.carrier_id.is_not(None))
        )
    )
    if told.carrier_ids != with_outcome:
        found.append(f"{len(told.carrier_ids ^ with_outcome)} call(s) of the carrier have no outcome, or the reverse")
    found += _crm_disagreements(session, told)
    if told.repeated_effects:
        found.append(f"{told.repeated_effects} effect(s) at a CRM happened more than once")
    return found


def _crm_disagreements(session: Session, told: Told) -> list[str]:
    counts = {
        (destination, kind): number
        for destination, kind, number in session.execute(
            select(OutboxRow.destination, OutboxRow.kind, func.count())
            .where(OutboxRow.state == OutboxState.SENT)
            .group_by(OutboxRow.destination, OutboxRow.kind)
        )
    }
    hubspot, salesforce = told.crm_effects.get("hubspot", {}), told.crm_effects.get("salesforce", {})
    activities, tasks = OutboxKind.ACTIVITY, OutboxKind.TASK
    compared = (
        ("HubSpot calls", counts.get(("hubspot", activities), 0), hubspot.get("calls", 0)),
        ("HubSpot tasks", counts.get(("hubspot", tasks), 0), hubspot.get("tasks", 0)),
        (
            "Salesforce tasks",
            counts.get(("salesforce", activities), 0) + counts.get(("salesforce", tasks), 0),
            salesforce.get("Task", 0),
        ),
        ("webhook events", sum(n for (to, _), n in counts.items() if to == "webhook"), told.webhooks),
    )
    return [f"{name}: {ours} by our rows, {theirs} by the ledger" for name, ours, theirs in compared if ours != theirs]
