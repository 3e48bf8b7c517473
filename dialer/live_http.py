"""HTTP to vendors on the media loop: one POST, its answer as it arrives.

The vendors' SDKs cost 3 to 6 ms of a core per answer, most of it in building models of every piece; this costs a tenth
(docs/performance.md), and a live call asks three times a turn. Nothing is interpreted here, and nothing is
asked twice but where a connection that had rested was closed before the answer began.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import orjson

from dialer.errors import VendorBusy, VendorRefused

MOST_CONNECTIONS: Final = 4000
KEEP_ALIVE_S: Final = 30.0
MOST_BYTES_OF_AN_ERROR: Final = 64 * 1024

Translate = Callable[[int, Mapping[str, str], bytes], VendorBusy | VendorRefused]
"""(status, headers, body) of an answer that is no success → our error."""


class LiveHttp:
    """One vendor's connections. Made anywhere, used on one loop; a proxy is taken from the environment once."""

    def __init__(
        self,
        vendor: str,
        base_url: str,
        *,
        headers: Mapping[str, str],
        connect_s: float,
        read_s: float,
        translate: Translate,
    ) -> None:
        """Describe the vendor.

        Args:
            vendor: its name in errors.
            base_url: what comes in front of every path.
            headers: sent with every request.
            connect_s: what a connection may take.
            read_s: the longest silence before and within an answer.
            translate: makes our error of a failed answer.
        """
        self._vendor = vendor
        self._base_url = base_url.rstrip("/")
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", **headers}
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_s, sock_read=read_s)
        self._translate = translate
        self._proxy = _proxy(self._base_url)
        self._tracing = aiohttp.TraceConfig()
        self._tracing.on_connection_reuseconn.append(_rested)
        self._kept: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None

    async def post(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        """Yield the answer's bytes as they arrive. Closing the iterator closes the connection.

        Raises:
            VendorRefused: as translated.
            VendorBusy: as translated; also when the vendor cannot be reached, falls silent or hangs up.
        """
        async with self._asked(path, body) as content:
            while chunk := await content.readany():
                yield chunk

    def lines(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        """Yield the answer line by line, without its ends; empty lines are left out.

        Raises:
            VendorRefused, VendorBusy: as `post`.
        """
        return self._marked(path, body, b"")

    def events(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        """Yield the data of server-sent events, each of one line, as OpenAI and those who speak like it send them.

        Raises:
            VendorRefused, VendorBusy: as `post`.
        """
        return self._marked(path, body, b"data:")

    async def _marked(self, path: str, body: Mapping[str, Any], mark: bytes) -> AsyncGenerator[bytes]:
        """Yield what follows the mark on each line that begins with it."""
        chunk, rest = b"\n", b""
        async with self._asked(path, body) as content:
            while chunk:
                chunk = await content.readany()
                *lines, rest = (rest + (chunk or b"\n")).split(b"\n")
                for line in lines:
                    if (bare := line.strip()) and bare.startswith(mark):
                        yield bare[len(mark) :].lstrip()

    @asynccontextmanager
    async def _asked(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[aiohttp.StreamReader]:
        """Ask, and hold the connection for as long as the block lasts."""
        response: aiohttp.ClientResponse | None = None
        try:
            response = await self._post(self._base_url + path, orjson.dumps(body))
            content = response.content
            if response.status >= 300:
                raise self._translate(response.status, response.headers, await content.read(MOST_BYTES_OF_AN_ERROR))
            yield content
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise VendorBusy(self._vendor, repr(error)) from error
        finally:
            if response is not None:
                response.close()  # one that was read to its end has given its connection back already

    async def _post(self, url: str, data: bytes) -> aiohttp.ClientResponse:
        """Ask. The vendor may close a connection that rested just as it is used again: then ask over a new one."""
        if self._kept is None:
            connector = aiohttp.TCPConnector(limit=MOST_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S, ttl_dns_cache=60)
            self._kept = self._open(connector)
        seen: dict[str, bool] = {}
        try:
            return await self._kept.post(url, data=data, trace_request_ctx=seen)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if not seen or self._kept.closed:
                raise
        if self._fresh is None:
            self._fresh = self._open(aiohttp.TCPConnector(limit=MOST_CONNECTIONS, force_close=True, ttl_dns_cache=60))
        return await self._fresh.post(url, data=data)

    def _open(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        """Open a session on the loop that uses it."""
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
            timeout=self._timeout,
            proxy=self._proxy,
            trace_configs=[self._tracing],
        )

    async def close(self) -> None:
        """Let go of connections."""
        for session in (self._kept, self._fresh):
            if session is not None:
                await session.close()


async def _rested(
    _: aiohttp.ClientSession, context: SimpleNamespace, __: aiohttp.TraceConnectionReuseconnParams
) -> None:
    """Note of a request that its connection was used before."""
    if context.trace_request_ctx is not None:
        context.trace_request_ctx["rested"] = True


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for a URL, if it does."""
    parts = urlsplit(url)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    return getproxies().get(parts.scheme)
