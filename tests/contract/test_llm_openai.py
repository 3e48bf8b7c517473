"""OpenAI's adapters keep the promises of their roles against a server that answers as the vendor does, or does not."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import Message, ToolCall, ToolSpec, Usage
from dialer.llm.openai import OpenAIBrain, OpenAIExtractor

MESSAGES = (Message("system", "You are Ada."), Message("user", "Hello?"))
TOOL = ToolSpec("end_call", "End it.", {"type": "object", "properties": {}})


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, usage: dict[str, int] | None = None) -> str:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
    return f"data: {json.dumps(body | {'usage': usage})}\n\n"


HELLO = [chunk({"role": "assistant", "content": ""}), chunk({"content": "Hello "}), chunk({"content": "there."})]
END = [chunk({}, "stop"), chunk(usage={"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10})]


class Vendor:
    """Answers every request with `status` and `body`, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body: Any = [*HELLO, *END, "data: [DONE]\n\n"]
        self.url = ""

    async def answer(self, request: Request) -> Response:
        self.asked.append(await request.json())
        if isinstance(self.body, list):
            return StreamingResponse(self._stream(list(self.body)), media_type="text/event-stream")
        return JSONResponse(self.body, self.status, headers=self.headers)

    async def _stream(self, lines: list[str]) -> AsyncIterator[str]:
        for line in lines:
            if line == "break":
                raise ConnectionResetError
            yield line

    def error(self, status: int, code: str, **headers: str) -> None:
        self.status, self.body = status, {"error": {"message": "no", "type": code, "code": code}}
        self.headers = headers

    def completion(self, text: str) -> None:
        message = {"role": "assistant", "content": text}
        self.body = {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        }


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    vendor, app = Vendor(), FastAPI()
    app.add_api_route("/v1/chat/completions", vendor.answer, methods=["POST"], response_model=None)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        thread.join(0.01)
    vendor.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    yield vendor
    server.should_exit = True
    thread.join(10)
    listener.close()


def answer(vendor: Vendor, *tools: ToolSpec, messages: tuple[Message, ...] = MESSAGES) -> list[Any]:
    async def main() -> list[Any]:
        brain = OpenAIBrain(base_url=vendor.url, api_key="k", model="m")
        try:
            return [delta async for delta in brain.answer(messages, tools)]
        finally:
            await brain.close()

    return asyncio.run(main())


def test_text_streams_and_usage_comes_last(vendor: Vendor) -> None:
    assert answer(vendor) == ["Hello ", "there.", Usage(7, 3)]
    assert vendor.asked[0]["stream"] is True
    assert "tools" not in vendor.asked[0]


def test_a_tool_call_comes_once_it_is_whole(vendor: Vendor) -> None:
    first = {"index": 0, "id": "t1", "type": "function", "function": {"name": "schedule_callback", "arguments": ""}}
    vendor.body = [
        chunk({"role": "assistant", "tool_calls": [first]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"when": '}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": '"x"}'}}]}),
        chunk({}, "tool_calls"),
        "data: [DONE]\n\n",
    ]
    assert answer(vendor, TOOL) == [ToolCall("t1", "schedule_callback", {"when": "x"})]
    assert vendor.asked[0]["tools"][0]["function"]["name"] == "end_call"


def test_used_tools_are_told_back_as_the_vendor_wants_them(vendor: Vendor) -> None:
    used = (
        Message("assistant", tool_calls=(ToolCall("t1", "end_call", {}),)),
        Message("tool", "ok", tool_call_id="t1"),
    )
    answer(vendor, messages=(*MESSAGES, *used))
    call, result = vendor.asked[0]["messages"][2:]
    assert call["tool_calls"] == [{"id": "t1", "type": "function", "function": {"name": "end_call", "arguments": "{}"}}]
    assert result == {"role": "tool", "content": "ok", "tool_call_id": "t1"}


@pytest.mark.parametrize(
    "body",
    [
        HELLO,
        [*HELLO, "break"],
        [*HELLO, 'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n'],
        [],
    ],
    ids=["ends without saying so", "is cut", "has an error inside", "is empty"],
)
def test_an_answer_that_is_cut_off_raises(vendor: Vendor, body: list[str]) -> None:
    vendor.body = body
    with pytest.raises(VendorBusy):
        answer(vendor)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (429, "rate_limit_exceeded", VendorBusy),
        (429, "insufficient_quota", VendorRefused),
        (500, "server_error", VendorBusy),
        (503, "overloaded", VendorBusy),
        (401, "invalid_api_key", VendorRefused),
        (400, "context_length_exceeded", VendorRefused),
        (404, "model_not_found", VendorRefused),
    ],
)
def test_the_error_says_whether_to_ask_again_and_the_sdk_does_not(
    vendor: Vendor, status: int, code: str, error: type[Exception]
) -> None:
    vendor.error(status, code)
    with pytest.raises(error):
        answer(vendor)
    assert len(vendor.asked) == 1


def test_the_wait_that_the_vendor_asks_for_is_passed_on(vendor: Vendor) -> None:
    vendor.error(429, "rate_limit_exceeded", **{"retry-after": "7"})
    with pytest.raises(VendorBusy) as busy:
        answer(vendor)
    assert busy.value.wait_s == 7.0


def test_a_vendor_that_is_not_there_is_busy(vendor: Vendor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        vendor.url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(VendorBusy):
        answer(vendor)


SCHEMA = {"type": "object", "properties": {"interested": {"type": "boolean"}}, "required": ["interested"]}


def extract(vendor: Vendor) -> dict[str, Any]:
    extractor = OpenAIExtractor(base_url=vendor.url, api_key="k", model="m")
    try:
        return extractor.extract("Read this.", "person: yes", SCHEMA)
    finally:
        extractor.close()


def test_extraction_returns_what_the_schema_describes(vendor: Vendor) -> None:
    vendor.completion('{"interested": true}')
    assert extract(vendor) == {"interested": True}
    assert vendor.asked[0]["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize("text", ["", "yes", "[]", "{}", '{"interested": "very"}'])
def test_an_answer_outside_the_schema_is_no_extraction(vendor: Vendor, text: str) -> None:
    vendor.completion(text)
    with pytest.raises(VendorBusy):
        extract(vendor)


def test_extraction_refused_for_good_is_said_so(vendor: Vendor) -> None:
    vendor.error(401, "invalid_api_key")
    with pytest.raises(VendorRefused):
        extract(vendor)
