"""The carrier's media messages (Twilio's, which SignalWire speaks too): JSON text frames both ways.

Media frames come 50 times a second for each call, so they are cut by slicing; everything else, and media written by an
encoder that puts spaces, is parsed.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson

from dialer.audio.mulaw import SILENT_FRAME

_PAYLOAD: Final = b'"payload":"'
_SILENT_PAYLOAD: Final = binascii.b2a_base64(SILENT_FRAME, newline=False)


@dataclass(frozen=True, slots=True)
class Started:
    """The stream is up."""

    stream_id: str
    carrier_id: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A mark of ours came back: what was sent before it was played, or cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """The person pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The carrier ends the stream: the call is over."""


Message = bytes | Started | Marked | Pressed | Stopped | None


def parse(raw: bytes) -> Message:
    """Read one message.

    Returns:
        Mu-law audio of a media message as bytes, an event, or None for a message that means nothing to us.

    Raises:
        ValueError: no such message (broken JSON, base64 or shape).
    """
    start = raw.find(_PAYLOAD)
    if start >= 0:
        start += len(_PAYLOAD)
        payload = raw[start : raw.index(b'"', start)]
        return SILENT_FRAME if payload == _SILENT_PAYLOAD else binascii.a2b_base64(payload)
    try:
        body = orjson.loads(raw)
        match body.get("event"):
            case "media":
                return binascii.a2b_base64(body["media"]["payload"])
            case "mark":
                return Marked(str(body["mark"]["name"]))
            case "dtmf":
                return Pressed(str(body["dtmf"]["digit"]))
            case "start":
                start_body = body["start"]
                stream_id = body.get("streamSid") or start_body["streamSid"]
                return Started(str(stream_id), str(start_body.get("callSid", "")))
            case "stop":
                return Stopped()
            case _:
                return None
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no media message: {error!r}") from error


class Writer:
    """Writes the messages of one stream; `send` takes each as a text frame."""

    __slots__ = ("_clear", "_mark_head", "_media_head", "_send")

    def __init__(self, stream_id: str, send: Callable[[bytes], None]) -> None:
        sid = orjson.dumps(stream_id)
        self._send = send
        self._media_head = b'{"event":"media","streamSid":' + sid + b',"media":{"payload":"'
        self._mark_head = b'{"event":"mark","streamSid":' + sid + b',"mark":{"name":"'
        self._clear = b'{"event":"clear","streamSid":' + sid + b"}"

    def audio(self, frame: bytes) -> None:
        """Send mu-law to be played after what was sent before."""
        self._send(self._media_head + binascii.b2a_base64(frame, newline=False) + b'"}}')

    def mark(self, name: str) -> None:
        """Ask to be told when everything so far was played. `name` is plain ASCII without quotes."""
        self._send(self._mark_head + name.encode() + b'"}}')

    def clear(self) -> None:
        """Throw away what was not played yet. Marks that wait come back at once, as if it had been."""
        self._send(self._clear)
