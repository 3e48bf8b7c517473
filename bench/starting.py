"""From publishing a task to its first line, in a worker of ours; against Celery with a task that does nothing.

`python -m bench.starting REDIS QUEUE` is a worker: of queue `leads` one with our settings, else one without any.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from typing import Any, Final

from celery import Celery
from redis import Redis

from bench import processes
from bench.rows import Bench, Figure, Row
from bench.scratch import folder
from bench.spread import Spread, percentile
from dialer.embedded import servers
from dialer.embedded.redis import broker_url
from dialer.errors import DialerError
from dialer.messages import BROKER_OPTIONS, CeleryMessages
from dialer.settings import Settings

TASKS: Final = 300
RUNS: Final = 3
WAIT_S: Final = 30.0
BETWEEN_S: Final = 0.005
QUEUES: Final = {"bare Celery": "bare", "ours": "leads"}


def measure(bench: Bench) -> Row:
    """Publish by ours and by Celery itself, in turn."""
    tasks = TASKS // 10 if bench.quick else TASKS
    with folder(bench, "tasks") as place, servers(Settings(data_dir=place, database_url="unused")) as settings:
        url = broker_url(settings.redis_url)
        redis = Redis.from_url(settings.redis_url)
        found: dict[str, list[float]] = {name: [] for name in QUEUES}
        with ExitStack() as stack:
            for name in QUEUES:
                command = [sys.executable, "-m", "bench.starting", settings.redis_url, QUEUES[name]]
                stack.enter_context(processes.running(command, log=place / f"{QUEUES[name]}.log"))
            ours, bare = CeleryMessages(url), Celery("bare", broker=url)
            bare.conf.task_ignore_result = True
            for _ in range(RUNS):
                for name, queue in QUEUES.items():
                    send = ours.send if name == "ours" else _bare(bare)
                    found[name].append(percentile(_times_ms(redis, queue, send, tasks), 0.5))
    mine, theirs = Spread.of(found["ours"]), Spread.of(found["bare Celery"])
    over = mine.median - theirs.median <= 1.0
    figure = Figure("publish to start, p50", "ms", mine, {"bare Celery": theirs}, "at most 1 ms over it", over)
    return Row("tasks", (figure,))


def _bare(app: Celery) -> Any:
    return lambda task, *args: app.send_task(task, args=args, queue=task.partition(".")[0])


def _times_ms(redis: Redis, queue: str, send: Any, tasks: int) -> list[float]:
    key = f"started:{queue}"
    send(f"{queue}.start", str(time.time()))
    _await(redis, key, 1)
    redis.delete(key)
    for _ in range(tasks):
        send(f"{queue}.start", str(time.time()))
        time.sleep(BETWEEN_S)
    _await(redis, key, tasks)
    times: Any = redis.lrange(key, 0, -1)
    redis.delete(key)
    return [float(one) for one in times]


def _await(redis: Redis, key: str, number: int) -> None:
    give_up = time.monotonic() + WAIT_S
    while int(redis.llen(key)) < number:
        if time.monotonic() > give_up:
            raise DialerError(f"Of {number} tasks not all started within {WAIT_S:.0f} s.")
        time.sleep(0.02)


def work(redis_url: str, queue: str) -> None:
    """Be a worker whose task writes down how long it was on its way."""
    app = Celery(queue, broker=broker_url(redis_url))
    app.conf.task_ignore_result = True
    if queue == QUEUES["ours"]:
        app.conf.update(
            worker_disable_prefetch=True, worker_prefetch_multiplier=1, broker_transport_options=dict(BROKER_OPTIONS)
        )
    redis = Redis.from_url(redis_url)

    @app.task(name=f"{queue}.start")  # type: ignore[untyped-decorator]
    def start(published: str) -> None:
        redis.rpush(f"started:{queue}", (time.time() - float(published)) * 1000)

    options = ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    app.worker_main(["worker", "--queues", queue, "--pool", "threads", "--concurrency", "8", *options])


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2])
