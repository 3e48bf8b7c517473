"""What the API and the console read about calls and seats. Nothing here changes a row.

The views below are what `/api/calls` answers, field by field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Row, Select, func, select, tuple_
from sqlalchemy.orm import Session

from dialer.agents.models import Agent, AgentVersion
from dialer.calls import tallies
from dialer.calls.models import Call, CallMove, Direction, Purpose, SeatState, ToolUse, Turn, Worker
from dialer.calls.states import LIVE, OPEN, CallState
from dialer.campaigns.models import Campaign
from dialer.crm.models import OutboxRow, OutboxState
from dialer.errors import NotFound
from dialer.followups.models import FollowUp
from dialer.leads.models import Lead
from dialer.outcomes.models import Disposition, Outcome
from dialer.understanding.analysis import Understanding

HEARTBEAT_COUNTS_S = 5
_UNDERSTANDING: TypeAdapter[Understanding | None] = TypeAdapter(Understanding | None)


@dataclass(frozen=True, slots=True)
class SeatsView:
    """Seats of the call workers that live."""

    workers: int
    paced: int
    taken: int


@dataclass(frozen=True, slots=True)
class Activity:
    """What an organization's calls do now. Minutes and hours are those of campaign time."""

    open: int
    talking: int
    last_minute: int
    last_hour: int


@dataclass(frozen=True, slots=True)
class CallView:
    """One attempt, as a list shows it. Times are campaign time."""

    id: UUID
    campaign_id: UUID | None
    campaign: str | None
    lead_id: int | None
    name: str
    attempt: int | None
    purpose: Purpose
    direction: Direction
    to_number: str
    from_number: str
    state: CallState
    reason: str
    disposition: Disposition | None
    summary: str
    claimed_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    duration_s: int | None
    talk_s: float | None
    recorded: bool

    @property
    def open(self) -> bool:
        """Whether the call may still ring or talk."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class SourceView:
    """A passage of a document, by the beginning of its text. The document may be gone by now."""

    document_id: UUID
    document: str
    place: str
    title: str
    chunk_id: int
    score: float
    text: str


@dataclass(frozen=True, slots=True)
class TurnView:
    """Something said. Seconds since the stream began; timings in milliseconds since the person's last word."""

    id: int
    speaker: str
    kind: str
    text: str
    interrupted: bool
    started_s: float
    ended_s: float
    timings_ms: dict[str, float]
    cost: dict[str, float]
    sources: list[SourceView]
    """Of the agent: the passages of documents that the model had before it."""
    understanding: Understanding | None
    """Of the person: what they feel, want and name; null if there was no time for it."""


@dataclass(frozen=True, slots=True)
class MoveView:
    """A change of the call's state: when, who and why."""

    state: CallState
    at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class ToolView:
    """A tool that the agent used."""

    name: str
    arguments: dict[str, Any]
    result: str
    ok: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class FollowUpView:
    """What a person must do next."""

    kind: str
    subject: str
    body: str
    owner: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """An effect at a CRM or a webhook that came of this call."""

    destination: str
    kind: str
    state: OutboxState
    tries: int
    external_id: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class CallDetail:
    """One call with everything that is known of it."""

    call: CallView
    agent: str
    agent_version: int
    carrier_id: str | None
    carrier_status: str | None
    carrier_code: str | None
    answered_by: str | None
    machine: str | None
    machine_evidence: str | None
    fields: dict[str, Any]
    """What was extracted by the agent's JSON schema."""
    next_step: str
    turns: list[TurnView]
    counters: dict[str, float]
    """What its seats used and what happened in them, by name; empty until one has told."""
    moves: list[MoveView]
    tools: list[ToolView]
    follow_ups: list[FollowUpView]
    deliveries: list[DeliveryView]


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls of an organization; what is None does not matter."""

    campaign_id: UUID | None = None
    lead_id: int | None = None
    state: CallState | None = None
    purpose: Purpose | None = None
    disposition: Disposition | None = None
    phone: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same in SQL."""
        wanted: list[tuple[Any, Any]] = [
            (Call.campaign_id, self.campaign_id),
            (Call.lead_id, self.lead_id),
            (Call.state, self.state),
            (Call.purpose, self.purpose),
            (Outcome.disposition, self.disposition),
        ]
        conditions = [column == value for column, value in wanted if value is not None]
        if self.phone is not None:
            conditions.append((Call.to_number == self.phone) | (Call.from_number == self.phone))
        return conditions


