"""The sandbox's people talk with agents that hear and speak by themselves, and come to the same as with the cascade."""

from __future__ import annotations

import pytest

from dialer import resources
from dialer.agents import definition
from dialer.conversation.facts import EndReason, HandedIn, OptedOut, Speaker, ToolWanted
from tests.realtime.holding import Held, hold

AGENT = definition.read(resources.config_dir() / "agents" / "solar.toml")
pytestmark = pytest.mark.timeout(300)  # the calls are held in real time, and the first test waits for all of them
KINDS = ("interested", "callback", "not_interested", "never_again", "presses_nine", "interrupts", "wants_human")
ENDS = {
    "never_again": EndReason.OPT_OUT,
    "presses_nine": EndReason.OPT_OUT,
    "wants_human": EndReason.TRANSFER,
}


@pytest.fixture(scope="module", params=["openai", "gemini"])
def calls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Held]:
    """One call with each kind of person, all at once."""
    agent = AGENT.model_copy(update={"speech_to_speech": (request.param,)})
    return hold(tmp_path_factory.mktemp("talkers"), dict.fromkeys(KINDS, agent))


def heard(held: Held) -> str:
    return " ".join(turn.text for turn in held.turns() if turn.speaker is Speaker.PERSON)


def said(held: Held) -> str:
    return " ".join(turn.text for turn in held.turns("talk") if turn.speaker is Speaker.AGENT)


@pytest.mark.parametrize("kind", KINDS)
def test_every_call_is_handed_in_once_with_its_recording(calls: dict[str, Held], kind: str) -> None:
    held = calls[kind]
    print(kind, held, sep="\n")  # noqa: T201 - shown when the test fails
    assert len(held.of(HandedIn)) == 1
    assert held.facts[-1].recording == f"{kind}-1.wav"
    assert held.reason not in (EndReason.FAILED, EndReason.LOST)
    assert held.facts[-1].counters["stt_reopened"] == 0


@pytest.mark.parametrize("kind", ENDS)
def test_call_ends_as_it_does_with_the_cascade(calls: dict[str, Held], kind: str) -> None:
    print(kind, calls[kind], sep="\n")  # noqa: T201 - shown when the test fails
    assert calls[kind].reason is ENDS[kind]


def test_words_are_opted_out_by_us_before_anything_is_confirmed(calls: dict[str, Held]) -> None:
    held = calls["never_again"]
    (opted_out,) = held.of(OptedOut)

    assert opted_out.how == "words"
    assert held.turns("goodbye")


def test_tool_is_a_row_with_what_was_agreed(calls: dict[str, Held]) -> None:
    print(calls["callback"])  # noqa: T201 - shown when the test fails
    wanted = [tool for tool in calls["callback"].of(ToolWanted) if tool.name == "schedule_callback"]

    assert wanted
    assert wanted[0].arguments["when"].startswith("2026-11-")


@pytest.mark.parametrize("kind", ["interested", "not_interested"])
def test_turns_of_both_are_stored(calls: dict[str, Held], kind: str) -> None:
    print(calls[kind])  # noqa: T201 - shown when the test fails
    assert heard(calls[kind])
    assert said(calls[kind])


def test_whoever_interrupts_is_listened_to_and_what_was_not_heard_is_not_stored(calls: dict[str, Held]) -> None:
    print(calls["interrupts"])  # noqa: T201 - shown when the test fails
    cut = [turn for turn in calls["interrupts"].turns("talk") if turn.interrupted]

    assert cut
    assert all(not turn.text.endswith(("?", ".")) for turn in cut)


@pytest.mark.parametrize("vendor", ["openai", "gemini"])
def test_cascade_goes_on_when_the_model_dies_in_mid_call(tmp_path_factory: pytest.TempPathFactory, vendor: str) -> None:
    agent = AGENT.model_copy(update={"speech_to_speech": (vendor,)})

    held = hold(tmp_path_factory.mktemp("dying"), {"callback": agent}, faults={f"{vendor}.talk_cut": 1.0})["callback"]

    print(held)  # noqa: T201 - shown when the test fails
    assert held.reason not in (EndReason.FAILED, EndReason.LOST)
    assert held.facts[-1].counters["stt_reopened"] == 1
    assert [tool for tool in held.of(ToolWanted) if tool.name == "schedule_callback"]
