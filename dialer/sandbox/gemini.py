"""Google's Gemini as the sandbox plays it: generateContent, whole or streamed, with the mind of its other models."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator
from itertools import count
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, WebSocket
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from dialer.sandbox import gemini_contents, gemini_live, openai_extraction, openai_talk
from dialer.sandbox.gemini_contents import BadContents, Json
from dialer.sandbox.openai_talk import Answer
from dialer.sandbox.world import World

FIRST_TOKEN_S = 0.12
TOKENS_PER_S = 60.0
_SLOW_S = 2.0
_STALL_S = 30.0
_WORDS_PER_PIECE = 4
"""Gemini sends several words at a time."""
_TOKEN_CHARACTERS = 4
_CONTEXT_CHARACTERS = 4_000_000
_MODELS = ("gemini-3.8-flash", "gemini-4-argon")
_PIECE = re.compile(rf"(?:\s*\S+){{1,{_WORDS_PER_PIECE}}}|\s+$")
_STATUS = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}
Key = Annotated[str, Header(alias="x-goog-api-key")]


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class GenerationConfig(_Camel):
    """How an answer is to be written, as far as it matters here."""

    max_output_tokens: int | None = None
    response_mime_type: str = "text/plain"
    response_json_schema: Json | None = None


class Generation(_Camel):
    """The body of a request, as far as it matters here."""

    contents: list[Json]
    system_instruction: Json | None = None
    tools: list[Json] = []
    generation_config: GenerationConfig = GenerationConfig()


def router(world: World, *, first_token_s: float = FIRST_TOKEN_S, tokens_per_s: float = TOKENS_PER_S) -> APIRouter:
    """The vendor's routes. Its faults: gemini.outage, .limited, .quota (refused), .slow, .cut, .stall, .withheld.

    Those of its live model are gemini.talk_…; see also `gemini_live`.
    """
    routes = APIRouter()
    requests = count()

    @routes.get("/v1beta/models", response_model=None)
    async def models(key: Key = "") -> Response:
        known = [{"name": f"models/{name}", "supportedGenerationMethods": ["generateContent"]} for name in _MODELS]
        return refusal(world, key, next(requests)) or JSONResponse({"models": known})

    @routes.post("/v1beta/models/{model}:generateContent", response_model=None)
    async def generate(request: Request, model: str, key: Key = "") -> Response:
        refused = refusal(world, key, next(requests))
        if refused is not None:
            return refused
        try:
            answer, usage = _answer(model, await request.body())
        except BadContents as wrong:
            return error(wrong.status, str(wrong))
        chunks = _chunks(answer)
        await asyncio.sleep(first_token_s + len(chunks) * _WORDS_PER_PIECE / tokens_per_s)
        parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
        return JSONResponse(_chunk(parts, "STOP") | {"usageMetadata": usage})

    @routes.post("/v1beta/models/{model}:streamGenerateContent", response_model=None)
    async def stream(request: Request, model: str, key: Key = "", alt: Annotated[str, Query()] = "") -> Response:
        nth = next(requests)
        refused = refusal(world, key, nth)
        if refused is not None:
            return refused
        try:
            answer, usage = _answer(model, await request.body())
        except BadContents as wrong:
            return error(wrong.status, str(wrong))
        if alt != "sse":
            return error(400, "Here only alt=sse is streamed.")
        await asyncio.sleep(first_token_s + (_SLOW_S if world.faults.hits("gemini.slow", nth) else 0))
        ends = next((fault for fault in ("cut", "stall", "withheld") if world.faults.hits(f"gemini.{fault}", nth)), "")
        events = _events(_chunks(answer), usage, ends=ends, piece_s=_WORDS_PER_PIECE / tokens_per_s)
        return StreamingResponse(events, media_type="text/event-stream")

    @routes.websocket("/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent")
    async def live(socket: WebSocket) -> None:
        nth = next(requests)
        refused = refusal(world, socket.headers.get("x-goog-api-key", ""), nth, "talk_")
        if refused is not None:
            await socket.send_denial_response(refused)
        else:
            await gemini_live.Conversation(world, socket, nth).hold()

    return routes


def refusal(world: World, key: str, nth: int, part: str = "") -> JSONResponse | None:
    """What stops a request at the door."""
    if key not in world.options.api_keys:
        return error(400, "API key not valid. Please pass a valid API key.")
    if world.faults.hits(f"gemini.{part}outage", nth):
        return error(503, "The model is overloaded. Please try again later.", "UNAVAILABLE")
    if world.faults.hits(f"gemini.{part}limited", nth):
        wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
        return error(429, "You exceeded your current rate limit.", details=[wait])
    if world.faults.hits(f"gemini.{part}quota", nth):
        return error(403, "Billing is not enabled for this project.")
    return None


def error(status: int, message: str, code: str = "", details: list[Json] | None = None) -> JSONResponse:
    """An error in Google's form."""
    body: Json = {"code": status, "message": message, "status": code or _STATUS[status]}
    return JSONResponse({"error": body | ({"details": details} if details else {})}, status)


