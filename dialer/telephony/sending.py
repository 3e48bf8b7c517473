"""A request that may leave only before its deadline: checked with each write of it, on the connected socket.

Between a check in Python and a write in Python the interpreter may pass to another thread for milliseconds, and a
process that is frozen just then sends its request when it wakes, however late. So check and write are one call into C
here: the interpreter is let go only within the write itself, a microsecond after the clock was read. A request is
written in two pieces, head and body, and each is checked: a carrier processes no request whose body never came.
"""

from __future__ import annotations

import itertools
import select
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from operator import gt
from typing import Any

import httpcore

from dialer.telephony.base import Deadline


class TooLateError(Exception):
    """The deadline passed before the request was out: the carrier has nothing that it could process."""


@dataclass(slots=True)
class Sending:
    """One request: until when it may be sent, and whether anything of it has been."""

    deadline: Deadline
    started: bool = False


current: ContextVar[Sending | None] = ContextVar("sending", default=None)
"""The request that this thread sends; None: one that may be late."""


def trace(event: str, info: Mapping[str, Any]) -> None:
    """Fence each connection that is made. For httpx's extension `trace`, which names what httpcore does."""
    if event.endswith(("connect_tcp.complete", "start_tls.complete")):
        stream: httpcore.NetworkStream = info["return_value"]
        stream.write = _Fence(stream)  # type: ignore[method-assign]  # its connection writes through nothing else


class _Fence:
    """Writes to one connection, and nothing too late."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._write = stream.write
        self._send: Callable[[bytes], int] | None = None
        self._socket: socket.socket = stream.get_extra_info("socket")
        secured = stream.get_extra_info("ssl_object")
        if secured is None:
            self._send = self._socket.send
        elif secured is self._socket:
            self._send = self._socket._sslobj.write  # its own `send` is Python

    def __call__(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it.

        Raises:
            TooLateError: the deadline of what is being sent has passed, and not all of `buffer` was written.
            httpcore.WriteError, httpcore.WriteTimeout: the connection does not take it.
        """
        sending = current.get()
        if sending is None or not buffer:
            self._write(buffer, timeout)
        elif self._send is not None:
            self._in_time(buffer, sending, self._send, sending.deadline.monotonic_s)
        elif time.monotonic() < sending.deadline.monotonic_s:  # TLS within TLS: the socket takes it in another form
            sending.started = True
            self._write(buffer, timeout)
        else:
            raise TooLateError

    def _in_time(self, buffer: bytes, sending: Sending, send: Callable[[bytes], int], deadline_s: float) -> None:
        self._socket.settimeout(0)  # else the write would first wait, and let the interpreter go for it
        while buffer:
            try:
                written = send_before(deadline_s, send, buffer)
            except (BlockingIOError, ssl.SSLWantWriteError):
                select.select((), (self._socket,), (), max(deadline_s - time.monotonic(), 0.0))
            except OSError as error:
                sending.started = True  # for all that anybody knows
                raise httpcore.WriteError(str(error)) from error
            else:
                sending.started = True
                buffer = buffer[written:]


def send_before(deadline_s: float, send: Callable[[bytes], int], buffer: bytes) -> int:
    """Call `send` if it is not too late; return what it returned.

    Args:
        deadline_s: on the monotonic clock.
        send: written in C, as the call around it is: no step of Python's comes between the clock and the write.
        buffer: what is sent.

    Raises:
        TooLateError: it is too late; `send` was not called.
    """
    in_time = map(partial(gt, deadline_s), iter(time.monotonic, None))
    sent = next(map(send, itertools.compress((buffer,), in_time)), None)
    if sent is None:
        raise TooLateError
    return sent
