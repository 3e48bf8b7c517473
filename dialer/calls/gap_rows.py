"""Making the row that a carrier call of the gap has lost, so that its attempt counts and is not made again.

    the call that its Events name is …     then
      in no row                            a row under that id is made, for the lead that has the number
      claimed                              it was sent after the backup: it becomes `dialing`, as T2 had made it
      withdrawn                            the shut gate took it back: one more row is made for its lead
      anything else                        the carrier's word is folded into it, as ever

From `dialing` on the carrier's report moves the row, and the outcome is written as for any other call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from dialer import clock
from dialer.calls import dialing, queries, receiving, settling
from dialer.calls.gap import BY, Found
from dialer.calls.models import Call, CallMove, Direction, Purpose, Stray
from dialer.calls.moving import move
from dialer.calls.reporting import Report, report
from dialer.calls.settling import Settling
from dialer.calls.states import CallState
from dialer.campaigns import splitting
from dialer.campaigns.calendar import calendar
from dialer.campaigns.models import Campaign, CampaignState
from dialer.db import lock_phone, transaction
from dialer.leads import moving as leads_moving
from dialer.leads import places
from dialer.leads.models import Lead, LeadState
from dialer.leads.queries import hold_lead
from dialer.telephony.base import CarrierCall, CarrierStatus
from dialer.telephony.models import CallerId

WITHDRAWN_WHY = "an older state of the database had it as due; the carrier has a call to this number"


@dataclass(frozen=True, slots=True)
class Kept:
    """What else outlived the restore of a call: its recording's file name or "", and when the person opted out."""

    recording: str = ""
    opted_out_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """The row that a carrier call has now."""

    call_id: UUID
    carrier_id: str
    to_number: str
    lead_id: int | None
    attempt: int | None
    status: str


def make(found: Found, on: Settling, kept: Kept) -> Made | None:
    """Give a carrier call its row; committed on return. None: another call to the number is open, and comes first."""
    said = found.call
    with transaction(on.sessions) as tx:
        session = tx.session
        ours = receiving.number(session, said.from_number)
        lock_phone(session, said.to_number, ours.organization_id)
        named = session.get(Call, found.named) if found.named else None
        never_dialed = named is None or named.state in (CallState.CLAIMED, CallState.WITHDRAWN)
        if named is None or never_dialed:
            call_id = _dialed(session, ours, found, named, kept)
            if call_id is None:
                return None
            heard = Report(said.carrier_id, said.status, duration_s=said.duration_s, answered_by=said.answered_by)
            report(session, call_id, heard, now=clock.now(session), by=BY)
            session.execute(delete(Stray).where(Stray.carrier_id == said.carrier_id))
        else:
            call_id = named.id
    if not never_dialed:
        settling.adopt(call_id, said, on)
    with transaction(on.sessions) as tx:
        call = queries.one(tx.session, call_id)
    return Made(call.id, said.carrier_id, call.to_number, call.lead_id, call.attempt, said.status.value)


def _dialed(session: Session, ours: receiving.Ours, found: Found, named: Call | None, kept: Kept) -> UUID | None:
    """Bring about a row in `dialing` for a call that was sent, and count its attempt. Returns its id."""
    said = found.call
    lead_id = named.lead_id if named else _lead_of(session, ours, said.to_number)
    hold_lead(session, lead_id)
    now = clock.now(session)
    facts = _facts(session, said, lead_id, kept, now)
    why = f"the carrier has it as {said.carrier_id}, and the restored rows did not"
    _withdraw_others(session, ours, said, now, but=named.id if named else None)
    if named is not None and named.state is CallState.CLAIMED:
        move(session, named.id, CallState.DIALING, now=now, by=BY, why=why, **facts)
        _count(session, lead_id, named.attempt)
        return named.id
    call_id = found.named if found.named and named is None else uuid5(NAMESPACE_OID, said.carrier_id)
    like = _like(session, ours, lead_id)
    made = session.scalar(
        upsert(Call)
        .values(
            id=call_id,
            organization_id=ours.organization_id,
            direction=Direction.OUTBOUND,
            to_number=said.to_number,
            from_number=said.from_number,
            carrier_account_id=ours.carrier_account_id,
            state=CallState.DIALING,
            moved_at=now,
            claimed_at=facts["dialing_at"],
            dial_at=facts["dialing_at"],
            **like,
            **facts,
        )
        .on_conflict_do_nothing()
        .returning(Call.id)
    )
    if made is None:
        return None
    session.add(CallMove(call_id=call_id, state=CallState.DIALING, at=now, by=BY, why=why))
    _count(session, lead_id, like["attempt"])
    _take(session, lead_id, call_id, why, now)
    return call_id


