"""The ticks: open and close campaigns, claim, sweep; and when nothing is open, go on to when something is due."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select

from dialer import clock as campaign_clock
from dialer.calls import sweeping
from dialer.calls.models import Call, Callback
from dialer.calls.states import OPEN, CallState
from dialer.campaigns import balance, claiming, forecast, lifecycle
from dialer.db import transaction
from dialer.simulation.carrier import SimulatedCarrier
from dialer.simulation.clock import VirtualClock
from dialer.simulation.faults import Fault, Faults
from dialer.simulation.product import SECRET, Product
from dialer.simulation.seating import Seating
from dialer.simulation.world import World

TICK_BUSY_S, TICK_QUIET_S, SWEEP_S = 1.0, 6.0, 6.0
HALF_OPEN_S = 6.0
"""A worker that is away for longer may leave streams half open: only its missing heartbeat tells."""


class Ticks:
    """Ticks one after another, as long as there is something to do."""

    def __init__(
        self,
        product: Product,
        carrier: SimulatedCarrier,
        seating: Seating,
        clock: VirtualClock,
        faults: Faults,
        world: World,
        chance: random.Random,
        *,
        campaigns: Sequence[UUID],
        until: datetime,
    ) -> None:
        self._product, self._carrier, self._seating = product, carrier, seating
        self._clock, self._faults, self._world, self._chance = clock, faults, world, chance
        self._campaigns, self._end = campaigns, until
        self._tick = 0
        self._sweep_at = clock.now
        self.at_rest = False
        """Every lead is done or blocked, or the days are over, and nothing is open."""

    def next(self, after_s: float) -> None:
        """Have the next tick in so many seconds, instead of any that was arranged."""
        self._tick += 1
        self._world.later(after_s, "tick", self._tick)

    def tick(self, number: int) -> None:
        """Do what beat, the campaign worker and the sweeper do."""
        if number != self._tick:
            return
        if self._faults.strikes(Fault.CALL_WORKER_KILLED):
            self._kill_worker()
        self._seating.beat()
        with transaction(self._product.sessions) as tx:
            lifecycle.open_and_close(tx.session, now=campaign_clock.now(tx.session))
        claimed = 0
        self.next(TICK_QUIET_S)  # if this one dies in its claim
        if self._clock.now < self._end:
            claimed = claiming.claim(
                self._product.sessions,
                publish=lambda call_id: self._world.send("leads.place", str(call_id)),
                ratio=1.0,
                secret=SECRET,
            )
        sweeping.watch_seats(self._product.sweeping)
        sweeping.wake_claimed(self._product.sweeping)
        if self._clock.now >= self._sweep_at:
            self._sweep_at = self._clock.now + timedelta(seconds=SWEEP_S)
            sweeping.sweep(self._product.sweeping)
        if claimed or self._busy():
            self.next(TICK_BUSY_S if claimed else TICK_QUIET_S)
        else:
            self._idle()

    def _busy(self) -> bool:
        """Whether a call is open, or a callback or an outcome is still to be written."""
        unfinished = or_(
            Call.state.in_(OPEN), Call.state.in_((CallState.ENDED, CallState.FAILED)) & Call.outcome_at.is_(None)
        )
        with self._product.sessions() as session:
            calls = session.scalar(select(Call.id).where(unfinished).limit(1))
            stored = session.scalar(select(Callback.hash).where(Callback.folded_wall.is_(None)).limit(1))
        return calls is not None or stored is not None

    def _idle(self) -> None:
        """Nothing is open: go on to the moment at which something is due, or come to rest."""
        now = self._clock.now
        with self._product.sessions() as session:
            moments = [forecast.next_moment(session, one, now) for one in self._campaigns]
            complete = all(balance.is_complete(session, one) for one in self._campaigns)
        if complete or now >= self._end:
            self.at_rest = True
            return
        moment = min((found for found in moments if found is not None), default=now + timedelta(hours=1))
        self._tick += 1
        self._world.at(min(self._end, max(moment, now + timedelta(seconds=TICK_QUIET_S))), "tick", self._tick)

    def _kill_worker(self) -> None:
        alive = [worker for worker in self._seating.workers if worker.alive]
        if len(alive) < 2:
            return
        worker = self._chance.choice(alive)
        down_s = self._chance.uniform(1, 20)
        half_open = down_s > HALF_OPEN_S and self._chance.random() < 0.5
        self._world.note("killed", worker.name, half_open)
        held = self._seating.kill(worker)
        self._world.later(down_s, "worker_starts", worker)
        if not half_open:  # the carrier sees the streams break, and asks what to do
            for leg in self._carrier.legs.values():
                if leg.call_id in held and not leg.status.over:
                    self._world.later(0.1, "continue", leg.carrier_id)
