"""What dialing, callbacks, seats and sweeps read of calls."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from dialer.agents.models import AgentVersion
from dialer.calls.models import Call
from dialer.calls.states import CallState
from dialer.campaigns.models import Campaign
from dialer.errors import NotFound
from dialer.leads.models import Lead
from dialer.telephony.models import CallerId

WAKE_UP_S: Final = 3
"""How long a wake-up may be under way before anybody asks whether it was lost."""
_JUST_CLAIMED = Call.moved_wall >= func.clock_timestamp() - text(f"interval '{WAKE_UP_S} s'")


def one(session: Session, call_id: UUID) -> Call:
    """Read a call afresh.

    Raises:
        NotFound: there is no such call.
    """
    call = session.scalars(select(Call).where(Call.id == call_id).execution_options(populate_existing=True)).first()
    if call is None:
        raise NotFound("call", call_id)
    return call


def held(session: Session, call_id: UUID) -> Call:
    """Lock a call and read it afresh. Whoever also needs its lead has locked that before (`leads.queries`).

    Raises:
        NotFound: there is no such call.
    """
    query = select(Call).where(Call.id == call_id).with_for_update().execution_options(populate_existing=True)
    call = session.scalars(query).first()
    if call is None:
        raise NotFound("call", call_id)
    return call


def claimed_due(session: Session, slot_by: datetime) -> list[tuple[UUID, datetime]]:
    """Claimed calls (id, slot) whose wake-up was sent a while ago and whose slot comes by then, the earliest first."""
    rows = session.execute(
        select(Call.id, Call.dial_at)
        .where(Call.state == CallState.CLAIMED, ~_JUST_CLAIMED, Call.dial_at <= slot_by)
        .order_by(Call.dial_at, Call.id)
    )
    return [(call_id, slot) for call_id, slot in rows]


def just_claimed(session: Session) -> int:
    """How many calls were claimed so lately that their wake-up may be under way."""
    return int(session.scalar(select(func.count()).where(Call.state == CallState.CLAIMED, _JUST_CLAIMED)) or 0)


def dial_facts(session: Session, call_id: UUID) -> Any:
    """All that T2 looks at, in one row: Call, Lead, Campaign, CallerId (None where the call has none), purpose."""
    return session.execute(
        select(Call, Lead, Campaign, CallerId, AgentVersion.definition["purpose"].astext.label("purpose"))
        .join(AgentVersion, AgentVersion.id == Call.agent_version_id)
        .outerjoin(Lead, Lead.id == Call.lead_id)
        .outerjoin(Campaign, Campaign.id == Call.campaign_id)
        .outerjoin(CallerId, (CallerId.phone == Call.from_number) & (CallerId.organization_id == Call.organization_id))
        .where(Call.id == call_id)
        .execution_options(populate_existing=True)
    ).one()