def _facts(session: Session, said: CarrierCall, lead_id: int | None, kept: Kept, now: datetime) -> dict[str, Any]:
    """The columns that T2 and the seat had set, as far as they can be told."""
    wall = clock.wall(session)
    created = min(said.created_at or wall, wall)
    at = now - (wall - created)
    picked_up = said.status is CarrierStatus.COMPLETED and bool(said.duration_s)
    return {
        "dialing_at": at,
        "dialing_wall": created,
        "closes_at": _closes_at(session, lead_id, at),
        "answered_at": at if picked_up else None,
        "recording": kept.recording or None,
        "opted_out_at": kept.opted_out_at,
    }


def _lead_of(session: Session, ours: receiving.Ours, phone: str) -> int | None:
    """The lead that was called: of the campaigns that show this number the running one's, else the latest one's."""
    return session.scalar(
        select(Lead.id)
        .join(Campaign, Campaign.id == Lead.campaign_id)
        .join(CallerId, CallerId.id == Campaign.caller_id_id)
        .where(Lead.organization_id == ours.organization_id, Lead.phone == phone)
        .order_by(
            (Campaign.state == CampaignState.RUNNING).desc(),
            (CallerId.phone == ours.phone).desc(),
            Lead.state.in_((LeadState.IN_FLIGHT, LeadState.DUE, LeadState.WAITING)).desc(),
            Campaign.created_at.desc(),
        )
        .limit(1)
    )


def _closes_at(session: Session, lead_id: int | None, at: datetime) -> datetime | None:
    """Until when the call was lawful by the calendar that the rows know."""
    if lead_id is None:
        return None
    lead = session.get_one(Lead, lead_id)
    campaign = session.get_one(Campaign, lead.campaign_id)
    end = calendar(campaign.windows, campaign.starts_on, campaign.ends_on).closes_at(places.parse(lead.place), at)
    return end - timedelta(seconds=campaign.ring_timeout_s) if end is not None else None


def _like(session: Session, ours: receiving.Ours, lead_id: int | None) -> dict[str, Any]:
    """Whose call it is. Without a lead it stands among the test calls: no other purpose goes without one."""
    if lead_id is None:
        return {
            "campaign_id": None,
            "lead_id": None,
            "attempt": None,
            "purpose": Purpose.TEST,
            "agent_version_id": receiving.agent_of(session, ours),
            "ring_timeout_s": receiving.LONGEST_S,
        }
    lead = session.get_one(Lead, lead_id, populate_existing=True)
    campaign = session.get_one(Campaign, lead.campaign_id)
    last = session.scalar(
        select(func.max(Call.attempt)).where(Call.lead_id == lead_id, Call.state != CallState.WITHDRAWN)
    )
    return {
        "campaign_id": campaign.id,
        "lead_id": lead_id,
        "attempt": max(lead.attempts, last or 0) + 1,
        "purpose": Purpose.CAMPAIGN,
        "agent_version_id": splitting.of(session, campaign).version(lead_id),
        "ring_timeout_s": campaign.ring_timeout_s,
    }


def _withdraw_others(
    session: Session, ours: receiving.Ours, said: CarrierCall, now: datetime, *, but: UUID | None
) -> None:
    """Take back calls to the number that were never sent: their leads are due again when this one is over."""
    claimed = select(Call).where(
        Call.organization_id == ours.organization_id,
        Call.to_number == said.to_number,
        Call.direction == Direction.OUTBOUND,
        Call.state == CallState.CLAIMED,
    )
    for call in session.scalars(claimed).all():
        if call.id != but:
            dialing.withdraw(session, call, WITHDRAWN_WHY, now=now, by=BY)


def _count(session: Session, lead_id: int | None, attempt: int | None) -> None:
    if lead_id is not None:
        session.execute(update(Lead).where(Lead.id == lead_id).values(attempts=attempt))


def _take(session: Session, lead_id: int | None, call_id: UUID, why: str, now: datetime) -> None:
    """Put a lead in flight that waits for a call; what is done or blocked stays so."""
    for state in (LeadState.DUE, LeadState.WAITING):
        if lead_id is not None:
            leads_moving.move(
                session, lead_id, LeadState.IN_FLIGHT, before=state, now=now, by=BY, why=why, call_id=call_id
            )
