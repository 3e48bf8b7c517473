"""Rows for tests: whatever a test does not name gets a value that is valid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from dialer import clock
from dialer.accounts.models import Organization
from dialer.agents.definition import AgentDefinition
from dialer.agents.models import Agent, AgentVersion
from dialer.calls.models import Call, Direction, Purpose
from dialer.calls.states import CallState
from dialer.campaigns.models import Campaign, CampaignPlace, CampaignState
from dialer.db import Sessions
from dialer.leads.models import Consent, ConsentType, Lead, LeadState
from dialer.telephony.models import CallerId, CarrierAccount

NOON = datetime(2026, 11, 24, 15, tzinfo=UTC)
"""A Tuesday: 10:00 in New York, 15:00 in London."""
ALWAYS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
PLACE = "US-NY|America/New_York"
_DIALED = frozenset(CallState) - {CallState.CLAIMED, CallState.WITHDRAWN}
_numbers = count()
Row = TypeVar("Row")


def definition(**changes: Any) -> AgentDefinition:
    """An agent that may be called anything."""
    values = {
        "name": "Ava",
        "seller": "Northwind Solar",
        "opener": "Hi, this is Ava, an AI assistant calling from Northwind Solar. Say stop at any time to opt out.",
        "goal": "Find out whether a visit is wanted.",
        "callback_number": "+12125550100",
        "voicemail": "This is Ava from Northwind Solar. We will try again.",
    }
    return AgentDefinition(**(values | changes))


class Factory:
    """Makes rows in one database, under one organization."""

    def __init__(self, sessions: Sessions, organization: str = "default") -> None:
        self.sessions = sessions
        with sessions.begin() as session:
            found = session.scalar(select(Organization).where(Organization.name == organization))
            self.organization = found or Organization(name=organization)
            session.add(self.organization)
            session.flush()
            agent = Agent(organization_id=self.organization.id, name="Ava")
            self.account = CarrierAccount(
                organization_id=self.organization.id, vendor="twilio", account="AC" + "0" * 32, cps=50.0
            )
            session.add_all([agent, self.account])
            session.flush()
            body = definition()
            self.agent_version = AgentVersion(
                organization_id=self.organization.id,
                agent_id=agent.id,
                number=1,
                definition=body.model_dump(mode="json"),
                sha256=body.sha256,
            )
            self.caller_id = CallerId(
                organization_id=self.organization.id,
                carrier_account_id=self.account.id,
                phone=f"+1646555{next(_numbers) % 10_000:04}",
                verified_at=NOON,
            )
            session.add_all([self.agent_version, self.caller_id])

    def set_clock(self, to: datetime = NOON) -> None:
        """Move campaign time."""
        with self.sessions.begin() as session:
            clock.jump(session, to, by="test", why="the test's own time")

    def campaign(self, **changes: Any) -> Campaign:
        """A running campaign whose windows are always open."""
        values: dict[str, Any] = {
            "organization_id": self.organization.id,
            "name": f"campaign {next(_numbers)}",
            "state": CampaignState.RUNNING,
            "moved_at": NOON,
            "agent_version_id": self.agent_version.id,
            "caller_id_id": self.caller_id.id,
            "region": "US",
            "windows": ALWAYS,
            "starts_on": None,
            "ends_on": None,
            "concurrency": 10,
            "cps": 50.0,
            "ring_timeout_s": 25,
            "max_attempts": 3,
            "retries": {},
        }
        return self._add(Campaign(**(values | changes)))

    def lead(self, campaign: Campaign, *, consent: ConsentType | None = ConsentType.WRITTEN, **changes: Any) -> Lead:
        """A lead that is due now, with written consent."""
        number = next(_numbers)
        state = changes.get("state", LeadState.DUE)
        waits = state in {LeadState.DUE, LeadState.WAITING}
        values: dict[str, Any] = {
            "organization_id": campaign.organization_id,
            "campaign_id": campaign.id,
            "phone": f"+1212{200 + number // 10_000:03}{number % 10_000:04}",
            "place": PLACE,
            "first_name": "Sam",
            "state": state,
            "reason": "" if state in {LeadState.DUE, LeadState.IN_FLIGHT, LeadState.DONE} else "test",
            "due_at": NOON - timedelta(minutes=1) if waits else None,
            "disposition": "interested" if state is LeadState.DONE else None,
            "moved_at": NOON - timedelta(minutes=1),
        }
        lead = Lead(**(values | changes))
        self._add(lead)
        with self.sessions.begin() as session:
            session.merge(CampaignPlace(campaign_id=campaign.id, place=lead.place))
            if consent is not None:
                session.add(
                    Consent(
                        organization_id=lead.organization_id,
                        phone=lead.phone,
                        type=consent,
                        evidence="a signed form",
                        source="test",
                        given_at=NOON - timedelta(days=30),
                    )
                )
        return lead

    def call(self, lead: Lead | None = None, **changes: Any) -> Call:
        """A call of a lead (of one more lead of a new campaign if none is given), `claimed` unless said otherwise."""
        lead = lead or self.lead(self.campaign(), state=LeadState.IN_FLIGHT)
        state = changes.get("state", CallState.CLAIMED)
        values: dict[str, Any] = {
            "organization_id": lead.organization_id,
            "campaign_id": lead.campaign_id,
            "lead_id": lead.id,
            "attempt": lead.attempts + 1,
            "purpose": Purpose.CAMPAIGN,
            "direction": Direction.OUTBOUND,
            "to_number": lead.phone,
            "from_number": self.caller_id.phone,
            "carrier_account_id": self.account.id,
            "agent_version_id": self.agent_version.id,
            "state": state,
            "moved_at": NOON,
            "ring_timeout_s": 25,
            "dial_at": NOON,
            "claimed_at": NOON,
            "dialing_at": NOON if state in _DIALED else None,
        }
        return self._add(Call(**(values | changes)))

    def _add(self, row: Row) -> Row:
        with self.sessions.begin() as session:
            session.add(row)
        return row


def other_organization(sessions: Sessions) -> UUID:
    """One more tenant; return its id."""
    return Factory(sessions, f"tenant {next(_numbers)}").organization.id
