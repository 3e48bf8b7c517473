"""OpenAI as the sandbox plays it: chat completions, whole or streamed, embeddings, and the list of models."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request, WebSocket
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ValidationError

from dialer.sandbox import (
    openai_embeddings,
    openai_extraction,
    openai_hearing,
    openai_realtime,
    openai_speech,
    openai_talk,
)
from dialer.sandbox.openai_tools import Wish
from dialer.sandbox.world import World

Json = dict[str, Any]

FIRST_TOKEN_S = 0.12
TOKENS_PER_S = 60.0
EMBEDDING_S = 0.03
_SLOW_S = 2.0
_STALL_S = 30.0
_CREATED = 1_790_000_000
"""Of models and answers: fixed, so that the same question has the same answer to the byte."""
_MODELS = ("gpt-5.4-mini", "gpt-5.4", "gpt-5.5", "gpt-6-luna", "gpt-6-sol")
_CONTEXT_CHARACTERS = 500_000
_TOKEN_CHARACTERS = 4
_PIECE = re.compile(r"\s*\S+|\s+$")
Bearer = Annotated[str, Header(alias="authorization")]


class Function(BaseModel):
    """A function that the model may call."""

    name: str
    description: str = ""
    parameters: Json = {}


class Tool(BaseModel):
    """A tool of a request."""

    type: Literal["function"]
    function: Function


class Completion(BaseModel):
    """The body of a chat completion request, as far as it matters here."""

    model: str
    messages: list[Json]
    tools: list[Tool] = []
    tool_choice: str | Json = "auto"
    response_format: Json = {"type": "text"}
    stream: bool = False
    stream_options: Json | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model writes, in tokens of a sort."""

    id: str
    model: str
    pieces: tuple[str, ...]
    wish: Wish | None
    finish_reason: str
    prompt_tokens: int
    usage: Json = field(init=False)

    def __post_init__(self) -> None:
        written = len(self.pieces) + (len(self.wish.arguments_json) // _TOKEN_CHARACTERS if self.wish else 0)
        usage = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": written,
            "total_tokens": self.prompt_tokens + written,
        }
        object.__setattr__(self, "usage", usage)


def router(world: World, *, first_token_s: float = FIRST_TOKEN_S, tokens_per_s: float = TOKENS_PER_S) -> APIRouter:
    """The vendor's routes. Its faults: openai.outage, .limited, .quota (refused), .slow, .cut, .stall.

    Those of its voices are openai.tts_…, those of its recognizer openai.stt_… (also .stt_drop: cut after 1 s).
    """
    routes = APIRouter()
    requests = count()

    @routes.post("/chat/completions", response_model=None)
    async def complete(request: Request, authorization: Bearer = "") -> Response:
        nth = next(requests)
        refused = _refusal(world, authorization, nth)
        if refused is not None:
            return refused
        try:
            wanted = Completion.model_validate_json(await request.body())
        except ValidationError as error:
            first = error.errors()[0]
            return _error(400, None, f"{first['msg']}: {'.'.join(map(str, first['loc']))}")
        wrong = _wrong(wanted)
        if wrong is not None:
            return wrong
        await asyncio.sleep(first_token_s + (_SLOW_S if world.faults.hits("openai.slow", nth) else 0))
        reply = _reply(wanted)
        headers = {"x-request-id": reply.id, "openai-version": "2020-10-01"}
        if not wanted.stream:
            await asyncio.sleep(reply.usage["completion_tokens"] / tokens_per_s)
            return JSONResponse(_whole(reply), headers=headers)
        ends = next((fault for fault in ("cut", "stall") if world.faults.hits(f"openai.{fault}", nth)), "")
        with_usage = bool((wanted.stream_options or {}).get("include_usage"))
        events = _events(reply, with_usage=with_usage, ends=ends, token_s=1 / tokens_per_s)
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)

    @routes.post("/audio/speech", response_model=None)
    async def speech(request: Request, authorization: Bearer = "") -> Response:
        nth = next(requests)
        refused = _refusal(world, authorization, nth, "tts_")
        return refused or await openai_speech.speak(world, await request.body(), nth)

    @routes.websocket("/realtime")
    async def realtime(socket: WebSocket) -> None:
        nth = next(requests)
        listens = socket.query_params.get("intent") == "transcription"
        refused = _refusal(world, socket.headers.get("authorization", ""), nth, "stt_" if listens else "talk_")
        if refused is not None:
            await socket.send_denial_response(refused)
        elif listens:
            await openai_hearing.listen(world, socket, nth)
        else:
            await openai_realtime.Conversation(world, socket, nth).hold()

    @routes.post("/embeddings", response_model=None)
    async def embed(request: Request, authorization: Bearer = "") -> Response:
        nth = next(requests)
        refused = _refusal(world, authorization, nth)
        if refused is not None:
            return refused
        await asyncio.sleep(EMBEDDING_S + (_SLOW_S if world.faults.hits("openai.slow", nth) else 0))
        try:
            return JSONResponse(openai_embeddings.answer(await request.body()))
        except ValueError as error:
            return _error(400, "invalid_request_error", str(error))

    @routes.get("/models", response_model=None)
    async def models(authorization: Bearer = "") -> Response:
        known = [{"id": name, "object": "model", "created": _CREATED, "owned_by": "openai"} for name in _MODELS]
        return _refusal(world, authorization, next(requests)) or JSONResponse({"object": "list", "data": known})

    return routes


