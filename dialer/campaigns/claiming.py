"""T1: claim due leads and create their calls, each with its slot, in one transaction.

One advisory lock serializes all claiming, because seats and calls per second are shared. Nothing is sent here: after
the commit `leads.place` is published for each call, and if that message is lost the sweeper publishes it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from dialer import clock, log
from dialer.calls.models import Call
from dialer.calls.states import CallState
from dialer.campaigns import moving, pacing, queries, rules, splitting
from dialer.campaigns.calendar import calendar
from dialer.campaigns.models import Campaign
from dialer.crash import crash_point
from dialer.db import Sessions, transaction
from dialer.errors import BadInput
from dialer.leads import consent, places, suppression
from dialer.telephony.models import CallerId, CarrierAccount

CLAIM_LOCK = 0x6469616C  # "dial": whoever holds it claims
BY = "campaigns.tick"
logger = log.get(__name__)


def claim(sessions: Sessions, *, publish: Callable[[UUID], object], ratio: float, secret: str, reserve: int = 0) -> int:
    """Claim as many leads as seats, concurrency and calls per second allow now.

    Args:
        publish: sends `leads.place` for a call; runs after the commit.
        ratio: open calls per paced seat.
        reserve: seats that are kept free for calls to us.
        secret: keys the hashes of suppressed numbers.

    Returns:
        How many calls were created. 0 while somebody else is claiming.
    """
    with transaction(sessions) as tx:
        session = tx.session
        if not session.scalar(select(func.pg_try_advisory_xact_lock(CLAIM_LOCK))):
            return 0
        standing = queries.standing(session)
        moving.wake(session, now=standing.now, by=BY)
        if standing.gate_shut:
            return 0
        open_calls = queries.open_calls(session)
        room = pacing.room(
            standing.seats, ratio, outbound=sum(open_calls.values()), inbound=standing.inbound, reserve=reserve
        )
        claimed: list[UUID] = []
        for row in queries.running(session):
            if room <= len(claimed):
                break
            free = min(room - len(claimed), row.Campaign.concurrency - open_calls.get(row.Campaign.id, 0))
            try:
                claimed += _claim_for(session, row, free, standing.now, secret)
            except BadInput as error:  # its calendar cannot be read: it dials nothing, and stops no other
                logger.error("campaign not claimed for", campaign_id=str(row.Campaign.id), error=str(error))
        tx.after_commit(partial(crash_point, "campaigns.after_claim"))
        for call_id in claimed:
            tx.after_commit(partial(publish, call_id))
    return len(claimed)


def _claim_for(session: Session, row: Any, free: int, now: datetime, secret: str) -> list[UUID]:
    campaign: Campaign = row.Campaign
    if row.CallerId.stopped_reason:
        return []
    account = queries.account_for_update(session, row.CallerId.carrier_account_id)
    if account.backoff_until is not None and account.backoff_until > clock.wall(session):
        return []
    slots = pacing.slots(
        now=now,
        account_next=account.next_slot,
        campaign_last=row.last,
        account_cps=account.cps,
        cps=campaign.cps,
        n=free,
    )
    if not slots:
        return []
    hours = calendar(campaign.windows, campaign.starts_on, campaign.ends_on)
    margin = rules.margin(campaign.ring_timeout_s)
    open_places = [
        name for name in queries.places(session, campaign.id) if hours.is_open(places.parse(name), now, margin=margin)
    ]
    leads = queries.due_leads(session, campaign.id, open_places, len(slots), now)
    leads = _lawful(session, campaign, row.purpose, leads, now, secret)
    created = _create(session, campaign, row.CallerId, leads, slots, now)
    if created:
        # The slot of a number that was busy is not given out again: calls behind it have theirs already.
        account.next_slot = slots[len(leads) - 1] + timedelta(seconds=1 / account.cps)
    return created


def _lawful(
    session: Session, campaign: Campaign, purpose: str, leads: list[Any], now: datetime, secret: str
) -> list[Any]:
    """Move on the leads that no waiting can help; return the others."""
    if not leads:
        return []
    phones = [lead.phone for lead in leads]
    barred = suppression.among(session, campaign.organization_id, phones, secret)
    agreed = consent.among(session, campaign.organization_id, phones, purpose)
    lawful, moved = [], dict[rules.No, list[int]]()
    for lead in leads:
        if lead.phone in barred:
            moved.setdefault(rules.No.SUPPRESSED, []).append(lead.id)
        elif lead.phone not in agreed:
            moved.setdefault(rules.No.NO_CONSENT, []).append(lead.id)
        elif lead.attempts >= campaign.max_attempts:
            moved.setdefault(rules.No.ATTEMPTS_USED_UP, []).append(lead.id)
        else:
            lawful.append(lead)
    for no, ids in moved.items():
        moving.block(session, ids, now=now, by=BY, why=no)
    return lawful


def _create(
    session: Session, campaign: Campaign, caller: CallerId, leads: list[Any], slots: list[datetime], now: datetime
) -> list[UUID]:
    """Offer each lead a call and a slot, in phone order."""
    if not leads:
        return []
    split = splitting.of(session, campaign)
    offers = [
        moving.Offer(uuid4(), lead.id, lead.attempts + 1, lead.phone, split.version(lead.id), slot)
        for lead, slot in zip(leads, slots, strict=False)
    ]
    return moving.create_calls(session, campaign, caller, offers, now=now, by=BY)


def take_new_slot(session: Session, call_id: UUID, account_id: UUID, now: datetime) -> datetime:
    """Give a late call a new slot, so that a sweep never makes a burst. Returns the slot."""
    slot = slot_now(session, account_id, now)
    session.execute(update(Call).where(Call.id == call_id, Call.state == CallState.CLAIMED).values(dial_at=slot))
    return slot


def take_new_slots(session: Session, call_ids: Sequence[UUID], now: datetime) -> list[UUID]:
    """Give late calls new slots behind one another, those that were due for longest first.

    What somebody else holds, or has moved, keeps its slot.

    Returns:
        The calls whose slot comes before a lead worker would tire of waiting for it, in the order of their slots.
    """
    accounts = session.scalars(select(Call.carrier_account_id).where(Call.id.in_(call_ids)).distinct())
    near: list[tuple[datetime, UUID]] = []
    for account_id in sorted(accounts):
        account = queries.account_for_update(session, account_id)
        first, step = max(now, account.next_slot or now), timedelta(seconds=1 / account.cps)
        moved = queries.line_up(session, call_ids, account_id, first=first, step=step)
        account.next_slot = first + len(moved) * step
        near += [(slot, call_id) for call_id, slot in moved if slot <= now + timedelta(seconds=pacing.HORIZON_S)]
    return [call_id for _, call_id in sorted(near)]


def slot_now(session: Session, account_id: UUID, now: datetime) -> datetime:
    """Take the next slot of a carrier account, under its row's lock."""
    account: CarrierAccount = queries.account_for_update(session, account_id)
    slot = max(now, account.next_slot or now)
    account.next_slot = slot + timedelta(seconds=1 / account.cps)
    return slot
