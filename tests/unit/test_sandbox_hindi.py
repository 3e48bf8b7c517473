"""The sandbox's language model in Hindi."""

from __future__ import annotations

from typing import Any

import pytest

from dialer import resources
from dialer.agents import definition
from dialer.sandbox.openai_talk import Answer, answer
from tests.unit.prompting import system

AGENT = definition.read(resources.config_dir() / "agents" / "surya.toml")
OPENER = AGENT.say(AGENT.opener, {})
NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
TOOLS = dict.fromkeys(AGENT.tools, NOTHING)


def talk(*turns: str) -> Answer:
    """What the model answers to the last of these turns, the person's and the agent's in turn."""
    messages = [
        {"role": "system", "content": system(AGENT, "Asha")},
        {"role": "assistant", "content": OPENER},
    ]
    messages += [{"role": "assistant" if at % 2 else "user", "content": turn} for at, turn in enumerate(turns)]
    return answer(messages, TOOLS)


def test_it_tells_what_it_is_about_and_offers_a_visit() -> None:
    said = talk("हाँ, बोलिए।")
    assert said.text.startswith("हम घरों की छत पर सोलर पैनल लगाते हैं")
    assert said.wish is None


def test_it_knows_the_price() -> None:
    assert "₹1,80,000" in talk("कितना खर्च आएगा?").text


@pytest.mark.parametrize(
    ("words", "tool"),
    [
        ("मुझे दोबारा फ़ोन मत कीजिए।", "do_not_call"),
        ("मुझे किसी इंसान से बात करनी है।", "transfer"),
        ("जी नहीं, मुझे दिलचस्पी नहीं है।", "end_call"),
        ("यह गलत नंबर है।", "end_call"),
    ],
)
def test_it_uses_the_tool_that_is_called_for(words: str, tool: str) -> None:
    wish = talk(words).wish
    assert wish is not None
    assert wish.name == tool


def test_a_time_is_agreed_on_and_the_call_ends() -> None:
    offer = talk("हाँ, बोलिए।").text
    day = talk("हाँ, बोलिए।", offer, "हाँ, मुझे दिलचस्पी है।").text
    last = talk("हाँ, बोलिए।", offer, "हाँ, मुझे दिलचस्पी है।", day, "मंगलवार सुबह दस बजे।")
    assert "दिन और समय" in day
    assert last.wish is not None
    assert last.wish.name == "end_call"
