"""Our own numbers, and which agent answers people whom nobody has called from there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dialer.agents import store
from dialer.errors import NotFound
from dialer.telephony.models import CallerId, CarrierAccount


@dataclass(frozen=True, slots=True)
class Number:
    """A number of ours."""

    phone: str
    carrier: str
    agent: str | None
    """Who answers strangers; None: the agent of the number's latest campaign."""
    verified_at: datetime | None
    stopped_reason: str | None


def list_all(session: Session, organization_id: UUID) -> list[Number]:
    """Every number of an organization, in order."""
    rows = session.execute(
        select(
            CallerId.phone,
            CarrierAccount.vendor,
            CallerId.agent,
            CallerId.verified_at,
            CallerId.stopped_reason,
        )
        .join(CarrierAccount, CarrierAccount.id == CallerId.carrier_account_id)
        .where(CallerId.organization_id == organization_id)
        .order_by(CallerId.phone)
    )
    return [Number(*row) for row in rows]


def assign(session: Session, organization_id: UUID, phone: str, agent: str | None) -> Number:
    """Let an agent answer a number, by its name (in the version that it stands for when somebody calls) or a version
    of it; None: the agent of the number's latest campaign.

    Raises:
        NotFound: there is no such number, or no such agent.
    """
    if agent is not None:
        store.find_version(session, organization_id, agent)
    found = session.scalar(
        update(CallerId)
        .where(CallerId.organization_id == organization_id, CallerId.phone == phone)
        .values(agent=agent)
        .returning(CallerId.id)
    )
    if found is None:
        raise NotFound("number", phone)
    return next(number for number in list_all(session, organization_id) if number.phone == phone)
