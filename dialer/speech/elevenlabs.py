"""ElevenLabs' streaming text to speech: mu-law at 8000 Hz, as the carrier takes it, raw or with its characters' times.

Source: its API reference, "Stream speech" and "Stream speech with timing", the latter one JSON object a line.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import orjson

from dialer.errors import VendorBusy, VendorRefused
from dialer.live_http import LiveHttp
from dialer.speech.base import Timed

VENDOR: Final = "elevenlabs"
READ_S: Final = 10.0
CONNECT_S: Final = 2.0
BYTES_PER_S: Final = 8000
VOICE: Final = "21m00Tcm4TlvDq8ikWAM"
"""Rachel: spoken with when an agent names no voice of this vendor."""
_TRANSIENT: Final = frozenset({408, 409, 425, 429})


class ElevenLabs:
    """A text-to-speech vendor."""

    name = VENDOR

    def __init__(self, *, base_url: str, api_key: str, model: str, timed: bool = True) -> None:
        """Describe the account.

        Args:
            base_url: `https://api.elevenlabs.io`, or a server that speaks the same.
            api_key: the account's key.
            model: such as `eleven_flash_v2_5`.
            timed: whether to ask for the characters' times.
        """
        self._model = model
        self._timed = timed
        self._http = LiveHttp(
            VENDOR,
            base_url,
            headers={"xi-api-key": api_key},
            connect_s=CONNECT_S,
            read_s=READ_S,
            translate=_translate,
        )

    def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes | Timed]:
        """Yield mu-law audio of any chunk length as it is made, and the ends of words.

        Closing the iterator stops the vendor's work.

        Raises:
            VendorRefused: wrong credentials, unknown voice, quota used up.
            VendorBusy: try another voice, or later.
        """
        path = f"/v1/text-to-speech/{quote(voice or VOICE, safe='')}/stream"
        body = {"text": text, "model_id": self._model, "language_code": language.split("-")[0]}
        if self._timed:
            return self._with_times(f"{path}/with-timestamps?output_format=ulaw_8000", body)
        return self._http.post(f"{path}?output_format=ulaw_8000", body)

    async def _with_times(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[bytes | Timed]:
        words = _Words()
        lines = self._http.lines(path, body)
        try:
            async for line in lines:
                piece = _json(line)
                if not isinstance(piece, dict):
                    raise VendorBusy(VENDOR, "a line that cannot be read")
                if encoded := piece.get("audio_base64"):
                    yield b64decode(encoded)
                for word in words.ended(piece.get("alignment") or {}):
                    yield word
        finally:
            await lines.aclose()

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()


class _Words:
    """Finds the ends of words in characters that come with their times."""

    def __init__(self) -> None:
        self._characters = 0
        self._word_ends_s: float | None = None

    def ended(self, alignment: dict[str, Any]) -> Iterator[Timed]:
        """Yield the words that the next characters end: each is whole once a blank follows it."""
        characters = alignment.get("characters") or ()
        for character, ends_s in zip(characters, alignment.get("character_end_times_seconds") or (), strict=False):
            if not character.isspace():
                self._word_ends_s = ends_s
            elif self._word_ends_s is not None:
                yield Timed(self._characters, round(self._word_ends_s * BYTES_PER_S))
                self._word_ends_s = None
            self._characters += len(character)


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text.decode("utf-8", "replace")


def _translate(status: int, headers: Mapping[str, str], body: bytes) -> VendorBusy | VendorRefused:
    said = _json(body)
    detail = said.get("detail") if isinstance(said, dict) else said
    code = str(detail.get("status", status)) if isinstance(detail, dict) else str(status)
    message = str(detail.get("message", "")) if isinstance(detail, dict) else str(detail)[:200]
    if status >= 500 or status in _TRANSIENT:
        return VendorBusy(VENDOR, f"{status} {code}", _wait_s(headers))
    return VendorRefused(VENDOR, code, message)


def _wait_s(headers: Mapping[str, str]) -> float | None:
    try:
        return float(headers["retry-after"])
    except (KeyError, ValueError):
        return None
