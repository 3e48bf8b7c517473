"""ElevenLabs' streaming text to speech through its SDK: raw mu-law at 8000 Hz, as the carrier takes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import httpx

from dialer.errors import VendorBusy, VendorRefused

VENDOR: Final = "elevenlabs"
TIMEOUT_S: Final = 10.0
CONNECT_S: Final = 2.0
CHUNK_BYTES: Final = 480
"""60 ms: what is handed on at a time. The SDK collects so much before it yields."""
MOST_CONNECTIONS: Final = 400
_TRANSIENT: Final = frozenset({408, 409, 425, 429})


class ElevenLabs:
    """A text-to-speech vendor."""

    name = VENDOR

    def __init__(self, *, base_url: str, api_key: str, model: str) -> None:
        """Describe the account.

        Args:
            base_url: `https://api.elevenlabs.io`, or a server that speaks the same.
            api_key: the account's key.
            model: such as `eleven_flash_v2_5`.
        """
        from elevenlabs.client import AsyncElevenLabs
        from elevenlabs.core.api_error import ApiError

        self._api_error = ApiError
        self._model = model
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(TIMEOUT_S, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS),
            follow_redirects=True,
        )
        self._client = AsyncElevenLabs(api_key=api_key, base_url=base_url.rstrip("/"), httpx_client=self._http)
        self._speech = self._client.text_to_speech  # imported now, for it takes a while that no call has

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes]:
        """Yield mu-law audio of any chunk length as it is made. Closing the iterator stops the vendor's work.

        Raises:
            VendorRefused: wrong credentials, unknown voice, quota used up.
            VendorBusy: try another voice, or later.
        """
        chunks = self._speech.stream(
            voice,
            text=text,
            model_id=self._model,
            output_format="ulaw_8000",
            language_code=language.split("-")[0],
            request_options={"max_retries": 0, "chunk_size": CHUNK_BYTES},
        )
        try:
            async for chunk in chunks:
                yield chunk
        except self._api_error as error:
            raise _translate(error) from error
        except httpx.HTTPError as error:
            raise VendorBusy(VENDOR, repr(error)) from error
        finally:
            close = getattr(chunks, "aclose", None)
            if close is not None:
                await close()

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()


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
