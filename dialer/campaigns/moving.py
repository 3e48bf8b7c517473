"""Many leads moved at once, each move with the row that says why: one statement, however many they are.

`leads.moving` moves a single one. Whoever calls here holds the locks of the leads' rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from dialer.calls.models import Direction, Purpose
from dialer.calls.states import CallState
from dialer.campaigns.models import Campaign
from dialer.leads.models import LeadState
from dialer.telephony.models import CallerId

PHONE_BUSY_S = 60
"""How long a lead waits whose number is being called for another lead."""
PROMOTE_AT_ONCE = 1000

_WAKE = text(f"""
    WITH ready AS MATERIALIZED (
        SELECT id FROM leads WHERE state = '{LeadState.WAITING}' AND due_at <= :now
        ORDER BY due_at LIMIT {PROMOTE_AT_ONCE} FOR UPDATE SKIP LOCKED),
    woken AS (
        UPDATE leads SET state = '{LeadState.DUE}', reason = '', moved_at = :now
        WHERE id IN (SELECT id FROM ready) RETURNING id, due_at)
    INSERT INTO lead_moves (lead_id, state, at, by, why, due_at)
    SELECT id, '{LeadState.DUE}', :now, :by, 'its waiting time is over', due_at FROM woken
""")  # noqa: S608, RUF100 - constants of this module only
_BLOCK = text(f"""
    WITH blocked AS (
        UPDATE leads SET state = '{LeadState.BLOCKED}', reason = :why, due_at = NULL, moved_at = :now
        WHERE id = ANY(:leads) RETURNING id)
    INSERT INTO lead_moves (lead_id, state, at, by, why)
    SELECT id, '{LeadState.BLOCKED}', :now, :by, :why FROM blocked
""")  # noqa: S608, RUF100 - constants of this module only
_CREATE = text(f"""
    WITH offered AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:calls AS uuid[]), CAST(:leads AS bigint[]), CAST(:attempts AS int[]),
                             CAST(:phones AS text[]), CAST(:versions AS uuid[]), CAST(:slots AS timestamptz[]))
                      AS offer(call_id, lead_id, attempt, phone, agent_version_id, dial_at)),
    created AS (
        INSERT INTO calls (id, organization_id, campaign_id, lead_id, attempt, purpose, direction, to_number,
                           from_number, carrier_account_id, agent_version_id, state, moved_at, claimed_at,
                           ring_timeout_s, dial_at)
        SELECT call_id, :organization_id, :campaign_id, lead_id, attempt, '{Purpose.CAMPAIGN}',
               '{Direction.OUTBOUND}', phone, :from_number, :carrier_account_id, agent_version_id,
               '{CallState.CLAIMED}', :now, :now, :ring_timeout_s, dial_at
        FROM offered ORDER BY phone
        ON CONFLICT DO NOTHING
        RETURNING id, lead_id),
    told AS (
        INSERT INTO call_moves (call_id, state, at, by, why)
        SELECT id, '{CallState.CLAIMED}', :now, :by, 'lead is due' FROM created),
    moved AS (
        UPDATE leads SET
            state = CASE WHEN created.id IS NULL THEN '{LeadState.WAITING}' ELSE '{LeadState.IN_FLIGHT}' END,
            reason = CASE WHEN created.id IS NULL THEN 'phone busy' ELSE '' END,
            due_at = CASE WHEN created.id IS NULL THEN CAST(:busy_until AS timestamptz) END,
            moved_at = :now
        FROM offered LEFT JOIN created USING (lead_id)
        WHERE leads.id = offered.lead_id
        RETURNING leads.id, leads.state, leads.due_at, created.id AS call_id),
    explained AS (
        INSERT INTO lead_moves (lead_id, state, at, by, why, due_at, call_id)
        SELECT id, state, :now, :by, CASE WHEN call_id IS NULL THEN 'phone busy' ELSE 'claimed' END, due_at, call_id
        FROM moved)
    SELECT id FROM created
""")  # noqa: S608, RUF100 - constants of this module only


@dataclass(frozen=True, slots=True)
class Offer:
    """A lead that may be called, and the call that it gets if its number is free."""

    call_id: UUID
    lead_id: int
    attempt: int
    phone: str
    agent_version_id: UUID
    dial_at: datetime


def wake(session: Session, *, now: datetime, by: str) -> int:
    """Make leads due whose waiting time is over; it locks them itself. Returns how many."""
    return session.execute(_WAKE, {"now": now, "by": by}).rowcount  # type: ignore[attr-defined, no-any-return]


def block(session: Session, leads: list[int], *, now: datetime, by: str, why: str) -> None:
    """Block leads that no waiting can help."""
    session.execute(_BLOCK, {"leads": leads, "now": now, "by": by, "why": why})


def create_calls(
    session: Session, campaign: Campaign, caller: CallerId, offers: Sequence[Offer], *, now: datetime, by: str
) -> list[UUID]:
    """Insert calls in phone order and put their leads in flight; return the ids, in the order of the offers.

    A number that has an open call already gets no second one (law 2): its lead waits.
    """
    created = session.scalars(
        _CREATE,
        {
            "calls": [offer.call_id for offer in offers],
            "leads": [offer.lead_id for offer in offers],
            "attempts": [offer.attempt for offer in offers],
            "phones": [offer.phone for offer in offers],
            "versions": [offer.agent_version_id for offer in offers],
            "slots": [offer.dial_at for offer in offers],
            "organization_id": campaign.organization_id,
            "campaign_id": campaign.id,
            "from_number": caller.phone,
            "carrier_account_id": caller.carrier_account_id,
            "ring_timeout_s": campaign.ring_timeout_s,
            "busy_until": now + timedelta(seconds=PHONE_BUSY_S),
            "now": now,
            "by": by,
        },
    )
    there = set(created)
    return [offer.call_id for offer in offers if offer.call_id in there]
