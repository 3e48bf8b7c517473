"""Faults under live conversations with real audio: workers killed, deployed and cut off from the broker in mid-call."""

from __future__ import annotations

import signal
import statistics
import time

import redis
from sqlalchemy import select

from dialer import wiring
from dialer.calls.models import Call, Turn
from dialer.calls.states import CallState
from dialer.messages import CeleryMessages
from tests.chaos.catalogue import fault
from tests.chaos.run import Run, at
from tests.chaos.world import Shape

LIVE = 20
TALK = Shape(media=True, pace=8.0)
HEARS_AGAIN_S = 15.0
"""Nobody may wait longer for the agent: after this a person has hung up. How fast it really was is reported."""


@fault(
    "19", f"kill -9 of a call worker in mid-conversation, {LIVE} live calls", shape=TALK, quiet_s=240, recovers_s=240
)
def worker_killed_in_conversation(run: Run) -> None:
    """The conversation goes on at another seat: the carrier's own ledger says when the person hears the agent again."""
    _talk(run, LIVE)
    struck = time.time()
    seated = {call.carrier_id for call in _seated(run) if call.seat_worker and _is_of(run, "calls-1", call.seat_worker)}
    run.struck()
    run.world.kill("calls-1")
    run.until_quiet(240)
    waits, hung_up = [], 0
    for carrier_id in seated:
        again = _heard_again_s(run, str(carrier_id), struck)
        if again is not None:
            waits.append(again)
        else:
            hung_up += 1
    assert len(waits) >= 3, f"only {len(waits)} of {len(seated)} conversations went on at another seat"
    assert max(waits) < HEARS_AGAIN_S, f"somebody waited {max(waits):.1f} s for the agent"
    p95 = statistics.quantiles(waits, n=20, method="inclusive")[-1]
    run.notes.append(
        f"{len(seated)} calls lost their worker, {len(waits)} went on, {hung_up} were over first; they heard the agent "
        f"again after {statistics.median(waits):.2f} s (p50), {p95:.2f} s (p95)"
    )


@fault("19a", f"rolling SIGTERM deploy under {LIVE} live calls", shape=TALK, quiet_s=240)
def deployed(run: Run) -> None:
    """Each call worker drains: its conversations end where they began, and the next one takes over from it."""
    _talk(run, LIVE)
    for name in ("calls-1", "calls-2", "leads", "results", "campaigns", "web"):
        keeper = run.world.keeper(name)
        pid = run.world.signal(name, signal.SIGTERM)
        run.struck()
        run.until(lambda: keeper.pid not in (None, pid), 200, f"{name} to be deployed")  # noqa: B023
        time.sleep(3)
    run.until_quiet(240)
    twice_seated = [line for line in run.lines("stream") if line["status"] == "opened"]
    moved = len(twice_seated) - len({line["carrier_id"] for line in twice_seated})
    run.notes.append(f"{moved} conversations changed seats")


@fault("13", f"CLIENT KILL TYPE normal, 5 times, under {LIVE} live calls", shape=TALK, quiet_s=240)
def broker_connections_killed(run: Run) -> None:
    """Every process loses its connection to the broker; no conversation notices, and none is held twice."""
    _talk(run, LIVE)
    with redis.Redis.from_url(run.world.settings.redis_url) as client:
        for _ in range(5):
            run.struck()
            killed = client.client_kill_filter(_type="normal", skipme=True)
            run.notes.append(f"{killed} connections")
            time.sleep(2)
    run.until_quiet(240)
    opened = [line["carrier_id"] for line in run.lines("stream") if line["status"] == "opened"]
    doubled = len(opened) - len(set(opened))
    assert not doubled, f"{doubled} conversations were held twice"


