"""Whole calls without audio, from the lead's due time to the CRM: real workers, real webhooks, the sandbox's carrier.

Leads come due at a steady rate, and everybody who is called answers, so that each call has its four status callbacks,
a seat and a stream, an outcome and its rows for two CRMs and a webhook. A rate is held when every lead that came due is
called in time and everything of it has reached the CRMs soon after the last.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import func, select, text

from bench import workers
from bench.database import NOON, Database, drafted
from bench.rows import Bench, Figure, Row
from bench.scratch import folder
from bench.spread import Spread, percentile
from dialer import clock
from dialer.calls.models import Worker
from dialer.db import transaction
from dialer.embedded import servers
from dialer.sandbox.people import People
from dialer.settings import Settings
from dialer.supervisor import local_world
from dialer.supervisor.programs import free_port

RATES: Final = (10, 25, 50, 100)
"""Calls per second, ascending; a rate that is not held is the last that is tried."""
QUICK_RATES: Final = (1,)
WARM_UP: Final = 4
"""Calls before the first rung: a worker imports its vendors' SDKs, some seconds of a core, with its first delivery."""
RUNG_S: Final = 15.0
REST_S: Final = 10.0
"""After the last lead came due: by then everything of it must be done."""
LIMIT_S: Final = 30.0
"""After that nobody waits for it any more."""
QUICK_LIMIT_S: Final = 100.0
MOST_DUE_TO_POST_MS: Final = 1500.0
GOAL_PER_S: Final = 100.0
SEED: Final = 7
PACE: Final = 20.0
"""Phones ring for a fraction of a second."""
TALK_S: Final = 1.0
STATUSES: Final = frozenset({"initiated", "ringing", "answered", "completed"})
SPARE: Final = 2.0
"""The carrier starts twice as many calls a second as come due: its pace is not what is measured."""
SEATS: Final = 250
"""Of each of two call workers."""
_DONE = text(
    """
    SELECT count(*) FROM calls c WHERE c.lead_id BETWEEN :first AND :last AND c.outcome_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM outbox o WHERE o.call_id = c.id AND o.state = 'pending')
    """
)
_TOOK = text(
    """
    SELECT extract(epoch FROM c.outcome_at - c.ended_at) AS outcome_s,
           extract(epoch FROM (SELECT max(o.sent_wall) FROM outbox o WHERE o.call_id = c.id) - c.closed_wall) AS crms_s
    FROM calls c WHERE c.lead_id BETWEEN :first AND :last
    """
)


@dataclass(frozen=True, slots=True)
class Rung:
    """What came of one rate."""

    per_s: int
    calls: int
    held: bool
    completed_per_s: float
    """From the first lead's due time until the last effect of the last call."""
    due_to_post_ms: list[float]
    """As the carrier's ledger has it."""
    callbacks: float
    """Status callbacks of a call."""
    effects: float
    """Records in CRMs, and webhooks, of a call."""
    end_to_outcome_s: list[float]
    end_to_crms_s: list[float]


def measure(bench: Bench) -> Row:
    """Try rate after rate."""
    rungs: list[Rung] = []
    rates = QUICK_RATES if bench.quick else RATES
    with folder(bench, "calls") as place, _world(place) as there:
        numbers = _who_answers()
        _rung(there, list(islice(numbers, WARM_UP)), 1, limit_s=QUICK_LIMIT_S)
        for per_s in rates:
            bench.tell(f"calls: {per_s} calls/s …")
            calls = int(per_s * (5.0 if bench.quick else RUNG_S))
            phones = list(islice(numbers, calls))
            rungs.append(_rung(there, phones, per_s, limit_s=QUICK_LIMIT_S if bench.quick else LIMIT_S))
            if not rungs[-1].held:
                break
    held = next((rung for rung in reversed(rungs) if rung.held), None)
    best = held or rungs[0]
    p95_ms = percentile(best.due_to_post_ms, 0.95)
    sustained = float(held.per_s) if held else 0.0
    figures = [
        Figure("calls/s sustained", "1/s", Spread.of([sustained]), {}, f"≥ {GOAL_PER_S:.0f}", sustained >= GOAL_PER_S),
        Figure(
            f"from due to POST at {best.per_s} calls/s, p95",
            "ms",
            Spread.of([p95_ms]),
            {},
            f"≤ {MOST_DUE_TO_POST_MS:.0f}",
            len(best.due_to_post_ms) == best.calls and p95_ms <= MOST_DUE_TO_POST_MS,
        ),
        Figure("completed, outcome and CRMs included", "1/s", Spread.of([best.completed_per_s])),
        Figure("status callbacks of a call", "", Spread.of([best.callbacks]), {}, "4", best.callbacks >= 4),
        Figure("records and webhooks of a call", "", Spread.of([best.effects])),
    ]
    for what, times_s in (("its outcome", best.end_to_outcome_s), ("its last record", best.end_to_crms_s)):
        if times_s:
            figures.append(Figure(f"from a call's end to {what}, p95", "s", Spread.of([percentile(times_s, 0.95)])))
    notes = () if held else (f"none of the rates was held: the other figures are those of {best.per_s} calls/s",)
    told = [{"per_s": rung.per_s, "held": rung.held, "completed_per_s": rung.completed_per_s} for rung in rungs]
    return Row("calls", tuple(figures), notes, {"rungs": told})


