"""One simulation: events in the order of virtual time, each driving the product's own functions, and the laws after it.

Everything runs in one thread. A worker that is frozen lets other events happen before it goes on; one that dies leaves
its call as the rows have it. Whatever is left to chance comes from the seed, so the same seed is the same run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from dialer import audit, db
from dialer.calls import dialing, sweeping
from dialer.calls.models import Call
from dialer.conversation.facts import Fact
from dialer.errors import DialerError, TransientError, UnknownEffect
from dialer.outcomes import finishing
from dialer.settings import Settings
from dialer.simulation import populating
from dialer.simulation.carrier import SimulatedCarrier
from dialer.simulation.clock import VirtualClock, dice
from dialer.simulation.clock import engine as virtual_engine
from dialer.simulation.crashing import WorkerDied, lent
from dialer.simulation.events import Event, Events
from dialer.simulation.faults import Fault, Faults
from dialer.simulation.judging import Judge, Violation
from dialer.simulation.notes import Notes
from dialer.simulation.operating import Operators
from dialer.simulation.people import Reader
from dialer.simulation.product import Product
from dialer.simulation.results import Result, Wish, rows
from dialer.simulation.seating import Seating, Stream
from dialer.simulation.ticking import Ticks
from dialer.simulation.web import Web

DRAIN = timedelta(hours=4)
"""How long after the last day whatever is open has to come to rest."""
DEEPEST_FREEZE = 3


class Simulation:
    """A world of two campaigns, a carrier and people, and the product between them."""

    def __init__(self, database_url: str, settings: Settings, wish: Wish) -> None:
        self.wish = wish
        self._engine = virtual_engine(database_url)
        self.sessions = db.sessions(self._engine)
        self.clock = VirtualClock(self._engine, populating.START)
        self.faults = Faults(wish.plan, dice(wish.seed, "faults"))
        self.judge = Judge()
        self.carrier = SimulatedCarrier(wish.seed, self.clock, self.faults, self.judge, self)
        self.crashes: dict[str, int] = {}
        self.step = 0
        self._chance = dice(wish.seed, "world")
        self._events = Events()
        self._notes = Notes(self.clock, self.judge.events)
        self._depth = 0
        self._populated = populating.populate(
            self.sessions, settings, self.judge, leads=wish.leads, concurrency=wish.concurrency
        )
        self._end = self.clock.start + timedelta(days=wish.days)
        self._wire()

    def _wire(self) -> None:
        """Make the parts, and say which of them each event is for."""
        populated, wish = self._populated, self.wish
        product = self.product = Product(
            self.sessions,
            self.clock,
            self.carrier,
            self,
            Reader(self.faults),
            self.judge,
            organization_id=populated.organization_id,
            grace_s=wish.grace_s,
        )
        self.seating = Seating(self.sessions, self.clock, self, product.effects, self, wish.concurrency)
        around = (self.carrier, self.seating, self.clock, self.faults, self)
        web = Web(product, *around)
        self._ticks = Ticks(product, *around, self._chance, campaigns=populated.campaigns, until=self._end)
        self._operators = Operators(
            product,
            self._ticks,
            self.judge,
            self.clock,
            self,
            self._chance,
            campaigns=populated.campaigns,
            phones=populated.phones,
        )
        self._handlers: dict[str, Callable[..., object]] = {
            "tick": self._ticks.tick,
            "ring": self.carrier.ring,
            "pick_up": self.carrier.pick_up,
            "end": self.carrier.end,
            "status": web.status,
            "answer": web.answer,
            "continue": web.go_on,
            "seat_wait": web.wait_for_seat,
            "fact": self._tell,
            "opt_out": self._operators.opt_out,
            "gate": self._operators.gate,
            "campaign": self._operators.campaign,
            "worker_starts": self.seating.start,
            "leads.place": self._place,
            "leads.reconcile": lambda call_id: sweeping.reconcile(UUID(call_id), product.settling),
            "leads.hang_up": self.carrier.hang_up,
            "calls.converse": lambda call_id, epoch: self.seating.converse(call_id, int(epoch)),
            "results.finish": lambda call_id: finishing.finish(UUID(call_id), product.finishing),
        }

    # What the carrier and the product ask of the world.

    def later(self, after_s: float, what: str, *args: object) -> None:
        """Have an event happen after so many seconds."""
        self.at(self.clock.now + timedelta(seconds=after_s), what, *args)

    def at(self, moment: datetime, what: str, *args: object) -> None:
        """Have an event happen at a moment."""
        self._events.add(moment, what, *args)

    def note(self, what: str, *args: object) -> None:
        """Write down what has happened."""
        self._notes.add(what, *args)

    def send(self, task: str, *args: str) -> None:
        """Carry a wake-up, as a broker on a good or a bad day; see `dialer.messages.Messages`."""
        if self.faults.strikes(Fault.MESSAGE_LOST):
            return
        self.later(10.0 if self.faults.strikes(Fault.MESSAGE_LATE) else 0.01, task, *args)
        if self.faults.strikes(Fault.MESSAGE_DOUBLED):
            self.later(0.02, task, *args)

    def send_all(self, task: str, ids: Iterable[str]) -> None:
        """Carry wake-ups, each with its own luck."""
        for one in ids:
            self.send(task, one)

    def waiting(self, queue: str) -> int:
        """This broker cannot be asked."""
        return 0

    # Running.

    def run(self) -> Result:
        """Run to the end: every lead is done or blocked, or the days are over and nothing is open.

        Raises:
            Violation: a law was broken; it names the seed and the step, and has the last events.
        """
        began = time.perf_counter()
        self._operators.arrange(self.wish.disturbances)
        self._ticks.next(0)
        with lent(self._at_point, dice(self.wish.seed, "ids")):
            while not self._ticks.at_rest:
                event = self._events.next()
                if event is None or self.clock.now > self._end + DRAIN:
                    raise self._violation("the campaigns do not come to rest")
                self._happens(event)
        laws = self._laws(carrier=True)
        return self._result(laws, time.perf_counter() - began)

    def close(self) -> None:
        """Let go of the database."""
        self.clock.close()
        self._engine.dispose()

    def _happens(self, event: Event) -> None:
        self.clock.to(event.at)
        self.step += 1
        self.note(event.what, *event.args)
        try:
            self._handlers[event.what](*event.args)
        except WorkerDied as died:
            self.note("died", str(died))
        except (TransientError, UnknownEffect) as error:  # as `workers.tasks`: the sweeper brings the work back
            self.note("put off", type(error).__name__)
        except Violation:  # of what happened while this was frozen
            raise
        except (SQLAlchemyError, DialerError) as error:
            raise self._violation(f"{event.what} failed: {error}") from error
        if self.judge.broken:
            raise self._violation("; ".join(self.judge.broken))
        if self._depth == 0 and self.step % self.wish.check_every == 0:
            self._laws()

    def _laws(self, *, carrier: bool = False) -> dict[str, int]:
        with self.sessions() as session:
            laws = audit.laws(session)
            if carrier:
                self.faults.plan = {}  # the last look is undisturbed
                laws = audit.laws(session, carrier=self.carrier)
        if any(laws.values()):
            raise self._violation(f"laws: { ({name: n for name, n in laws.items() if n}) }")
        return laws

    def _violation(self, what: str) -> Violation:
        return Violation(what, seed=self.wish.seed, step=self.step, at=self.clock.now, events=self.judge.events)

    # Faults of processes.

    def _at_point(self, name: str) -> None:
        """A crash point was reached: die here, or stand still while the world goes on."""
        if self.faults.strikes(Fault.CRASH):
            self.crashes[name] = self.crashes.get(name, 0) + 1
            raise WorkerDied(name)
        if self._depth < DEEPEST_FREEZE and self.faults.strikes(Fault.FREEZE):
            self._freeze(self._chance.choice((0.2, 0.6, 5.0, 20.0, 40.0)))

    def _freeze(self, seconds: float) -> None:
        until = self.clock.now + timedelta(seconds=seconds)
        self._depth += 1
        while (event := self._events.next(until)) is not None:
            self._happens(event)
        self._depth -= 1
        self.clock.to(until)
        self.note("thaws")

    # What the workers do.

    def _place(self, call_id: str) -> None:
        with self.sessions() as session:
            slot = session.scalar(select(Call.dial_at).where(Call.id == UUID(call_id)))
        if slot is not None and slot > self.clock.now:
            self.at(slot, "leads.place", call_id)
        else:
            dialing.place(UUID(call_id), self.product.dialing)

    def _tell(self, stream: Stream, fact: Fact) -> None:
        leg = self.carrier.legs[stream.carrier_id]
        told, ended = self.seating.tell(stream, fact)
        if ended and not leg.status.over:
            if leg.who.mood == "hung_up":
                self.carrier.end(stream.carrier_id)
            else:
                self.later(0.1, "continue", stream.carrier_id)
        elif not told:
            self.note("nobody to tell")

    def _result(self, laws: dict[str, int], wall_s: float) -> Result:
        counted = rows(self.sessions, self._populated.campaigns)
        return Result(
            seed=self.wish.seed,
            simulated_days=round(self.clock.monotonic() / 86_400, 2),
            steps=self.step,
            calls=len(self.carrier.legs),
            outcomes=counted.outcomes,
            leads=counted.leads,
            unknown_settled=counted.unknown,
            faults=dict(sorted(self.faults.struck.items())),
            crashes=dict(sorted(self.crashes.items())),
            opt_outs=len(self.judge.opted_out),
            laws=laws,
            wall_seconds=round(wall_s, 2),
            calls_per_second=round(counted.calls / wall_s, 1),
            came_to_rest=all(counted.leads[kind] == 0 for kind in ("due", "waiting", "in_flight", "unknown")),
            log_sha256=self._notes.sha256,
        )
