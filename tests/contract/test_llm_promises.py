"""Every language model keeps the promises of its roles, whether its vendor answers as documented or not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, aclosing, closing
from typing import Any

import pytest

from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import Brain, Message, ToolCall, ToolSpec, Usage
from dialer.llm.gemini import GeminiBrain
from dialer.llm.readers import Readers
from tests.contract.llm_wires import WIRES, GeminiWire, OpenAIWire, Wire, served
from tests.garbage import garbage

MESSAGES = (Message("system", "You are Ada."), Message("user", "Hello?"))
TOOL = ToolSpec("end_call", "End it.", {"type": "object", "properties": {}})
SCHEMA = {"type": "object", "properties": {"interested": {"type": "boolean"}}, "required": ["interested"]}


@pytest.fixture(params=WIRES, ids=lambda wire: wire.__name__)
def vendor(request: pytest.FixtureRequest) -> Iterator[Wire]:
    with served(request.param()) as wire:
        yield wire


def answer(vendor: Wire, *tools: ToolSpec, messages: tuple[Message, ...] = MESSAGES, model: str = "") -> list[Any]:
    async def main() -> list[Any]:
        brain = vendor.brain()
        try:
            return [delta async for delta in brain.answer(messages, tools, model=model)]
        finally:
            await brain.close()

    return asyncio.run(main())


def read(*vendors: Wire) -> dict[str, Any]:
    with ExitStack() as stack:
        readers = [stack.enter_context(closing(vendor.extractor())) for vendor in vendors]
        return Readers(readers).extract("Read this.", "person: yes", SCHEMA)


def test_text_streams_and_usage_comes_last(vendor: Wire) -> None:
    assert answer(vendor) == ["Hello ", "there.", Usage(7, 3)]
    assert vendor.seen_tools() == []


def test_the_configured_model_answers_unless_another_is_asked_for(vendor: Wire) -> None:
    answer(vendor)
    answer(vendor, model="larger")

    assert vendor.models == ["m", "larger"]


def test_a_tool_call_comes_once_it_is_whole(vendor: Wire) -> None:
    vendor.calls("schedule_callback", {"when": "x"})

    calls = [delta for delta in answer(vendor, TOOL) if isinstance(delta, ToolCall)]

    assert [(call.id, call.name, call.arguments) for call in calls] == [("t1", "schedule_callback", {"when": "x"})]
    assert vendor.seen_tools() == ["end_call"]


def test_used_tools_are_told_back_as_the_vendor_wants_them(vendor: Wire) -> None:
    used = (
        Message("assistant", tool_calls=(ToolCall("t1", "end_call", {}),)),
        Message("tool", "ok", tool_call_id="t1"),
    )
    answer(vendor, messages=(*MESSAGES, *used))

    assert vendor.seen_history() == {"system": "You are Ada.", "called": "end_call", "returned": "ok"}


@pytest.mark.parametrize("how", ["unsaid", "cut", "error", "empty"])
def test_an_answer_that_is_cut_off_raises(vendor: Wire, how: str) -> None:
    vendor.breaks(how)
    with pytest.raises(VendorBusy):
        answer(vendor)


@pytest.mark.parametrize(
    ("wire", "status", "code", "error"),
    [(wire, *wire.limited, VendorBusy) for wire in WIRES]
    + [(wire, *wire.transient, VendorBusy) for wire in WIRES]
    + [(wire, 500, "INTERNAL", VendorBusy) for wire in WIRES]
    + [(wire, *refused, VendorRefused) for wire in WIRES for refused in wire.refused],
)
def test_the_error_says_whether_to_ask_again_and_nobody_does_so_unasked(
    wire: type[Wire], status: int, code: str, error: type[Exception]
) -> None:
    with served(wire()) as vendor:
        vendor.error(status, code)
        with pytest.raises(error):
            answer(vendor)
        assert len(vendor.asked) == 1


def test_the_wait_that_the_vendor_asks_for_is_passed_on(vendor: Wire) -> None:
    status, code = vendor.limited
    vendor.error(status, code, wait_s=7)
    with pytest.raises(VendorBusy) as busy:
        answer(vendor)
    assert busy.value.wait_s == 7.0


def test_a_vendor_that_is_not_there_is_busy(vendor: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        vendor.url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(VendorBusy):
        answer(vendor)


def test_extraction_returns_what_the_schema_describes(vendor: Wire) -> None:
    vendor.writes('{"interested": true}')
    assert read(vendor) == {"interested": True}
    assert vendor.seen_schema() == SCHEMA


@pytest.mark.parametrize("text", ["", "yes", "[]", "{}", '{"interested": "very"}'])
def test_an_answer_outside_the_schema_is_no_extraction(vendor: Wire, text: str) -> None:
    vendor.writes(text)
    with pytest.raises(VendorBusy):
        read(vendor)


def test_extraction_refused_for_good_is_said_so(vendor: Wire) -> None:
    vendor.error(*vendor.refused[0])
    with pytest.raises(VendorRefused):
        read(vendor)


def test_another_reader_takes_over_where_one_cannot_read() -> None:
    with served(OpenAIWire()) as first, served(GeminiWire()) as second:
        first.error(401, "invalid_api_key")
        second.writes('{"interested": false}')

        assert read(first, second) == {"interested": False}


def test_readers_may_be_asked_again_if_one_was_only_busy() -> None:
    with served(OpenAIWire()) as first, served(GeminiWire()) as second:
        first.error(503, "overloaded")
        second.error(403, "PERMISSION_DENIED")
        with pytest.raises(VendorBusy):
            read(first, second)


# What Google alone wants


@pytest.mark.parametrize("pieces", [1, 99])
def test_an_answer_leaves_nothing_to_a_search_for_garbage(vendor: Wire, pieces: int) -> None:
    async def ask(brain: Brain) -> None:
        async with aclosing(brain.answer(MESSAGES)) as deltas:  # type: ignore[type-var]  # each is a generator
            for _ in range(pieces):
                if await anext(deltas, None) is None:
                    return

    async def main() -> None:
        brain = vendor.brain()
        await ask(brain)
        with garbage() as left:
            await ask(brain)
            await asyncio.sleep(0.1)
        await brain.close()
        assert not left

    asyncio.run(main())


@pytest.fixture
def google() -> Iterator[Wire]:
    with served(GeminiWire()) as wire:
        yield wire


def test_googles_own_signature_comes_back_with_the_call_that_bore_it(google: Wire) -> None:
    google.calls("end_call", {})
    call = next(delta for delta in answer(google, TOOL) if isinstance(delta, ToolCall))

    answer(google, messages=(*MESSAGES, Message("assistant", tool_calls=(call,)), Message("tool", "", (), "t1")))

    (part,) = google.asked[-1]["contents"][-2]["parts"]
    assert part["thoughtSignature"] == "c2ln"


def test_googles_conversation_begins_with_the_user_and_alternates(google: Wire) -> None:
    answer(
        google,
        messages=(
            MESSAGES[0],
            Message("assistant", "Hi, Ada here."),
            Message("user", "Hello?"),
            Message("user", "Who is it?"),
            Message("system", "Go on."),
        ),
    )

    contents = google.asked[-1]["contents"]
    assert [content["role"] for content in contents] == ["user", "model", "user"]
    assert [part["text"] for part in contents[-1]["parts"]] == ["Hello?", "Who is it?", "[Go on.]"]


def test_an_answer_that_google_withholds_is_none(google: Wire) -> None:
    google.body = [google.body[0].replace('"index": 0', '"index": 0, "finishReason": "SAFETY"')]
    with pytest.raises(VendorBusy, match="SAFETY"):
        answer(google)


def test_thoughts_are_not_spoken_and_thinking_is_as_hard_as_configured(google: Wire) -> None:
    google.calls("end_call", {})

    async def main() -> list[Any]:
        brain = GeminiBrain(base_url=google.url, api_key="k", model="m", thinking="low")
        try:
            return [delta async for delta in brain.answer(MESSAGES, (TOOL,))]
        finally:
            await brain.close()

    assert not [delta for delta in asyncio.run(main()) if isinstance(delta, str)]
    assert google.asked[-1]["generationConfig"]["thinkingConfig"] == {"thinkingLevel": "low"}
