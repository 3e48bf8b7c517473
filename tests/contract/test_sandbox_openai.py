"""The sandbox's OpenAI keeps the promises of the real one, through the real SDK."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk

from dialer.sandbox.faults import FaultPlan
from tests.sandbox_vendors import KEY, Sandbox, vendors

SYSTEM = {"role": "system", "content": "You are Ana, an AI voice assistant calling on behalf of Acme Solar."}
OPENER = {"role": "assistant", "content": "Hello, this is Ana from Acme Solar. Do you have a minute?"}
END_CALL = {
    "type": "function",
    "function": {
        "name": "end_call",
        "description": "End the call.",
        "parameters": {"type": "object", "properties": {}},
    },
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with vendors(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def calm(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.world.faults.plan = FaultPlan()


def ask(sandbox: Sandbox, *messages: dict[str, Any], key: str = KEY, timeout: float = 5, **more: Any) -> Any:
    async def run() -> Any:
        base = f"{sandbox.http}/openai/v1"
        async with AsyncOpenAI(api_key=key, base_url=base, max_retries=0, timeout=timeout) as client:
            answer = await client.chat.completions.create(model="gpt-5.4-mini", messages=[SYSTEM, *messages], **more)
            return [chunk async for chunk in answer] if more.get("stream") else answer

    return asyncio.run(run())


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def test_whole_answer(sandbox: Sandbox) -> None:
    answer = ask(sandbox, OPENER, user("Are you a robot?"))

    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content.startswith("Yes, I am an AI assistant")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


def test_streamed_answer_is_the_whole_one_in_pieces(sandbox: Sandbox) -> None:
    whole = ask(sandbox, OPENER, user("Who are you?"))

    chunks: list[ChatCompletionChunk] = ask(
        sandbox, OPENER, user("Who are you?"), stream=True, stream_options={"include_usage": True}
    )

    deltas = [c.choices[0].delta.content or "" for c in chunks if c.choices]
    assert len(deltas) > 5
    assert "".join(deltas) == whole.choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert all(c.usage is None for c in chunks[:-1])


def test_streamed_tool_call_comes_as_name_then_arguments(sandbox: Sandbox) -> None:
    chunks = ask(sandbox, OPENER, user("Goodbye."), tools=[END_CALL], stream=True)

    calls = [c.choices[0].delta.tool_calls[0] for c in chunks if c.choices and c.choices[0].delta.tool_calls]
    assert calls[0].id.startswith("call_")
    assert calls[0].function.name == "end_call"
    assert json.loads("".join(call.function.arguments for call in calls)) == {}
    assert {call.index for call in calls} == {0}
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert "Goodbye" in "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def test_tool_result_is_answered_and_must_have_a_call(sandbox: Sandbox) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "do_not_call", "arguments": "{}"}}
    wanted = {"role": "assistant", "content": None, "tool_calls": [call]}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "done"}

    answer = ask(sandbox, OPENER, user("Never call again."), wanted, result)

    assert "not be called again" in answer.choices[0].message.content
    for broken in ([result], [wanted, user("Hello?")], [wanted]):
        with pytest.raises(openai.BadRequestError):
            ask(sandbox, OPENER, user("Never call again."), *broken)


def test_json_schema_is_filled_from_the_transcript(sandbox: Sandbox) -> None:
    schema = {
        "type": "object",
        "properties": {"disposition": {"enum": ["interested", "not_interested"]}, "summary": {"type": "string"}},
        "required": ["disposition", "summary"],
        "additionalProperties": False,
    }
    response_format = {"type": "json_schema", "json_schema": {"name": "outcome", "strict": True, "schema": schema}}

    answer = ask(
        sandbox, user("agent: Are you interested?\nperson: Sorry, not interested."), response_format=response_format
    )

    read = json.loads(answer.choices[0].message.content)
    assert read == {"disposition": "not_interested", "summary": "The person is not interested."}


def test_answer_is_cut_at_the_token_limit(sandbox: Sandbox) -> None:
    answer = ask(sandbox, OPENER, user("Who are you?"), max_completion_tokens=3)

    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 3


def test_same_messages_same_answer(sandbox: Sandbox) -> None:
    first, second = (ask(sandbox, OPENER, user("How much does it cost?")) for _ in range(2))

    assert first == second


def test_wrong_key_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(openai.AuthenticationError) as refused:
        ask(sandbox, user("Hello"), key="wrong")

    assert refused.value.code == "invalid_api_key"


def test_no_messages_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(openai.BadRequestError):
        ask(sandbox, {"role": "bystander", "content": "Hello"})


def test_refusals_look_like_the_vendors(sandbox: Sandbox) -> None:
    seen = []
    for fault in ("limited", "quota", "outage"):
        sandbox.world.faults.plan = FaultPlan(rates={f"openai.{fault}": 1.0})
        with pytest.raises(openai.APIStatusError) as refused:
            ask(sandbox, user("Hello"))
        seen.append((refused.value.status_code, refused.value.code))

    assert seen == [(429, "rate_limit_exceeded"), (429, "insufficient_quota"), (503, None)]


def test_cut_stream_has_no_finish_reason_and_stalled_one_times_out(sandbox: Sandbox) -> None:
    sandbox.world.faults.plan = FaultPlan(rates={"openai.cut": 1.0})
    chunks = ask(sandbox, OPENER, user("Who are you?"), stream=True)
    assert all(chunk.choices[0].finish_reason is None for chunk in chunks)

    sandbox.world.faults.plan = FaultPlan(rates={"openai.stall": 1.0})
    with pytest.raises(openai.APITimeoutError):
        ask(sandbox, OPENER, user("Who are you?"), stream=True, timeout=0.3)


def test_models_are_listed(sandbox: Sandbox) -> None:
    async def names() -> list[str]:
        async with AsyncOpenAI(api_key=KEY, base_url=f"{sandbox.http}/openai/v1", max_retries=0) as client:
            return [model.id async for model in client.models.list()]

    assert "gpt-5.4-mini" in asyncio.run(names())
