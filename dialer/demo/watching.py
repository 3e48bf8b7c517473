"""Watches a campaign to its end, and moves campaign time on whenever all there is to do is wait."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from uuid import UUID

import httpx
from sqlalchemy.exc import OperationalError

from dialer import clock, db
from dialer.demo import snapshot
from dialer.demo.moments import best_moment
from dialer.demo.snapshot import Snapshot
from dialer.demo.striking import Striker
from dialer.demo.table import View
from dialer.demo.world import WorldClient
from dialer.errors import DialerError

LOOK_EVERY_S = 0.4
SETTLED_LOOKS = 3
"""So many looks in a row must find nothing open before time is moved: claiming has had its chance."""
BY = "demo"


class Watcher:
    """One campaign's way to its end.

    Args:
        striker: strikes vendors meanwhile, if any are to be struck.
        limit_s: wall time after which the demo gives up.
    """

    def __init__(
        self,
        sessions: db.Sessions,
        campaign_id: UUID,
        world: WorldClient,
        view: View,
        *,
        striker: Striker,
        limit_s: float,
    ) -> None:
        self._sessions, self._campaign_id = sessions, campaign_id
        self._world, self._view = world, view
        self._striker = striker
        self._limit_s = limit_s
        self._idle_looks = 0
        self.jumps = 0

    def run(self, stop: threading.Event) -> Snapshot | None:
        """Watch until the ledger balances with nothing open and everything is delivered.

        Returns:
            How it ended; None if it was told to stop before.

        Raises:
            DialerError: it did not end within the limit, or never will.
        """
        deadline = time.monotonic() + self._limit_s
        latest: Snapshot | None = None
        while not stop.wait(LOOK_EVERY_S):
            try:
                latest = self._look()
            except (OperationalError, httpx.HTTPError):
                pass  # a server was killed; the supervisor is bringing it back
            else:
                self._view.show(latest)
                if latest.over:
                    return latest
            if time.monotonic() > deadline:
                raise DialerError(f"The demo did not end within {self._limit_s:.0f} s. {_standing(latest)}")
        return None

    def _look(self) -> Snapshot:
        with db.transaction(self._sessions) as tx:
            seen = snapshot.take(tx.session, self._campaign_id)
            offset = seen.now - clock.wall(tx.session)
        self._world.set_offset(offset.total_seconds())
        if done := self._striker.look(seen):
            self._view.note(done)
        self._idle_looks = self._idle_looks + 1 if seen.idle else 0
        if self._idle_looks >= SETTLED_LOOKS:
            self._move_time_on(seen)
        return seen

    def _move_time_on(self, seen: Snapshot) -> None:
        with db.transaction(self._sessions) as tx:
            now = clock.now(tx.session)
            to = best_moment(tx.session, self._campaign_id, now)
            if to is None and seen.status["leads"]["due"] + seen.status["leads"]["waiting"]:
                raise DialerError(f"Leads are waiting for a moment that will never come. {_standing(seen)}")
            if to is None or to <= now:
                return
            offset = clock.jump(tx.session, to, by=BY, why=_why(now, to))
        self._world.set_offset(offset.total_seconds())
        self._idle_looks = 0
        self.jumps += 1
        self._view.note(
            f"Nothing is open, the next lead is due later: campaign time moves on to {to:%a %d %b %H:%M} UTC."
        )


def _why(now: datetime, to: datetime) -> str:
    hours = (to - now).total_seconds() / 3600
    return f"nothing is open and the next lead is due later: {hours:.1f} hours on"


def _standing(seen: Snapshot | None) -> str:
    if seen is None:
        return "The database never answered."
    leads = ", ".join(f"{number} {name}" for name, number in seen.status["leads"].items())
    return f"The campaign is {seen.status['state']}: {leads}; {seen.pending} rows to deliver."
