"""What the web process does: the carrier's callbacks, and the answers to what it asks."""

from __future__ import annotations

from uuid import UUID

from dialer.calls import answering, callbacks, sweeping
from dialer.calls.answering import Decision, Do
from dialer.calls.reporting import Report
from dialer.simulation.carrier import SimulatedCarrier
from dialer.simulation.clock import VirtualClock
from dialer.simulation.faults import Fault, Faults
from dialer.simulation.product import SECRET, Product
from dialer.simulation.seating import Seating
from dialer.simulation.world import World
from dialer.telephony.base import CarrierStatus

SEAT_WAIT_S, SEAT_LOOK_S = 1.5, 0.3


class Web:
    """The web process. It keeps nothing."""

    def __init__(
        self,
        product: Product,
        carrier: SimulatedCarrier,
        seating: Seating,
        clock: VirtualClock,
        faults: Faults,
        world: World,
    ) -> None:
        self._product, self._carrier, self._seating = product, carrier, seating
        self._clock, self._faults, self._world = clock, faults, world

    def status(self, call_id: str, params: dict[str, str]) -> None:
        """A callback came in: store it, fold it, act on it."""
        digest = callbacks.store(self._product.sessions, "status", UUID(call_id), f"/voice/status/{call_id}", params)
        if self._faults.strikes(Fault.CALLBACK_NOT_FOLDED):
            return
        folded = callbacks.fold(self._product.sessions, digest)
        if folded is not None:
            sweeping.act(folded, self._product.settling)

    def answer(self, carrier_id: str) -> None:
        """The person answered: what is to be done?"""
        leg = self._carrier.legs[carrier_id]
        if not leg.status.over:
            said = Report(carrier_id, CarrierStatus.IN_PROGRESS)
            self._do(carrier_id, answering.answered(self._product.sessions, UUID(leg.call_id), said, secret=SECRET))

    def go_on(self, carrier_id: str) -> None:
        """The stream has ended: what next?"""
        leg = self._carrier.legs[carrier_id]
        if not leg.status.over:
            said = Report(carrier_id, leg.status)
            self._do(carrier_id, answering.continued(self._product.sessions, UUID(leg.call_id), said, secret=SECRET))

    def wait_for_seat(self, carrier_id: str, epoch: int, until_s: float) -> None:
        """Look whether a seat has taken the call; ask again, or give up."""
        leg = self._carrier.legs[carrier_id]
        if leg.status.over:
            return
        call_id = UUID(leg.call_id)
        url = answering.seated(self._product.sessions, call_id, epoch)
        if url:
            self._do(carrier_id, Decision(Do.CONNECT, url=url))
        elif self._clock.monotonic() >= until_s:
            self._do(carrier_id, answering.gave_up(self._product.sessions, call_id, epoch))
        else:
            self._world.send("calls.converse", leg.call_id, str(epoch))
            self._world.later(SEAT_LOOK_S, "seat_wait", carrier_id, epoch, until_s)

    def _do(self, carrier_id: str, decision: Decision) -> None:
        """Do as the TwiML says that the web process would answer with."""
        self._world.note("twiml", carrier_id, decision.do.value)
        leg = self._carrier.legs[carrier_id]
        match decision.do:
            case Do.WAIT:
                self.wait_for_seat(carrier_id, decision.epoch, self._clock.monotonic() + SEAT_WAIT_S)
            case Do.CONNECT:
                if self._seating.connect(leg, decision.url) is None:
                    self._world.later(0.1, "continue", carrier_id)
            case Do.TRANSFER:
                self._world.later(leg.who.talks_s, "end", carrier_id)
            case Do.DROP | Do.ASK_DIGIT:
                self._world.later(6.0, "end", carrier_id)
            case Do.HANG_UP | Do.NOTHING:
                self._carrier.end(carrier_id)