def _reply(wanted: Completion) -> Reply:
    """Think of an answer."""
    kind, wish = wanted.response_format.get("type"), None
    if kind == "json_schema":
        schema = wanted.response_format["json_schema"].get("schema", {})
        last = next((openai_talk.text_of(m) for m in reversed(wanted.messages) if m["role"] == "user"), "")
        text = json.dumps(openai_extraction.extract(last, schema), ensure_ascii=False)
    else:
        tools = {} if wanted.tool_choice == "none" else {t.function.name: t.function.parameters for t in wanted.tools}
        answer = openai_talk.answer(wanted.messages, tools)
        text, wish = answer.text, answer.wish
    pieces = tuple(_PIECE.findall(text))
    limit = wanted.max_completion_tokens or wanted.max_tokens
    finish_reason = "tool_calls" if wish else "stop"
    if limit is not None and len(pieces) > limit:
        pieces, wish, finish_reason = pieces[:limit], None, "length"
    question = json.dumps(wanted.messages, sort_keys=True)
    name = f"chatcmpl-{hashlib.sha256(question.encode()).hexdigest()[:24]}"
    return Reply(name, wanted.model, pieces, wish, finish_reason, len(question) // _TOKEN_CHARACTERS)


def _whole(reply: Reply) -> Json:
    message: Json = {"role": "assistant", "content": "".join(reply.pieces) or None, "refusal": None}
    if reply.wish:
        function = {"name": reply.wish.name, "arguments": reply.wish.arguments_json}
        message["tool_calls"] = [{"id": _call_id(reply), "type": "function", "function": function}]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish_reason}
    return {
        "id": reply.id,
        "object": "chat.completion",
        "created": _CREATED,
        "model": reply.model,
        "choices": [choice],
        "usage": reply.usage,
    }


async def _events(reply: Reply, *, with_usage: bool, ends: str, token_s: float) -> AsyncIterator[str]:
    """Yield the answer as server-sent events; `ends` is how it breaks off half-way, if it does."""
    deltas = _deltas(reply)
    for nth, delta in enumerate(deltas):
        if ends and nth >= len(deltas) // 2:
            await asyncio.sleep(_STALL_S if ends == "stall" else 0)
            return
        yield _event(reply, [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}], with_usage)
        await asyncio.sleep(token_s)
    yield _event(reply, [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": reply.finish_reason}], with_usage)
    if with_usage:
        yield _event(reply, [], with_usage, reply.usage)
    yield "data: [DONE]\n\n"


def _deltas(reply: Reply) -> list[Json]:
    deltas: list[Json] = [{"role": "assistant", "content": "", "refusal": None}]
    deltas += [{"content": piece} for piece in reply.pieces]
    if reply.wish:
        head = {"name": reply.wish.name, "arguments": ""}
        deltas.append({"tool_calls": [{"index": 0, "id": _call_id(reply), "type": "function", "function": head}]})
        for piece in _PIECE.findall(reply.wish.arguments_json):
            deltas.append({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
    return deltas


def _event(reply: Reply, choices: list[Json], with_usage: bool, usage: Json | None = None) -> str:
    chunk: Json = {
        "id": reply.id,
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": reply.model,
        "choices": choices,
    }
    if with_usage:
        chunk["usage"] = usage
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


def _call_id(reply: Reply) -> str:
    return f"call_{reply.id.removeprefix('chatcmpl-')}"


def _refusal(world: World, authorization: str, nth: int, part: str = "") -> JSONResponse | None:
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or key not in world.options.api_keys:
        return _error(401, "invalid_api_key", f"Incorrect API key provided: {key[:3]}***.")
    if world.faults.hits(f"openai.{part}outage", nth):
        return _error(503, None, "The engine is currently overloaded, please try again later.", "server_error")
    if world.faults.hits(f"openai.{part}limited", nth):
        return _error(429, "rate_limit_exceeded", "Rate limit reached.", "requests", {"retry-after-ms": "500"})
    if world.faults.hits(f"openai.{part}quota", nth):
        return _error(429, "insufficient_quota", "You exceeded your current quota.", "insufficient_quota")
    return None


def _wrong(wanted: Completion) -> JSONResponse | None:
    """What OpenAI would not accept in a request."""
    if not wanted.messages:
        return _error(400, "empty_array", "Invalid 'messages': empty array.")
    if sum(len(openai_talk.text_of(m)) for m in wanted.messages) > _CONTEXT_CHARACTERS:
        return _error(400, "context_length_exceeded", "This model's maximum context length is exceeded.")
    open_calls: set[str] = set()
    for message in wanted.messages:
        role = message.get("role")
        if role not in ("system", "developer", "user", "assistant", "tool"):
            return _error(400, "invalid_value", f"Invalid value: '{role}' is no role.")
        if role == "tool":
            if message.get("tool_call_id") not in open_calls:
                return _error(400, None, "messages with role 'tool' must be a response to a preceding 'tool_calls'.")
            open_calls.discard(message["tool_call_id"])
        elif open_calls:
            return _error(400, None, f"These tool calls have no response: {', '.join(sorted(open_calls))}.")
        open_calls |= {call["id"] for call in message.get("tool_calls") or ()}
    if open_calls:
        return _error(400, None, f"These tool calls have no response: {', '.join(sorted(open_calls))}.")
    return None


def _error(
    status: int,
    code: str | None,
    message: str,
    kind: str = "invalid_request_error",
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return JSONResponse(body, status, headers=headers)
