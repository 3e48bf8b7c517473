"""A carrier in memory, by the promises of `dialer.telephony.base`: it rings simulated people on the virtual clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dialer.calls import urls
from dialer.errors import CarrierBusy, CarrierRefused, CarrierSilent, NotFound, Reach
from dialer.simulation import people
from dialer.simulation.clock import VirtualClock
from dialer.simulation.faults import Fault, Faults
from dialer.simulation.judging import Judge
from dialer.simulation.world import World
from dialer.telephony.base import CarrierCall, CarrierStatus, Deadline, DialOrder

S = CarrierStatus
QUEUED_S, LATE_S = 0.4, 30.0


@dataclass(slots=True)
class Leg:
    """A call as this carrier has it."""

    carrier_id: str
    order: DialOrder
    who: people.Person
    created_at: datetime
    status: CarrierStatus = S.QUEUED
    answered_at: datetime | None = None
    duration_s: int | None = None
    asked: list[str] = field(default_factory=list)
    sent: int = 0

    @property
    def call_id(self) -> str:
        """The attempt that the order's URLs name."""
        return urls.call_of(self.order.answer_url) or ""


class SimulatedCarrier:
    """Places calls, once each, whatever its replies say, and tells of them by callbacks that may get lost."""

    def __init__(self, seed: int, clock: VirtualClock, faults: Faults, judge: Judge, world: World) -> None:
        self.legs: dict[str, Leg] = {}
        self._seed, self._clock, self._faults, self._judge, self._world = seed, clock, faults, judge, world

    def place(self, order: DialOrder, deadline: Deadline) -> str:
        """Start ringing; see `dialer.telephony.base.Carrier.place`."""
        if self._clock.monotonic() > deadline.monotonic_s:
            raise CarrierBusy("the deadline had passed; nothing was sent")
        if self._faults.strikes(Fault.BUSY):
            raise CarrierBusy("429", wait_s=2)
        if self._faults.strikes(Fault.REFUSED):
            raise CarrierRefused("21211", "invalid number", Reach.LEAD)
        if self._faults.strikes(Fault.REQUEST_LOST):
            raise CarrierSilent("the connection broke while the request was sent")
        leg = self._accept(order)
        if self._faults.strikes(Fault.REPLY_LOST):
            raise CarrierSilent("the connection broke before the reply")
        if self._faults.strikes(Fault.ERROR_AFTER_ACCEPTING):
            raise CarrierSilent("503")
        return leg.carrier_id

    def _accept(self, order: DialOrder) -> Leg:
        who = people.person(self._seed, order.to_number, self._judge.dials_to[order.to_number] + 1)
        leg = Leg(f"CA{len(self.legs) + 1:032x}", order, who, self._clock.now)
        self.legs[leg.carrier_id] = leg
        self._judge.accepted(leg.call_id, order.to_number, self._clock.now)
        self._world.later(QUEUED_S, "ring", leg.carrier_id)
        return leg

    def ring(self, carrier_id: str) -> None:
        """The phone begins to ring."""
        leg = self.legs[carrier_id]
        if leg.status is S.QUEUED:
            self._becomes(leg, S.RINGING)
            self._world.later(leg.who.rings_s, "pick_up", carrier_id)

    def pick_up(self, carrier_id: str) -> None:
        """The ringing is over, in one way or the other."""
        leg = self.legs[carrier_id]
        if leg.status is not S.RINGING:
            return
        if leg.who.does != people.PICKS_UP:
            self.end(carrier_id, CarrierStatus(leg.who.does))
            return
        leg.answered_at = self._clock.now
        self._becomes(leg, S.IN_PROGRESS)
        fallback = self._faults.strikes(Fault.ANSWER_FAILED)
        leg.asked.append(leg.order.fallback_url if fallback else leg.order.answer_url)
        self._world.later(0.05, "continue" if fallback else "answer", carrier_id)

    def end(self, carrier_id: str, status: CarrierStatus = S.COMPLETED) -> None:
        """The call is over."""
        leg = self.legs[carrier_id]
        if leg.status.over:
            return
        answered = leg.answered_at
        leg.duration_s = int((self._clock.now - answered).total_seconds()) if answered else 0
        self._judge.over(leg.order.to_number)
        self._becomes(leg, status)

    def _becomes(self, leg: Leg, status: CarrierStatus) -> None:
        leg.status = status
        leg.sent += 1
        params = {"CallSid": leg.carrier_id, "CallStatus": status.value, "SequenceNumber": str(leg.sent)}
        if status.over:
            params["CallDuration"] = str(leg.duration_s)
        if self._faults.strikes(Fault.CALLBACK_MISSING):
            return
        leg.asked.append(leg.order.status_url)
        late_s = LATE_S * leg.who.rings_s / 25 if self._faults.strikes(Fault.CALLBACK_LATE) else 0.0
        self._world.later(0.05 + late_s, "status", leg.call_id, params)
        if self._faults.strikes(Fault.CALLBACK_DOUBLED):
            self._world.later(1.0, "status", leg.call_id, params)

    def fetch(self, carrier_id: str) -> CarrierCall:
        """How a call stands."""
        self._ask()
        if carrier_id not in self.legs:
            raise NotFound("call", carrier_id)
        return _told(self.legs[carrier_id])

    def find(self, *, to_number: str, from_number: str, since: datetime) -> list[CarrierCall]:
        """Calls between two numbers, queued ones included."""
        return [c for c in self.list_since(since) if (c.to_number, c.from_number) == (to_number, from_number)]

    def list_since(self, since: datetime) -> Iterator[CarrierCall]:
        """All calls since a moment."""
        self._ask()
        return iter([_told(leg) for leg in self.legs.values() if leg.created_at >= since])

    def asked_urls(self, carrier_id: str) -> list[str]:
        """The URLs that were asked for a call."""
        self._ask()
        return list(self.legs[carrier_id].asked)

    def hang_up(self, carrier_id: str) -> None:
        """End or cancel a call."""
        self._ask()
        if carrier_id in self.legs:
            self.end(carrier_id, S.COMPLETED if self.legs[carrier_id].answered_at else S.CANCELED)

    def redirect(self, carrier_id: str, url: str) -> bool:
        """Ask a URL what to do with a live call."""
        self._ask()
        leg = self.legs[carrier_id]
        if leg.status.over:
            return False
        leg.asked.append(url)
        self._world.later(0.05, "continue", carrier_id)
        return True

    def caller_ids(self) -> list[str]:
        """The numbers of the account; the simulation provisions its own."""
        return []

    def verify(self, url: str, params: Mapping[str, str] | str, headers: Mapping[str, str]) -> bool:
        """No request comes over HTTP, so none is signed."""
        return False

    def _ask(self) -> None:
        if self._faults.strikes(Fault.LIST_AWAY):
            raise CarrierSilent("the carrier cannot be asked")


def _told(leg: Leg) -> CarrierCall:
    return CarrierCall(
        carrier_id=leg.carrier_id,
        to_number=leg.order.to_number,
        from_number=leg.order.from_number,
        status=leg.status,
        direction="outbound-api",
        created_at=leg.created_at,
        duration_s=leg.duration_s,
        answered_by=None,
    )
