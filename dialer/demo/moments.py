"""To which moment campaign time is best moved: the one at which most leads can be called together."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dialer.campaigns import rules
from dialer.campaigns.forecast import hours_of, next_moment
from dialer.campaigns.models import Campaign
from dialer.leads import places
from dialer.leads.models import Lead, LeadState

STEP = timedelta(minutes=15)
HORIZON = timedelta(hours=18)


def best_moment(session: Session, campaign_id: UUID, now: datetime) -> datetime | None:
    """Choose between the next moment at which anything is due and the 18 hours after it; the earliest of equals.

    Returns:
        The moment; `now` or before if a lead can be called already; None if none ever can.
    """
    first = next_moment(session, campaign_id, now)
    if first is None or first <= now:
        return first
    campaign = session.get_one(Campaign, campaign_id)
    hours, margin = hours_of(campaign), rules.margin(campaign.ring_timeout_s)
    waiting = session.execute(
        select(Lead.place, Lead.due_at, func.count())
        .where(Lead.campaign_id == campaign_id, Lead.state.in_((LeadState.DUE, LeadState.WAITING)))
        .group_by(Lead.place, Lead.due_at)
    ).all()
    read = [(places.parse(place), due_at, number) for place, due_at, number in waiting]

    def callable_at(moment: datetime) -> int:
        return sum(
            number
            for place, due_at, number in read
            if due_at is not None and due_at <= moment and hours.is_open(place, moment, margin=margin)
        )

    moments = [first + STEP * step for step in range(HORIZON // STEP + 1)]
    best = max(moments, key=callable_at)  # of equals, max returns the first
    return best if callable_at(best) else first