def _answer(model: str, body: bytes) -> tuple[Answer, Json]:
    """Think of an answer; return it with what it cost.

    Raises:
        BadContents: Google would refuse the request.
    """
    if not model.startswith("gemini-"):
        raise BadContents(f"models/{model} is not found for API version v1beta.", 404)
    try:
        wanted = Generation.model_validate_json(body)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadContents(f"Invalid JSON payload received. {first['msg']} at {where}") from wrong
    if len(body) > _CONTEXT_CHARACTERS:
        raise BadContents("The input token count exceeds the maximum number of tokens allowed.")
    answer = _think(wanted)
    written = len(answer.text) + (len(answer.wish.arguments_json) if answer.wish else 0)
    asked = len(json.dumps(wanted.contents))
    counts = {
        "promptTokenCount": asked // _TOKEN_CHARACTERS,
        "candidatesTokenCount": written // _TOKEN_CHARACTERS,
        "totalTokenCount": (asked + written) // _TOKEN_CHARACTERS,
    }
    return answer, counts


def _think(wanted: Generation) -> Answer:
    config = wanted.generation_config
    messages = gemini_contents.messages(wanted.system_instruction, wanted.contents)
    if config.response_mime_type == "application/json":
        last = next((openai_talk.text_of(m) for m in reversed(messages) if m["role"] == "user"), "")
        found = openai_extraction.extract(last, config.response_json_schema or {})
        return Answer(json.dumps(found, ensure_ascii=False))
    return openai_talk.answer(messages, gemini_contents.tools(wanted.tools))


def _chunks(answer: Answer) -> list[Json]:
    """The answer in chunks, of which the last says that it is over."""
    parts: list[Json] = [{"text": text} for text in _PIECE.findall(answer.text)]
    if answer.wish is not None:
        parts.append(gemini_contents.call(answer.wish))
    parts = parts or [{"text": ""}]
    return [_chunk([part], "STOP" if part is parts[-1] else None) for part in parts]


def _chunk(parts: list[Json], finish_reason: str | None) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
    name = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:22]
    return {
        "candidates": [candidate | ({"finishReason": finish_reason} if finish_reason else {})],
        "modelVersion": _MODELS[0],
        "responseId": name,
    }


async def _events(chunks: list[Json], usage: Json, *, ends: str, piece_s: float) -> AsyncIterator[str]:
    """Yield the answer as server-sent events; `ends` is how it breaks off half-way, if it does."""
    for nth, chunk in enumerate(chunks):
        if ends and nth >= len(chunks) // 2:
            if ends == "withheld":
                yield f"data: {json.dumps(_chunk([], 'SAFETY') | {'usageMetadata': usage})}\r\n\r\n"
            await asyncio.sleep(_STALL_S if ends == "stall" else 0)
            return
        yield f"data: {json.dumps(chunk | {'usageMetadata': usage}, ensure_ascii=False)}\r\n\r\n"
        await asyncio.sleep(piece_s)
