"""What becomes of a request whose connection the vendor closes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

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


def ask(times: int, answers: Answers) -> tuple[list[bytes], list[tuple[int, int]]]:
    """Ask so often, one after the other; return the answers and each request that the vendor got."""
    got: list[tuple[int, int]] = []
    connections = iter(range(100))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection, request = next(connections), 0
        while True:
            try:
                await reader.readuntil(b"{}")
            except asyncio.IncompleteReadError:
                break
            got.append((connection, request))
            written = answers(connection, request)
            writer.write(written)
            if written != WHOLE:
                break
            request += 1
        writer.close()

    async def main() -> list[bytes]:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            http = LiveHttp("vendor", url, headers={}, connect_s=2.0, read_s=2.0, translate=refused)
            try:
                return [b"".join([chunk async for chunk in http.post("/", {})]) for _ in range(times)]
            finally:
                await http.close()

    return asyncio.run(main()), got


def test_a_connection_that_is_closed_as_it_is_used_again_costs_no_answer() -> None:
    said, got = ask(2, lambda _, request: HANGS_UP if request else WHOLE)

    assert said == [b"ok", b"ok"]
    assert got == [(0, 0), (0, 1), (1, 0)]


def test_a_vendor_that_always_hangs_up_is_asked_twice() -> None:
    asked: list[int] = []

    def hang_up(connection: int, _: int) -> bytes:
        asked.append(connection)
        return HANGS_UP

    with pytest.raises(VendorBusy, match="disconnected"):
        ask(1, hang_up)
    assert asked == [0, 1]


def test_an_answer_that_breaks_off_is_not_asked_for_again() -> None:
    asked: list[int] = []

    def break_off(connection: int, _: int) -> bytes:
        asked.append(connection)
        return HALF

    with pytest.raises(VendorBusy):
        ask(1, break_off)
    assert asked == [0]
