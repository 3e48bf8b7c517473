"""What recognizers that listen on a WebSocket share: a stream that never blocks, and how a handshake is refused.

A vendor's file says how audio is wrapped and how its messages are read; sockets are picows', as for the calls' media.
"""

from __future__ import annotations

import asyncio
import ssl
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

import orjson
from picows import WSCloseCode, WSError, WSFrame, WSHandshakeError, WSListener, WSMsgType, WSTransport, ws_connect

from dialer.errors import VendorBusy, VendorRefused
from dialer.speech.base import Heard

CONNECT_S: Final = 3.0
MOST_UNSENT_BYTES: Final = 64_000
"""8 s of mu-law (6 s in base64) that the socket did not take: more is dropped."""
_REFUSALS: Final = frozenset({400, 401, 402, 403, 404})

Piece = Heard | VendorBusy | VendorRefused
S = TypeVar("S", bound="SocketStream")


class SocketStream(WSListener):  # type: ignore[misc, unused-ignore]  # a C class
    """One call's stream to a recognizer: a `Recognition`."""

    vendor: str

    def __init__(self) -> None:
        self._transport: WSTransport | None = None
        self._pieces: asyncio.Queue[Piece | None] = asyncio.Queue()
        self._closing = False
        self.dropped_bytes = 0
        self.by_the_second = True
        self.signs = 0

    # What a vendor's file fills in

    @abstractmethod
    def wrap(self, mulaw: bytes) -> tuple[WSMsgType, bytes]:
        """Make the message that carries audio."""

    @abstractmethod
    def read(self, message: dict[str, Any]) -> Iterable[Piece]:
        """Translate a message; what is no use to us becomes nothing."""

    def connected(self) -> None:
        """The handshake is done."""

    def parting(self) -> bytes:
        """The last message before the socket is closed, or nothing."""
        return b""

    # What a recognition does

    @property
    def was_up(self) -> bool:
        """Whether the handshake was done."""
        return self._transport is not None

    def feed(self, mulaw: bytes) -> None:
        """Hand over audio. Never blocks; what cannot be sent in time is dropped and counted."""
        transport = self._transport
        if transport is None or self._closing or transport.is_disconnected:
            self.dropped_bytes += len(mulaw)
            return
        if transport.underlying_transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
            self.dropped_bytes += len(mulaw)
            return
        transport.send(*self.wrap(mulaw))

    async def __aiter__(self) -> AsyncIterator[Heard]:
        """Yield pieces until the stream is closed.

        Raises:
            VendorBusy, VendorRefused: the stream broke.
        """
        while (piece := await self._pieces.get()) is not None:
            if isinstance(piece, VendorBusy | VendorRefused):
                try:
                    raise piece
                finally:
                    del piece  # its traceback has this frame
            yield piece

    async def close(self) -> None:
        """End the stream. More than once is no error."""
        if self._closing:
            return
        if parting := self.parting():
            self.send(parting)
        self._over()
        self._pieces.put_nowait(None)
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()

    def send(self, text: bytes) -> None:
        """Send a text message, unless the stream is over."""
        if self._transport is not None and not self._closing and not self._transport.is_disconnected:
            self._transport.send(WSMsgType.TEXT, text)

    def take(self, message: bytes) -> None:
        """Read a message, and hand on what it says."""
        self.signs += 1
        try:
            pieces = tuple(self.read(orjson.loads(message)))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            pieces = (VendorBusy(self.vendor, f"a message that cannot be read: {error!r}"),)
        for piece in pieces:
            if not self._closing:
                self._pieces.put_nowait(piece)

    def over(self) -> None:
        """Stop what runs by the clock; called once, when the stream ends in whatever way."""

    # What picows calls

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport
        self.connected()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A message came in."""
        if frame.msg_type is WSMsgType.TEXT:
            self.take(frame.get_payload_as_bytes())
        elif frame.msg_type is WSMsgType.CLOSE:
            if not self._closing:
                reason = frame.get_close_message() or b""
                self._broke(f"closed {frame.get_close_code()}: {reason.decode('utf-8', 'replace')}")
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The socket is gone."""
        self._broke("the connection was lost")

    def _broke(self, why: str) -> None:
        if self._closing:
            return
        self._over()
        self._pieces.put_nowait(VendorBusy(self.vendor, why))

    def _over(self) -> None:
        self._closing = True
        self.over()


class NegotiatedStream(SocketStream):
    """A stream that is open once the vendor has accepted the parameters that were sent on it."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def until_accepted(self) -> None:
        """Wait for it. A stream whose parameters are not accepted is closed.

        Raises:
            VendorRefused: the parameters are wrong.
            VendorBusy: they were not accepted in time, or the stream broke before.
        """
        try:
            async with asyncio.timeout(CONNECT_S):
                await asyncio.shield(self.accepted)
        except TimeoutError as error:
            raise VendorBusy(self.vendor, "the parameters were not accepted in time") from error
        finally:
            if not self.accepted.done() or self.accepted.exception() is not None:
                await self.close()

    def over(self) -> None:
        """Let nobody wait for an acceptance that cannot come any more."""
        if not self.accepted.done():
            self.accepted.set_exception(VendorBusy(self.vendor, "closed before the parameters were accepted"))


def secured(url: str) -> ssl.SSLContext | None:
    """The TLS that a wss:// URL needs."""
    return ssl.create_default_context() if url.startswith("wss") else None


async def connect(
    make: Callable[[], S], url: str, headers: Mapping[str, str], tls: ssl.SSLContext | None, vendor: str
) -> S:
    """Open a stream.

    Raises:
        VendorRefused: credentials or parameters are wrong.
        VendorBusy: too many streams, or it cannot be reached.
    """
    stream = make()
    try:
        async with asyncio.timeout(CONNECT_S):
            await ws_connect(
                lambda: stream,
                url,
                ssl_context=tls,
                extra_headers=dict(headers),
                websocket_handshake_timeout=CONNECT_S,
                logger_name=vendor,
                max_redirects=0,
            )
    except WSHandshakeError as error:
        raise _refusal(error, vendor) from error
    except (OSError, TimeoutError, WSError) as error:
        raise VendorBusy(vendor, f"cannot be reached: {error!r}") from error
    if not stream.was_up:  # picows tells nobody that the socket was lost before the handshake was answered
        raise VendorBusy(vendor, "cut off in the handshake")
    return stream


def _refusal(error: WSHandshakeError, vendor: str) -> VendorBusy | VendorRefused:
    status = int(error.response.status) if error.response is not None else 0
    said = (error.raw_body or b"").decode("utf-8", "replace")[:200]
    if status in _REFUSALS:
        return VendorRefused(vendor, str(status), said)
    return VendorBusy(vendor, f"handshake answered {status or 'with nothing'} {said}".rstrip())
