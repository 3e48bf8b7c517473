"""A call that the carrier rings, and a seat that has taken it."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from dialer.calls import answering, facts, seats
from dialer.calls.models import Call
from dialer.calls.reporting import Report
from dialer.telephony.base import CarrierStatus
from tests.db.engine import SECRET, CampaignEngine

URL = "ws://127.0.0.1:1/media/calls-1/x/token"


@dataclass
class Line:
    """A call that the carrier rings, and what its webhooks and seats do with it."""

    room: CampaignEngine
    call_id: UUID
    cancelled: list[UUID] = field(default_factory=list)

    @property
    def row(self) -> Call:
        return self.room.call(self.call_id)

    def pick_up(self, carrier_id: str | None = None) -> answering.Decision:
        said = Report(carrier_id or str(self.row.carrier_id), CarrierStatus.IN_PROGRESS)
        return answering.answered(self.room.sessions, self.call_id, said, secret=SECRET)

    def stream_ended(self, status: CarrierStatus = CarrierStatus.IN_PROGRESS) -> answering.Decision:
        return answering.continued(
            self.room.sessions, self.call_id, Report(str(self.row.carrier_id), status), secret=SECRET
        )

    def take(self, epoch: int, worker: str = "calls-1") -> bool:
        with self.room.sessions.begin() as session:
            return seats.take(session, self.call_id, epoch, worker=worker, url=URL)

    def tell(self, fact: object, *, epoch: int = 1, worker: str = "calls-1") -> facts.Reply:
        effects = facts.Effects(opt_out=self.room.opt_out, cancel=self.cancelled.extend)
        return facts.apply(fact, facts.Seat(self.call_id, epoch, worker), self.room.sessions, effects)  # type: ignore[arg-type]
