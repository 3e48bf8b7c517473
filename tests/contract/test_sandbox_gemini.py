"""The sandbox's Gemini keeps the promises of the real one, and another brain takes over from it within one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from dialer.conversation.vendors import Crew, LiveVendors
from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import Message, Resumed, ToolCall, ToolSpec, Usage
from dialer.llm.gemini import GeminiBrain, GeminiExtractor
from dialer.llm.openai import OpenAIBrain
from dialer.sandbox.faults import FaultPlan
from tests.sandbox_vendors import KEY, Sandbox, vendors

MODEL = "gemini-3.8-flash"
SYSTEM = Message("system", "You are Ana, an AI voice assistant calling on behalf of Acme Solar.")
OPENER = Message("assistant", "Hello, this is Ana from Acme Solar. Do you have a minute?")
ROBOT = Message("user", "Are you a robot?")
END_CALL = ToolSpec("end_call", "End the call.", {"type": "object", "properties": {}})


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with vendors(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def calm(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.world.faults.plan = FaultPlan()


def gemini(sandbox: Sandbox, key: str = KEY, model: str = MODEL) -> GeminiBrain:
    return GeminiBrain(base_url=f"{sandbox.http}/gemini/v1beta", api_key=key, model=model)


def ask(brain: GeminiBrain, *messages: Message, tools: Sequence[ToolSpec] = ()) -> list[Any]:
    async def run() -> list[Any]:
        try:
            return [delta async for delta in brain.answer((SYSTEM, *messages), tools)]
        finally:
            await brain.close()

    return asyncio.run(run())


def ask_crew(sandbox: Sandbox, *, brains: tuple[str, ...] = ()) -> list[Any]:
    """Ask Gemini and OpenAI as one call does."""

    async def run() -> list[Any]:
        openai = OpenAIBrain(base_url=f"{sandbox.http}/openai/v1", api_key=KEY, model="gpt-5.4-mini")
        both = (gemini(sandbox), openai)
        try:
            crew = Crew(LiveVendors((), (), both))
            return [delta async for delta in crew.answer((SYSTEM, OPENER, ROBOT), (END_CALL,), brains=brains)]
        finally:
            for brain in both:
                await brain.close()

    return asyncio.run(run())


def words(deltas: list[Any]) -> str:
    return "".join(delta for delta in deltas if isinstance(delta, str))


def test_answer_comes_in_pieces_and_its_cost_last(sandbox: Sandbox) -> None:
    *pieces, usage = ask(gemini(sandbox), OPENER, ROBOT)

    assert words(pieces).startswith("Yes, I am an AI assistant")
    assert len(pieces) > 1
    assert isinstance(usage, Usage)
    assert usage.completion_tokens


def test_tool_is_wanted_and_what_it_returned_is_taken_back(sandbox: Sandbox) -> None:
    no = Message("user", "No, I am not interested.")
    deltas = ask(gemini(sandbox), OPENER, no, tools=(END_CALL,))
    call = next(delta for delta in deltas if isinstance(delta, ToolCall))

    used = (Message("assistant", tool_calls=(call,)), Message("tool", "Done.", tool_call_id=call.id))
    after = ask(gemini(sandbox), OPENER, no, *used, tools=(END_CALL,))

    assert call.name == "end_call"
    assert call.signature
    assert isinstance(after[-1], Usage)


def test_call_of_another_models_is_taken_back_too(sandbox: Sandbox) -> None:
    used = (Message("assistant", tool_calls=(ToolCall("t1", "end_call", {}),)), Message("tool", "Done.", (), "t1"))

    assert isinstance(ask(gemini(sandbox), OPENER, ROBOT, *used, tools=(END_CALL,))[-1], Usage)


@pytest.mark.parametrize(
    "parts",
    [
        [{"functionCall": {"name": "end_call", "args": {}}}],
        [{"functionCall": {"name": "end_call", "args": {}}, "thoughtSignature": "Z3Vlc3NlZA=="}],
    ],
    ids=["unsigned", "wrongly signed"],
)
def test_call_without_its_signature_is_refused_as_google_does(sandbox: Sandbox, parts: list[dict[str, Any]]) -> None:
    contents = [{"role": "user", "parts": [{"text": "Hello?"}]}, {"role": "model", "parts": parts}]
    url = f"{sandbox.http}/gemini/v1beta/models/{MODEL}:generateContent"

    answer = httpx.post(url, json={"contents": contents}, headers={"x-goog-api-key": KEY})

    assert answer.status_code == 400
    assert "thought_signature" in answer.json()["error"]["message"]


def test_transcript_is_read_by_the_schema(sandbox: Sandbox) -> None:
    reader = GeminiExtractor(base_url=f"{sandbox.http}/gemini/v1beta", api_key=KEY, model=MODEL)
    schema = {"type": "object", "properties": {"interested": {"type": "boolean"}}, "required": ["interested"]}
    try:
        found = reader.extract("Read the call.", "agent: Would you like to know more?\nperson: Yes, please.", schema)
    finally:
        reader.close()

    assert found == {"interested": True}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("outage", VendorBusy),
        ("limited", VendorBusy),
        ("quota", VendorRefused),
        ("cut", VendorBusy),
        ("withheld", VendorBusy),
    ],
)
def test_fault_on_demand_is_what_its_name_says(sandbox: Sandbox, fault: str, error: type[Exception]) -> None:
    sandbox.world.faults.plan = FaultPlan(rates={f"gemini.{fault}": 1.0})

    with pytest.raises(error):
        ask(gemini(sandbox), OPENER, ROBOT)


@pytest.mark.parametrize(("key", "model"), [("wrong", MODEL), (KEY, "gpt-5.4")])
def test_wrong_key_or_model_is_refused_for_good(sandbox: Sandbox, key: str, model: str) -> None:
    with pytest.raises(VendorRefused):
        ask(gemini(sandbox, key, model), OPENER, ROBOT)


@pytest.mark.parametrize("fault", ["outage", "quota"])
def test_next_brain_answers_when_the_first_does_not(sandbox: Sandbox, fault: str) -> None:
    sandbox.world.faults.plan = FaultPlan(rates={f"gemini.{fault}": 1.0})

    assert words(ask_crew(sandbox)).startswith("Yes, I am an AI assistant")


def test_next_brain_goes_on_where_the_first_breaks_off(sandbox: Sandbox) -> None:
    sandbox.world.faults.plan = FaultPlan(rates={"gemini.cut": 1.0})

    deltas = ask_crew(sandbox)

    assert any(isinstance(delta, Resumed) for delta in deltas)
    assert isinstance(deltas[-1], Usage)


def test_agents_own_order_says_who_is_asked_first(sandbox: Sandbox) -> None:
    sandbox.world.faults.plan = FaultPlan(rates={"gemini.cut": 1.0})

    assert not any(isinstance(delta, Resumed) for delta in ask_crew(sandbox, brains=("openai/gpt-5.4", "gemini")))
