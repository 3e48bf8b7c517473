"""One simulation: events in the order of virtual time, each driving the product's own functions, and the laws after it.

Everything runs in one thread. A worker that is frozen lets other events happen before it goes on; one that dies leaves
its call as the rows have it. Whatever is left to chance comes from the seed, so the same seed is the same run.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from dialer import audit, db
from dialer import clock as campaign_clock
from dialer.calls import answering, callbacks, dialing, facts, gate, settling, sweeping
from dialer.calls.answering import Decision, Do
from dialer.calls.models import Call, Callback, CallMove
from dialer.calls.reporting import Report
from dialer.calls.states import OPEN, CallState
from dialer.campaigns import balance, claiming, forecast, lifecycle
from dialer.campaigns.models import Campaign, CampaignState
from dialer.conversation.facts import Fact
from dialer.db import transaction
from dialer.errors import DialerError, TransientError, UnknownEffect
from dialer.leads import optout
from dialer.outcomes import finishing
from dialer.settings import Settings
from dialer.simulation import populating
from dialer.simulation.carrier import SimulatedCarrier
from dialer.simulation.clock import VirtualClock, dice
from dialer.simulation.clock import engine as virtual_engine
from dialer.simulation.crashing import WorkerDied, lent
from dialer.simulation.events import Event, Events
from dialer.simulation.faults import Fault, Faults, Plan
from dialer.simulation.judging import Judge, Violation
from dialer.simulation.people import Reader
from dialer.simulation.seating import Seating, Stream
from dialer.telephony.base import CarrierStatus

PUBLIC_URL = "https://dialer.invalid"
SECRET = "simulated"
TICK_BUSY_S, TICK_QUIET_S, SWEEP_S = 1.0, 6.0, 6.0
SEAT_WAIT_S, SEAT_LOOK_S = 1.5, 0.3
DRAIN = timedelta(hours=4)
"""How long after the last day whatever is open has to come to rest."""
DEEPEST_FREEZE = 3
HALF_OPEN_S = 6.0
"""A worker that is away for longer may leave streams half open: only its missing heartbeat tells."""
_WAS_UNKNOWN = select(func.count(func.distinct(CallMove.call_id))).where(CallMove.state == CallState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Wish:
    """What to simulate."""

    leads: int = 100
    days: float = 5
    seed: int = 1
    plan: Plan = field(default_factory=dict)
    check_every: int = 50
    """Ask for the laws after each so many steps; 1: after every step."""
    disturbances: int = 0
    """How often an operator stops or pauses dialing, or somebody opts out, at some moment of the days."""
    concurrency: int = 20
    grace_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    seed: int
    simulated_days: float
    steps: int
    calls: int
    outcomes: dict[str, int]
    leads: dict[str, int]
    unknown_settled: int
    faults: dict[str, int]
    crashes: dict[str, int]
    opt_outs: int
    laws: dict[str, int]
    wall_seconds: float
    calls_per_second: float
    came_to_rest: bool
    log_sha256: str


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
        self._depth = 0
        self._tick = 0
        self._sweep_at = self.clock.now
        self._log = hashlib.sha256()
        self._names: dict[str, str] = {}
        self._populated = populating.populate(
            self.sessions, settings, self.judge, leads=wish.leads, concurrency=wish.concurrency
        )
        self._wire()
        self._end = self.clock.start + timedelta(days=wish.days)

    def _wire(self) -> None:
        self._finishing = finishing.Finishing(self.sessions, Reader(self.faults), self, (), self._spoken)
        self._settling = settling.Settling(self.sessions, self.carrier, self.wish.grace_s, self._finishing)
        self._sweeping = sweeping.Sweeping(self._settling, PUBLIC_URL)
        self.dialing = dialing.Dialing(
            self.sessions,
            self.carrier,
            PUBLIC_URL,
            SECRET,
            finishing.refused(self._finishing),
            sleep=self.clock.pass_s,
            monotonic=self.clock.monotonic,
        )
        effects = facts.Effects(self._spoken, self._cancel)
        self.seating = Seating(self.sessions, self.clock, self, effects, self, self.wish.concurrency)
        self._handlers: dict[str, Callable[..., object]] = {
            "tick": self._on_tick,
            "ring": self.carrier.ring,
            "pick_up": self.carrier.pick_up,
            "end": self.carrier.end,
            "status": self._on_status,
            "answer": self._on_answer,
            "continue": self._on_continue,
            "seat_wait": self._on_seat_wait,
            "fact": self._on_fact,
            "opt_out": self._on_opt_out,
            "gate": self._on_gate,
            "campaign": self._on_campaign,
            "worker_starts": self.seating.start,
            "leads.place": self._on_place,
            "leads.reconcile": lambda call_id: sweeping.reconcile(UUID(call_id), self._settling),
            "leads.hang_up": self.carrier.hang_up,
            "calls.converse": lambda call_id, epoch: self.seating.converse(call_id, int(epoch)),
            "results.finish": lambda call_id: finishing.finish(UUID(call_id), self._finishing),
        }

    # What the carrier and the product ask of the world.

    def later(self, after_s: float, what: str, *args: object) -> None:
        """Have an event happen after so many seconds."""
        self._events.add(self.clock.now + timedelta(seconds=after_s), what, *args)

    def send(self, task: str, *args: str) -> None:
        """Carry a wake-up, as a broker on a good or a bad day; see `dialer.messages.Messages`."""
        if self.faults.strikes(Fault.MESSAGE_LOST):
            return
        self.later(10.0 if self.faults.strikes(Fault.MESSAGE_LATE) else 0.01, task, *args)
        if self.faults.strikes(Fault.MESSAGE_DOUBLED):
            self.later(0.02, task, *args)

    # Running.

    def run(self) -> Result:
        """Run to the end: every lead is done or blocked, or the days are over and nothing is open.

        Raises:
            Violation: a law was broken; it names the seed and the step, and has the last events.
        """
        began = time.perf_counter()
        self._disturb()
        self._next_tick(0)
        with lent(self._at_point, dice(self.wish.seed, "ids")):
            while not self._at_rest:
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

    _at_rest = False

    def _happens(self, event: Event) -> None:
        self.clock.to(event.at)
        self.step += 1
        self._note(event.what, event.args)
        try:
            self._handlers[event.what](*event.args)
        except WorkerDied as died:
            self._note("died", (str(died),))
        except (TransientError, UnknownEffect) as error:  # as `workers.tasks`: the sweeper brings the work back
            self._note("put off", (type(error).__name__,))
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

    def _note(self, what: str, args: Iterable[object]) -> None:
        told = " ".join(self._named(arg) for arg in args)
        line = f"{self.clock.monotonic():12.3f} {what} {told}"
        self.judge.events.append(line)
        self._log.update(line.encode())

    def _named(self, arg: object) -> str:
        """Short names for ids, in the order in which they were first seen."""
        if isinstance(arg, Stream):
            return f"{self._named(str(arg.seat.call_id))}#{arg.seat.epoch}"
        if isinstance(arg, dict):
            return f"{arg['CallSid'].lstrip('CA0')}:{arg['CallStatus']}"
        if isinstance(arg, str) and len(arg) == 36:
            return self._names.setdefault(arg, f"call-{len(self._names) + 1}")
        if isinstance(arg, str) and arg.startswith("CA"):
            return f"leg-{arg.lstrip('CA0')}"
        return str(arg) if isinstance(arg, str | int | float | bool) else type(arg).__name__

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
        self._note("thaws", ())

    def _disturb(self) -> None:
        """Arrange what operators and people do at moments of their own."""
        kinds = ("opt_out", "opt_out", "opt_out", "gate", "campaign")
        for _ in range(self.wish.disturbances):
            # The first calls are at +600 s. Moments are as likely within seconds of them as within hours and days.
            after_s = 600 + self._chance.random() * self._chance.choice((10.0, 300.0, 14_400.0, 100_000.0))
            for_s = self._chance.uniform(1, 900)
            match self._chance.choice(kinds):
                case "opt_out":
                    self.later(after_s, "opt_out", self._chance.choice(self._populated.phones))
                case "gate":
                    self.later(after_s, "gate", "shut")
                    self.later(after_s + for_s, "gate", "open")
                case "campaign":
                    index = self._chance.randrange(len(self._populated.campaigns))
                    self.later(after_s, "campaign", index, "pause")
                    self.later(after_s + for_s, "campaign", index, "resume")

    # Ticks.

    def _next_tick(self, after_s: float) -> None:
        self._tick += 1
        self.later(after_s, "tick", self._tick)

    def _on_tick(self, number: int) -> None:
        if number != self._tick:
            return
        if self.faults.strikes(Fault.CALL_WORKER_KILLED):
            self._kill_worker()
        self.seating.beat()
        with transaction(self.sessions) as tx:
            lifecycle.open_and_close(tx.session, now=campaign_clock.now(tx.session))
        claimed = 0
        self._next_tick(TICK_QUIET_S)  # if this one dies in its claim
        if self.clock.now < self._end:
            claimed = claiming.claim(
                self.sessions, publish=lambda call_id: self.send("leads.place", str(call_id)), ratio=1.0, secret=SECRET
            )
        sweeping.watch_seats(self._sweeping)
        if self.clock.now >= self._sweep_at:
            self._sweep_at = self.clock.now + timedelta(seconds=SWEEP_S)
            sweeping.sweep(self._sweeping)
        if claimed or self._busy():
            self._next_tick(TICK_BUSY_S if claimed else TICK_QUIET_S)
        else:
            self._idle()

    def _busy(self) -> bool:
        """Whether a call is open, or a callback or an outcome is still to be written."""
        unfinished = or_(
            Call.state.in_(OPEN), Call.state.in_((CallState.ENDED, CallState.FAILED)) & Call.outcome_at.is_(None)
        )
        with self.sessions() as session:
            calls = session.scalar(select(Call.id).where(unfinished).limit(1))
            stored = session.scalar(select(Callback.hash).where(Callback.folded_wall.is_(None)).limit(1))
        return calls is not None or stored is not None

    def _idle(self) -> None:
        """Nothing is open: go on to the moment at which something is due, or come to rest."""
        now = self.clock.now
        with self.sessions() as session:
            moments = [forecast.next_moment(session, one, now) for one in self._populated.campaigns]
            complete = all(balance.is_complete(session, one) for one in self._populated.campaigns)
        if complete or now >= self._end:
            self._at_rest = True
            return
        moment = min((found for found in moments if found is not None), default=now + timedelta(hours=1))
        self._tick += 1
        self._events.add(min(self._end, max(moment, now + timedelta(seconds=TICK_QUIET_S))), "tick", self._tick)

    def _kill_worker(self) -> None:
        alive = [worker for worker in self.seating.workers if worker.alive]
        if len(alive) < 2:
            return
        worker = self._chance.choice(alive)
        down_s = self._chance.uniform(1, 20)
        half_open = down_s > HALF_OPEN_S and self._chance.random() < 0.5
        self._note("killed", (worker.name, half_open))
        held = self.seating.kill(worker)
        self.later(down_s, "worker_starts", worker)
        if not half_open:  # the carrier sees the streams break, and asks what to do
            for leg in self.carrier.legs.values():
                if leg.call_id in held and not leg.status.over:
                    self.later(0.1, "continue", leg.carrier_id)

    # What the workers do.

    def _on_place(self, call_id: str) -> None:
        with self.sessions() as session:
            slot = session.scalar(select(Call.dial_at).where(Call.id == UUID(call_id)))
        if slot is not None and slot > self.clock.now:
            self._events.add(slot, "leads.place", call_id)
        else:
            dialing.place(UUID(call_id), self.dialing)

    def _spoken(self, organization_id: UUID, phone: str, how: str, call_id: UUID | None, by: str) -> optout.OptOut:
        return self._opt_out(phone, how, "spoken", call_id, by)

    def _opt_out(self, phone: str, how: str, source: str, call_id: UUID | None, by: str) -> optout.OptOut:
        done = optout.opt_out(
            self.sessions,
            self._populated.organization_id,
            [phone],
            how=how,
            source=source,
            by=by,
            secret=SECRET,
            call_id=call_id,
            wait=self.clock.pass_s,
        )
        self.judge.has_opted_out(phone, self.clock.now)
        return done

    def _cancel(self, call_ids: Iterable[UUID]) -> None:
        settling.cancel(list(call_ids), self._settling)

    # What the web process does.

    def _on_status(self, call_id: str, params: dict[str, str]) -> None:
        digest = callbacks.store(self.sessions, "status", UUID(call_id), f"/voice/status/{call_id}", params)
        if self.faults.strikes(Fault.CALLBACK_NOT_FOLDED):
            return
        folded = callbacks.fold(self.sessions, digest)
        if folded is not None:
            sweeping.act(folded, self._settling)

    def _on_answer(self, carrier_id: str) -> None:
        leg = self.carrier.legs[carrier_id]
        if not leg.status.over:
            said = Report(carrier_id, CarrierStatus.IN_PROGRESS)
            self._do(carrier_id, answering.answered(self.sessions, UUID(leg.call_id), said, secret=SECRET))

    def _on_continue(self, carrier_id: str) -> None:
        leg = self.carrier.legs[carrier_id]
        if not leg.status.over:
            said = Report(carrier_id, leg.status)
            self._do(carrier_id, answering.continued(self.sessions, UUID(leg.call_id), said, secret=SECRET))

    def _do(self, carrier_id: str, decision: Decision) -> None:
        """Do as the TwiML says that the web process would answer with."""
        self._note("twiml", (carrier_id, decision.do.value))
        leg = self.carrier.legs[carrier_id]
        match decision.do:
            case Do.WAIT:
                self._on_seat_wait(carrier_id, decision.epoch, self.clock.monotonic() + SEAT_WAIT_S)
            case Do.CONNECT:
                if self.seating.connect(leg, decision.url) is None:
                    self.later(0.1, "continue", carrier_id)
            case Do.TRANSFER:
                self.later(leg.who.talks_s, "end", carrier_id)
            case Do.DROP | Do.ASK_DIGIT:
                self.later(6.0, "end", carrier_id)
            case Do.HANG_UP | Do.NOTHING:
                self.carrier.end(carrier_id)

    def _on_seat_wait(self, carrier_id: str, epoch: int, until_s: float) -> None:
        leg = self.carrier.legs[carrier_id]
        if leg.status.over:
            return
        call_id = UUID(leg.call_id)
        url = answering.seated(self.sessions, call_id, epoch)
        if url:
            self._do(carrier_id, Decision(Do.CONNECT, url=url))
        elif self.clock.monotonic() >= until_s:
            self._do(carrier_id, answering.gave_up(self.sessions, call_id, epoch))
        else:
            self.send("calls.converse", leg.call_id, str(epoch))
            self.later(SEAT_LOOK_S, "seat_wait", carrier_id, epoch, until_s)

    def _on_fact(self, stream: Stream, fact: Fact) -> None:
        leg = self.carrier.legs[stream.carrier_id]
        told, ended = self.seating.tell(stream, fact)
        if ended and not leg.status.over:
            if leg.who.mood == "hung_up":
                self.carrier.end(stream.carrier_id)
            else:
                self.later(0.1, "continue", stream.carrier_id)
        elif not told:
            self._note("nobody to tell", ())

    # What operators and people do.

    def _on_opt_out(self, phone: str) -> None:
        self._cancel(self._opt_out(phone, "asked by e-mail", "api", None, "operator").cancel)

    def _on_gate(self, how: str) -> None:
        shut = how == "shut"
        with transaction(self.sessions) as tx:
            (gate.shut if shut else gate.open_gate)(tx.session, by="operator", why="simulated")
        self.judge.gate_shut_since = self.clock.now if shut else None
        self._next_tick(TICK_BUSY_S)

    def _on_campaign(self, index: int, what: str) -> None:
        campaign_id = self._populated.campaigns[index]
        with transaction(self.sessions) as tx:
            now = campaign_clock.now(tx.session)
            state = tx.session.scalar(select(Campaign.state).where(Campaign.id == campaign_id))
            if what == "pause" and state is CampaignState.RUNNING:
                lifecycle.pause(tx.session, campaign_id, now=now, by="operator")
            elif what == "resume" and state is CampaignState.PAUSED:
                lifecycle.resume(tx.session, campaign_id, now=now, by="operator")
        self._next_tick(TICK_BUSY_S)

    def _result(self, laws: dict[str, int], wall_s: float) -> Result:
        outcomes: dict[str, int] = {}
        leads: dict[str, int] = {}
        with self.sessions() as session:
            for campaign_id in self._populated.campaigns:
                for name, number in balance.outcomes(session, campaign_id).items():
                    outcomes[name] = outcomes.get(name, 0) + number
                for name, number in balance.count(session, campaign_id).items():
                    leads[name] = leads.get(name, 0) + number
            calls = session.scalar(select(func.count()).select_from(Call)) or 0
            unknown = session.scalar(_WAS_UNKNOWN) or 0
        return Result(
            seed=self.wish.seed,
            simulated_days=round(self.clock.monotonic() / 86_400, 2),
            steps=self.step,
            calls=len(self.carrier.legs),
            outcomes=dict(sorted(outcomes.items())),
            leads=leads,
            unknown_settled=unknown,
            faults=dict(sorted(self.faults.struck.items())),
            crashes=dict(sorted(self.crashes.items())),
            opt_outs=len(self.judge.opted_out),
            laws=laws,
            wall_seconds=round(wall_s, 2),
            calls_per_second=round(calls / wall_s, 1),
            came_to_rest=all(leads[kind] == 0 for kind in ("due", "waiting", "in_flight", "unknown")),
            log_sha256=self._log.hexdigest(),
        )
