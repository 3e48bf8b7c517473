"""What claiming and dialing read: the SQL behind the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, case, func, select, text
from sqlalchemy.orm import Session

from dialer.agents.models import AgentVersion
from dialer.calls.models import Call, DialingGate, Direction, SeatState, Worker
from dialer.calls.states import OPEN, CallState
from dialer.campaigns.models import Campaign, CampaignPlace, CampaignState
from dialer.leads.models import Lead
from dialer.telephony.models import CallerId, CarrierAccount

HEARTBEAT_S = 5
"""A call worker's seats count while its heartbeat is younger."""

UNKNOWN_MARGIN_S = 60
"""An unknown call counts as open for its ring timeout and this; then it no longer takes a seat from others."""

_SEATED = Call.state.in_(OPEN - {CallState.TRANSFERRED}) & (Call.seat != SeatState.BY_TURNS)


_PACED_SEATS = select(func.coalesce(func.sum(Worker.seats), 0)).where(
    Worker.heartbeat_wall > func.clock_timestamp() - text(f"interval '{HEARTBEAT_S} s'"), ~Worker.draining
)
_OPEN_INBOUND = select(func.count()).where(Call.direction == Direction.INBOUND, _SEATED)
_STANDING = select(
    func.dialer_now(type_=DateTime(timezone=True)),
    select(DialingGate.shut).where(DialingGate.id == 1).scalar_subquery(),
    _PACED_SEATS.scalar_subquery(),
    _OPEN_INBOUND.scalar_subquery(),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand at the beginning of a claim."""

    now: datetime
    gate_shut: bool
    seats: int
    """Of all call workers that are alive and take calls."""
    inbound: int
    """Calls to us that hold or may need a seat."""


def regions(session: Session, organization_id: UUID, default: str) -> list[str]:
    """The countries in which an organization's numbers may be meant: `default`, and those of its campaigns."""
    named = session.scalars(select(Campaign.region).where(Campaign.organization_id == organization_id).distinct())
    return [default, *sorted(set(named) - {default})]


def standing(session: Session) -> Standing:
    """Read all at once. A missing gate counts as shut."""
    now, shut, seats, inbound = session.execute(_STANDING).one()
    return Standing(now, shut is None or shut, int(seats), int(inbound))


def paced_seats(session: Session) -> int:
    """Seats of all call workers that are alive and take calls."""
    return int(session.scalar(_PACED_SEATS) or 0)


def open_calls(session: Session) -> dict[UUID | None, int]:
    """Our calls that hold or may need a seat, by campaign.

    An `unknown` one counts for a while; a `transferred` one, or one that is held turn by turn, does not.
    """
    stale = (Call.state == CallState.UNKNOWN) & (
        Call.dialing_wall + func.make_interval(0, 0, 0, 0, 0, 0, Call.ring_timeout_s + UNKNOWN_MARGIN_S)
        < func.clock_timestamp()
    )
    rows = session.execute(
        select(Call.campaign_id, func.count())
        .where(Call.direction == Direction.OUTBOUND, _SEATED, ~stale)
        .group_by(Call.campaign_id)
    )
    return dict(rows.all())


def running(session: Session) -> list[Any]:
    """Running campaigns with what claiming needs of them; the one that claimed longest ago comes first."""
    last = (
        select(Call.dial_at)
        .where(Call.campaign_id == Campaign.id)
        .order_by(Call.claimed_at.desc())
        .limit(1)
        .correlate(Campaign)
        .scalar_subquery()
    )
    return list(
        session.execute(
            select(Campaign, CallerId, AgentVersion.definition["purpose"].astext.label("purpose"), last.label("last"))
            .join(CallerId, CallerId.id == Campaign.caller_id_id)
            .join(AgentVersion, AgentVersion.id == Campaign.agent_version_id)
            .where(Campaign.state == CampaignState.RUNNING)
            .order_by(last.asc().nulls_first(), Campaign.id)
        ).all()
    )


def places(session: Session, campaign_id: UUID) -> list[str]:
    """Places in which a campaign has leads."""
    return list(session.scalars(select(CampaignPlace.place).where(CampaignPlace.campaign_id == campaign_id)))


DUE_LEADS = text(
    """
    WITH due AS MATERIALIZED (
        SELECT candidate.id, candidate.due_at
        FROM unnest(CAST(:places AS text[])) AS p(place)
        CROSS JOIN LATERAL (
            SELECT id, due_at FROM leads
            WHERE campaign_id = :campaign_id AND state = 'due' AND place = p.place AND due_at <= :now
            ORDER BY due_at, id LIMIT :n FOR UPDATE SKIP LOCKED
        ) AS candidate
    )
    SELECT id, phone, attempts FROM leads WHERE id IN (SELECT id FROM due ORDER BY due_at, id LIMIT :n) ORDER BY phone
    """
)
"""The next leads of a campaign in places where a window is open, locked, in phone order."""


def due_leads(session: Session, campaign_id: UUID, open_places: list[str], n: int, now: datetime) -> list[Any]:
    """Lock and return up to `n` due leads (id, phone, attempts), oldest first, in phone order."""
    if not open_places or n <= 0:
        return []
    return list(
        session.execute(DUE_LEADS, {"places": open_places, "campaign_id": campaign_id, "n": n, "now": now}).all()
    )


_LINE_UP = text(
    f"""
    WITH held AS MATERIALIZED (
        SELECT id, dial_at FROM calls
        WHERE id = ANY(:call_ids) AND carrier_account_id = :account_id AND state = '{CallState.CLAIMED}'
        FOR UPDATE SKIP LOCKED),
    line AS (SELECT id, row_number() OVER (ORDER BY dial_at, id) - 1 AS place FROM held)
    UPDATE calls SET dial_at = CAST(:first AS timestamptz) + line.place * CAST(:step AS interval)
    FROM line WHERE calls.id = line.id
    RETURNING calls.id, calls.dial_at
    """
)  # noqa: S608, RUF100 - constants of this package only


def line_up(
    session: Session, call_ids: Sequence[UUID], account_id: UUID, *, first: datetime, step: timedelta
) -> list[tuple[UUID, datetime]]:
    """Give an account's claimed calls slots one `step` apart from `first` on, in the order of the slots they had.

    Calls that somebody holds are left out: whoever has many must not wait for one.
    """
    values = {"call_ids": list(call_ids), "account_id": account_id, "first": first, "step": step}
    return [(call_id, slot) for call_id, slot in session.execute(_LINE_UP, values)]


def account_for_update(session: Session, account_id: UUID) -> CarrierAccount:
    """Lock and read a carrier account: its slots and its back-off."""
    return session.scalars(
        select(CarrierAccount)
        .where(CarrierAccount.id == account_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def earliest_waiting(session: Session, campaign_id: UUID) -> datetime | None:
    """When the next waiting lead of a campaign is due."""
    return session.scalar(select(func.min(Lead.due_at)).where(Lead.campaign_id == campaign_id, Lead.state == "waiting"))


def open_of(session: Session, campaign_id: UUID) -> int:
    """Calls of a campaign that are not over, or over without an outcome yet."""
    unfinished = case(
        (Call.state.in_(OPEN), True),
        (Call.state.in_((CallState.ENDED, CallState.FAILED)) & Call.outcome_at.is_(None), True),
        else_=False,
    )
    return int(
        session.scalar(
            select(func.count()).where(
                Call.campaign_id == campaign_id, Call.direction == Direction.OUTBOUND, unfinished
            )
        )
        or 0
    )
