"""The campaign engine on a test's own database, with a scripted carrier."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from dialer.calls import dialing, settling
from dialer.calls.models import Call, CallMove, Worker
from dialer.campaigns import claiming
from dialer.db import Sessions
from dialer.leads import optout
from dialer.leads.models import Lead, LeadMove
from dialer.outcomes import finishing
from tests.fakes import FakeCarrier, FakeExtractor, FakeMessages

SECRET = "secret"


@dataclass
class CampaignEngine:
    """Claims, dials, settles and finishes as the workers do, without a broker."""

    sessions: Sessions
    carrier: FakeCarrier = field(default_factory=FakeCarrier)
    messages: FakeMessages = field(default_factory=FakeMessages)
    extractor: FakeExtractor = field(default_factory=FakeExtractor)
    destinations: tuple[str, ...] = ("hubspot", "salesforce")
    grace_s: float = 900.0

    @property
    def finishing(self) -> finishing.Finishing:
        return finishing.Finishing(self.sessions, self.extractor, self.messages, self.destinations, self.opt_out)

    @property
    def settling(self) -> settling.Settling:
        return settling.Settling(self.sessions, self.carrier, self.grace_s, self.finishing)

    @property
    def dialing(self) -> dialing.Dialing:
        return dialing.Dialing(
            self.sessions, self.carrier, "https://dialer.test", SECRET, finishing.refused(self.finishing)
        )

    def opt_out(self, organization_id: UUID, phone: str, how: str, call_id: UUID | None, by: str) -> optout.OptOut:
        return optout.opt_out(
            self.sessions,
            organization_id,
            [phone],
            how=how,
            source="spoken",
            by=by,
            secret=SECRET,
            call_id=call_id,
            wait=lambda _: None,
        )

    def have_seats(self, seats: int = 10) -> None:
        """Have a call worker that lives, however slow the test is: nobody beats for it."""
        alive = datetime.now(UTC) + timedelta(hours=1)
        with self.sessions.begin() as session:
            session.merge(Worker(name="calls-1", media_url="ws://127.0.0.1:1", seats=seats, heartbeat_wall=alive))

    def claim(self, ratio: float = 1.0) -> list[UUID]:
        published: list[UUID] = []
        claiming.claim(self.sessions, publish=published.append, ratio=ratio, secret=SECRET)
        return published

    def place(self, call_id: UUID) -> None:
        dialing.place(call_id, self.dialing)

    def call(self, call_id: UUID) -> Call:
        with self.sessions() as session:
            return session.get_one(Call, call_id)

    def lead(self, lead_id: int) -> Lead:
        with self.sessions() as session:
            return session.get_one(Lead, lead_id)

    def why_call(self, call_id: UUID) -> list[str]:
        with self.sessions() as session:
            return list(session.scalars(select(CallMove.why).where(CallMove.call_id == call_id).order_by(CallMove.id)))

    def why_lead(self, lead_id: int) -> list[str]:
        with self.sessions() as session:
            return list(session.scalars(select(LeadMove.why).where(LeadMove.lead_id == lead_id).order_by(LeadMove.id)))