@fault("19b", "every tenth media stream dropped by the carrier without a word", shape=TALK, quiet_s=240)
def streams_dropped(run: Run) -> None:
    """The carrier asks what to do next, and the call gets another seat."""
    run.world.faults({"stream_dropped": 0.5}, drop_after_s=4.0)
    run.struck()
    _talk(run, 8)
    run.until_quiet(240)
    run.world.faults({})
    opened = [line["carrier_id"] for line in run.lines("stream") if line["status"] == "opened"]
    moved = len(opened) - len(set(opened))
    run.notes.append(f"{moved} conversations went on by another stream")
    assert moved, "no stream was dropped: the fault was not injected"


def _talk(run: Run, live: int, *, more: int = 4) -> None:
    """Start a campaign with people who like to talk, and wait until so many of them have heard the agent.

    Args:
        more: leads beyond those; they are called when a line is free.
    """
    run.pin("curious", live + more)
    run.start(live + more, cps=4, concurrency=live + 4)
    run.until(lambda: len(_seated(run)) >= live * 0.8, 90, f"{live} conversations")


def _seated(run: Run) -> list[Call]:
    """Calls in which both have spoken and that go on."""
    with run.world.sessions() as session:
        spoken = select(Turn.call_id).where(Turn.call_id == Call.id)
        return list(
            session.scalars(
                select(Call).where(
                    Call.campaign_id.in_(run.campaign_ids),
                    Call.state == CallState.TALKING,
                    Call.ending.is_(None),
                    spoken.exists(),
                )
            )
        )


def _is_of(run: Run, name: str, worker: str) -> bool:
    """Whether a seat's worker is this program: its name ends with the process id."""
    return worker.endswith(f"-{run.world.keeper(name).pid}")


def _heard_again_s(run: Run, carrier_id: str, struck: float) -> float | None:
    """How long after the strike the person heard the agent by another stream; None if they did not."""
    for line in run.lines("stream"):
        if line["carrier_id"] == carrier_id and line["status"] == "heard" and at(line) > struck:
            return at(line) - struck
    return None


@fault("16", f"messages of {LIVE} live calls delivered again, as after a visibility timeout", shape=TALK, quiet_s=240)
def redelivered_in_conversation(run: Run) -> None:
    """Another worker gets the message of a call that is being held, with the epoch of its seat."""
    _talk(run, LIVE)
    messages = CeleryMessages(wiring.broker(run.world.settings))
    sent = 0
    for _ in range(8):
        run.struck()
        for call in _seated(run):
            messages.send("calls.converse", str(call.id), str(call.seat_epoch))
            messages.send("leads.place", str(call.id))
            sent += 2
        time.sleep(1)
    run.until_quiet(240)
    opened = [line["carrier_id"] for line in run.lines("stream") if line["status"] == "opened"]
    doubled = len(opened) - len(set(opened))
    run.notes.append(f"{sent} messages again")
    assert sent > 50, f"only {sent} messages were sent: the fault was not injected"
    assert not doubled, f"{doubled} conversations were held twice"


FULL_S = 20.0
STILL_DIALING_S = 3.0
"""A request that was on its way when the disk filled up may yet be accepted."""


@fault("9", f"PostgreSQL's disk full for {FULL_S:.0f} s under 8 live calls", shape=TALK, quiet_s=240)
def disk_full(run: Run) -> None:
    """No file grows: the server goes down with each write and cannot recover. Nobody is dialed, the conversations that
    go on come to their end, and everything resumes by itself when there is room.
    """
    _talk(run, 8, more=16)
    run.struck()
    full_since = time.time()
    while time.time() - full_since < FULL_S:
        run.world.full_disk(on=True)
        time.sleep(0.05)
    ended = [line for line in run.lines("call.status") if line["status"] == "completed" and at(line) > full_since]
    late = [line for line in run.accepted() if at(line) > full_since + STILL_DIALING_S]
    run.world.full_disk(on=False)
    run.struck()
    assert not late, f"{len(late)} people were dialed while nothing could be written"
    run.until_quiet(240)
    run.notes.append(f"{len(ended)} calls came to their end meanwhile")
