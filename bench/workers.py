"""Dialer's own processes for a measurement: started, waited for until they take messages, and stopped."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final

from redis import Redis

from bench import processes
from dialer.embedded.redis import broker_url
from dialer.errors import DialerError
from dialer.messages import CeleryMessages
from dialer.settings import Settings
from dialer.supervisor.roster import whole_environment

Program = tuple[str, ...]
"""Arguments of the `dialer` command."""

BEAT: Final[Program] = ("beat",)
ENGINE: Final[tuple[Program, ...]] = (BEAT, ("worker", "campaigns"), ("worker", "leads"), ("worker", "results"))
"""What moves calls, but for web and call workers."""
START_S: Final = 240.0
"""On a machine that has much else to do."""
STOP_S: Final = 10.0
NO_CALL: Final = "00000000-0000-0000-0000-000000000000"
_PROBES: Final = {
    "campaigns": ("campaigns.watch_seats",),
    "leads": ("leads.place", NO_CALL),
    "results": ("outbox.drain",),
}
"""Kind of worker → a message with which it has nothing to do."""


@contextmanager
def running(
    programs: Sequence[Program], settings: Settings, environment: Mapping[str, str], *, stop_s: float = STOP_S
) -> Iterator[None]:
    """Run programs for as long as the block lasts, which begins when each kind of worker takes messages.

    Args:
        programs: the same one may be named several times.
        settings: of the data directory, with both URLs filled in.
        environment: what they get on top of that.
        stop_s: how long each may take to stop.

    Raises:
        DialerError: a worker took no message in time; its log is named.
    """
    quiet = {"DIALER_WORKER_EVENTS": "false", "DIALER_LOG_LEVEL": "WARNING"}
    whole = whole_environment(settings, environment) | quiet
    with ExitStack() as stack:

        def start(program: Program, name: str) -> None:
            log = settings.data_dir / "logs" / f"{name}.log"
            command = [sys.executable, "-m", "dialer", *program]
            stack.enter_context(processes.running(command, log=log, environment=whole, stop_s=stop_s))

        for number, program in enumerate(programs):
            if program != BEAT:
                start(program, f"{number}-{program[-1] if program[0] == 'worker' else program[0]}")
        with Redis.from_url(settings.redis_url) as redis:
            messages = CeleryMessages(broker_url(settings.redis_url))
            for kind in dict.fromkeys(program[1] for program in programs if program[0] == "worker"):
                if kind in _PROBES:
                    messages.send(*_PROBES[kind])
                    queue = _PROBES[kind][0].partition(".")[0]
                    until(partial(_is_empty, redis, queue), f"a worker for {kind}; see {settings.data_dir}/logs")
        if BEAT in programs:  # no tick waits for a worker that is still starting
            start(BEAT, "beat")
        yield


def _is_empty(redis: Redis, queue: str) -> bool:
    return not redis.llen(queue)


def until(ready: Callable[[], object], what: str, *, limit_s: float = START_S) -> None:
    """Wait for something.

    Raises:
        DialerError: it did not come in time.
    """
    give_up = time.monotonic() + limit_s
    while not ready():
        if time.monotonic() > give_up:
            raise DialerError(f"Waited {limit_s:.0f} s in vain for {what}.")
        time.sleep(0.1)
