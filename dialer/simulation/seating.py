"""Call workers that hold simulated conversations: a seat is taken as in the product, and facts are applied as there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from dialer.calls import facts, seats
from dialer.conversation.facts import Fact, HandedIn, Reply
from dialer.db import Sessions, transaction
from dialer.messages import Messages
from dialer.simulation import people
from dialer.simulation.carrier import Leg
from dialer.simulation.clock import VirtualClock
from dialer.simulation.world import World

CALLBACK_AHEAD = timedelta(days=2)


@dataclass(slots=True)
class CallWorker:
    """A process with seats. A new life begins when it is started again, and knows nothing of the one before."""

    name: str
    life: int = 1
    alive: bool = True
    holds: set[tuple[str, int]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Stream:
    """A carrier's stream to a worker."""

    carrier_id: str
    seat: facts.Seat
    life: int


class Seating:
    """All call workers of the simulation."""

    def __init__(
        self,
        sessions: Sessions,
        clock: VirtualClock,
        messages: Messages,
        effects: facts.Effects,
        world: World,
        seats: int,
    ) -> None:
        self.workers = [CallWorker(f"calls-{number}") for number in (1, 2)]
        self._seats = seats
        self._sessions, self._clock, self._messages = sessions, clock, messages
        self._effects, self._world = effects, world

    def beat(self) -> None:
        """Have every living worker say so."""
        with transaction(self._sessions) as tx:
            for worker in self.workers:
                if worker.alive:
                    seats.beat(
                        tx.session, name=worker.name, media_url="ws://simulated", seats=self._seats, draining=False
                    )

    def converse(self, call_id: str, epoch: int) -> None:
        """Take a call that wants a seat, by the worker that holds fewest."""
        worker = min((w for w in self.workers if w.alive), key=lambda w: len(w.holds), default=None)
        if worker is None or len(worker.holds) >= self._seats * 2:
            return
        url = f"ws://simulated/media/{worker.name}/{call_id}/{epoch}"
        with transaction(self._sessions) as tx:
            taken = seats.take(tx.session, UUID(call_id), epoch, worker=worker.name, url=url)
        if taken:
            worker.holds.add((call_id, epoch))

    def connect(self, leg: Leg, url: str) -> Stream | None:
        """Open the stream that the TwiML named. None: that worker has died meanwhile, or does not expect it."""
        name, call_id, epoch = url.rsplit("/", 3)[1:]
        worker = next(w for w in self.workers if w.name == name)
        if not worker.alive or (call_id, int(epoch)) not in worker.holds:
            return None
        stream = Stream(leg.carrier_id, facts.Seat(UUID(call_id), int(epoch), name), worker.life)
        callback_at = (self._clock.now + CALLBACK_AHEAD).isoformat()
        for after_s, fact in people.conversation(leg.who, callback_at):
            self._world.later(after_s, "fact", stream, fact)
        return stream

    def tell(self, stream: Stream, fact: Fact) -> tuple[bool, bool]:
        """Commit a fact, if its worker still lives and holds the call. Returns (done, stream has ended)."""
        worker = next(w for w in self.workers if w.name == stream.seat.worker)
        key = (str(stream.seat.call_id), stream.seat.epoch)
        if not worker.alive or worker.life != stream.life or key not in worker.holds:
            return False, False
        came = facts.apply(fact, stream.seat, self._sessions, self._effects)
        reply = came if isinstance(came, Reply) else came.finish()
        ended = isinstance(fact, HandedIn) or reply.lost
        if ended:
            worker.holds.discard(key)
            self._messages.send("results.finish", str(stream.seat.call_id))
        return True, ended

    def kill(self, worker: CallWorker) -> set[str]:
        """End a worker as kill -9 does. Returns the calls that it held."""
        held = {call_id for call_id, _ in worker.holds}
        worker.alive = False
        worker.holds.clear()
        return held

    def start(self, worker: CallWorker) -> None:
        """Start a worker again."""
        worker.life += 1
        worker.alive = True
