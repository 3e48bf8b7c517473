"""OpenAI's chat completions through its SDK, and any server that speaks the same."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator

from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import Delta, Message, ToolCall, ToolSpec, Usage

if TYPE_CHECKING:
    import openai

VENDOR: Final = "openai"
CONNECT_S: Final = 3.0
READ_S: Final = 10.0
"""Between two pieces of a streamed answer."""
EXTRACT_S: Final = 45.0
MOST_ANSWER_TOKENS: Final = 400
_TRANSIENT: Final = frozenset({408, 409, 425, 429})


class OpenAIBrain:
    """A language model on the media loop."""

    name = VENDOR

    def __init__(self, *, base_url: str, api_key: str, model: str) -> None:
        """Describe the account.

        Args:
            base_url: `https://api.openai.com/v1`, or a server that speaks the same.
            api_key: the account's key.
            model: any chat model.
        """
        import openai

        self._openai = openai
        self._model = model
        self._client = openai.AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            timeout=openai.Timeout(READ_S, connect=CONNECT_S),
        )
        self._completions = self._client.chat.completions  # imported now, for it takes a second that no call has

    async def answer(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncIterator[Delta]:
        """Stream an answer. Closing the iterator stops the vendor's work.

        Raises:
            VendorRefused: credentials, quota, context too long.
            VendorBusy: rate limit, 5xx, a cut or stalled stream, also one that ends without saying that it has.
        """
        request: dict[str, Any] = {
            "model": self._model,
            "messages": [_message(message) for message in messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_completion_tokens": MOST_ANSWER_TOKENS,
        }
        if tools:
            request["tools"] = [_tool(tool) for tool in tools]
        stream = None
        calls = _Calls()
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
            raise _translate(self._openai, error) from error
        finally:
            if stream is not None:
                await stream.close()
        if not finished:
            raise VendorBusy(VENDOR, "the answer was cut off")

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()


class OpenAIExtractor:
    """A language model in a worker's thread: reads a finished transcript, once."""

    name = VENDOR

    def __init__(self, *, base_url: str, api_key: str, model: str) -> None:
        """Describe the account, as for `OpenAIBrain`."""
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
            raise _translate(openai, error) from error
        if not completion.choices:
            raise VendorBusy(VENDOR, "an empty answer")
        return _fitting(completion.choices[0].message.content or "", schema)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


class _Calls:
    """Puts streamed fragments of tool calls together."""

    def __init__(self) -> None:
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
        return [ToolCall(id_, name, _object(arguments or "{}")) for _, (id_, name, arguments) in sorted(parts.items())]


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise VendorBusy(VENDOR, "an answer that is no JSON") from error
    if not isinstance(value, dict):
        raise VendorBusy(VENDOR, "an answer that is no object")
    return value


def _fitting(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    value = _object(text)
    error = next(iter(Draft202012Validator(dict(schema)).iter_errors(value)), None)
    if error is not None:
        raise VendorBusy(VENDOR, f"an answer that does not fit the schema at {error.json_path}")
    return value


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


def _translate(sdk: Any, error: openai.OpenAIError) -> VendorBusy | VendorRefused:
    if not isinstance(error, sdk.APIStatusError):  # connection, timeout, an error inside a stream
        return VendorBusy(VENDOR, repr(error))
    status, code = error.status_code, str(error.code or error.type or error.status_code)
    if code == "insufficient_quota" or not (status >= 500 or status in _TRANSIENT):
        return VendorRefused(VENDOR, code, error.message)
    return VendorBusy(VENDOR, f"{status} {code}", _wait_s(error.response.headers))


def _wait_s(headers: Mapping[str, str]) -> float | None:
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return float(headers[name]) / scale
        except (KeyError, ValueError):
            continue
    return None
