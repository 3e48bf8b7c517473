"""People who speak Hindi talk with a Hindi agent over the real pipeline."""

from __future__ import annotations

import pytest

from dialer import resources
from dialer.agents import definition
from dialer.conversation.facts import Ending, EndReason, HandedIn, OpenerCompleted, OptedOut, Speaker, ToolWanted
from dialer.languages.hindi import HINDI
from tests.realtime.holding import Held, hold

AGENTS = resources.config_dir() / "agents"
AGENT = definition.read(AGENTS / "surya.toml")
BOTH = definition.read(AGENTS / "solar.toml").model_copy(update={"languages": ("hi-IN",)})
"""Begins in English."""
KINDS = {
    "hindi_interested": AGENT,
    "hindi_hums": AGENT,
    "hindi_wants_human": AGENT,
    "hindi_never_again": BOTH,
}
pytestmark = pytest.mark.timeout(300)  # the calls are held in real time, and the first test waits for all of them


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Held]:
    """One call with each kind of person, all at once."""
    return hold(tmp_path_factory.mktemp("hindi"), KINDS)


def said(held: Held, speaker: Speaker) -> str:
    return " ".join(turn.text for turn in held.turns() if turn.speaker is speaker)


@pytest.mark.parametrize("kind", KINDS)
def test_every_call_is_handed_in_once(calls: dict[str, Held], kind: str) -> None:
    print(kind, calls[kind], sep="\n")  # noqa: T201 - shown when the test fails
    assert len(calls[kind].of(HandedIn)) == 1
    assert calls[kind].reason not in (EndReason.FAILED, EndReason.LOST)


def test_a_whole_conversation_is_held_in_hindi(calls: dict[str, Held]) -> None:
    held = calls["hindi_interested"]
    assert held.of(OpenerCompleted)
    assert "कितना खर्च आएगा?" in said(held, Speaker.PERSON)
    assert "मंगलवार सुबह दस बजे ठीक रहेगा।" in said(held, Speaker.PERSON)
    assert "₹1,80,000" in said(held, Speaker.AGENT)
    assert [tool.name for tool in held.of(ToolWanted)] == ["end_call"]
    assert held.reason is EndReason.AGENT or held.reason is EndReason.PERSON


def test_an_opt_out_in_hindi_is_honoured_and_confirmed_in_hindi_by_an_agent_that_began_in_english(
    calls: dict[str, Held],
) -> None:
    held = calls["hindi_never_again"]
    assert [fact.how for fact in held.of(OptedOut)] == ["words"]
    assert held.of(Ending) == [Ending(EndReason.OPT_OUT)]
    assert held.turns("goodbye")[0].text == HINDI.lines["opt_out_confirmation"]


def test_a_hindi_nod_interrupts_nothing(calls: dict[str, Held]) -> None:
    held = calls["hindi_hums"]
    assert held.facts[-1].counters["barge_ins"] == 0  # type: ignore[union-attr]
    assert not any(turn.interrupted for turn in held.turns("talk"))


def test_whoever_asks_for_a_person_in_hindi_is_transferred(calls: dict[str, Held]) -> None:
    assert calls["hindi_wants_human"].of(Ending) == [Ending(EndReason.TRANSFER, AGENT.transfer_to)]
