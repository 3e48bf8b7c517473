"""The sandbox's people talk with the real pipeline: real audio, recognition, model, voices and voice detection."""

from __future__ import annotations

import pytest

from dialer import resources
from dialer.agents import definition
from dialer.conversation.facts import (
    Ending,
    EndReason,
    HandedIn,
    MachineHeard,
    OpenerCompleted,
    OptedOut,
    ToolWanted,
)
from tests.realtime.holding import Held, hold

AGENT = definition.read(resources.config_dir() / "agents" / "solar.toml")
MENU_AGENT = AGENT.model_copy(update={"tools": (*AGENT.tools, "press_digits")})
pytestmark = pytest.mark.timeout(240)  # the calls are held in real time, and the first test waits for all of them
KINDS = (
    "interested",
    "callback",
    "not_interested",
    "never_again",
    "presses_nine",
    "interrupts",
    "hums",
    "wants_human",
    "voicemail",
    "screening",
    "ivr",
    "silent",
)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Held]:
    """One call with each kind of person, all at once."""
    return hold(tmp_path_factory.mktemp("people"), {kind: MENU_AGENT if kind == "ivr" else AGENT for kind in KINDS})


@pytest.mark.parametrize("kind", KINDS)
def test_every_call_is_handed_in_once_with_its_recording(calls: dict[str, Held], kind: str) -> None:
    held = calls[kind]
    print(kind, held, sep="\n")  # noqa: T201 - shown when the test fails
    assert len(held.of(HandedIn)) == 1
    assert held.facts[-1].recording == f"{kind}-1.wav"
    assert held.reason not in (EndReason.FAILED, EndReason.LOST)


@pytest.mark.parametrize("kind", ["never_again", "presses_nine"])
def test_whoever_wants_no_more_calls_is_opted_out(calls: dict[str, Held], kind: str) -> None:
    assert calls[kind].of(OptedOut)
    assert calls[kind].reason is EndReason.OPT_OUT


def test_a_voicemail_gets_its_message_once(calls: dict[str, Held]) -> None:
    held = calls["voicemail"]
    assert held.of(MachineHeard)[0].verdict == "voicemail"
    assert len(held.turns("voicemail")) == 1
    assert held.reason is EndReason.VOICEMAIL
    assert not held.of(ToolWanted)


def test_a_screener_is_told_who_calls(calls: dict[str, Held]) -> None:
    held = calls["screening"]
    assert held.of(MachineHeard)[0].verdict == "screening"
    assert held.turns("screening")
    assert held.reason is EndReason.SCREENED


def test_the_person_behind_a_phone_menu_is_reached_by_keys_and_greeted(calls: dict[str, Held]) -> None:
    held = calls["ivr"]
    assert [heard.verdict for heard in held.of(MachineHeard)] == ["ivr", "human"]
    assert [tool.arguments["digits"] for tool in held.of(ToolWanted) if tool.name == "press_digits"] == ["2", "3"]
    assert [turn.text for turn in held.turns("digits")] == ["2", "3"]
    came = held.facts.index(held.of(MachineHeard)[1])
    assert any(isinstance(fact, OpenerCompleted) for fact in held.facts[came:])
    assert not any(isinstance(fact, OpenerCompleted) for fact in held.facts[:came])


def test_silence_is_ended(calls: dict[str, Held]) -> None:
    assert calls["silent"].reason is EndReason.SILENCE


def test_whoever_asks_for_a_person_is_transferred(calls: dict[str, Held]) -> None:
    assert calls["wants_human"].of(Ending) == [Ending(EndReason.TRANSFER, AGENT.transfer_to)]


def test_a_callback_is_a_row(calls: dict[str, Held]) -> None:
    wanted = [tool for tool in calls["callback"].of(ToolWanted) if tool.name == "schedule_callback"]
    assert wanted[0].arguments["when"].startswith("2026-11-24T10:00")


def test_an_interrupted_turn_is_what_was_heard(calls: dict[str, Held]) -> None:
    assert any(turn.interrupted and turn.kind == "talk" for turn in calls["interrupts"].turns())


def test_people_hear_the_opener_to_its_end(calls: dict[str, Held]) -> None:
    assert calls["interested"].of(OpenerCompleted)
    assert calls["silent"].of(OpenerCompleted)
