"""The campaigns and leads that a simulation begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy.orm import Session

from dialer import clock, provisioning
from dialer.accounts import queries as accounts
from dialer.campaigns import lifecycle
from dialer.campaigns.models import CampaignPlace
from dialer.db import Sessions, transaction
from dialer.leads.models import Consent, ConsentType, Lead, LeadMove, LeadState
from dialer.settings import Settings, Vendors
from dialer.simulation.judging import Judge, Terms

START = datetime(2030, 1, 7, 13, 50, tzinfo=UTC)
"""A Monday, ten minutes before the first window opens."""
OPENS, CLOSES = 9, 17
WINDOWS = f"mon-fri 0{OPENS}:00-{CLOSES}:00"
CARRIER_CPS = 10.0
MAX_ATTEMPTS = 4
PLACES = (
    ("US-NY|America/New_York", "+1212"),
    ("US-IL|America/Chicago", "+1312"),
    ("US-CA|America/Los_Angeles", "+1415"),
)
NO_CONSENT_EVERY = 25
SHARED_EVERY = 5
"""Every so many people are in both campaigns: they must not be called for both at once."""
BY = "simulation"


@dataclass(frozen=True, slots=True)
class Populated:
    """What stands in the database."""

    organization_id: UUID
    campaigns: tuple[UUID, ...]
    phones: tuple[str, ...]


def populate(sessions: Sessions, settings: Settings, judge: Judge, *, leads: int, concurrency: int) -> Populated:
    """Make two running campaigns with this many leads in all, and tell the judge what binds each number."""
    vendors = Vendors(
        twilio_account_sid="AC" + "0" * 32, twilio_caller_id="+16465550100", twilio_auth_token=SecretStr("simulated")
    )
    with transaction(sessions) as tx:
        session = tx.session
        now = clock.now(session)
        provisioning.provision(session, settings.model_copy(update={"vendors": vendors}), carrier_cps=CARRIER_CPS)
        organization_id = accounts.organization(session, settings.organization)
        first, second = (
            lifecycle.create(
                session,
                organization_id=organization_id,
                name=name,
                agent="Alex",
                region="US",
                windows=WINDOWS,
                concurrency=concurrency,
                cps=CARRIER_CPS,
                now=now,
                by=BY,
                max_attempts=MAX_ATTEMPTS,
            ).id
            for name in ("first", "second")
        )
        shared = leads // SHARED_EVERY
        phones = [_person(session, organization_id, judge, index, now) for index in range(leads - shared)]
        listed = [(first, phone) for phone in phones] + [(second, phone) for phone in phones[:shared]]
        for campaign_id, phone in listed:
            _lead(session, organization_id, campaign_id, phone, now)
            if phone in judge.terms:
                terms = judge.terms[phone]
                judge.terms[phone] = Terms(
                    terms.zone, terms.opens_hour, terms.closes_hour, terms.days, terms.attempts + MAX_ATTEMPTS
                )
        for campaign_id in (first, second):
            session.add_all(CampaignPlace(campaign_id=campaign_id, place=place) for place, _ in PLACES)
            session.flush()
            if campaign_id is first or shared:
                lifecycle.start(session, campaign_id, now=now, by=BY)
    return Populated(organization_id, (first, second) if shared else (first,), tuple(phones))


def _person(session: Session, organization_id: UUID, judge: Judge, index: int, now: datetime) -> str:
    place, prefix = PLACES[index % len(PLACES)]
    phone = f"{prefix}555{index:04}"
    if index % NO_CONSENT_EVERY != NO_CONSENT_EVERY - 1:
        judge.terms[phone] = Terms(place.partition("|")[2], OPENS, CLOSES, frozenset(range(5)), 0)
        session.add(
            Consent(
                organization_id=organization_id,
                phone=phone,
                type=ConsentType.WRITTEN,
                evidence="a form",
                source=BY,
                given_at=now - timedelta(days=30),
            )
        )
    return phone


def _lead(session: Session, organization_id: UUID, campaign_id: UUID, phone: str, now: datetime) -> None:
    place = next(place for place, prefix in PLACES if phone.startswith(prefix))
    lead = Lead(
        organization_id=organization_id,
        campaign_id=campaign_id,
        phone=phone,
        place=place,
        first_name="Sam",
        state=LeadState.DUE,
        due_at=now,
        moved_at=now,
    )
    session.add(lead)
    session.flush()
    session.add(LeadMove(lead_id=lead.id, state=LeadState.DUE, at=now, by=BY, why="imported", due_at=now))
