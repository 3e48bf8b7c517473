"""Why a lead was called or not, and when it will be: read from its moves, its calls and the rules as they stand now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from dialer.agents.models import AgentVersion
from dialer.calls import gate
from dialer.calls.models import Call, CallMove
from dialer.campaigns import calendar, rules
from dialer.campaigns.models import Campaign, CampaignState
from dialer.errors import BadInput, NotFound
from dialer.leads import consent, phones, places
from dialer.leads.cells import clean
from dialer.leads.models import Lead, LeadMove, LeadState, Suppression
from dialer.leads.suppression import phone_hash
from dialer.telephony.models import CallerId


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a lead or to one of its calls."""

    at: datetime
    what: str
    """ "lead" or "call", and the state it came to."""
    by: str
    why: str
    until: datetime | None = None
    """When the lead is due again."""
    call_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, in sentences and in values."""

    phone: str
    campaign: str
    state: str
    reason: str
    disposition: str | None
    attempts: int
    max_attempts: int
    place: str
    summary: str
    """Why it was called or not, so far."""
    next: str
    """When it will be called, or what keeps it from that."""
    next_at: datetime | None
    """Campaign time of the earliest next call; None: no call is to come."""
    obstacle: str | None
    """What forbids a call at this moment; None for nothing."""
    history: tuple[Step, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it with times in ISO 8601."""
        return {name: _plain(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class _World:
    """What a lead's next call depends on."""

    campaign: Campaign
    hours: calendar.Calendar
    place: places.Place
    facts: rules.Facts
    suppression: Suppression | None


def explain(
    session: Session, organization_id: UUID, campaign_id: UUID, phone: str, now: datetime, *, secret: str = ""
) -> Explanation:
    """Explain one lead.

    Args:
        phone: as a person writes it; read with the campaign's region.
        now: campaign time.
        secret: keys the hashes of suppressed numbers; without it only suppressions that name the number are seen.

    Raises:
        BadInput: that is no phone number.
        NotFound: the organization has no such campaign, or the campaign no lead with this number.
    """
    campaign = session.scalar(
        select(Campaign).where(Campaign.organization_id == organization_id, Campaign.id == campaign_id)
    )
    if campaign is None:
        raise NotFound("campaign", campaign_id)
    number = phones.read(clean(phone), campaign.region)
    if isinstance(number, phones.Refusal):
        raise BadInput(f'"{phone}" is refused: {number.value}. It would not have been imported.')
    suppression = _suppression(session, organization_id, number.e164, secret)
    lead = session.scalar(select(Lead).where(Lead.campaign_id == campaign_id, Lead.phone == number.e164))
    if lead is None:
        why = f"; it is suppressed since {_said(suppression.at)}: {suppression.reason}" if suppression else ""
        raise NotFound(f"lead in campaign {campaign.name} with number", f"{number.e164}{why}")
    calls = session.scalars(select(Call).where(Call.lead_id == lead.id).order_by(Call.claimed_at, Call.id)).all()
    world = _world(session, campaign, lead, suppression)
    obstacle = rules.forbids(world.facts, now)
    next_at = _next_at(lead, world, now)
    return Explanation(
        phone=lead.phone,
        campaign=campaign.name,
        state=lead.state.value,
        reason=lead.reason,
        disposition=lead.disposition,
        attempts=lead.attempts,
        max_attempts=campaign.max_attempts,
        place=lead.place,
        summary=_summary(lead, calls),
        next=_next(lead, world, calls, next_at, obstacle),
        next_at=next_at,
        obstacle=obstacle.value if obstacle else None,
        history=_history(session, lead, calls),
    )


def _suppression(session: Session, organization_id: UUID, phone: str, secret: str) -> Suppression | None:
    same = [Suppression.phone == phone]
    if secret:
        same.append(Suppression.phone_hash == phone_hash(secret, phone))
    return session.scalar(
        select(Suppression).where(Suppression.organization_id == organization_id, or_(*same)).limit(1)
    )


def _world(session: Session, campaign: Campaign, lead: Lead, suppression: Suppression | None) -> _World:
    definition = session.scalars(
        select(AgentVersion.definition).where(AgentVersion.id == campaign.agent_version_id)
    ).one()
    stopped = session.scalars(select(CallerId.stopped_reason).where(CallerId.id == campaign.caller_id_id)).one()
    hours = calendar.calendar(campaign.windows, campaign.starts_on, campaign.ends_on)
    place = places.parse(lead.place)
    facts = rules.Facts(
        gate_shut=gate.is_shut(session),
        campaign_running=campaign.state is CampaignState.RUNNING,
        caller_id_stopped=stopped is not None,
        calendar=hours,
        place=place,
        ring_timeout_s=campaign.ring_timeout_s,
        suppressed=suppression is not None,
        consented=consent.covers(
            session, lead.organization_id, lead.phone, str(definition.get("purpose", "marketing"))
        ),
        attempts=lead.attempts,
        max_attempts=campaign.max_attempts,
    )
    return _World(campaign, hours, place, facts, suppression)


def _next_at(lead: Lead, world: _World, now: datetime) -> datetime | None:
    """The earliest moment that the lead's own time and the calendar allow, whatever else stands in the way."""
    if lead.due_at is None or world.suppression is not None:
        return None
    margin = rules.margin(world.campaign.ring_timeout_s)
    return world.hours.next_open(world.place, max(now, lead.due_at), margin=margin)


def _summary(lead: Lead, calls: Sequence[Call]) -> str:
    sent = [call for call in calls if call.dialing_at is not None and call.state != "withdrawn"]
    if not sent:
        return f"Not called so far: {lead.reason or 'its turn has not come'}."
    last = sent[-1]
    came = lead.disposition or last.carrier_status or last.state.value
    times = "once" if len(sent) == 1 else f"{len(sent)} times"
    return f"Called {times}, last at {_said(last.dialing_at)}: {came}."


def _next(lead: Lead, world: _World, calls: Sequence[Call], next_at: datetime | None, obstacle: rules.No | None) -> str:
    if lead.state is LeadState.IN_FLIGHT:
        call = next((call for call in reversed(calls) if call.outcome_at is None), None)
        return f"It is being called now: call {call.id} is {call.state.value}." if call else "It is being called now."
    if world.suppression is not None:
        how = f"{world.suppression.reason}, {world.suppression.source}"
        return f"Never: the number is suppressed since {_said(world.suppression.at)} ({how})."
    if lead.state is LeadState.DONE:
        return f"Never: it is done ({lead.disposition})."
    if lead.state is LeadState.BLOCKED:
        return f"Not before the block is lifted: {lead.reason}."
    if next_at is None:
        return "Never as things stand: no calling window opens within 15 days where this person may be."
    local = " / ".join(f"{next_at.astimezone(ZoneInfo(zone)):%a %H:%M} {zone}" for zone in world.place.zones[:3])
    when = f"From {_said(next_at)} ({local}), when a seat is free"
    waits = obstacle is not None and obstacle is not rules.No.OUTSIDE_HOURS
    return f"{when}, but not while this holds: {obstacle}." if waits else f"{when}."


def _history(session: Session, lead: Lead, calls: Sequence[Call]) -> tuple[Step, ...]:
    """Moves of the lead and of its calls, in the order of time."""
    moves = session.scalars(select(LeadMove).where(LeadMove.lead_id == lead.id).order_by(LeadMove.id))
    steps = [Step(m.at, f"lead {m.state.value}", m.by, m.why, m.due_at, m.call_id) for m in moves]
    of_calls = session.scalars(
        select(CallMove).where(CallMove.call_id.in_([call.id for call in calls])).order_by(CallMove.id)
    )
    steps += [Step(m.at, f"call {m.state.value}", m.by, m.why, None, m.call_id) for m in of_calls]
    return tuple(sorted(steps, key=lambda step: step.at))


def _said(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "?"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
