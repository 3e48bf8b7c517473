"""The wires that language models speak, each played by a server that answers as its vendor does, or does not."""

from __future__ import annotations

import json
import socket
import threading
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from dialer.llm.base import Brain
from dialer.llm.gemini import GeminiBrain, GeminiExtractor
from dialer.llm.openai import OpenAIBrain, OpenAIExtractor

Json = dict[str, Any]


class Wire:
    """Answers every request with `status` and `body`, and keeps what it was asked. A list is sent as events."""

    paths: tuple[str, ...]
    base: str
    transient: tuple[int, str]
    refused: tuple[tuple[int, str], ...]
    limited: tuple[int, str]

    def __init__(self) -> None:
        self.asked: list[Json] = []
        self.models: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body: Any = None
        self.url = ""
        self.says("Hello ", "there.")

    async def answer(self, request: Request) -> Response:
        """Serve one request."""
        self.asked.append(await request.json())
        self.models.append(str(request.path_params.get("model", self.asked[-1].get("model"))))
        if isinstance(self.body, list):
            return StreamingResponse(self._stream(list(self.body)), media_type="text/event-stream")
        return JSONResponse(self.body, self.status, headers=self.headers)

    async def _stream(self, lines: list[str]) -> AsyncIterator[str]:
        for line in lines:
            if line == "break":
                raise ConnectionResetError
            yield line

    @abstractmethod
    def brain(self) -> Brain:
        """Make the adapter."""

    @abstractmethod
    def extractor(self) -> OpenAIExtractor | GeminiExtractor:
        """Make the other adapter."""

    @abstractmethod
    def says(self, *texts: str) -> None:
        """Answer with these, at 7 and 3 tokens."""

    @abstractmethod
    def calls(self, name: str, arguments: Json) -> None:
        """Answer with a tool call whose id is "t1"."""

    @abstractmethod
    def breaks(self, how: str) -> None:
        """Break off: "unsaid" (without saying so), "cut", "error" (inside the stream), "empty"."""

    @abstractmethod
    def error(self, status: int, code: str, *, wait_s: int = 0) -> None:
        """Refuse."""

    @abstractmethod
    def writes(self, text: str) -> None:
        """Answer in one piece."""

    @abstractmethod
    def seen_tools(self) -> list[str]:
        """Names of the tools of the last request."""

    @abstractmethod
    def seen_history(self) -> Json:
        """Of the last request: its system prompt, and what a used tool was called and returned."""

    @abstractmethod
    def seen_schema(self) -> Json:
        """The schema of the last request."""


class OpenAIWire(Wire):
    """Chat completions."""

    paths = ("/v1/chat/completions",)
    base = "/v1"
    transient = (503, "overloaded")
    refused = (
        (429, "insufficient_quota"),
        (401, "invalid_api_key"),
        (400, "context_length_exceeded"),
        (404, "model_not_found"),
    )
    limited = (429, "rate_limit_exceeded")

    def brain(self) -> Brain:
        return OpenAIBrain(base_url=self.url, api_key="k", model="m")

    def extractor(self) -> OpenAIExtractor:
        return OpenAIExtractor(base_url=self.url, api_key="k", model="m")

    def says(self, *texts: str) -> None:
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
        pieces = [_chunk({"content": text}) for text in texts]
        self.body = [_chunk({"role": "assistant", "content": ""}), *pieces, _chunk({}, "stop"), _chunk(usage=usage)]
        self.body.append("data: [DONE]\n\n")

    def calls(self, name: str, arguments: Json) -> None:
        written = json.dumps(arguments)
        first = {"index": 0, "id": "t1", "type": "function", "function": {"name": name, "arguments": ""}}
        self.body = [
            _chunk({"role": "assistant", "tool_calls": [first]}),
            _chunk({"tool_calls": [{"index": 0, "function": {"arguments": written[:4]}}]}),
            _chunk({"tool_calls": [{"index": 0, "function": {"arguments": written[4:]}}]}),
            _chunk({}, "tool_calls"),
            "data: [DONE]\n\n",
        ]

    def breaks(self, how: str) -> None:
        begun = self.body[:3]
        failed = 'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n'
        self.body = {"unsaid": begun, "cut": [*begun, "break"], "error": [*begun, failed], "empty": []}[how]

    def error(self, status: int, code: str, *, wait_s: int = 0) -> None:
        self.status, self.body = status, {"error": {"message": "no", "type": code, "code": code}}
        self.headers = {"retry-after": str(wait_s)} if wait_s else {}

    def writes(self, text: str) -> None:
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        self.body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}

    def seen_tools(self) -> list[str]:
        return [tool["function"]["name"] for tool in self.asked[-1].get("tools", ())]

    def seen_history(self) -> Json:
        system, *_, call, result = self.asked[-1]["messages"]
        function = call["tool_calls"][0]["function"]
        assert result["tool_call_id"] == call["tool_calls"][0]["id"]
        assert json.loads(function["arguments"]) == {}
        return {"system": system["content"], "called": function["name"], "returned": result["content"]}

    def seen_schema(self) -> Json:
        schema: Json = self.asked[-1]["response_format"]["json_schema"]["schema"]
        return schema


