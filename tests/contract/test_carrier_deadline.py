"""The carrier's adapter over real HTTP. The deadline of a dial is checked on the connected socket, with each write and
with no Python between check and write; a call that is over is told from one that goes on.
"""

from __future__ import annotations

import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import httpcore
import pytest
import trustme

from dialer.errors import CarrierBusy, CarrierSilent
from dialer.telephony import sending
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

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.getsockname()[1]}"
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
                with self._secured(connection) as stream:
                    while not self.whole and (more := stream.recv(65536)):
                        self.got += more
            except OSError:
                return

    @property
    def whole(self) -> bool:
        """Whether it was sent a whole request."""
        head, _, body = self.got.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        return length is not None and len(body) == int(length[1])

    def _secured(self, connection: socket.socket) -> socket.socket:
        return connection if self._tls is None else self._tls.wrap_socket(connection, server_side=True)

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

    assert listener.got.startswith(b"POST")
    assert listener.whole


class Late:
    """A clock on which the deadline passes after so many looks at it."""

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self.log: list[str] = []

    def monotonic(self) -> float:
        self.log.append("clock")
        self._looks -= 1
        return time.monotonic() + (0.0 if self._looks >= 0 else 3600.0)


def test_a_request_whose_body_would_be_late_is_never_whole(
    sandbox: Phone, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "time", Late(looks=1))

    with twilio(listener.url, sandbox) as carrier, pytest.raises(CarrierBusy, match="nothing was sent"):
        carrier.place(order(sandbox, 5), Deadline(time.monotonic() + 5))

    listener.close()
    assert listener.got.startswith(b"POST")
    assert not listener.whole


def test_no_step_of_python_lies_between_the_check_and_the_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever there is one the interpreter may pass to another thread, and stay there."""
    clock = Late(looks=1)
    monkeypatch.setattr(sending, "time", clock)

    def send(_buffer: bytes) -> int:
        clock.log.append("write")
        return 1

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        if frame.f_code is not sending.send_before.__code__:
            return None
        frame.f_trace_opcodes = True
        clock.log.append(event)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        assert sending.send_before(time.monotonic() + 60, send, b"x") == 1
    finally:
        sys.settrace(before)

    at = clock.log.index("clock")
    assert clock.log[at - 1 : at + 2] == ["opcode", "clock", "write"]


@pytest.fixture
def fenced() -> Iterator[tuple[httpcore.NetworkStream, socket.socket]]:
    """A connection on which a request is sent, and its other end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = httpcore.SyncBackend().connect_tcp(*server.getsockname())
        theirs, _ = server.accept()
    sending.trace("connection.connect_tcp.complete", {"return_value": stream})
    with closing(stream), closing(theirs):
        yield stream, theirs


@contextmanager
def request(within_s: float) -> Iterator[sending.Sending]:
    token = sending.current.set(made := sending.Sending(Deadline(time.monotonic() + within_s)))
    try:
        yield made
    finally:
        sending.current.reset(token)


def test_what_the_socket_does_not_take_at_once_is_sent_as_long_as_it_is_not_too_late(
    fenced: tuple[httpcore.NetworkStream, socket.socket],
) -> None:
    stream, theirs = fenced
    ours = stream.get_extra_info("socket")
    ours.settimeout(0)
    filled = ours.send(b"-" * 10_000_000)
    with request(within_s=0.2) as late, pytest.raises(sending.TooLateError):
        stream.write(b"late", 5.0)
    assert not late.started

    received: list[bytes] = []
    emptied = threading.Thread(target=lambda: received.append(_all(theirs, filled + 7)))
    emptied.start()
    with request(within_s=20) as in_time:
        stream.write(b"in time", 5.0)
    emptied.join(10)

    assert received == [b"-" * filled + b"in time"]
    assert in_time.started


def test_of_what_is_sent_in_parts_no_part_is_late(fenced: tuple[httpcore.NetworkStream, socket.socket]) -> None:
    stream, theirs = fenced
    whole = 10_000_000
    with request(within_s=0.3) as late, pytest.raises(sending.TooLateError):
        stream.write(b"-" * whole, 5.0)
    stream.close()

    assert late.started
    assert 0 < len(_all(theirs, whole)) < whole


def _all(connection: socket.socket, length: int) -> bytes:
    got = b""
    while len(got) < length and (more := connection.recv(1 << 20)):
        got += more
    return got


@pytest.mark.parametrize(("looks", "whole"), [(2, True), (1, False), (0, False)])
def test_the_same_holds_over_tls(
    sandbox: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: int, *, whole: bool
) -> None:
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    listener = Listener(tls)
    monkeypatch.setattr(sending, "time", Late(looks))

    with twilio(listener.url, sandbox) as carrier, pytest.raises(CarrierSilent if whole else CarrierBusy):
        carrier.place(order(sandbox, 6), Deadline(time.monotonic() + 5))

    listener.close()
    assert listener.whole is whole
    assert listener.got.startswith(b"POST") is (looks > 0)


def test_a_call_that_is_over_goes_nowhere(sandbox: Phone) -> None:
    asks = f"{sandbox.application.url}/voice/continue/{ATTEMPT}7"
    with twilio(f"{sandbox.url}/twilio", sandbox) as carrier:
        carrier_id = carrier.place(order(sandbox, 7), Deadline(time.monotonic() + 5))
        sandbox.over(carrier_id)

        assert not carrier.redirect(carrier_id, asks)
