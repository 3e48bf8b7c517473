"""Amazon Polly's `SynthesizeSpeech`: mu-law at 8000 Hz, as the carrier takes it.

Requests are signed by botocore, which also finds credentials where AWS keeps them (a role of the machine, a profile);
they are sent by httpx2, for botocore's own client blocks.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import httpx2
import orjson

from dialer.errors import VendorBusy, VendorRefused
from dialer.speech.base import Timed

VENDOR: Final = "polly"
TIMEOUT_S: Final = 10.0
CONNECT_S: Final = 2.0
CHUNK_BYTES: Final = 480
"""60 ms: what is handed on at a time."""
MOST_CONNECTIONS: Final = 100
VOICES: Final = MappingProxyType(
    {"en": "Joanna", "en-GB": "Amy", "en-IN": "Kajal", "hi": "Kajal", "es": "Lupe", "de": "Vicki", "fr": "Lea"}
)
"""Neural voices by language, for agents that name none of this vendor."""
BILINGUAL: Final = frozenset({"Kajal", "Aditi"})
"""Voices that must be told which of their languages a text is in."""
_TRANSIENT: Final = frozenset({"ThrottlingException", "ServiceFailureException", "RequestTimeoutException"})


class Polly:
    """A text-to-speech vendor."""

    name = VENDOR

    def __init__(
        self, *, region: str, access_key_id: str = "", secret_access_key: str = "", base_url: str = "", engine: str
    ) -> None:
        """Describe the account.

        Args:
            region: such as `eu-west-1`.
            access_key_id: with `secret_access_key`, the account's key; empty: botocore looks where AWS keeps them.
            secret_access_key: its secret half.
            base_url: of a server that speaks the same; empty: the region's own.
            engine: `neural`, `standard`, `generative` or `long-form`.
        """
        self._region = region
        self._key = (access_key_id, secret_access_key)
        self._url = (base_url.rstrip("/") or f"https://polly.{region}.amazonaws.com") + "/v1/speech"
        self._engine = engine
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(TIMEOUT_S, connect=CONNECT_S),
            limits=httpx2.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS),
        )
        import botocore.auth  # now, for it takes a while that no call has
        import botocore.session

        self._botocore = botocore

    async def speak(self, text: str, *, voice: str, language: str) -> AsyncIterator[bytes | Timed]:
        """Yield mu-law audio of any chunk length as it is made. Closing the iterator stops the vendor's work.

        Raises:
            VendorRefused: wrong credentials, unknown voice, a text that is too long.
            VendorBusy: try another voice, or later.
        """
        speaker = voice or VOICES.get(language) or VOICES.get(language.split("-")[0]) or VOICES["en"]
        body = {
            "Engine": self._engine,
            "OutputFormat": "mulaw",
            "SampleRate": "8000",
            "Text": text,
            "TextType": "text",
            "VoiceId": speaker,
        }
        if speaker in BILINGUAL:
            body["LanguageCode"] = "hi-IN" if language.startswith("hi") else "en-IN"
        content = orjson.dumps(body)
        try:
            async with self._http.stream("POST", self._url, content=content, headers=self._signed(content)) as answer:
                if answer.status_code != 200:
                    raise _refusal(answer, await answer.aread())
                async for chunk in answer.aiter_bytes(CHUNK_BYTES):
                    yield chunk
        except httpx2.HTTPError as error:
            raise VendorBusy(VENDOR, repr(error)) from error

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    def _signed(self, content: bytes) -> dict[str, str]:
        from botocore.awsrequest import AWSRequest

        request = AWSRequest("POST", self._url, data=content, headers={"Content-Type": "application/json"})
        self._signer.add_auth(request)
        return dict(request.headers.items())

    @cached_property
    def _signer(self) -> Any:
        own = self._botocore.credentials.Credentials(*self._key) if self._key[0] else None
        credentials = own or self._botocore.session.Session().get_credentials()
        if credentials is None:
            raise VendorRefused(VENDOR, "credentials", "none are set, and none found where AWS keeps them")
        return self._botocore.auth.SigV4Auth(credentials, "polly", self._region)


def _refusal(answer: httpx2.Response, body: bytes) -> VendorBusy | VendorRefused:
    """Throttling comes as 400, so the error's name decides before the status does."""
    name = answer.headers.get("x-amzn-errortype", "").split(":")[0] or str(answer.status_code)
    said = body.decode("utf-8", "replace")[:200]
    if name in _TRANSIENT or answer.status_code >= 500 or answer.status_code == 429:
        return VendorBusy(VENDOR, f"{answer.status_code} {name}")
    return VendorRefused(VENDOR, name, said)
