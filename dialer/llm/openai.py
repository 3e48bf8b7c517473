"""OpenAI's chat completions through its SDK, and any server that speaks the same."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dialer.errors import VendorBusy
from dialer.llm import fitting
from dialer.llm.base import Delta, Message, ToolCall, ToolSpec, Usage
from dialer.llm.openai_errors import VENDOR, translate

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
        import openai

        self.name = name
        self._openai = openai
        self._model = model
        self._client = openai.AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            timeout=openai.Timeout(READ_S, connect=CONNECT_S),
        )
        self._completions = self._client.chat.completions  # imported now, for it takes a second that no call has

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
        stream = None
        calls = _Calls(self.name)
        finished = ""
        try:
            stream = await self._completions.create(**request)
            async for chunk in stream:
                if chunk.usage is not None:
                    yield Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
                for choice in chunk.choices:
                    if choice.delta.content:
                        yield choice.delta.content
                    for part in choice.delta.tool_calls or ():
                        calls.add(part)
                    if choice.finish_reason:
                        finished = choice.finish_reason
                        for call in calls.whole():
                            yield call
        except self._openai.OpenAIError as error:
            raise translate(self._openai, error, self.name) from error
        finally:
            if stream is not None:
                await stream.close()
        if not finished:
            raise VendorBusy(self.name, "the answer was cut off")

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()


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

    def add(self, part: Any) -> None:
        """Take a fragment: the first one of a call has its id and name."""
        call = self._parts.setdefault(part.index, ["", "", ""])
        call[0] = call[0] or part.id or ""
        if part.function is not None:
            call[1] = call[1] or part.function.name or ""
            call[2] += part.function.arguments or ""

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