def _rung(there: Database, phones: list[str], per_s: int, *, limit_s: float) -> Rung:
    """Have leads come due for a while, and wait until everything of them is done, or for too long."""
    ledger = there.settings.data_dir / "sandbox" / "ledger.jsonl"
    read_bytes = ledger.stat().st_size
    with transaction(there.sessions) as tx:
        first_due = clock.now(tx.session) + timedelta(seconds=2)
    began = datetime.now(UTC) + timedelta(seconds=2)
    ids = there.add(phones, due_at=first_due, apart=timedelta(seconds=1 / per_s))
    last_due_s = 2 + len(phones) / per_s
    waited, took_s = time.monotonic(), 0.0
    while (done := _done(there, ids)) < len(phones) and took_s < last_due_s + limit_s:
        time.sleep(0.25)
        took_s = time.monotonic() - waited
    took_s = time.monotonic() - waited
    told = _told(ledger, read_bytes)
    with there.sessions() as session:
        took = session.execute(_TOOK, {"first": ids[0], "last": ids[1]}).all()
    due = {phone: began + timedelta(seconds=number / per_s) for number, phone in enumerate(phones)}
    late_ms = [(at - due[phone]).total_seconds() * 1000 for phone, at in told.posted.items() if phone in due]
    in_time = len(late_ms) == len(phones) and percentile(late_ms, 0.95) <= MOST_DUE_TO_POST_MS
    return Rung(
        per_s=per_s,
        calls=len(phones),
        held=in_time and done == len(phones) and took_s <= last_due_s + REST_S,
        completed_per_s=done / max(took_s - 2, 0.001),
        due_to_post_ms=late_ms,
        callbacks=told.kinds["callback"] / len(phones),
        effects=(told.kinds["crm.write"] + told.kinds["webhook"]) / len(phones),
        end_to_outcome_s=[float(row.outcome_s) for row in took if row.outcome_s is not None],
        end_to_crms_s=[float(row.crms_s) for row in took if row.crms_s is not None],
    )


@dataclass(frozen=True, slots=True)
class _Told:
    posted: dict[str, datetime]
    """Number → when the carrier accepted its call."""
    kinds: Counter[str]


def _told(ledger: Path, since_bytes: int) -> _Told:
    """Read what the sandbox has written since."""
    posted: dict[str, datetime] = {}
    kinds: Counter[str] = Counter()
    with ledger.open("rb") as file:
        file.seek(since_bytes)
        for raw in file:
            line: dict[str, Any] = orjson.loads(raw)
            if line["kind"] == "call.accepted":
                posted[line["to"]] = datetime.fromisoformat(line["at"])
            if line["kind"] != "callback" or line["key"] in STATUSES:
                kinds[line["kind"]] += 1
    return _Told(posted, kinds)


def _done(there: Database, ids: tuple[int, int]) -> int:
    """Calls that have their outcome, and no row left that a CRM has yet to get."""
    with there.sessions() as session:
        return int(session.scalar(_DONE, {"first": ids[0], "last": ids[1]}) or 0)


def _who_answers() -> Iterator[str]:
    """Numbers at which a person comes to the phone at the first call, and speaks for herself."""
    people = People(SEED)
    for number in count():
        phone = f"+1212{2_000_000 + number}"
        kind = people.kind(phone, 0)
        if kind.human and not kind.screens and kind.language == "en":
            yield phone


@contextmanager
def _world(place: Path) -> Iterator[Database]:
    """Have everything running that a machine runs, and the sandbox without audio."""
    cps = max(RATES) * SPARE
    web_port, sandbox_port, smtp_port = free_port(), free_port(), free_port()
    wanted = Settings(
        data_dir=place,
        web_port=web_port,
        sandbox_port=sandbox_port,
        sandbox_smtp_port=smtp_port,
        public_url=f"http://127.0.0.1:{web_port}",
    )
    with servers(wanted) as settings:
        world = local_world.options(
            settings, seed=SEED, media=False, pace=PACE, cps=cps, public_url=settings.public_url
        )
        world = replace(world, talk_s=TALK_S)
        environment = dict(local_world.environment(world)) | {"DIALER_SEATS": str(SEATS)}
        settings = settings.model_copy(update={"vendors": local_world.vendors(environment), "seats": SEATS})
        programs = [
            ("sandbox", *local_world.arguments(settings, world)),
            ("web",),
            *workers.ENGINE,
            ("worker", "calls"),
            ("worker", "calls"),
        ]
        with drafted(settings, cps=cps) as there, workers.running(programs, settings, environment):
            workers.until(lambda: _seated(there) == 2, f"two call workers; see {place}/logs")
            there.add(["+12025550100"], due_at=NOON + timedelta(days=1), apart=timedelta())  # no start without a lead
            there.start()
            yield there


def _seated(there: Database) -> int:
    with there.sessions() as session:
        return int(session.scalar(select(func.count()).select_from(Worker)) or 0)
