"""When a request came in, by the kernel: a world that shares its processors may read it late, and the caller was not.

Linux tells of each connection how long ago its last data came (`tcpi_last_data_recv`, in steps of some milliseconds).
"""

from __future__ import annotations

import socket
import struct
import time
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

_LAST_DATA_RECV = 52
"""Where struct tcp_info has it: an unsigned 32-bit number of milliseconds."""


def arrived_s(connection: Any, now: float) -> float:
    """When the last data of a connection came in; `now` where the kernel does not say.

    Args:
        connection: a socket, or what a loop has in its place.
        now: the time on whatever clock the answer is to be, in seconds.
    """
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA_RECV + 4)
        (ago_ms,) = struct.unpack_from("=I", info, _LAST_DATA_RECV)
    except (OSError, AttributeError, struct.error):
        return now
    return now - float(ago_ms) / 1000


class DatedHttp(H11Protocol):
    """HTTP whose requests say when they came: `request.state.arrived_s`, as time.time()."""

    def data_received(self, data: bytes) -> None:
        """Read data, and when it came."""
        at_s = arrived_s(self.transport.get_extra_info("socket"), time.time())
        self.app_state = self.app_state | {"arrived_s": at_s}
        super().data_received(data)
