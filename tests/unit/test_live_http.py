"""What becomes of a request whose connection the vendor closes."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import count

import pytest

from dialer.errors import VendorBusy
from dialer.live_http import LiveHttp

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok"
HANGS_UP = b""

Answers = Callable[[int, int], bytes]
"""(which connection, which request on it; both from 0) → what is written; `HANGS_UP` and `HALF` end the connection."""


def refused(status: int, headers: Mapping[str, str], body: bytes) -> VendorBusy:
    return VendorBusy("vendor", f"{status}")


class Vendor:
    """Answers as it is told. Its connections are numbered as they come."""

    def __init__(self, answers: Answers, *, resets: bool = False) -> None:
        self.got: list[tuple[int, int]] = []
        """Each request: which connection, and which one on it."""
        self._answers = answers
        self._resets = resets
        self._connections = count()
        self._serving: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.create_task(self._serve(reader, writer)))

    async def served(self) -> None:
        await asyncio.gather(*self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = next(self._connections)
        for request in count():
            try:
                await reader.readuntil(b"{}")
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            self.got.append((connection, request))
            written = self._answers(connection, request)
            writer.write(written)
            await asyncio.sleep(0.02)  # whoever asks at the same time gets a connection of their own
            if written != WHOLE:
                break
        if self._resets:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()


@asynccontextmanager
async def asking(vendor: Vendor) -> AsyncIterator[LiveHttp]:
    async with await asyncio.start_server(vendor.accept, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        http = LiveHttp("vendor", url, headers={}, connect_s=2.0, read_s=2.0, translate=refused)
        try:
            yield http
        finally:
            await http.close()
            await vendor.served()


async def post(http: LiveHttp) -> bytes:
    return b"".join([chunk async for chunk in http.post("/", {})])


def ask(vendor: Vendor, *at_once: int) -> list[bytes]:
    """Ask one time after the other, each time so many at once; return the answers."""

    async def main() -> list[bytes]:
        async with asking(vendor) as http:
            return [said for many in at_once for said in await asyncio.gather(*(post(http) for _ in range(many)))]

    return asyncio.run(main())


def closed_at_rest(connection: int, request: int) -> bytes:
    return HANGS_UP if request else WHOLE


@pytest.mark.parametrize("resets", [False, True])
def test_a_connection_that_is_closed_as_it_is_used_again_costs_no_answer(*, resets: bool) -> None:
    vendor = Vendor(closed_at_rest, resets=resets)

    assert ask(vendor, 1, 1) == [b"ok", b"ok"]
    assert vendor.got == [(0, 0), (0, 1), (1, 0)]


def test_what_is_asked_again_goes_over_a_new_connection() -> None:
    vendor = Vendor(closed_at_rest)

    assert ask(vendor, 3, 1, 1) == [b"ok"] * 5  # while others rest that are closed just so
    assert [request for _, request in vendor.got] == [0, 0, 0, 1, 0, 1, 0]


def test_a_vendor_that_hangs_up_on_new_connections_is_asked_once() -> None:
    vendor = Vendor(lambda *_: HANGS_UP)

    with pytest.raises(VendorBusy, match="disconnected"):
        ask(vendor, 1)
    assert vendor.got == [(0, 0)]


def test_an_answer_that_breaks_off_is_not_asked_for_again() -> None:
    vendor = Vendor(lambda _, request: HALF if request else WHOLE)

    with pytest.raises(VendorBusy):
        ask(vendor, 1, 1)
    assert vendor.got == [(0, 0), (0, 1)]


def test_nothing_is_asked_again_once_we_let_go() -> None:
    vendor = Vendor(closed_at_rest)

    async def main() -> None:
        async with asking(vendor) as http:
            await post(http)
            again = asyncio.create_task(post(http))
            while len(vendor.got) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            await http.close()
            with pytest.raises(VendorBusy):
                await again

    asyncio.run(main())
    assert vendor.got == [(0, 0), (0, 1)]
