"""Faults of our own processes: killed, frozen, dying at named points."""

from __future__ import annotations

import random
import signal
import time

from tests.chaos.catalogue import fault
from tests.chaos.run import Run
from tests.chaos.servers import flush


@fault("1", "kill -9 of lead workers 0.3 s after each time that dialing goes on, 400 leads", quiet_s=150, seconds=300)
def lead_workers_killed(run: Run) -> None:
    """The carrier takes 0.2 s to accept, so that each kill finds requests on their way."""
    dice = random.Random(run.world.seed)
    run.world.faults({"latency": 1.0}, latency_s=0.2)
    run.start(400, cps=30)
    for _ in range(40):
        before = len(run.accepted())
        if before >= 380:
            break
        run.until(lambda: len(run.accepted()) > before, 60, "another call")  # noqa: B023 - it is called at once
        time.sleep(dice.uniform(0, 0.3))
        run.struck()
        for name in ("leads", "leads-2"):
            run.world.kill(name)
    run.until_quiet(200)
    run.world.faults({})


@fault("K", "each process, Redis and PostgreSQL too, killed -9 once, and FLUSHALL, 10 % of replies lost", short=True)
def each_killed_once(run: Run) -> None:
    """Everything but the sandbox, which is the world outside. The webhooks' server goes first: what the carrier could
    not tell it is asked for only when a call should have been over, and meanwhile the others go.
    """
    run.world.faults({"latency": 1.0, "drop_reply": 0.1}, latency_s=0.2)
    victims = [name for name in run.world.names if name not in ("sandbox", "web", "beat-2", "beat-3", "leads-2")]
    random.Random(run.world.seed).shuffle(victims)
    run.start(10 * (len(victims) + 2), cps=8)
    for name in ["web", *victims, ""]:
        before = len(run.accepted())
        run.until(lambda: len(run.accepted()) >= before + 3 or run.is_quiet(), 60, "three more calls")  # noqa: B023
        run.struck()
        if name:
            run.world.kill(name)
        else:
            flush(run)
    run.until_quiet(150)
    run.world.faults({})


POINTS = (
    ("campaigns", "campaigns.after_claim"),
    ("leads", "leads.before_t2"),
    ("leads", "leads.after_t2"),
    ("leads", "leads.before_post"),
    ("leads", "leads.after_post"),
    ("leads", "leads.before_record"),
    ("results", "outbox.before_send"),
    ("results", "outbox.after_send"),
)
"""Process, and the point at which it dies. What dies between T2 and the record may have been dialed or not."""
MAYBE_DIALED = frozenset({"leads.after_t2", "leads.before_post", "leads.after_post", "leads.before_record"})
DEATHS = 2


@fault("2", "crash at each named point, twice each", quiet_s=150, seconds=250)
def crash_points(run: Run) -> None:
    """One campaign a point. The second lead worker stays down: it would do the work of the one that dies."""
    run.world.down("leads-2")
    try:
        for process, point in POINTS:
            _die_at(run, process, point)
        run.until_quiet(150)
    finally:
        run.world.up("leads-2")
    for (_, point), campaign_id in zip(POINTS, run.campaign_ids, strict=True):
        unknown = run.unknowns(campaign_id)
        run.notes.append(f"{point}: {unknown} unknown")
        assert not unknown or point in MAYBE_DIALED, f"{unknown} calls became unknown by a death at {point}"


def _die_at(run: Run, process: str, point: str) -> None:
    """Have a process die so often at a point while a campaign of its own runs; then let it live."""
    keeper = run.world.keeper(process)
    run.world.restart_with(process, {"DIALER_CRASH_AT": point})
    before = keeper.restarts
    run.start(12, cps=10)
    run.until(lambda: keeper.restarts >= before + DEATHS, 90, f"{DEATHS} deaths of {process} at {point}")
    run.world.kills += DEATHS
    if run.dialing():  # else the next call is the next point's, and says nothing of this one's recovery
        run.struck()
    run.world.restart_with(process, {})
    if point not in MAYBE_DIALED:  # the next point's process must not die with calls of this one in its hands
        run.until(lambda: not run.dialing(), 90, "every call to be placed")


@fault("6", "SIGSTOP of a lead worker for longer than the grace, then SIGCONT, 3 times", quiet_s=150)
def frozen_longer_than_the_grace(run: Run) -> None:
    """What was about to be sent when the freeze began is settled as never placed, and called again, meanwhile."""
    run.world.down("leads-2")
    try:
        run.world.faults({"latency": 1.0}, latency_s=0.1)
        for _ in range(3):
            before = len(run.accepted())
            run.start(40, cps=30)
            run.until_calls(before + 5)
            run.struck()
            run.world.signal("leads", signal.SIGSTOP)
            if len(run.campaign_ids) == 1:
                run.world.up("leads-2")
            time.sleep(run.world.shape.grace_s + 8)
            run.world.signal("leads", signal.SIGCONT)
            run.struck()
        run.until_quiet(150)
    finally:
        run.world.faults({})
        if run.world.keeper("leads-2").pid is None:
            run.world.up("leads-2")
