"""Wake-ups over a real broker."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Thread

import pytest
from celery import Celery
from kombu import Consumer, Queue
from kombu.message import Message

from dialer.embedded.redis import broker_url
from dialer.messages import BROKER_OPTIONS, WORKERS, CeleryMessages


@pytest.fixture
def broker(redis_url: str) -> str:
    return broker_url(redis_url)


def taken(broker: str, queues: tuple[str, ...], count: int) -> list[str]:
    """The names of the next so many tasks, as a worker takes them."""
    names: list[str] = []

    def take(_body: object, message: Message) -> None:
        names.append(message.headers["task"])
        message.ack()

    app = Celery("taker", broker=broker, broker_transport_options=dict(BROKER_OPTIONS))
    with app.connection() as connection:
        channel = connection.channel()
        channel.basic_qos(0, 1, False)
        with Consumer(channel, [Queue(name) for name in queues], callbacks=[take], accept=["json"]):
            while len(names) < count:
                connection.drain_events(timeout=5)
    app.close()
    return names


def test_no_outcome_waits_for_what_is_sent_to_a_crm(broker: str) -> None:
    messages = CeleryMessages(broker)
    for row in range(5):
        messages.send("outbox.deliver", str(row))
    messages.send("results.finish", "call")

    names = taken(broker, WORKERS["results"], 6)

    assert names.index("results.finish") <= 1  # one may have been taken while the second queue was being added
    assert names.count("outbox.deliver") == 5


def test_what_waits_in_a_queue_is_counted_until_it_is_taken(broker: str) -> None:
    messages = CeleryMessages(broker)
    before = messages.waiting("leads")

    messages.send_all("leads.place", ["one", "two", "three"])
    assert messages.waiting("leads") == before + 3

    taken(broker, ("leads",), before + 3)
    assert messages.waiting("leads") == 0
    assert messages.waiting("nobody has heard of it") == 0


def test_a_broker_that_is_away_has_nothing_waiting() -> None:
    messages = CeleryMessages("redis+socket:///nowhere/redis.sock")

    messages.send_all("leads.place", ["one"])

    assert messages.waiting("leads") == 0


def test_a_broker_that_hangs_up_is_tried_once_a_message() -> None:
    connections: list[socket.socket] = []

    def hang_up() -> None:
        with suppress(OSError):  # the server was closed
            while True:
                connections.append(server.accept()[0])
                connections[-1].close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=hang_up, daemon=True).start()
        messages = CeleryMessages(f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        messages.send("calls.converse", "call", "1")
        messages.send("calls.converse", "call", "1")

    assert len(connections) == 2
