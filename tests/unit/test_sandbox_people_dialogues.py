"""The sandbox's people and its language model, by text alone: who is who shows in what they make the agent do."""

from __future__ import annotations

import pytest

from dialer import resources
from dialer.agents import definition
from dialer.sandbox.openai_extraction import extract
from dialer.sandbox.openai_talk import answer
from dialer.sandbox.people_kinds import BY_NAME, START
from tests.unit.prompting import system

OPENER = (
    "Hello, this is Ava, an AI assistant calling from Acme Solar. You can press 9 or say stop at any time and we will "
    "not call again. Do you have a minute?"
)
PROMPT = (
    "You are Ava, an AI assistant calling for Acme Solar. Script: Panels cost 4000 dollars on average. Installation "
    "takes two days. The local time is Friday, 2026-11-20 14:00."
)
TIMES = {"at": {"type": "string"}, "reason": {"type": "string"}}
TOOLS = {
    "end_call": {"type": "object", "properties": {}},
    "do_not_call": {"type": "object", "properties": {}},
    "transfer": {"type": "object", "properties": {}},
    "schedule_callback": {"type": "object", "properties": TIMES},
}


def dialogue(
    name: str, variant: int, *, system: str = PROMPT, lines: list[str] | None = None
) -> tuple[list[str], list[str]]:
    """Let somebody and the model talk. Returns what the person said, and which tools were wanted.

    What both say is appended to `lines` as the lines of a transcript.
    """
    kind, state, heard = BY_NAME[name], START, OPENER
    messages = [{"role": "system", "content": system}, {"role": "assistant", "content": OPENER}]
    lines = [] if lines is None else lines
    said: list[str] = []
    tools: list[str] = []
    for turn in range(12):
        rule = kind.rule(state, heard)
        assert rule is not None
        state = rule.goes or state
        choices = rule.says.split("|")
        said.append(rule.presses or choices[variant % len(choices)])
        lines += (f"agent: {heard}", f"person: {said[-1]}")
        if rule.hangs_up or not said[-1] or rule.presses:
            return said, tools
        messages.append({"role": "user", "content": said[-1]})
        reply = answer(messages, TOOLS)
        heard = reply.text
        if reply.wish is not None:
            tools.append(reply.wish.name)
            call = {"id": f"c{turn}", "type": "function", "function": {"name": reply.wish.name, "arguments": "{}"}}
            messages.append({"role": "assistant", "content": reply.text, "tool_calls": [call]})  # type: ignore[dict-item]
            if reply.wish.name in ("end_call", "transfer"):
                return said, tools
            messages.append({"role": "tool", "tool_call_id": f"c{turn}", "content": "done"})
            heard += answer(messages, TOOLS).text
        messages.append({"role": "assistant", "content": heard})
    raise AssertionError("they never stop talking")


@pytest.mark.parametrize("variant", [0, 1])
@pytest.mark.parametrize(
    ("name", "words", "tool"),
    [
        ("interested", "interest", "end_call"),
        ("curious", "interest", "end_call"),
        ("hums", "interest", "end_call"),
        ("interrupts", "interest", "end_call"),
        ("callback", "Tuesday", "schedule_callback"),
        ("not_interested", "not interested", "end_call"),
        ("never_again", "off your list", "do_not_call"),
        ("wrong_number", "wrong number", "end_call"),
        ("wants_human", "real person", "transfer"),
    ],
)
def test_a_kind_makes_the_agent_do_what_it_should(name: str, words: str, tool: str, variant: int) -> None:
    said, tools = dialogue(name, variant)
    assert words in " ".join(said)
    assert tool in tools
    assert {"do_not_call", "schedule_callback", "transfer"} & set(tools) <= {tool}


def test_nine_is_pressed_after_the_opener() -> None:
    assert dialogue("presses_nine", 0)[0] == ["9"]


@pytest.mark.parametrize(("variant", "bill"), [(0, 180), (1, 240)])
def test_an_interested_homeowner_tells_what_the_solar_agent_wants_to_know(variant: int, bill: int) -> None:
    agent = definition.read(resources.config_dir() / "agents" / "solar.toml")
    lines: list[str] = []

    dialogue("interested", variant, system=system(agent, "Pat"), lines=lines)

    found = extract("\n".join(lines), agent.extraction)
    assert (found["homeowner"], found["interested"], found["monthly_bill_usd"]) == (True, True, bill), lines
