"""Faults of the servers that we stand on: Redis and PostgreSQL."""

from __future__ import annotations

import random
import signal
import time

import psycopg
import redis

from tests.chaos.catalogue import fault
from tests.chaos.run import Run


def flush(run: Run) -> None:
    """FLUSHALL: queues, and the lists of what was taken and not acknowledged, vanish under running workers."""
    with redis.Redis.from_url(run.world.settings.redis_url) as client:
        client.flushall()


@fault("10", "Redis kill -9 without persistence, 3 times")
def redis_killed(run: Run) -> None:
    """Every message on the way is gone; the sweeper brings the work back."""
    run.start(100, cps=10)
    for at in (15, 40, 65):
        run.until_calls(at)
        run.struck()
        run.world.kill("redis")


@fault("11", "FLUSHALL every 5 s")
def flushed(run: Run) -> None:
    """For as long as there is anything to do, but 12 times at most."""
    run.start(200, cps=8)
    while not run.is_quiet() and len(run.hits) < 12:
        time.sleep(5)
        run.struck()
        flush(run)


@fault("7", "PostgreSQL restarted at once, without a shutdown, 10 times during dialing", quiet_s=150)
def postgres_restarted(run: Run) -> None:
    """Every transaction under way is lost, and every connection. SIGQUIT is its own immediate stop; -9 is worse."""
    run.start(200, cps=10)
    for turn in range(10):
        before = len(run.accepted())
        run.until(lambda: len(run.accepted()) >= before + 8 or run.is_quiet(), 90, "8 more calls")  # noqa: B023
        run.struck()
        run.world.signal("postgres", signal.SIGQUIT if turn % 2 else signal.SIGKILL)
        run.world.kills += 1


@fault("8", "pg_terminate_backend every 0.1 s, and 10 % of COMMITs whose answer is lost", quiet_s=150)
def commits_lost(run: Run) -> None:
    """The server has committed, or not, and the client is told nothing: only reading again can tell."""
    dice = random.Random(run.world.seed)
    before, ended = run.world.postgres.cuts, 0
    run.world.postgres.loses_reply_to = lambda piece: b"COMMIT" in piece and dice.random() < 0.1
    with psycopg.connect(run.world.settings.database_url, autocommit=True, application_name="chaos") as connection:
        run.struck()
        run.start(100, cps=8)
        until = time.monotonic() + 25
        while time.monotonic() < until:
            killed = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dialer'"
                " AND pid <> pg_backend_pid() ORDER BY (state = 'active') DESC, random() LIMIT 1"
            )
            ended += killed.rowcount
            time.sleep(0.1)
    run.world.postgres.loses_reply_to = None
    lost = run.world.postgres.cuts - before
    run.notes.append(f"{ended} connections ended, {lost} answers to COMMIT lost")
    assert ended > 50, f"only {ended} connections were ended"
    assert lost > 10, f"only {lost} answers were lost"


@fault("14", "half-open connections to Redis, then to PostgreSQL, for 15 s each", quiet_s=200, recovers_s=75)
def half_open(run: Run) -> None:
    """Whatever was connected never hears another byte, and is never told that it will not."""
    run.start(200, cps=8)
    for at, proxy in ((20, run.world.redis), (60, run.world.postgres)):
        run.until_calls(at, within_s=90)
        run.struck()
        proxy.swallow(True)
        time.sleep(15)
        proxy.swallow(False)


@fault("14a", "every connection to PostgreSQL and Redis cut, 10 times, and 20 ms slower", quiet_s=120)
def connections_cut(run: Run) -> None:
    """No server restarts; only the network between."""
    for proxy in (run.world.redis, run.world.postgres):
        proxy.delay_s = 0.02
    try:
        run.start(120, cps=8)
        for _ in range(10):
            before = len(run.accepted())
            run.until(lambda: len(run.accepted()) >= before + 6 or run.is_quiet(), 60, "6 more calls")  # noqa: B023
            run.struck()
            run.world.postgres.cut()
            run.world.redis.cut()
    finally:
        for proxy in (run.world.redis, run.world.postgres):
            proxy.delay_s = 0.0
