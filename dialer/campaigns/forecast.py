"""What lies ahead of a campaign: when its windows open, and how long the leads that are left will take."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dialer.calls.models import Call
from dialer.campaigns import queries, rules
from dialer.campaigns.calendar import Calendar, calendar
from dialer.campaigns.models import Campaign
from dialer.leads import places
from dialer.leads.models import Lead, LeadState

TALK_S = 60.0
"""How long a call holds its seat, ringing included, as long as the campaign has no calls of its own to tell."""


def hours_of(campaign: Campaign) -> Calendar:
    """A campaign's calendar."""
    return calendar(campaign.windows, campaign.starts_on, campaign.ends_on)


def next_opening(session: Session, campaign_id: UUID, now: datetime) -> datetime | None:
    """When the next window opens (or is open) in a place that has due leads; None: nothing is due, or never."""
    campaign = session.get_one(Campaign, campaign_id)
    due = session.scalars(
        select(Lead.place).where(Lead.campaign_id == campaign_id, Lead.state == LeadState.DUE).distinct()
    )
    margin = rules.margin(campaign.ring_timeout_s)
    openings = [hours_of(campaign).next_open(places.parse(name), now, margin=margin) for name in due]
    return min((moment for moment in openings if moment is not None), default=None)


def next_moment(session: Session, campaign_id: UUID, now: datetime) -> datetime | None:
    """When something of this campaign is due next: a waiting lead, or a due one whose window opens. None: never."""
    moments = (queries.earliest_waiting(session, campaign_id), next_opening(session, campaign_id, now))
    return min((moment for moment in moments if moment is not None), default=None)


def forecast(session: Session, campaign_id: UUID, now: datetime) -> dict[str, Any]:
    """Return leads left, open hours by place, and the dialing time left at the pace that seats and limits allow.

    Calls per hour are the least of three: the campaign's calls per second, its concurrency over the mean call length,
    and the live seats over the same. Retries are not foreseen.
    """
    campaign = session.get_one(Campaign, campaign_id, populate_existing=True)
    left = session.execute(
        select(Lead.place, func.count())
        .where(Lead.campaign_id == campaign_id, Lead.state.in_((LeadState.DUE, LeadState.WAITING)))
        .group_by(Lead.place)
    )
    mean_s = float(
        session.scalar(
            select(func.avg(func.extract("epoch", Call.ended_at - Call.dialing_at))).where(
                Call.campaign_id == campaign_id, Call.ended_at.is_not(None)
            )
        )
        or TALK_S
    )
    seats = queries.paced_seats(session)
    per_hour = 3600 * min(campaign.cps, campaign.concurrency / mean_s, seats / mean_s if seats else 0.0)
    hours, margin = hours_of(campaign), rules.margin(campaign.ring_timeout_s)
    by_place = []
    total = 0
    for name, number in sorted(left):
        opens = hours.next_open(places.parse(name), now, margin=margin)
        total += number
        by_place.append({"place": name, "leads": number, "open_at": opens.isoformat() if opens else None})
    moment = next_moment(session, campaign_id, now)
    return {
        "leads": total,
        "seats": seats,
        "calls_per_hour": round(per_hour, 1),
        "dialing_hours": round(total / per_hour, 2) if per_hour else None,
        "next_at": moment.isoformat() if moment else None,
        "places": by_place,
    }
