"""Google's Gemini over its documented REST wire: server-sent events for live answers, one reply for a transcript.

httpx2 and no SDK: that one costs a second and 68 MB to import, and nothing here needs more than two requests.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import httpx2

from dialer.errors import VendorBusy
from dialer.llm import fitting, gemini_wire
from dialer.llm.base import Delta, Message, ToolSpec, Usage
from dialer.llm.gemini_wire import VENDOR

CONNECT_S: Final = 3.0
READ_S: Final = 10.0
"""Between two pieces of a streamed answer."""
EXTRACT_S: Final = 45.0
MOST_ANSWER_TOKENS: Final = 1000
"""Thoughts count too."""
MOST_CONNECTIONS: Final = 400
_ENDS: Final = frozenset({"STOP", "MAX_TOKENS"})
"""Reasons for which an answer is over and good; for others it was withheld."""


class GeminiBrain:
    """A language model on the media loop."""

    name = VENDOR

    def __init__(self, *, base_url: str, api_key: str, model: str, thinking: str = "") -> None:
        """Describe the account.

        Args:
            base_url: `https://generativelanguage.googleapis.com/v1beta`, or a server that speaks the same.
            api_key: the account's key.
            model: such as `gemini-3.8-flash`.
            thinking: how hard it thinks before it speaks: one of the model's levels, or "" for its own choice.
        """
        self._model, self._thinking = model, thinking
        self._http = httpx2.AsyncClient(
            base_url=base_url.rstrip("/"),
            headers={"x-goog-api-key": api_key},
            timeout=httpx2.Timeout(READ_S, connect=CONNECT_S),
            limits=httpx2.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS),
        )

    async def answer(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, model: str = ""
    ) -> AsyncIterator[Delta]:
        """Stream an answer. Closing the iterator stops the vendor's work.

        Raises:
            VendorRefused: credentials, a bad request, context too long.
            VendorBusy: rate limit, 5xx, a cut or stalled stream, an answer that was withheld.
        """
        config: dict[str, Any] = {"maxOutputTokens": MOST_ANSWER_TOKENS}
        if self._thinking:
            config["thinkingConfig"] = {"thinkingLevel": self._thinking}
        body = _body(messages) | {"generationConfig": config}
        if tools:
            body["tools"] = gemini_wire.declarations(tools)
        path = f"/models/{model or self._model}:streamGenerateContent"
        finished, usage, calls = "", Usage(), 0
        try:
            async with self._http.stream("POST", path, params={"alt": "sse"}, json=body) as reply:
                if reply.status_code != httpx2.codes.OK:
                    raise gemini_wire.refusal(reply.status_code, _json(await reply.aread()))
                async for line in reply.aiter_lines():
                    if not line.startswith("data:"):
                        continue
                    chunk = _chunk(line)
                    if "usageMetadata" in chunk:
                        usage = gemini_wire.usage(chunk["usageMetadata"])
                    for candidate in chunk.get("candidates") or ():
                        for part in (candidate.get("content") or {}).get("parts") or ():
                            if "functionCall" in part:
                                calls += 1
                                yield gemini_wire.tool_call(part, calls)
                            elif part.get("text") and not part.get("thought"):
                                yield part["text"]
                        finished = candidate.get("finishReason") or finished
        except httpx2.HTTPError as error:
            raise VendorBusy(VENDOR, repr(error)) from error
        if finished not in _ENDS:
            raise VendorBusy(VENDOR, f"the answer was withheld: {finished}" if finished else "the answer was cut off")
        yield usage

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()


class GeminiExtractor:
    """A language model in a worker's thread: reads a finished transcript, once."""

    name = VENDOR

    def __init__(self, *, base_url: str, api_key: str, model: str) -> None:
        """Describe the account, as for `GeminiBrain`."""
        self._base_url, self._api_key, self._model = base_url.rstrip("/"), api_key, model

    @cached_property
    def _http(self) -> httpx2.Client:
        return httpx2.Client(
            base_url=self._base_url,
            headers={"x-goog-api-key": self._api_key},
            timeout=httpx2.Timeout(EXTRACT_S, connect=CONNECT_S),
        )

    def extract(self, instructions: str, transcript: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return an object that `schema` (a JSON schema of type object) describes.

        Raises:
            VendorRefused: credentials, a bad request, transcript too long.
            VendorBusy: rate limit, 5xx, a timeout; also when the answer does not fit the schema.
        """
        body = _body((Message("system", instructions), Message("user", transcript)))
        body["generationConfig"] = {"responseMimeType": "application/json", "responseJsonSchema": dict(schema)}
        try:
            reply = self._http.post(f"/models/{self._model}:generateContent", json=body)
        except httpx2.HTTPError as error:
            raise VendorBusy(VENDOR, repr(error)) from error
        answer = _json(reply.content)
        if reply.status_code != httpx2.codes.OK:
            raise gemini_wire.refusal(reply.status_code, answer)
        try:
            parts = answer["candidates"][0]["content"]["parts"]
            text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise VendorBusy(VENDOR, "an empty answer") from error
        return fitting.fitting(text, schema, VENDOR)

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()


def _body(messages: Sequence[Message]) -> dict[str, Any]:
    body: dict[str, Any] = {"contents": gemini_wire.contents(messages)}
    if system := gemini_wire.system(messages):
        body["systemInstruction"] = {"parts": [{"text": system}]}
    return body


def _chunk(line: str) -> dict[str, Any]:
    chunk = fitting.parsed(line.removeprefix("data:"), VENDOR)
    if "error" in chunk:
        raise gemini_wire.refusal(int(chunk["error"].get("code") or 500), chunk)
    return chunk


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
