"""One media stream: the carrier's end of the WebSocket that TwiML's <Stream> names."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
import picows

from dialer import log
from dialer.sandbox.carrier_calls import new_sid
from dialer.sandbox.media_line import Line

_log = log.get(__name__)
_SILENT = b"\xff\x7f"
"""Both zeros of mu-law."""


class StreamRefused(Exception):
    """The stream cannot be opened; `code` is Twilio's."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


class MediaStream(picows.WSListener):
    """Sends connected, start, media, dtmf, mark and stop; takes media, mark and clear.

    `over` is set once the socket is closed, by whichever side.
    """

    def __init__(self, line: Line, account_sid: str, call_sid: str, parameters: Mapping[str, str]) -> None:
        self.sid = new_sid("MZ")
        self.over = asyncio.Event()
        self.error: int | None = None
        self.on_heard: Callable[[], None] | None = None
        """Called once, when the application's first sound reaches the line."""
        self._line = line
        self._ids = {"accountSid": account_sid, "callSid": call_sid}
        self._parameters = dict(parameters)
        self._transport: picows.WSTransport | None = None
        self._sequence = 0
        self._chunk = 0
        self._audio = True

    async def open(self, url: str, *, audio: bool = True) -> None:
        """Connect, greet, and begin to carry the line's audio; without `audio` only keys and marks.

        Raises:
            StreamRefused: the URL is not one that Twilio takes, or nobody answers there.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("ws", "wss") or parts.query:
            raise StreamRefused(
                31941, f"a stream's URL is ws(s):// and has no query string: {parts.scheme}, {parts.query}"
            )
        try:
            await picows.ws_connect(lambda: self, url, websocket_handshake_timeout=5, logger_name=None)
        except (OSError, TimeoutError, picows.WSError) as error:
            raise StreamRefused(31920, f"{type(error).__name__}: {error}") from error
        self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"}, numbered=False)
        start: dict[str, Any] = {
            **self._ids,
            "streamSid": self.sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": self._parameters,
        }
        self._send({"event": "start", "start": start})
        self._audio = audio
        self._line.far_end = self

    async def close(self) -> None:
        """Say stop and close the socket; one that is closed already, or never was open, is no error."""
        self._let_go()
        if self._transport is not None and not self.over.is_set():
            self._send({"event": "stop", "stop": self._ids})
            self._transport.send_close(picows.WSCloseCode.OK)
            try:
                await asyncio.wait_for(self.over.wait(), 1.0)
            except TimeoutError:
                self._transport.disconnect(graceful=False)

    def cut(self) -> None:
        """Lose the connection without a word."""
        self._let_go()
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def said(self, frame: bytes) -> None:
        """Send 20 ms of what the person said."""
        if not self._audio:
            return
        self._chunk += 1
        media = {
            "track": "inbound",
            "chunk": str(self._chunk),
            "timestamp": str((self._chunk - 1) * 20),
            "payload": base64.b64encode(frame).decode(),
        }
        self._send({"event": "media", "media": media})

    def pressed(self, digit: str) -> None:
        """Send a key press."""
        self._send({"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": digit}})

    def passed(self, mark: str) -> None:
        """Send a mark back."""
        self._send({"event": "mark", "mark": {"name": mark}})

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """Take one message of the application."""
        if frame.msg_type == picows.WSMsgType.TEXT:
            self._take(frame.get_payload_as_bytes())
        elif frame.msg_type == picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def on_ws_disconnected(self, _transport: picows.WSTransport) -> None:
        """The socket is gone."""
        self._let_go()
        self.over.set()

    def _take(self, raw: bytes) -> None:
        try:
            message = orjson.loads(raw)
            event = message["event"]
            if message.get("streamSid", self.sid) != self.sid:
                raise ValueError("another stream's id")
            if event == "media":
                sound = base64.b64decode(message["media"]["payload"], validate=True)
                self._line.playout.add(sound)
                if self.on_heard is not None and sound.strip(_SILENT):
                    self.on_heard()
                    self.on_heard = None
            elif event == "mark":
                self._line.playout.mark(str(message["mark"]["name"]))
            elif event == "clear":
                for name in self._line.playout.clear():
                    self.passed(name)
            else:
                raise ValueError(f"unknown event {event!r}")
        except (ValueError, KeyError, TypeError) as error:
            self.error = 31951
            _log.warning("sandbox.stream_message_invalid", call=self._ids["callSid"], why=str(error))
            self.cut()

    def _send(self, message: dict[str, Any], *, numbered: bool = True) -> None:
        if self._transport is None or self.over.is_set():
            return
        if numbered:
            self._sequence += 1
            message["sequenceNumber"] = str(self._sequence)
            message["streamSid"] = self.sid
        self._transport.send(picows.WSMsgType.TEXT, orjson.dumps(message))

    def _let_go(self) -> None:
        if self._line.far_end is self:
            self._line.far_end = None
        self._line.playout.clear()
