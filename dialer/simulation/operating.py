"""What operators do meanwhile, and people by other ways than a call."""

from __future__ import annotations

import random
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from dialer import clock as campaign_clock
from dialer.calls import gate
from dialer.campaigns import lifecycle
from dialer.campaigns.models import Campaign, CampaignState
from dialer.db import transaction
from dialer.simulation.clock import VirtualClock
from dialer.simulation.judging import Judge
from dialer.simulation.product import Product
from dialer.simulation.ticking import TICK_BUSY_S, Ticks
from dialer.simulation.world import World


class Operators:
    """Those who stop, pause and opt out."""

    def __init__(
        self,
        product: Product,
        ticks: Ticks,
        judge: Judge,
        clock: VirtualClock,
        world: World,
        chance: random.Random,
        *,
        campaigns: Sequence[UUID],
        phones: Sequence[str],
    ) -> None:
        self._product, self._ticks, self._judge = product, ticks, judge
        self._clock, self._world, self._chance = clock, world, chance
        self._campaigns, self._phones = campaigns, phones

    def arrange(self, times: int) -> None:
        """Arrange for so many of their wishes, at moments of their own."""
        kinds = ("opt_out", "opt_out", "opt_out", "gate", "campaign")
        for _ in range(times):
            # The first calls are at +600 s. Moments are as likely within seconds of them as within hours and days.
            after_s = 600 + self._chance.random() * self._chance.choice((10.0, 300.0, 14_400.0, 100_000.0))
            for_s = self._chance.uniform(1, 900)
            match self._chance.choice(kinds):
                case "opt_out":
                    self._world.later(after_s, "opt_out", self._chance.choice(self._phones))
                case "gate":
                    self._world.later(after_s, "gate", "shut")
                    self._world.later(after_s + for_s, "gate", "open")
                case "campaign":
                    index = self._chance.randrange(len(self._campaigns))
                    self._world.later(after_s, "campaign", index, "pause")
                    self._world.later(after_s + for_s, "campaign", index, "resume")

    def opt_out(self, phone: str) -> None:
        """Somebody asks by e-mail not to be called."""
        done = self._product.opt_out(phone, how="asked by e-mail", source="api", call_id=None, by="operator")
        self._product.cancel(done.cancel)

    def gate(self, how: str) -> None:
        """All dialing is stopped, or goes on."""
        shut = how == "shut"
        with transaction(self._product.sessions) as tx:
            (gate.shut if shut else gate.open_gate)(tx.session, by="operator", why="simulated")
        self._judge.gate_shut_since = self._clock.now if shut else None
        self._ticks.next(TICK_BUSY_S)

    def campaign(self, index: int, what: str) -> None:
        """A campaign is paused, or goes on."""
        campaign_id = self._campaigns[index]
        with transaction(self._product.sessions) as tx:
            now = campaign_clock.now(tx.session)
            state = tx.session.scalar(select(Campaign.state).where(Campaign.id == campaign_id))
            if what == "pause" and state is CampaignState.RUNNING:
                lifecycle.pause(tx.session, campaign_id, now=now, by="operator")
            elif what == "resume" and state is CampaignState.PAUSED:
                lifecycle.resume(tx.session, campaign_id, now=now, by="operator")
        self._ticks.next(TICK_BUSY_S)
