"""The product's own parts, with the simulated carrier and the virtual clock in place of real ones."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from dialer.calls import dialing, facts, settling, sweeping
from dialer.db import Sessions
from dialer.leads import optout
from dialer.llm.base import Extractor
from dialer.messages import Messages
from dialer.outcomes import finishing
from dialer.simulation.carrier import SimulatedCarrier
from dialer.simulation.clock import VirtualClock
from dialer.simulation.judging import Judge

PUBLIC_URL = "https://dialer.invalid"
SECRET = "simulated"


class Product:
    """What the workers and the web process are given."""

    def __init__(
        self,
        sessions: Sessions,
        clock: VirtualClock,
        carrier: SimulatedCarrier,
        messages: Messages,
        reader: Extractor,
        judge: Judge,
        *,
        organization_id: UUID,
        grace_s: float,
    ) -> None:
        self.sessions = sessions
        self._clock, self._judge, self._organization_id = clock, judge, organization_id
        self.finishing = finishing.Finishing(sessions, reader, messages, (), self.spoken)
        self.settling = settling.Settling(sessions, carrier, grace_s, self.finishing)
        self.sweeping = sweeping.Sweeping(self.settling, PUBLIC_URL, ())
        self.effects = facts.Effects(self.spoken, self.cancel)
        self.dialing = dialing.Dialing(
            sessions,
            carrier,
            PUBLIC_URL,
            SECRET,
            finishing.refused(self.finishing),
            sleep=clock.pass_s,
            monotonic=clock.monotonic,
        )

    def spoken(self, organization_id: UUID, phone: str, how: str, call_id: UUID | None, by: str) -> optout.OptOut:
        """Suppress a number, said in a call."""
        return self.opt_out(phone, how=how, source="spoken", call_id=call_id, by=by)

    def opt_out(self, phone: str, *, how: str, source: str, call_id: UUID | None, by: str) -> optout.OptOut:
        """Suppress a number, and tell the judge."""
        done = optout.opt_out(
            self.sessions,
            self._organization_id,
            [phone],
            how=how,
            source=source,
            by=by,
            secret=SECRET,
            call_id=call_id,
            wait=self._clock.pass_s,
        )
        self._judge.has_opted_out(phone, self._clock.now)
        return done

    def cancel(self, call_ids: Iterable[UUID]) -> None:
        """Hang up calls at the carrier."""
        settling.cancel(list(call_ids), self.settling)
