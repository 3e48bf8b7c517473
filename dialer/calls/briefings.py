"""What a seat must know when it takes a call: the agent, the person, and what was said so far."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from phonenumbers import NumberParseException, parse, timezone
from sqlalchemy import select
from sqlalchemy.orm import Session

from dialer.accounts.models import Organization
from dialer.agents import store
from dialer.agents.definition import AgentDefinition
from dialer.calls import history, queries
from dialer.calls.models import Call, Direction, Turn
from dialer.calls.transferring import DECLINED
from dialer.conversation.facts import Briefing, PastTurn, Speaker
from dialer.leads import places
from dialer.leads.models import Lead
from dialer.training import serving


def brief(session: Session, call_id: UUID, *, now: datetime) -> Briefing:
    """Gather a call's briefing."""
    call = queries.one(session, call_id)
    lead = session.get(Lead, call.lead_id) if call.lead_id else None
    zone = zone_of(call, lead)
    before = history.earlier(session, call, zone)
    said = session.execute(
        select(Turn.epoch, Turn.number, Turn.speaker, Turn.text)
        .where(Turn.call_id == call_id, Turn.text != "")
        .order_by(Turn.epoch, Turn.number)
    )
    return Briefing(
        call_id=str(call.id),
        epoch=call.seat_epoch,
        agent=_agent(session, call),
        lead=_person(lead) | ({"earlier_calls": before} if before else {}),
        organization=session.get_one(Organization, call.organization_id).name,
        from_number=call.from_number,
        to_number=call.to_number,
        direction=call.direction.value,
        local_time=now.astimezone(zone),
        past=tuple(PastTurn(epoch, number, Speaker(speaker), text) for epoch, number, speaker, text in said),
        opener_done=call.opener_done_at is not None,
        answered_s_ago=(now - call.answered_at).total_seconds() if call.answered_at else None,
        understanding=serving.serving(session, call.organization_id),
    )


def _agent(session: Session, call: Call) -> AgentDefinition:
    """The agent's definition; who calls us is greeted by the opener for that."""
    definition = store.definition_of(session, call.agent_version_id)
    if call.direction is Direction.INBOUND:
        definition = definition.model_copy(update={"opener": definition.inbound_opener})
    if call.transfer == DECLINED:
        definition = definition.model_copy(update={"apology": definition.colleague_away})
    return definition


def zone_of(call: Call, lead: Lead | None) -> ZoneInfo:
    """The person's own time zone, as far as anybody knows: the lead's first one, else the number's, else UTC."""
    zones = list(places.parse(lead.place).zones) if lead else []
    if not zones:
        person = call.to_number if call.direction is Direction.OUTBOUND else call.from_number
        zones = _zones_of_number(person)
    return ZoneInfo(zones[0]) if zones else ZoneInfo("UTC")


def _zones_of_number(phone: str) -> list[str]:
    """Time zones of a number; none of one that is withheld or no number at all."""
    try:
        found = timezone.time_zones_for_number(parse(phone))
    except NumberParseException:
        return []
    return [name for name in found if "/" in name and name != "Etc/Unknown"]


def _person(lead: Lead | None) -> dict[str, object]:
    if lead is None:
        return {}
    return {
        **lead.fields,
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "company": lead.company,
        "email": lead.email,
    }
