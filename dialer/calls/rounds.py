"""What the calls of a worker say, stored in rounds: one transaction for all that was said within 50 ms.

A round is a short cut. What it does not store, whatever the reason (the seat has lost its call, the turn stands
already, somebody holds the call's row, the database is away, one turn of the round cannot be stored by anybody), goes
the usual way of a fact: to the seat's own thread, in a transaction of its own, which finds out and tries again.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from dialer import log
from dialer.calls import turns
from dialer.calls.facts import Seat
from dialer.conversation.facts import Fact, Reply, TurnFinished, TurnUnderstood
from dialer.db import Sessions, transaction

ROUND_S: Final = 0.05
"""How long a round collects: for so much longer a turn may be lost with its worker, and an opt-out behind it waits."""
STOP_S: Final = 5.0

logger = log.get(__name__)


class Told(Protocol):
    """A fact that waits for its reply."""

    @property
    def fact(self) -> Fact:
        """What happened."""
        ...

    def answer(self, reply: Reply) -> None:
        """Hand the reply back to the loop."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    seat: Seat
    told: Told
    alone: Callable[[], None]


class Rounds:
    """The thread that stores turns for all seats of the process."""

    def __init__(self, sessions: Sessions, *, round_s: float = ROUND_S) -> None:
        self._sessions = sessions
        self._round_s = round_s
        self._waiting: deque[_Waiting] = deque()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, seat: Seat, told: Told, alone: Callable[[], None]) -> None:
        """Put a turn, or what was understood of one, into the next round. Never blocks.

        Args:
            seat: whose it is.
            told: the fact; answered once it is committed.
            alone: called in the round's thread if the round did not store it.
        """
        self._waiting.append(_Waiting(seat, told, alone))
        if not self._wake.is_set():
            self._wake.set()

    def stop(self) -> None:
        """Store what is waiting, and end."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        while not self._stopping.is_set() or self._waiting:
            self._wake.wait()
            self._stopping.wait(self._round_s)
            self._wake.clear()  # before the work: what is put from now on is of the next round
            self._store([self._waiting.popleft() for _ in range(len(self._waiting))])

    def _store(self, waiting: list[_Waiting]) -> None:
        said = [(one.seat, one.told.fact) for one in waiting if isinstance(one.told.fact, TurnFinished)]
        understood = [(one.seat, one.told.fact) for one in waiting if isinstance(one.told.fact, TurnUnderstood)]
        try:
            with transaction(self._sessions) as tx:
                stored = turns.store_all(tx.session, [(fact, *_whose(seat)) for seat, fact in said])
                found = [(fact, seat.call_id, seat.epoch) for seat, fact in understood]
                enriched = turns.understood_all(tx.session, found)
        except Exception as error:  # whatever it is, each fact has its own way to go
            logger.warning("round not stored", facts=len(waiting), error=str(error))
            for one in waiting:
                one.alone()
            return
        for one in waiting:
            match one.told.fact:
                case TurnFinished(number):
                    done = (one.seat.call_id, one.seat.epoch, number) in stored
                case TurnUnderstood(number):
                    done = (one.seat.call_id, one.seat.epoch, number) in enriched
                case _:
                    done = False
            if done:
                one.told.answer(Reply())
            else:
                one.alone()


def _whose(seat: Seat) -> tuple[UUID, int, str]:
    return seat.call_id, seat.epoch, seat.worker
