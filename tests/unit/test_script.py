"""A script says the same to the same words, knows keys and times, and hands over where it is told to."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, get_args

import pytest

from dialer import resources
from dialer.agents import definition
from dialer.agents.flow import IntentName
from dialer.conversation.script import Script
from dialer.llm.base import Message, ToolCall
from dialer.understanding.labels import Intent
from tests.factories import definition as define

NOW = datetime(2026, 11, 20, 10, 0)  # noqa: DTZ001 - the person's own time
OPENER = Message("assistant", "Hello, this is Nora.")


@pytest.fixture
def script() -> Script:
    agent = definition.read(resources.config_dir() / "agents" / "reminder.toml")
    assert agent.flow is not None
    return Script(agent, agent.flow, {"first_name": "Sam"}, NOW)


def answer(script: Script, *messages: Message | str) -> list[Any]:
    said = [Message("user", m) if isinstance(m, str) else m for m in messages]

    async def run() -> list[Any]:
        return [delta async for delta in script.answer([Message("system", ""), OPENER, *said])]

    return asyncio.run(run())


def used(name: str, *, ok: bool) -> tuple[Message, Message]:
    return Message("assistant", tool_calls=(ToolCall("t", name, {}),)), Message("tool", "", (), "t", ok=ok)


@pytest.mark.parametrize("words", ["Yes.", "Yes, I will be there", "[pressed keys] 1", "1", "That works for me."])
def test_words_and_keys_of_a_rule_lead_on(script: Script, words: str) -> None:
    text, call = answer(script, words)

    assert text.startswith("Thank you")
    assert call.name == "end_call"


def test_rule_may_say_something_before_the_state_it_leads_to(script: Script) -> None:
    (text,) = answer(script, "Who is this?")

    assert text.startswith("I am an AI assistant of Hillside Dental. Will you come")


def test_named_time_fills_what_is_said_and_what_the_tool_gets(script: Script) -> None:
    call = answer(script, "[pressed keys] 2", "Tomorrow at three in the afternoon.")[0]
    assert (call.name, call.arguments["when"]) == ("schedule_callback", "2026-11-21T15:00")

    said = answer(script, "[pressed keys] 2", "Tomorrow at three in the afternoon.", *used(call.name, ok=True))
    assert said == ["Good, the front desk will call you Tomorrow at three in the afternoon. Is there anything else?"]


def test_tool_that_could_not_be_done_leads_elsewhere(script: Script) -> None:
    (text,) = answer(script, "2", "Tomorrow at 3 pm", *used("schedule_callback", ok=False))

    assert "cannot call you then" in text


def test_what_no_rule_knows_is_asked_again_and_then_given_up(script: Script) -> None:
    mumble = ["The weather is fine.", "It rained."]

    assert answer(script, *mumble) == [
        "Sorry, I did not get that. Press one if you will come, or two to move the appointment."
    ]
    assert not script.hands_over([Message("user", words) for words in mumble])
    assert script.hands_over([Message("user", words) for words in [*mumble, "I like cake."]])


def test_what_was_handed_over_stays_so(script: Script) -> None:
    said = [Message("user", "Can I talk to a real person?"), Message("assistant", "Sure."), Message("user", "Yes.")]

    assert script.hands_over(said)


FLOW: dict[str, Any] = {"start": "a", "states": {"a": {"listen": [{"words": ["go"], "go_to": "a"}], "misses": 0}}}


def test_call_ends_where_nothing_fits_and_nothing_else_is_said() -> None:
    agent = define(flow=FLOW)
    assert agent.flow is not None

    deltas = answer(Script(agent, agent.flow, {}, NOW), "What?")

    assert [delta.name for delta in deltas] == ["end_call"]


@pytest.mark.parametrize(
    ("flow", "why"),
    [
        ({"start": "b", "states": FLOW["states"]}, "no state"),
        ({"start": "a", "states": {"a": {"listen": [{"words": ["x"], "go_to": "b"}]}}}, "no state"),
        ({"start": "a", "states": {"a": {}}}, "listens, uses a tool"),
        ({"start": "a", "states": {"a": {"tool": "end_call"}}}, "before anybody"),
        ({"start": "a", "states": {"a": {"hand_over": True, "say": "x"}}}, "hands over"),
        (
            {"start": "a", "states": {**FLOW["states"], "b": {"tool": "transfer"}}},
            "not among the tools",
        ),
        ({"start": "a", "states": {"a": {"listen": [{"intents": ["marry"], "go_to": "a"}]}}}, "affirm"),
    ],
)
def test_flow_that_leads_nowhere_is_refused(flow: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        define(flow=flow)


def test_rules_name_the_intents_that_are_understood() -> None:
    assert set(get_args(IntentName)) == {intent.value for intent in Intent}
