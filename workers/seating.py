"""A call worker's seats: its media server, and the heartbeat that makes its seats count and looks at their calls.

Started by a bootstep before the worker takes work; on SIGTERM the worker drains: it takes no new seat, its row says so,
and the media server stops after the last thread has handed in its facts.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from uuid import UUID

from celery import bootsteps, signals
from sqlalchemy.exc import SQLAlchemyError

from dialer import log, wiring
from dialer.calls import conversing, seats
from dialer.calls.conversing import Seats
from dialer.calls.rounds import Rounds
from dialer.conversation.server import MediaServer
from dialer.db import transaction
from workers import garbage

BEAT_S = 1.0
STOP_S = 5.0
SWITCH_S = 0.0005
"""How long a thread may keep the interpreter from another that waits for it. The media loop waits anew for each frame
while a seat computes; with Python's 5 ms it would be late by that each time."""
BEHIND_S = 0.06
"""Lag of the media loop above which no further call is taken on: a jitter buffer holds about as much."""

logger = log.get(__name__)
_current: Seating | None = None


def hold(call_id: UUID, epoch: int) -> None:
    """Hold one call in this thread; not while the process drains: the call wants another worker."""
    if _current is not None and not _current.draining:
        conversing.converse(call_id, epoch, _current.seats)


class Seating:
    """The media server, the worker's row, and the thread that keeps the row fresh."""

    def __init__(self, on: wiring.Wiring) -> None:
        settings = on.settings
        self._on = on
        self._name = settings.worker_name or f"{socket.gethostname().split('.')[0].lower()}-{os.getpid()}"
        self._media = MediaServer(
            name=self._name,
            host=settings.media_host,
            port=settings.media_port,
            vendors=wiring.live_vendors(settings),
            recordings=settings.data_dir / "recordings",
        )
        port = self._media.start()
        media_url = settings.media_url or f"ws://{settings.media_host}:{port}"
        self.draining = False
        self._rounds = Rounds(on.sessions)
        self._rounds.start()
        self.seats = Seats(
            on.sessions, self._media, on.messages, self._name, media_url, on.effects, rounds=self._rounds
        )
        self._garbage = garbage.Search()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        while True:
            try:
                self._tell()
                conversing.look(self.seats)
            except Exception:  # whatever it is, the next beat must come: without it the seats do not count
                logger.exception("heartbeat failed")
            self._garbage.look(self._media.live())
            if self._stopped.wait(BEAT_S):
                return

    def _tell(self) -> None:
        try:
            with transaction(self._on.sessions) as tx:
                seats.beat(
                    tx.session,
                    name=self._name,
                    media_url=self.seats.media_url,
                    seats=self._seats(),
                    draining=self.draining,
                )
        except SQLAlchemyError as error:  # a pool without a free connection is one too
            logger.warning("no heartbeat", error=str(error))

    def _seats(self) -> int:
        """The seats that count. A process that falls behind has only those that are taken: more would hurt them."""
        seats = self._on.settings.seats
        return min(seats, self._media.live()) if self._media.lag_s() > BEHIND_S else seats

    def stop(self) -> None:
        """End: the last thread has handed in."""
        self._stopped.set()
        self._thread.join(STOP_S)
        self._media.stop(timeout_s=STOP_S)
        self._rounds.stop()
        try:
            with transaction(self._on.sessions) as tx:
                seats.leave(tx.session, self._name)
        except SQLAlchemyError as error:
            logger.warning("worker row left behind", error=str(error))


class SeatingStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Starts the seats with the worker. Its stop only begins the drain: the pool stops after it."""

    def start(self, _worker: object) -> None:
        """Open the seats."""
        global _current
        from workers.app import on

        _current = Seating(on)
        sys.setswitchinterval(SWITCH_S)

    def stop(self, _worker: object) -> None:
        """Take no new call."""
        if _current is not None:
            _current.draining = True


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _drain(**_: object) -> None:
    if _current is not None:
        _current.draining = True


@signals.worker_shutdown.connect  # type: ignore[untyped-decorator]
def _end(**_: object) -> None:
    if _current is not None:
        _current.stop()
