"""The deadline of a dial is checked on the connected socket, as the last act before the first byte."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from dialer.errors import CarrierBusy, CarrierSilent
from dialer.telephony.base import Deadline, DialOrder
from dialer.telephony.twilio import Twilio
from tests.contract.phone_sandbox import ATTEMPT, OURS, Phone, phone

ANN = "+12125550141"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with phone(tmp_path_factory.mktemp("world"), media=False, talk_s=0.3) as running:
        yield running


@contextmanager
def twilio(base_url: str, sandbox: Phone) -> Iterator[Twilio]:
    options = sandbox.world.options
    carrier = Twilio(account_sid=options.account_sid, auth_token=options.auth_token, base_url=base_url)
    with closing(carrier):
        yield carrier


def order(sandbox: Phone, attempt: int) -> DialOrder:
    base = sandbox.application.url
    return DialOrder(
        to_number=ANN,
        from_number=OURS,
        answer_url=f"{base}/voice/answer/{ATTEMPT}{attempt}",
        fallback_url=f"{base}/voice/continue/{ATTEMPT}{attempt}",
        status_url=f"{base}/voice/status/{ATTEMPT}{attempt}",
        amd_url=f"{base}/voice/amd/{ATTEMPT}{attempt}",
        ring_timeout_s=20,
        max_duration_s=600,
        detect_machine=False,
    )


def test_in_time_it_is_sent(sandbox: Phone) -> None:
    with twilio(f"{sandbox.url}/twilio", sandbox) as carrier:
        carrier_id = carrier.place(order(sandbox, 1), Deadline(time.monotonic() + 5))

    assert [line["carrier_id"] for line in sandbox.ledger("call.accepted")] == [carrier_id]


def test_too_late_not_a_byte_is_sent(sandbox: Phone) -> None:
    before = len(sandbox.ledger("call.accepted"))

    with twilio(f"{sandbox.url}/twilio", sandbox) as carrier, pytest.raises(CarrierBusy, match="nothing was sent"):
        carrier.place(order(sandbox, 2), Deadline(time.monotonic() - 0.001))

    assert len(sandbox.ledger("call.accepted")) == before


class Listener:
    """A server that takes connections slowly, or not at all, and keeps what it was sent."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.got = b""
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        try:
            connection, _ = self._server.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(3)
            try:
                self.got = connection.recv(65536)
            except TimeoutError:
                return

    def close(self) -> None:
        self._server.close()
        self._thread.join(5)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


def test_a_deadline_that_passes_while_connecting_lets_nothing_out(
    sandbox: Phone, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = socket.create_connection

    def slowly(*arguments: object, **options: object) -> socket.socket:
        made = connect(*arguments, **options)  # type: ignore[arg-type]
        time.sleep(0.3)
        return made

    monkeypatch.setattr(socket, "create_connection", slowly)

    with twilio(listener.url, sandbox) as carrier, pytest.raises(CarrierBusy, match="nothing was sent"):
        carrier.place(order(sandbox, 3), Deadline(time.monotonic() + 0.2))

    assert listener.got == b""


def test_once_the_first_byte_is_out_nobody_knows(sandbox: Phone, listener: Listener) -> None:
    with twilio(listener.url, sandbox) as carrier, pytest.raises(CarrierSilent):
        carrier.place(order(sandbox, 4), Deadline(time.monotonic() + 5))

    assert b"POST" in listener.got
