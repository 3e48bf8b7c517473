"""When a request came in, however late it is read."""

from __future__ import annotations

import socket
import time

from dialer.sandbox.arrival import arrived_s


def test_what_is_read_late_is_dated_by_when_it_came() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    with ours, theirs:
        ours.sendall(b"POST")
        sent_s = time.time()
        time.sleep(0.5)
        assert theirs.recv(16) == b"POST"

        assert abs(arrived_s(theirs, time.time()) - sent_s) < 0.1


def test_where_the_kernel_does_not_say_it_is_now() -> None:
    one, other = socket.socketpair()  # no TCP
    with one, other:
        assert arrived_s(one, 12.5) == arrived_s(None, 12.5) == 12.5
