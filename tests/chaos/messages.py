"""Faults of messages: lost between pop and ack, delivered again and again, published without a reply; and of beats."""

from __future__ import annotations

import json
import random
import signal
import threading
import time

import redis

from dialer.messages import QUEUES
from tests.chaos.catalogue import fault
from tests.chaos.run import Run, at

MOST_COPIES = 10
"""A message is delivered as often as this at most, itself included."""


@fault("12", "SIGSTOP a worker, let it be published to, SIGKILL: messages lost between pop and ack, 4 workers")
def lost_between_pop_and_ack(run: Run) -> None:
    """A frozen worker's blocked pop takes a message that nobody will ever see."""
    run.start(120, cps=10)
    for calls, name in ((10, "leads"), (30, "results"), (50, "calls-1"), (70, "campaigns")):
        run.until_calls(calls)
        run.struck()
        run.world.signal(name, signal.SIGSTOP)
        time.sleep(3)
        run.world.kill(name)


@fault("15", "every message delivered 1 to 10 times", seconds=170)
def delivered_again(run: Run) -> None:
    """Whatever is pushed to a queue is pushed up to nine times more, some of it seconds later."""
    stop = threading.Event()
    copies = [0]
    copier = threading.Thread(target=_copy_messages, args=(run, stop, copies), name="copier")
    copier.start()
    run.struck()
    try:
        run.start(100, cps=10)
        run.until_quiet(180)
    finally:
        stop.set()
        copier.join(10)
    with redis.Redis.from_url(run.world.settings.redis_url) as client:
        run.until(lambda: not any(client.llen(queue) for queue in QUEUES), 300, "the end of the copies")
    run.notes.append(f"{copies[0]} copies")
    assert copies[0] > 500, f"only {copies[0]} copies were delivered: the fault was not injected"


@fault("15a", "the reply to a publish is dropped (half of them)")
def publish_reply_dropped(run: Run) -> None:
    """The publisher does not know whether its message is in the queue."""
    dice = random.Random(run.world.seed)
    before = run.world.redis.cuts
    run.world.redis.loses_reply_to = lambda piece: b"LPUSH" in piece and dice.random() < 0.5
    run.struck()
    try:
        run.start(100, cps=10)
        run.until_quiet(180)
    finally:
        run.world.redis.loses_reply_to = None
    cuts = run.world.redis.cuts - before
    run.notes.append(f"{cuts} replies dropped")
    assert cuts > 20, f"only {cuts} replies were dropped: the fault was not injected"


BEATS = ("beat", "beat-2", "beat-3")


@fault("17", "three beats, one frozen for 15 s and resumed; then no beat for 30 s")
def beats(run: Run) -> None:
    """Ticks that piled up must not become a burst of calls."""
    run.start(200, cps=6)
    run.until_calls(10)
    run.struck()
    run.world.signal("beat", signal.SIGSTOP)
    time.sleep(15)
    run.world.signal("beat", signal.SIGCONT)
    run.struck()
    before = len(run.accepted())
    run.until_calls(min(before + 10, 150))
    for name in BEATS:
        run.world.down(name)
    time.sleep(30)
    run.struck()
    for name in BEATS:
        run.world.up(name)
    run.until_quiet(150)
    _assert_no_burst(run, cps=6)


def _assert_no_burst(run: Run, *, cps: float) -> None:
    """In no window of 5 s were more calls accepted than the campaign's pace allows, and a second's worth."""
    moments = sorted(at(line) for line in run.accepted())
    most = max(sum(1 for later in moments[i:] if later - moment < 5) for i, moment in enumerate(moments))
    run.notes.append(f"at most {most} calls in 5 s at {cps:.0f} a second")
    assert most <= cps * 5 + cps * 2 + 1, f"{most} calls within 5 s: the campaign's pace is {cps:.0f} a second"


def _copy_messages(run: Run, stop: threading.Event, copies: list[int]) -> None:
    """See every message that is pushed to a queue, and push it again; beats keep commands coming until the end."""
    dice = random.Random(run.world.seed)
    later: list[tuple[float, str, bytes]] = []
    seen: set[str] = set()
    with redis.Redis.from_url(run.world.settings.redis_url) as client, client.monitor() as monitor:
        while not stop.is_set():
            pushed = _pushed(monitor.next_command()["command"])
            if pushed is not None and (wish := _wish(pushed[1])) not in seen:
                seen.add(wish)
                copies_of_it = range(dice.randrange(MOST_COPIES))
                later += [(time.monotonic() + dice.choice((0, 0, 0.5, 3)), *pushed) for _ in copies_of_it]
            now = time.monotonic()
            due = [copy for copy in later if copy[0] <= now]
            later = [copy for copy in later if copy[0] > now]
            for _, queue, raw in due:
                client.lpush(queue, raw)
            copies[0] += len(due)


def _wish(raw: bytes) -> str:
    """What a message asks for. The sweeper's asking again is a copy already: copies of copies would have no end."""
    headers = json.loads(raw)["headers"]
    return headers["id"] if headers["argsrepr"] in ("()", "[]") else f"{headers['task']} {headers['argsrepr']}"


def _pushed(command: str) -> tuple[str, bytes] | None:
    """Queue and message, if a command pushes one."""
    verb, _, rest = command.partition(" ")
    queue, _, raw = rest.partition(" ")
    return (queue, raw.encode()) if verb == "LPUSH" and queue in QUEUES else None
