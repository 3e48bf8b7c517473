"""Deepgram's live transcription over its WebSocket `/v1/listen`. mu-law goes through as it came from the carrier.

A turn is over at `speech_final` or `UtteranceEnd`, whichever comes first; `Finalize` asks for the words so far.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from picows import WSCloseCode, WSError, WSFrame, WSHandshakeError, WSListener, WSMsgType, WSTransport, ws_connect

from dialer.errors import VendorBusy, VendorRefused
from dialer.speech.base import Heard

VENDOR: Final = "deepgram"
CONNECT_S: Final = 3.0
KEEP_ALIVE_S: Final = 4.0
"""Without audio or KeepAlive for 10 s Deepgram closes the stream."""
MOST_UNSENT_BYTES: Final = 64_000
"""8 s of audio that the socket did not take: more is dropped."""
ENDPOINTING_MS: Final = 300
UTTERANCE_END_MS: Final = 1000
_REFUSALS: Final = frozenset({400, 401, 402, 403, 404})


class Deepgram:
    """A speech-to-text vendor."""

    name = VENDOR

    def __init__(self, *, base_url: str, api_key: str, model: str) -> None:
        """Describe the account.

        Args:
            base_url: `https://api.deepgram.com`, or a server that speaks the same; a path in it is kept.
            api_key: the account's key.
            model: such as `nova-3`.
        """
        self._url = base_url.rstrip("/").replace("http", "ws", 1) + "/v1/listen"
        self._api_key = api_key
        self._model = model
        self._tls = ssl.create_default_context() if self._url.startswith("wss") else None

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> DeepgramStream:
        """Open a stream.

        Raises:
            VendorRefused: credentials or parameters are wrong.
            VendorBusy: too many streams, or it cannot be reached.
        """
        query = [
            ("model", self._model),
            ("language", language),
            ("encoding", "mulaw"),
            ("sample_rate", "8000"),
            ("channels", "1"),
            ("interim_results", "true"),
            ("endpointing", str(ENDPOINTING_MS)),
            ("utterance_end_ms", str(UTTERANCE_END_MS)),
            ("vad_events", "true"),
            ("smart_format", "true"),
            *(("keyterm", hint) for hint in hints if self._model.startswith("nova-3")),
        ]
        stream = DeepgramStream()
        try:
            async with asyncio.timeout(CONNECT_S):
                await ws_connect(
                    lambda: stream,
                    f"{self._url}?{urlencode(query)}",
                    ssl_context=self._tls,
                    extra_headers={"Authorization": f"Token {self._api_key}"},
                    websocket_handshake_timeout=CONNECT_S,
                    logger_name=VENDOR,
                    max_redirects=0,
                )
        except WSHandshakeError as error:
            raise _refusal(error) from error
        except (OSError, TimeoutError, WSError) as error:
            raise VendorBusy(VENDOR, f"cannot be reached: {error!r}") from error
        return stream


class DeepgramStream(WSListener):  # type: ignore[misc, unused-ignore]  # a C class
    """One call's stream to Deepgram."""

    def __init__(self) -> None:
        self._transport: WSTransport | None = None
        self._pieces: asyncio.Queue[Heard | VendorBusy | VendorRefused | None] = asyncio.Queue()
        self._closing = False
        self._keep_alive: asyncio.TimerHandle | None = None
        self._fed_s = 0.0
        self.dropped_bytes = 0

    def feed(self, mulaw: bytes) -> None:
        """Hand over audio. Never blocks; what cannot be sent in time is dropped and counted."""
        transport = self._transport
        if transport is None or self._closing or transport.is_disconnected:
            self.dropped_bytes += len(mulaw)
            return
        if transport.underlying_transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
            self.dropped_bytes += len(mulaw)
            return
        self._fed_s = asyncio.get_running_loop().time()
        transport.send(WSMsgType.BINARY, mulaw)

    def finalize(self) -> None:
        """Ask for the final words of what was fed so far, now."""
        self._send(b'{"type":"Finalize"}')

    async def __aiter__(self) -> AsyncIterator[Heard]:
        """Yield pieces until the stream is closed.

        Raises:
            VendorBusy, VendorRefused: the stream broke.
        """
        while (piece := await self._pieces.get()) is not None:
            if isinstance(piece, VendorBusy | VendorRefused):
                raise piece
            yield piece

    async def close(self) -> None:
        """End the stream. More than once is no error."""
        if self._closing:
            return
        self._send(b'{"type":"CloseStream"}')
        self._closing = True
        if self._keep_alive is not None:
            self._keep_alive.cancel()
        self._pieces.put_nowait(None)
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()

    # What picows calls

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport
        self._stay_alive()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A message came in."""
        if frame.msg_type is WSMsgType.TEXT:
            try:
                piece = read(orjson.loads(frame.get_payload_as_bytes()))
            except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
                piece = VendorBusy(VENDOR, f"a message that cannot be read: {error!r}")
            if piece is not None and not self._closing:
                self._pieces.put_nowait(piece)
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
        self._closing = True
        if self._keep_alive is not None:
            self._keep_alive.cancel()
        self._pieces.put_nowait(VendorBusy(VENDOR, why))

    def _send(self, text: bytes) -> None:
        if self._transport is not None and not self._closing and not self._transport.is_disconnected:
            self._transport.send(WSMsgType.TEXT, text)

    def _stay_alive(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() - self._fed_s >= KEEP_ALIVE_S:
            self._send(b'{"type":"KeepAlive"}')
        self._keep_alive = loop.call_later(KEEP_ALIVE_S, self._stay_alive)


def read(message: dict[str, Any]) -> Heard | VendorBusy | None:
    """Translate one message; None for those that say nothing to us."""
    match message.get("type"):
        case "Results":
            best = message["channel"]["alternatives"][0]
            text = best["transcript"].strip()
            is_final = bool(message["is_final"])
            end_of_turn = bool(message.get("speech_final"))
            if not text and not end_of_turn:
                return None
            start = float(message["start"])
            confidence = float(best.get("confidence", 0.0))
            return Heard(text, is_final, end_of_turn, confidence, start, start + float(message["duration"]))
        case "UtteranceEnd":
            return Heard("", is_final=True, end_of_turn=True, ended_s=float(message.get("last_word_end", 0.0)))
        case "Error":
            return VendorBusy(VENDOR, str(message.get("description") or message.get("message") or "error"))
        case _:
            return None


def _refusal(error: WSHandshakeError) -> VendorBusy | VendorRefused:
    status = int(error.response.status) if error.response is not None else 0
    said = (error.raw_body or b"").decode("utf-8", "replace")[:200]
    if status in _REFUSALS:
        return VendorRefused(VENDOR, str(status), said)
    return VendorBusy(VENDOR, f"handshake answered {status or 'with nothing'} {said}".rstrip())