class GeminiWire(Wire):
    """generateContent."""

    paths = ("/v1beta/models/{model}:streamGenerateContent", "/v1beta/models/{model}:generateContent")
    base = "/v1beta"
    transient = (503, "UNAVAILABLE")
    refused = ((400, "INVALID_ARGUMENT"), (403, "PERMISSION_DENIED"), (404, "NOT_FOUND"))
    limited = (429, "RESOURCE_EXHAUSTED")

    def brain(self) -> Brain:
        return GeminiBrain(base_url=self.url, api_key="k", model="m")

    def extractor(self) -> GeminiExtractor:
        return GeminiExtractor(base_url=self.url, api_key="k", model="m")

    def says(self, *texts: str) -> None:
        *first, last = texts
        self.body = [*(_google([{"text": text}]) for text in first), _google([{"text": last}], "STOP")]

    def calls(self, name: str, arguments: Json) -> None:
        call = {"functionCall": {"id": "t1", "name": name, "args": arguments}, "thoughtSignature": "c2ln"}
        self.body = [_google([{"text": "Hm.", "thought": True}]), _google([call], "STOP")]

    def breaks(self, how: str) -> None:
        begun = self.body[:1]
        failed = 'data: {"error": {"code": 503, "status": "UNAVAILABLE", "message": "overloaded"}}\n\n'
        self.body = {"unsaid": begun, "cut": [*begun, "break"], "error": [*begun, failed], "empty": []}[how]

    def error(self, status: int, code: str, *, wait_s: int = 0) -> None:
        info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{wait_s}s"}
        body: Json = {"code": status, "status": code, "message": "no"}
        self.status, self.body = status, {"error": body | ({"details": [info]} if wait_s else {})}

    def writes(self, text: str) -> None:
        self.body = {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP"}]}

    def seen_tools(self) -> list[str]:
        return [f["name"] for tool in self.asked[-1].get("tools", ()) for f in tool["functionDeclarations"]]

    def seen_history(self) -> Json:
        asked = self.asked[-1]
        *_, call, result = asked["contents"]
        (called,), (returned,) = call["parts"], result["parts"]
        assert called["thoughtSignature"]
        assert returned["functionResponse"]["name"] == called["functionCall"]["name"]
        return {
            "system": asked["systemInstruction"]["parts"][0]["text"],
            "called": called["functionCall"]["name"],
            "returned": returned["functionResponse"]["response"]["result"],
        }

    def seen_schema(self) -> Json:
        schema: Json = self.asked[-1]["generationConfig"]["responseJsonSchema"]
        return schema


WIRES = (OpenAIWire, GeminiWire)


@contextmanager
def served(wire: Wire) -> Iterator[Wire]:
    """Serve a wire on a free port of this machine for as long as the context lasts."""
    app = FastAPI()
    for path in wire.paths:
        app.add_api_route(path, wire.answer, methods=["POST"], response_model=None)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        thread.join(0.01)
    wire.url = f"http://127.0.0.1:{listener.getsockname()[1]}{wire.base}"
    yield wire
    server.should_exit = True
    thread.join(10)
    listener.close()


def _chunk(delta: Json | None = None, finish: str | None = None, usage: dict[str, int] | None = None) -> str:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
    return f"data: {json.dumps(body | {'usage': usage})}\n\n"


def _google(parts: list[Json], finish: str = "") -> str:
    candidate: Json = {"index": 0, "content": {"role": "model", "parts": parts}}
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 2, "thoughtsTokenCount": 1}
    body = {"candidates": [candidate | ({"finishReason": finish} if finish else {})], "usageMetadata": usage}
    return f"data: {json.dumps(body)}\r\n\r\n"
