"""Beats: any number of them, and each tick once."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis
from celery import Celery
from celery.beat import ScheduleEntry

from dialer.embedded.redis import broker_url
from schedules.scheduler import SharedScheduler
from schedules.table import EVERY_S, schedule

TICK = "campaigns.tick"


@pytest.fixture
def client(redis_url: str) -> redis.Redis:
    client = redis.Redis.from_url(redis_url)
    client.flushall()
    return client


def beat(redis_url: str) -> SharedScheduler:
    app = Celery("beat", broker=broker_url(redis_url))
    app.conf.update(beat_schedule=schedule(), dialer_redis_url=redis_url, task_ignore_result=True)
    return SharedScheduler(app, lazy=True)


def tick(scheduler: SharedScheduler) -> None:
    entry = ScheduleEntry(name=TICK, task=TICK, schedule=1.0, options={"queue": "campaigns"}, app=scheduler.app)
    scheduler.apply_entry(entry)


@pytest.fixture(autouse=True)
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tick once a minute: however slow the machine is, a test is over within a period."""
    monkeypatch.setitem(EVERY_S, TICK, 60.0)


def test_of_three_beats_one_sends_a_tick(redis_url: str, client: redis.Redis) -> None:
    for scheduler in (beat(redis_url), beat(redis_url), beat(redis_url)):
        tick(scheduler)

    assert client.llen("campaigns") == 1


def test_the_next_tick_is_sent_when_its_time_has_come(redis_url: str, client: redis.Redis) -> None:
    scheduler = beat(redis_url)
    tick(scheduler)

    assert 0 < client.pttl(f"dialer:tick:{TICK}") <= 54_000
    client.delete(f"dialer:tick:{TICK}")
    tick(scheduler)

    assert client.llen("campaigns") == 2


def test_without_redis_a_tick_is_sent_all_the_same(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scheduler = beat(redis_url)
    monkeypatch.setattr(scheduler, "_redis", redis.Redis(unix_socket_path=str(tmp_path / "nobody")))

    tick(scheduler)

    assert client.llen("campaigns") == 1
