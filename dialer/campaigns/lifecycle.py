"""A campaign's life: created, started, paused, resumed, stopped, and opened and closed by its calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from dialer.agents.store import find_version
from dialer.campaigns import balance, splitting
from dialer.campaigns.calendar import calendar, parse_windows
from dialer.campaigns.models import Campaign, CampaignMove, CampaignState
from dialer.campaigns.retrying import policy
from dialer.errors import BadInput, Conflict, IllegalMove, NotFound
from dialer.leads.models import Lead
from dialer.telephony.models import CallerId

S = CampaignState

NEXT: Mapping[CampaignState, frozenset[CampaignState]] = MappingProxyType(
    {
        S.DRAFT: frozenset({S.SCHEDULED, S.RUNNING, S.STOPPED}),
        S.SCHEDULED: frozenset({S.RUNNING, S.PAUSED, S.STOPPED}),
        S.RUNNING: frozenset({S.PAUSED, S.COMPLETED, S.STOPPED}),
        S.PAUSED: frozenset({S.SCHEDULED, S.RUNNING, S.STOPPED}),
        S.COMPLETED: frozenset({S.RUNNING}),  # more leads were imported, and somebody started it again
        S.STOPPED: frozenset(),
    }
)

BY = "campaigns.tick"


def create(
    session: Session,
    *,
    organization_id: UUID,
    name: str,
    agent: str,
    region: str,
    windows: str | Mapping[str, Sequence[Sequence[str]]],
    concurrency: int,
    cps: float,
    now: datetime,
    by: str,
    ring_timeout_s: int = 25,
    max_attempts: int = 3,
    retries: Mapping[str, Mapping[str, Any]] | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    caller_id: str | None = None,
    agent_split: Mapping[str, int] | None = None,
) -> Campaign:
    """Create a campaign as a draft, pinned to the version that the agent's name stands for now, or to a given version.

    Args:
        agent: an agent's name, name and number ("Ava@3"), or a version's id.
        windows: "mon-fri 09:00-17:00; sat 10:00-14:00", or what `calendar.calendar` reads.
        caller_id: one of our numbers; None: the first one that is not stopped.
        agent_split: versions and their weights, over which the leads are split; `agent` then speaks only to callers
            of whom no call is known.

    Raises:
        BadInput, Conflict, NotFound: what is wrong with which value.
    """
    if not name.strip():
        raise BadInput("The campaign needs a name.")
    if len(region) != 2 or not region.isalpha():
        raise BadInput(f'"{region}" is no ISO country code such as US, GB or AU.')
    if not 1 <= concurrency <= 10_000 or not 0 < cps <= 1000 or not 1 <= max_attempts <= 20:
        raise BadInput("concurrency takes 1 to 10000, cps above 0 up to 1000, max_attempts 1 to 20.")
    if not 20 <= ring_timeout_s <= 120:
        raise BadInput("ring_timeout_s takes 20 to 120 seconds: a person needs time to reach the phone.")
    parsed = (
        parse_windows(windows) if isinstance(windows, str) else {k: [list(w) for w in v] for k, v in windows.items()}
    )
    calendar(parsed, starts_on, ends_on)
    taken = select(Campaign.id).where(Campaign.organization_id == organization_id, Campaign.name == name)
    if session.scalar(taken) is not None:
        raise Conflict(f'There is a campaign named "{name}" already.')
    campaign = Campaign(
        organization_id=organization_id,
        name=name,
        state=S.DRAFT,
        moved_at=now,
        agent_version_id=_version(session, organization_id, agent),
        caller_id_id=_caller(session, organization_id, caller_id),
        region=region.upper(),
        windows=parsed,
        starts_on=starts_on,
        ends_on=ends_on,
        concurrency=concurrency,
        cps=cps,
        ring_timeout_s=ring_timeout_s,
        max_attempts=max_attempts,
        retries=policy(retries),
    )
    session.add(campaign)
    session.flush()
    session.add(CampaignMove(campaign_id=campaign.id, state=S.DRAFT, at=now, by=by, why="created"))
    if agent_split:
        splitting.keep(session, campaign, agent_split)
    return campaign


def find(session: Session, organization_id: UUID, name_or_id: str) -> Campaign:
    """Return the organization's campaign of this name or id.

    Raises:
        NotFound: there is none.
    """
    campaign = session.scalars(
        select(Campaign).where(
            Campaign.organization_id == organization_id,
            or_(Campaign.name == name_or_id, Campaign.id == _id(name_or_id)),
        )
    ).first()
    if campaign is None:
        raise NotFound("campaign", name_or_id)
    return campaign


def start(session: Session, campaign_id: UUID, *, now: datetime, by: str, why: str = "started") -> bool:
    """Let a campaign dial: at once, or from its first day on.

    Raises:
        BadInput: it has no leads.
    """
    if session.scalar(select(Lead.id).where(Lead.campaign_id == campaign_id).limit(1)) is None:
        raise BadInput("The campaign has no leads: import some first.")
    return _move(session, campaign_id, _opening(session, campaign_id, now), now=now, by=by, why=why)


def pause(session: Session, campaign_id: UUID, *, now: datetime, by: str, why: str = "paused") -> bool:
    """Stop claiming and dialing until resumed. Calls that ring or talk go on."""
    return _move(session, campaign_id, S.PAUSED, now=now, by=by, why=why)


def pause_if_running(session: Session, campaign_id: UUID, *, now: datetime, by: str, why: str) -> bool:
    """Pause a campaign unless somebody has ended or paused it meanwhile."""
    before = session.scalar(select(Campaign.state).where(Campaign.id == campaign_id).with_for_update(key_share=True))
    return before is S.RUNNING and pause(session, campaign_id, now=now, by=by, why=why)


def resume(session: Session, campaign_id: UUID, *, now: datetime, by: str, why: str = "resumed") -> bool:
    """Go on after a pause."""
    return _move(session, campaign_id, _opening(session, campaign_id, now), now=now, by=by, why=why)


def stop(session: Session, campaign_id: UUID, *, now: datetime, by: str, why: str = "stopped") -> bool:
    """End a campaign for good. Calls that ring or talk go on, and get their outcomes."""
    return _move(session, campaign_id, S.STOPPED, now=now, by=by, why=why)


def open_and_close(session: Session, *, now: datetime) -> int:
    """Open campaigns whose first day has come, close those that balance with nothing open or whose last day is over.

    Returns:
        How many moved.
    """
    moved = 0
    # One that an operator is moving right now is left to them.
    active = session.scalars(
        select(Campaign).where(Campaign.state.in_((S.SCHEDULED, S.RUNNING))).with_for_update(skip_locked=True)
    ).all()
    for campaign in active:
        if campaign.state is S.SCHEDULED:
            if _opening(session, campaign.id, now) is S.RUNNING:
                moved += _move(session, campaign.id, S.RUNNING, now=now, by=BY, why="its first day has come")
        elif balance.is_complete(session, campaign.id):
            moved += _move(
                session, campaign.id, S.COMPLETED, now=now, by=BY, why="the ledger balances, nothing is open"
            )
        elif campaign.ends_on and now.date() > campaign.ends_on + timedelta(days=1):
            moved += _move(session, campaign.id, S.STOPPED, now=now, by=BY, why="its last day is over everywhere")
    return moved


def _opening(session: Session, campaign_id: UUID, now: datetime) -> CampaignState:
    """`running`, or `scheduled` while the first day has begun nowhere on earth."""
    starts_on = session.scalar(select(Campaign.starts_on).where(Campaign.id == campaign_id))
    return S.SCHEDULED if starts_on is not None and (now + timedelta(hours=14)).date() < starts_on else S.RUNNING


def _move(session: Session, campaign_id: UUID, to: CampaignState, *, now: datetime, by: str, why: str) -> bool:
    """Compare-and-set, and a row that says why. False: it is there already.

    Raises:
        IllegalMove: `to` is no next state.
        NotFound: there is no such campaign.
    """
    before = [state for state, steps in NEXT.items() if to in steps]
    won = session.scalar(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state.in_(before))
        .values(state=to, reason=why, moved_at=now)
        .returning(Campaign.id)
    )
    if won is not None:
        session.add(CampaignMove(campaign_id=campaign_id, state=to, at=now, by=by, why=why))
        return True
    here = session.scalar(select(Campaign.state).where(Campaign.id == campaign_id))
    if here is None:
        raise NotFound("campaign", campaign_id)
    if here is to:
        return False
    raise IllegalMove("campaign", campaign_id, here, to)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _version(session: Session, organization_id: UUID, agent: str) -> UUID:
    return find_version(session, organization_id, agent).id


def _caller(session: Session, organization_id: UUID, phone: str | None) -> UUID:
    query = select(CallerId.id).where(CallerId.organization_id == organization_id, CallerId.stopped_reason.is_(None))
    if phone is not None:
        query = query.where(CallerId.phone == phone)
    found = session.scalar(query.order_by(CallerId.created_at).limit(1))
    if found is None:
        raise BadInput(
            f"{phone} is not one of our caller ids."
            if phone
            else "No caller id: set TWILIO_CALLER_ID, then dialer migrate."
        )
    return found
