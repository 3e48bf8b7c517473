"""ElevenLabs' streaming text to speech: mu-law at 8000 Hz, as the carrier takes it, raw or with its characters' times.

Raw audio comes through the SDK. Timed audio is one JSON object a line, which the SDK makes into models at several times
the cost of the audio itself, so it is read here.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any, Final

import httpx
import orjson

from dialer.errors import VendorBusy, VendorRefused
from dialer.speech.base import Timed

VENDOR: Final = "elevenlabs"
TIMEOUT_S: Final = 10.0
CONNECT_S: Final = 2.0
CHUNK_BYTES: Final = 480
"""60 ms: what is handed on at a time. The SDK collects so much before it yields."""
MOST_CONNECTIONS: Final = 400
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
        from elevenlabs.client import AsyncElevenLabs
        from elevenlabs.core.api_error import ApiError

        self._api_error = ApiError
        self._model = model
        self._timed = timed
        self._url = f"{base_url.rstrip('/')}/v1/text-to-speech"
        self._key = {"xi-api-key": api_key}
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(TIMEOUT_S, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS),
            follow_redirects=True,
        )
        self._client = AsyncElevenLabs(api_key=api_key, base_url=base_url.rstrip("/"), httpx_client=self._http)
        self._speech = self._client.text_to_speech  # imported now, for it takes a while that no call has

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes | Timed]:
        """Yield mu-law audio of any chunk length as it is made, and the ends of words.

        Closing the iterator stops the vendor's work.

        Raises:
            VendorRefused: wrong credentials, unknown voice, quota used up.
            VendorBusy: try another voice, or later.
        """
        make = self._with_times if self._timed else self._raw
        pieces = make(text, voice or VOICE, language.split("-")[0])
        try:
            async for piece in pieces:
                yield piece
        except self._api_error as error:
            raise _translate(error) from error
        except httpx.HTTPError as error:
            raise VendorBusy(VENDOR, repr(error)) from error
        finally:
            await pieces.aclose()

    async def _raw(self, text: str, voice: str, language: str) -> AsyncGenerator[bytes | Timed]:
        chunks = self._speech.stream(
            voice,
            text=text,
            model_id=self._model,
            output_format="ulaw_8000",
            language_code=language,
            request_options={"max_retries": 0, "chunk_size": CHUNK_BYTES},
        )
        try:
            async for chunk in chunks:
                yield chunk
        finally:
            close = getattr(chunks, "aclose", None)
            if close is not None:
                await close()

    async def _with_times(self, text: str, voice: str, language: str) -> AsyncGenerator[bytes | Timed]:
        asked = self._http.stream(
            "POST",
            f"{self._url}/{voice}/stream/with-timestamps",
            params={"output_format": "ulaw_8000"},
            headers=self._key,
            json={"text": text, "model_id": self._model, "language_code": language},
        )
        async with asked as answer:
            if answer.status_code != 200:
                raise self._api_error(
                    headers=dict(answer.headers), status_code=answer.status_code, body=_json(await answer.aread())
                )
            words = _Words()
            async for line in answer.aiter_lines():
                if not line.strip():
                    continue
                piece = _json(line)
                if not isinstance(piece, dict):
                    raise VendorBusy(VENDOR, "a line that cannot be read")
                if encoded := piece.get("audio_base64"):
                    yield b64decode(encoded)
                for word in words.ended(piece.get("alignment") or {}):
                    yield word

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()


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


def _json(text: bytes | str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text if isinstance(text, str) else text.decode("utf-8", "replace")


def _translate(error: Any) -> VendorBusy | VendorRefused:
    status = error.status_code or 0
    detail = error.body.get("detail") if isinstance(error.body, dict) else error.body
    code = str(detail.get("status", status)) if isinstance(detail, dict) else str(status)
    message = str(detail.get("message", "")) if isinstance(detail, dict) else str(detail)[:200]
    if status == 0 or status >= 500 or status in _TRANSIENT:
        return VendorBusy(VENDOR, f"{status} {code}", _wait_s(error.headers))
    return VendorRefused(VENDOR, code, message)


def _wait_s(headers: Any) -> float | None:
    try:
        return float({key.lower(): value for key, value in (headers or {}).items()}["retry-after"])
    except (KeyError, ValueError):
        return None
