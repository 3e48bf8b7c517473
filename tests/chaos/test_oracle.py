"""The judge and the proxy can tell: what they are there to see, they see."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chaos import oracle
from tests.chaos.proxy import Proxy
from tests.chaos.run import MAX_ATTEMPTS

PHONE = "+12125550101"


def accepted(seq: int, attempt: str, carrier_id: str) -> dict[str, Any]:
    return {"seq": seq, "kind": "call.accepted", "call_id": attempt, "carrier_id": carrier_id, "to": PHONE}


def ended(seq: int, carrier_id: str, status: str = "completed") -> dict[str, Any]:
    return {"seq": seq, "kind": "call.status", "carrier_id": carrier_id, "to": PHONE, "status": status}


def test_a_second_post_for_an_attempt_is_seen() -> None:
    calls = [accepted(1, "a", "CA1"), accepted(3, "a", "CA2")]

    assert list(oracle.dialed_twice(calls)) == ["attempt a was accepted 2 times"]


def test_a_post_without_an_attempt_is_seen() -> None:
    assert list(oracle.dialed_twice([accepted(1, None, "CA1")]))  # type: ignore[arg-type]


def test_a_call_to_a_phone_that_has_an_open_one_is_seen() -> None:
    assert list(oracle.two_open([accepted(1, "a", "CA1"), accepted(2, "b", "CA2"), ended(3, "CA1")]))


def test_a_call_after_the_last_one_ended_is_lawful() -> None:
    assert not list(oracle.two_open([accepted(1, "a", "CA1"), ended(2, "CA1", "failed"), accepted(3, "b", "CA2")]))


def test_calling_again_somebody_who_was_reached_is_seen() -> None:
    calls = [accepted(1, "a", "CA1"), accepted(3, "b", "CA2")]

    assert list(oracle.called_again(calls, [ended(2, "CA1")]))
    assert not list(oracle.called_again(calls, [ended(2, "CA1", "failed")]))


def test_more_calls_than_attempts_are_seen() -> None:
    count = MAX_ATTEMPTS + 1
    calls = [accepted(i, str(i), f"CA{i}") for i in range(count)]

    assert list(oracle.called_again(calls, [ended(i, f"CA{i}", "failed") for i in range(count)]))


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """A server that says back what it hears."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=say_back, args=(client,), daemon=True).start()

    def say_back(client: socket.socket) -> None:
        with client:
            while heard := client.recv(1024):
                client.sendall(heard)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


def connected(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def test_the_proxy_passes_on_what_it_is_not_told_to_lose(echo: tuple[str, int]) -> None:
    with Proxy(echo) as proxy, connected(proxy) as client:
        client.sendall(b"hello")

        assert client.recv(16) == b"hello"


def test_a_swallowed_connection_stays_silent_for_ever_and_a_new_one_is_well(echo: tuple[str, int]) -> None:
    with Proxy(echo) as proxy, connected(proxy) as lost:
        lost.sendall(b"first")
        assert lost.recv(16) == b"first"
        proxy.swallow(True)
        proxy.swallow(False)

        lost.sendall(b"second")
        lost.settimeout(0.2)
        with pytest.raises(TimeoutError):
            lost.recv(16)
        with connected(proxy) as new:
            new.sendall(b"third")
            assert new.recv(16) == b"third"


def test_a_lost_reply_ends_the_connection_after_the_server_has_heard(echo: tuple[str, int]) -> None:
    with Proxy(echo) as proxy, connected(proxy) as client:
        proxy.loses_reply_to = lambda piece: piece == b"COMMIT"
        client.sendall(b"BEGIN")
        assert client.recv(16) == b"BEGIN"

        client.sendall(b"COMMIT")

        assert client.recv(16) == b""
        assert proxy.cuts == 1


def test_a_cut_closes_what_is_open(echo: tuple[str, int]) -> None:
    with Proxy(echo) as proxy, connected(proxy) as client:
        client.sendall(b"hello")
        assert client.recv(16) == b"hello"

        proxy.cut()

        assert client.recv(16) == b""
