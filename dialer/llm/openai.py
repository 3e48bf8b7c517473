"""OpenAI's chat completions, and any server that speaks the same: live answers over plain HTTP, transcripts by its SDK.

Source: its API reference, "Chat completions" and "Streaming events".
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from dialer.errors import VendorBusy
from dialer.live_http import LiveHttp
from dialer.llm import fitting
from dialer.llm.base import Delta, Message, ToolCall, ToolSpec, Usage
from dialer.llm.openai_errors import VENDOR, translate, translate_reply

if TYPE_CHECKING:
    import openai

CONNECT_S: Final = 3.0
READ_S: Final = 10.0
"""Between two pieces of a streamed answer."""
EXTRACT_S: Final = 45.0
MOST_ANSWER_TOKENS: Final = 400


class OpenAIBrain:
    """A language model on the media loop."""

    def __init__(self, *, base_url: str, api_key: str, model: str, name: str = VENDOR) -> None:
        """Describe the account.

        Args:
            base_url: `https://api.openai.com/v1`, or a server that speaks the same.
            api_key: the account's key.
            model: any chat model.
            name: what the operator calls this server.
        """
        self.name = name
        self._model = model
        self._http = LiveHttp(
            name,
            base_url,
            headers={"Authorization": f"Bearer {api_key}"},
            connect_s=CONNECT_S,
            read_s=READ_S,
            translate=partial(translate_reply, vendor=name),
        )

    async def answer(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, model: str = ""
    ) -> AsyncIterator[Delta]:
        """Stream an answer. Closing the iterator stops the vendor's work.

        Raises:
            VendorRefused: credentials, quota, context too long.
            VendorBusy: rate limit, 5xx, a cut or stalled stream, also one that ends without saying that it has.
        """
        request: dict[str, Any] = {
            "model": model or self._model,
            "messages": [_message(message) for message in messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_completion_tokens": MOST_ANSWER_TOKENS,
        }
        if tools:
            request["tools"] = [_tool(tool) for tool in tools]
        calls = _Calls(self.name)
        finished = False
        events = self._http.events("/chat/completions", request)
        try:
            async for event in events:
                if event == b"[DONE]":
                    continue
                chunk = self._read(event)
                for choice in chunk.get("choices") or ():
                    delta = choice.get("delta") or {}
                    if text := delta.get("content"):
                        yield text
                    for part in delta.get("tool_calls") or ():
                        calls.add(part)
                    if choice.get("finish_reason"):
                        finished = True
                        for call in calls.whole():
                            yield call
                if usage := chunk.get("usage"):
                    yield Usage(int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))
        finally:
            await events.aclose()
        if not finished:
            raise VendorBusy(self.name, "the answer was cut off")

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()

    def _read(self, event: bytes) -> dict[str, Any]:
        """Read one event of an answer; a vendor that breaks off in the middle says so in one."""
        try:
            chunk = orjson.loads(event)
            broken = chunk.get("error")
        except (ValueError, AttributeError) as error:
            raise VendorBusy(self.name, "an answer that cannot be read") from error
        if broken:
            raise VendorBusy(self.name, str(broken.get("message") if isinstance(broken, dict) else broken)[:200])
        return dict(chunk)


class OpenAIExtractor:
    """A language model in a worker's thread: reads a finished transcript, once."""

    def __init__(self, *, base_url: str, api_key: str, model: str, name: str = VENDOR) -> None:
        """Describe the account, as for `OpenAIBrain`."""
        self.name = name
        self._base_url, self._api_key, self._model = base_url, api_key, model

    @cached_property
    def _client(self) -> openai.OpenAI:
        """Made with the first transcript: the SDK costs a second to import, and many who wire a reader never read."""
        import openai

        return openai.OpenAI(
            api_key=self._api_key,
            base_url=self._base_url,
            max_retries=0,
            timeout=openai.Timeout(EXTRACT_S, connect=CONNECT_S),
        )

    def extract(self, instructions: str, transcript: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return an object that `schema` (a JSON schema of type object) describes.

        Raises:
            VendorRefused: credentials, quota, transcript too long.
            VendorBusy: rate limit, 5xx, a timeout; also when the answer does not fit the schema.
        """
        request: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": "system", "content": instructions}, {"role": "user", "content": transcript}],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "extraction", "schema": dict(schema), "strict": False},
            },
        }
        import openai

        try:
            completion = self._client.chat.completions.create(**request)
        except openai.OpenAIError as error:
            raise translate(openai, error, self.name) from error
        if not completion.choices:
            raise VendorBusy(self.name, "an empty answer")
        return fitting.fitting(completion.choices[0].message.content or "", schema, self.name)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


class _Calls:
    """Puts streamed fragments of tool calls together."""

    def __init__(self, vendor: str) -> None:
        self._vendor = vendor
        self._parts: dict[int, list[str]] = {}

    def add(self, part: Mapping[str, Any]) -> None:
        """Take a fragment: the first one of a call has its id and name."""
        call = self._parts.setdefault(part.get("index") or 0, ["", "", ""])
        function = part.get("function") or {}
        call[0] = call[0] or part.get("id") or ""
        call[1] = call[1] or function.get("name") or ""
        call[2] += function.get("arguments") or ""

    def whole(self) -> list[ToolCall]:
        """Return the calls.

        Raises:
            VendorBusy: the arguments are no JSON object.
        """
        parts, self._parts = self._parts, {}
        return [
            ToolCall(id_, name, fitting.parsed(arguments or "{}", self._vendor))
            for _, (id_, name, arguments) in sorted(parts.items())
        ]


def _message(message: Message) -> dict[str, Any]:
    result: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.tool_calls:
        result["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(dict(call.arguments))},
            }
            for call in message.tool_calls
        ]
        result["content"] = message.text or None
    if message.role == "tool":
        result["tool_call_id"] = message.tool_call_id
    return result


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
    }
