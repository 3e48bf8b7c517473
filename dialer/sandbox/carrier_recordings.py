"""Recordings of calls, as files and as Twilio shows them."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dialer.sandbox.carrier_calls import new_sid, rfc2822
from dialer.sandbox.media_line import Line
from dialer.sandbox.options import Options

_MULAW_FORMAT = 7
_RATE_HZ = 8000


@dataclass(frozen=True, slots=True)
class Recording:
    """One finished recording."""

    sid: str
    call_sid: str
    duration_s: int
    channels: int
    source: str
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Tape:
    """Records both directions of a line from now on."""

    def __init__(self, line: Line) -> None:
        self.said, self.heard = bytearray(), bytearray()
        line.taps.append(self._record)

    def _record(self, said: bytes, heard: bytes) -> None:
        self.said += said
        self.heard += heard


class Recordings:
    """Keeps mu-law WAV files below the world's home."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._by_sid: dict[str, Recording] = {}

    def keep(self, call_sid: str, said: bytes, heard: bytes | None, source: str) -> str:
        """Store what a person said, and on a second channel what they heard. Returns the recording's id."""
        channels = 1 if heard is None else 2
        audio = said if heard is None else bytes(b for pair in zip(said, heard, strict=False) for b in pair)
        recording = Recording(new_sid("RE"), call_sid, round(len(said) / _RATE_HZ), channels, source)
        path = self.path(recording.sid)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav(audio, channels))
        self._by_sid[recording.sid] = recording
        return recording.sid

    def path(self, sid: str) -> Path:
        """The file of a recording."""
        return self._options.home / "recordings" / f"{sid}.wav"

    def url(self, sid: str) -> str:
        """Where the application gets a recording: `.wav` may follow."""
        base, account = self._options.public_url, self._options.account_sid
        return f"{base}/twilio/2010-04-01/Accounts/{account}/Recordings/{sid}"

    def get(self, sid: str) -> Recording | None:
        """One recording."""
        return self._by_sid.get(sid)

    def of(self, call_sid: str | None) -> list[Recording]:
        """The recordings of a call, or all, newest first."""
        return [r for r in reversed(self._by_sid.values()) if call_sid is None or r.call_sid == call_sid]

    def resource(self, recording: Recording) -> dict[str, Any]:
        """A recording as Twilio's JSON."""
        account = self._options.account_sid
        return {
            "sid": recording.sid,
            "account_sid": account,
            "call_sid": recording.call_sid,
            "conference_sid": None,
            "api_version": "2010-04-01",
            "status": "completed",
            "duration": str(recording.duration_s),
            "channels": recording.channels,
            "source": recording.source,
            "error_code": None,
            "price": None,
            "price_unit": "USD",
            "encryption_details": None,
            "track": "both",
            "date_created": rfc2822(recording.created_at),
            "date_updated": rfc2822(recording.created_at),
            "start_time": rfc2822(recording.created_at),
            "media_url": self.url(recording.sid),
            "uri": f"/2010-04-01/Accounts/{account}/Recordings/{recording.sid}.json",
            "subresource_uris": {},
        }


def wav(audio: bytes, channels: int) -> bytes:
    """Wrap mu-law bytes, channels interleaved, at 8000 Hz."""
    form = struct.pack("<HHIIHHH", _MULAW_FORMAT, channels, _RATE_HZ, _RATE_HZ * channels, channels, 8, 0)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(audio)) + audio
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