def page(
    session: Session,
    organization_id: UUID,
    which: CallFilter,
    *,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[CallView]:
    """Return calls, the latest claimed first; `before` is the claim time and id of the last one that was seen."""
    wanted = _views(organization_id).where(*which.conditions())
    if before is not None:
        wanted = wanted.where(tuple_(Call.claimed_at, Call.id) < before)
    wanted = wanted.order_by(Call.claimed_at.desc(), Call.id.desc()).limit(limit)
    return [_view(row) for row in session.execute(wanted)]


def detail(session: Session, organization_id: UUID, call_id: UUID) -> CallDetail:
    """Return one call with its turns, moves, tools and effects.

    Raises:
        NotFound: the organization has no such call.
    """
    extra = (Call, Outcome.fields, Outcome.next_step, Agent.name, AgentVersion.number)
    wanted = (
        _views(organization_id)
        .add_columns(*extra)
        .join(AgentVersion, AgentVersion.id == Call.agent_version_id)
        .join(Agent, Agent.id == AgentVersion.agent_id)
        .where(Call.id == call_id)
    )
    row = session.execute(wanted).one_or_none()
    if row is None:
        raise NotFound("call", call_id)
    call, fields, next_step, agent, version = row[-len(extra) :]
    turns = session.scalars(select(Turn).where(Turn.call_id == call_id).order_by(Turn.started_s, Turn.id))
    moves = session.scalars(select(CallMove).where(CallMove.call_id == call_id).order_by(CallMove.id))
    tools = session.scalars(select(ToolUse).where(ToolUse.call_id == call_id).order_by(ToolUse.id))
    follow_ups = session.scalars(select(FollowUp).where(FollowUp.call_id == call_id).order_by(FollowUp.due_at))
    deliveries = session.scalars(select(OutboxRow).where(OutboxRow.call_id == call_id).order_by(OutboxRow.id))
    return CallDetail(
        call=_view(row),
        agent=agent,
        agent_version=version,
        carrier_id=call.carrier_id,
        carrier_status=call.carrier_status,
        carrier_code=call.carrier_code,
        answered_by=call.answered_by,
        machine=call.machine,
        machine_evidence=call.machine_evidence,
        fields=fields or {},
        next_step=next_step or "",
        turns=[_turn(turn) for turn in turns],
        counters=tallies.total(session, call_id),
        moves=[MoveView(m.state, m.at, m.by, m.why) for m in moves],
        tools=[ToolView(t.name, t.arguments, t.result, t.ok, t.at) for t in tools],
        follow_ups=[FollowUpView(f.kind, f.subject, f.body, f.owner, f.due_at) for f in follow_ups],
        deliveries=[DeliveryView(d.destination, d.kind, d.state, d.tries, d.external_id, d.error) for d in deliveries],
    )


def _turn(turn: Turn) -> TurnView:
    sources = [SourceView(**source) for source in turn.sources]
    return TurnView(
        id=turn.id,
        speaker=turn.speaker,
        kind=turn.kind,
        text=turn.text,
        interrupted=turn.interrupted,
        started_s=turn.started_s,
        ended_s=turn.ended_s,
        timings_ms=turn.timings_ms,
        cost=turn.cost,
        sources=sources,
        understanding=_UNDERSTANDING.validate_python(turn.understanding),
    )


def recording(session: Session, organization_id: UUID, call_id: UUID) -> str:
    """Return the name of a call's recording, below the recordings folder.

    Raises:
        NotFound: there is no such call, or nothing was recorded.
    """
    name = session.scalar(select(Call.recording).where(Call.organization_id == organization_id, Call.id == call_id))
    if not name:
        raise NotFound("recording of call", call_id)
    return name


def recording_named(session: Session, organization_id: UUID, name: str) -> str:
    """Return the name of a recording, if it is of one of the organization's calls.

    Raises:
        NotFound: it is not.
    """
    mine = select(Call.recording).where(Call.organization_id == organization_id, Call.recording == name)
    found = session.scalar(mine.limit(1))
    if not found:
        raise NotFound("recording", name)
    return found


def seats(session: Session) -> SeatsView:
    """Count the seats of workers whose heartbeat is under 5 s old, and how many are taken."""
    lives = Worker.heartbeat_wall > func.clock_timestamp() - func.make_interval(0, 0, 0, 0, 0, 0, HEARTBEAT_COUNTS_S)
    workers, paced = session.execute(
        select(func.count(), func.coalesce(func.sum(Worker.seats), 0)).where(lives, ~Worker.draining)
    ).one()
    taken = session.scalar(select(func.count()).where(Call.state.in_(LIVE), Call.seat == SeatState.TAKEN)) or 0
    return SeatsView(workers, int(paced), taken)


def activity(session: Session, organization_id: UUID, now: datetime) -> Activity:
    """Count an organization's open calls, and those claimed within the last minute and hour."""
    mine = Call.organization_id == organization_id
    still = select(func.count(), func.count().filter(Call.state.in_(LIVE))).where(mine, Call.state.in_(OPEN))
    recent = select(func.count(), func.count().filter(Call.claimed_at > now - timedelta(minutes=1))).where(
        mine, Call.claimed_at > now - timedelta(hours=1)
    )
    (open_now, talking), (hour, minute) = session.execute(still).one(), session.execute(recent).one()
    return Activity(open_now, talking, minute, hour)


def open_by_state(session: Session) -> dict[str, int]:
    """Count the open calls of all organizations."""
    rows = session.execute(select(Call.state, func.count()).where(Call.state.in_(OPEN)).group_by(Call.state))
    return {state.value: count for state, count in rows}


def _views(organization_id: UUID) -> Select[Any]:
    name = func.trim(func.concat(Lead.first_name, " ", Lead.last_name))
    return (
        select(Call, Campaign.name, name, Outcome.disposition, Outcome.summary)
        .outerjoin(Campaign, Campaign.id == Call.campaign_id)
        .outerjoin(Lead, Lead.id == Call.lead_id)
        .outerjoin(Outcome, Outcome.call_id == Call.id)
        .where(Call.organization_id == organization_id)
    )


def _view(row: Row[Any] | Sequence[Any]) -> CallView:
    call, campaign, name, disposition, summary = row[:5]
    return CallView(
        id=call.id,
        campaign_id=call.campaign_id,
        campaign=campaign,
        lead_id=call.lead_id,
        name=name or "",
        attempt=call.attempt,
        purpose=call.purpose,
        direction=call.direction,
        to_number=call.to_number,
        from_number=call.from_number,
        state=call.state,
        reason=call.reason,
        disposition=disposition,
        summary=summary or "",
        claimed_at=call.claimed_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        duration_s=call.duration_s,
        talk_s=call.talk_s,
        recorded=bool(call.recording),
    )
